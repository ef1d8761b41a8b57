"""Syne Tune: the table as a blackbox with time, and its schedulers on the problem's clock.

`SearchBlackbox` is for Syne Tune's simulator, which keeps a clock of its own for any number of
workers. `search` runs a scheduler on one worker and charges the problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from dipbench.errors import NotInTable
from dipbench.extras import how_to_install
from dipbench.nas.adapters.parameters import Choices, Waiting, from_parameters, stepwise, switched
from dipbench.nas.evaluation import Budget, BudgetExceeded, Evaluation
from dipbench.nas.problem import Problem
from dipbench.spaces import BaseArchitecture, Dimension

try:
    from syne_tune.backend.trial_status import Trial
    from syne_tune.blackbox_repository.blackbox import Blackbox
    from syne_tune.config_space import choice, randint
    from syne_tune.optimizer.scheduler import SchedulerDecision, TrialScheduler
except ImportError:
    raise ImportError(
        f"dipbench.nas.adapters.syne_tune needs Syne Tune: {how_to_install('syne-tune')}"
    ) from None

__all__ = ["ELAPSED", "STEP", "SearchBlackbox", "configuration_space", "search"]

STEP = "step"
ELAPSED = "elapsed_time"


def configuration_space(problem: Problem) -> dict[str, Any]:
    """The parameters of the architectures of `problem` as Syne Tune's domains.

    Syne Tune always sets every parameter; those that a network of its depth lacks count for
    nothing.

    Raises:
        ValueError: `problem` is of graphs of one's own.
    """
    return {d.name: _domain(d) for d in Choices.of(problem).dimensions}


def _domain(dimension: Dimension) -> Any:
    values = dimension.values
    if dimension.kind == "integer":
        return randint(min(values), max(values))
    return choice(list(values))


class SearchBlackbox(Blackbox):
    """The objectives of `problem` and the seconds they take, at every step of the run.

    It is looked up without charging `problem`, whatever its budget: the simulator keeps the
    time. ``elapsed_time`` at a step is what evaluating up to it costs on the problem's clock.

    Raises:
        ValueError: `problem` is of graphs of one's own.
    """

    def __init__(self, problem: Problem):
        super().__init__(
            configuration_space=configuration_space(problem),
            fidelity_space={STEP: randint(problem.fidelities[0], problem.fidelities[-1])},
            objectives_names=[*problem.objectives, ELAPSED],
        )
        self._problem = problem.fresh()
        self._problem.budget = Budget(np.inf, np.inf)

    @property
    def fidelity_values(self) -> npt.NDArray[np.int64]:
        """The recorded steps of the learning curve, shape (steps,)."""
        return np.array(self._problem.fidelities)

    def _objective_function(
        self,
        configuration: Mapping[str, Any],
        fidelity: Mapping[str, int] | None = None,
        seed: int | None = None,
    ) -> dict[str, float] | npt.NDArray[np.float64]:
        """One row per step, or one step by name; `seed` is the problem's own.

        Raises:
            NotInTable: `problem` does not have this architecture.
            ValueError: there is no such step.
        """
        problem, architecture = self._problem.fresh(), _architecture(self._problem, configuration)
        if fidelity is not None:
            return _result(problem.evaluate(architecture, fidelity[STEP]), start=0.0)
        run = stepwise(problem, architecture, problem.fidelities)
        return np.array([[*evaluation.values, evaluation.clock] for evaluation in run])


def search(
    scheduler: TrialScheduler,
    problem: Problem,
    steps: Sequence[int] | None = None,
    max_trials: int = 1000,
) -> None:
    """Run a scheduler on one worker until the budget is spent or all architectures were run.

    What it finds stands in the problem's history. A trial with an architecture that the problem
    does not have is reported to the scheduler as failed, and charged nothing.

    Args:
        scheduler: over the `configuration_space` of `problem`.
        problem: is charged for the trials.
        steps: of the learning curve, at which the scheduler is told of a run and may end it;
            by default the full run alone. Each is an evaluation, and several need
            ``repeats="cached"``.
        max_trials: end it then, for where repeats are free, a search may go round in circles.

    Raises:
        ValueError: `problem` is of graphs of one's own, or steps were to be charged repeatedly.
    """
    waiting = Waiting(problem)
    steps = problem.fidelities[-1:] if steps is None else steps
    if len(steps) > 1 and problem.repeats != "cached":
        raise ValueError(f"several steps and repeats {problem.repeats!r}; expected 'cached'")
    with suppress(BudgetExceeded):
        for number in range(max_trials):
            suggestion = scheduler.suggest() if waiting else None
            if suggestion is None:
                return
            trial = Trial(number, suggestion.config, datetime.now())
            scheduler.on_trial_add(trial)
            try:
                last = _run(scheduler, trial, problem, steps)
            except NotInTable:
                scheduler.on_trial_error(trial)
            else:
                if last.fidelity == problem.fidelities[-1]:
                    waiting.discard(_architecture(problem, trial.config))


def _run(
    scheduler: TrialScheduler, trial: Trial, problem: Problem, steps: Sequence[int]
) -> Evaluation:
    start = problem.clock
    for evaluation in stepwise(problem, _architecture(problem, trial.config), steps):
        result = _result(evaluation, start) | {STEP: evaluation.fidelity}
        if scheduler.on_trial_result(trial, result) != SchedulerDecision.CONTINUE:
            scheduler.on_trial_remove(trial)
            return evaluation
    scheduler.on_trial_complete(trial, result)
    return evaluation


def _result(evaluation: Evaluation, start: float) -> dict[str, float]:
    values = dict(zip(evaluation.objectives, evaluation.values, strict=True))
    return values | {ELAPSED: evaluation.clock - start}


def _architecture(problem: Problem, configuration: Mapping[str, Any]) -> BaseArchitecture:
    assert problem.space is not None  # graphs of one's own were refused
    return from_parameters(switched(configuration, problem.space), problem.space)
