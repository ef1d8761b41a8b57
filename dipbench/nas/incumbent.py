"""The incumbent of a search after each evaluation: the best architecture so far."""

from __future__ import annotations

from dataclasses import dataclass

from dipbench.nas.data import Member
from dipbench.nas.problem import Problem
from dipbench.values import ByValue

__all__ = ["Incumbent", "front_trajectory", "trajectory"]


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent(ByValue):
    """What a search would name from some time on.

    Attributes:
        clock: simulated seconds.
        architecture: the incumbent.
        regret: its test RMSE, or what the problem reports, above the least of all
            architectures; of a front, the share of hypervolume that it lacks.
        least_difference: a regret below this means nothing, since seeds differ as much; NaN
            where that is not known.
    """

    clock: float
    architecture: Member
    regret: float
    least_difference: float

    @property
    def tied(self) -> bool:
        """Whether seeds leave no telling it from the best of all."""
        return self.regret <= self.least_difference


def trajectory(problem: Problem) -> tuple[Incumbent, ...]:
    """Every incumbent of a problem's history, in order.

    The incumbent is the architecture with the best value of the (first) search objective among
    those evaluated at the greatest fidelity reached so far. Evaluations by ``dip_rmse`` in a
    search for another objective count only until the first one by that; those by still
    another objective never.
    """
    found: list[Incumbent] = []
    best: tuple[int, int, float] | None = None
    for evaluation in problem.history:
        own = evaluation.objectives == problem.objectives
        if not own and evaluation.objectives != ("dip_rmse",):
            continue
        # Fidelities are compared within one objective: the sign makes a greater one better.
        score = (-int(own), -evaluation.fidelity, evaluation.values[0])
        if best is None or score < best:
            best, architecture = score, evaluation.architecture
            if not found or found[-1].architecture != architecture:
                regret = problem.regret(architecture)
                line = problem.least_difference
                found.append(Incumbent(evaluation.clock, architecture, regret, line))
    return tuple(found)


def front_trajectory(problem: Problem) -> tuple[Incumbent, ...]:
    """For two objectives: the architectures that enlarged the front of what a search reports.

    Full evaluations by the problem's own objectives count. The regret of each is that of the
    whole front found so far (`Problem.front_regret`).
    """
    found: list[Incumbent] = []
    evaluated: list[Member] = []
    for evaluation in problem.history:
        full = evaluation.fidelity == problem.fidelities[-1]
        if not full or evaluation.objectives != problem.objectives:
            continue
        evaluated.append(evaluation.architecture)
        regret = problem.front_regret(evaluated)
        if not found or regret < found[-1].regret:
            line = problem.least_difference
            found.append(Incumbent(evaluation.clock, evaluation.architecture, regret, line))
        else:
            evaluated.pop()
    return tuple(found)
