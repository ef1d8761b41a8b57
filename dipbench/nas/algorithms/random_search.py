"""Random search, without replacement: the baseline of every comparison."""

from __future__ import annotations

import numpy as np

from dipbench.nas.problem import Problem

__all__ = ["random_search"]


def random_search(problem: Problem, rng: np.random.Generator) -> None:
    """Evaluate all architectures in random order."""
    for architecture in problem.shuffled(rng):
        problem.evaluate(architecture)
