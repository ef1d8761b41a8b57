"""Optuna: studies whose trials are architectures, on the problem's clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dipbench.errors import NotInTable
from dipbench.extras import how_to_install
from dipbench.nas.adapters.parameters import Choices, Waiting, from_parameters, stepwise
from dipbench.nas.evaluation import Budget
from dipbench.nas.problem import BudgetExceeded, Evaluation, Problem
from dipbench.spaces import BaseArchitecture, Dimension

try:
    import optuna
except ImportError:
    raise ImportError(
        f"dipbench.nas.adapters.optuna needs Optuna: {how_to_install('adapters')}"
    ) from None

__all__ = ["objective", "suggest"]


def suggest(trial: optuna.Trial, choices: Choices | None = None) -> BaseArchitecture:
    """The architecture that a trial proposes, asking only for what a network of its depth has.

    Args:
        choices: by default all of ``core64``.

    Raises:
        InvalidArchitecture: the trial was given a parameter that is out of range.
    """
    choices = Choices.all_of("core64") if choices is None else choices
    parameters: dict[str, Any] = {}
    for dimension in choices.dimensions:
        if dimension.from_depth <= parameters.get("depth", 0):
            parameters[dimension.name] = _suggested(trial, dimension)
    return from_parameters(parameters, choices.space)


def _suggested(trial: optuna.Trial, dimension: Dimension) -> Any:
    name, values = dimension.name, dimension.values
    if dimension.kind == "integer":
        return trial.suggest_int(name, min(values), max(values))
    return trial.suggest_categorical(name, values)


def objective(
    problem: Problem, *, pruning: bool = False
) -> Callable[[optuna.Trial], tuple[float, ...]]:
    """What `study.optimize` takes: every trial evaluates one architecture of `problem`.

    The study has one clock: a trial may spend what the budget of `problem` leaves after all other
    trials of the study, also those of other processes that share its storage and of earlier ones.
    Processes that run trials at the same moment may together pass the budget by one trial each, and
    what one of them paid for is not free for another. Every process makes its objective once.

    The study needs one direction per objective, all ``"minimize"``, and each process is to run one
    trial at a time. It is stopped when the budget does not suffice for a trial, or all
    architectures have been run. A trial that the budget does not suffice for, or whose
    architecture the problem lacks, ends as pruned and is charged nothing. The user attributes of a
    trial are its ``architecture``, the ``seconds`` charged, and the study's ``clock`` after.

    Args:
        problem: is charged for the trials.
        pruning: tell the study's pruner of the learning curve, step by step, each one an
            evaluation; a run that it ends is charged as far as it went. For one objective and
            ``repeats="cached"``.

    Raises:
        ValueError: `problem` is of graphs of one's own, or is none that allows pruning.
    """
    choices, waiting = Choices.of(problem), Waiting(problem)
    if pruning and (len(problem.objectives) > 1 or problem.repeats != "cached"):
        raise ValueError(
            f"pruning with objectives {', '.join(problem.objectives)} and repeats "
            f"{problem.repeats!r}; expected one objective and repeats 'cached'"
        )

    budget, ours = problem.budget, set[int]()

    def evaluate(trial: optuna.Trial) -> tuple[float, ...]:
        architecture, start = suggest(trial, choices), problem.clock
        elsewhere = _charged(trial.study, ours)
        ours.add(trial.number)
        problem.budget = Budget(
            max(0.0, budget.seconds - math.fsum(elsewhere)),
            max(0, budget.evaluations - len(elsewhere)),
        )
        try:
            found = (_pruned if pruning else _evaluated)(problem, architecture, trial)
        except NotInTable as error:
            raise optuna.TrialPruned(str(error)) from None
        except BudgetExceeded as error:
            trial.study.stop()
            raise optuna.TrialPruned(str(error)) from None
        finally:
            trial.set_user_attr("architecture", architecture.name)
            trial.set_user_attr("seconds", problem.clock - start)
            trial.set_user_attr("clock", math.fsum(elsewhere) + problem.clock)
        waiting.discard(architecture)
        if not waiting:
            trial.study.stop()
        return found.values

    return evaluate


def _charged(study: optuna.Study, ours: set[int]) -> list[float]:
    """Seconds of each trial that was charged to another process's problem."""
    trials = study.get_trials(deepcopy=False)
    seconds = [t.user_attrs.get("seconds", 0.0) for t in trials if t.number not in ours]
    return [value for value in seconds if value > 0]


def _evaluated(problem: Problem, architecture: BaseArchitecture, _: optuna.Trial) -> Evaluation:
    return problem.evaluate(architecture)


def _pruned(problem: Problem, architecture: BaseArchitecture, trial: optuna.Trial) -> Evaluation:
    for evaluation in stepwise(problem, architecture, problem.fidelities):
        trial.report(evaluation.values[0], evaluation.fidelity)
        if evaluation.fidelity < problem.fidelities[-1] and trial.should_prune():
            raise optuna.TrialPruned(f"{architecture} was ended at step {evaluation.fidelity}")
    return evaluation
