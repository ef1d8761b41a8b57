"""Local search with restarts (White, Nolen, Savani, arXiv:2005.02960)."""

from __future__ import annotations

import numpy as np

from dipbench.nas.data import Member
from dipbench.nas.problem import Problem

__all__ = ["local_search"]


def local_search(problem: Problem, rng: np.random.Generator) -> None:
    """From a random start, go to the first neighbour that is better; where none is, restart.

    Starts and neighbours come in random order; starts are such as were not evaluated yet.
    """
    values: dict[Member, float] = {}

    def value(architecture: Member) -> float:
        if architecture not in values:
            values[architecture] = problem.evaluate(architecture).values[0]
        return values[architecture]

    for index in rng.permutation(len(problem.architectures)):
        here: Member | None = problem.architectures[index]
        if here in values:
            continue
        while here is not None:
            around = problem.neighbours(here)
            order = rng.permutation(len(around))
            best = value(here)
            here = next((around[i] for i in order if value(around[i]) < best), None)
