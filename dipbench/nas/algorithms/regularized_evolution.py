"""Regularized evolution (Real, Aggarwal, Huang, Le, AAAI 2019, arXiv:1802.01548)."""

from __future__ import annotations

from collections import deque

import numpy as np

from dipbench.nas.data import Member
from dipbench.nas.problem import Problem

__all__ = ["regularized_evolution"]


def regularized_evolution(
    problem: Problem, rng: np.random.Generator, population: int = 10, sample: int = 3
) -> None:
    """The best of a few members has a mutated child, and the oldest member dies.

    The paper's population is of 100, for searches of 20,000 evaluations. Where evaluations are
    cached, a child seen before costs nothing; after as many of those in a row as the
    population has members, the child is a random architecture, so that the search cannot
    stand still for ever.

    Args:
        population: how many members are alive.
        sample: how many of them, drawn with replacement, compete to be the parent.
    """
    living: deque[tuple[tuple[float, ...], Member]] = deque(maxlen=population)
    seen: set[Member] = set()
    stale = 0
    while len(seen) < len(problem.architectures):
        if len(living) < population or stale >= population:
            child = problem.sample(rng)
        else:
            rivals = (living[i] for i in rng.integers(population, size=sample))
            value = problem.preference(rng)
            _, parent = min(rivals, key=lambda member: value(member[0]))
            child = problem.mutate(parent, rng)
        stale = stale + 1 if child in seen else 0
        living.append((problem.evaluate(child).values, child))
        seen.add(child)
