"""What a `Problem` answers with, and what it stops a search with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dipbench.errors import DipbenchError
from dipbench.nas.data import Member
from dipbench.values import ByValue

__all__ = ["Budget", "BudgetExceeded", "Evaluation", "Features"]


class BudgetExceeded(DipbenchError, RuntimeError):
    """An evaluation that the budget does not suffice for; nothing was charged."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation(ByValue):
    """One answer of a `Problem`.

    Attributes:
        architecture: what was evaluated.
        values: one per objective, to be minimised; RMSE in grey levels on 0-255.
        fidelity: the step of the learning curve at which it was judged.
        seed: of the runs; None for the mean over all seeds measured.
        seconds: charged for it; zero where the answer was cached.
        clock: of the problem, after it.
        objectives: what `values` are of.
    """

    architecture: Member
    values: tuple[float, ...]
    fidelity: int
    seed: int | None
    seconds: float
    clock: float
    objectives: tuple[str, ...]


class Features(NamedTuple):
    """What an architecture's graph says without any run."""

    depth: int
    slc: int
    params: int
    macs: int


class Budget(NamedTuple):
    """How much a search may spend; infinite where it is not limited."""

    seconds: float
    evaluations: float
