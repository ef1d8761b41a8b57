"""The incumbent: which architecture a search would name, had it been stopped."""

from __future__ import annotations

from dataclasses import dataclass

from dipbench.nas.data import Member
from dipbench.nas.problem import Problem

__all__ = ["Incumbent", "trajectory"]


@dataclass(frozen=True, slots=True)
class Incumbent:
    """What a search would name from some time on.

    Attributes:
        clock: simulated seconds.
        architecture: the incumbent.
        regret: its test RMSE above the least of all architectures, in grey levels.
    """

    clock: float
    architecture: Member
    regret: float


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
                found.append(Incumbent(evaluation.clock, architecture, regret))
    return tuple(found)
