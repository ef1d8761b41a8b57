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
    known: dict[Member, tuple[float, ...]] = {}

    def values(architecture: Member) -> tuple[float, ...]:
        if architecture not in known:
            known[architecture] = problem.evaluate(architecture).values
        return known[architecture]

    for start in problem.shuffled(rng):
        here: Member | None = start
        if here in known:
            continue
        value = problem.preference(rng)
        while here is not None:
            around = problem.neighbours(here)
            order = rng.permutation(len(around))
            best = value(values(here))
            here = next((around[i] for i in order if value(values(around[i])) < best), None)
