"""Search algorithms: each spends a `Problem`'s budget, with random numbers from one generator.

An algorithm is a function of a problem and a numpy Generator; what it finds stands in the
problem's history. It stops when every architecture was evaluated, or when `evaluate` raises
`BudgetExceeded`, which `search` catches.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import numpy as np

from dipbench.arguments import generator
from dipbench.nas.algorithms.dip_guided import dip_guided
from dipbench.nas.algorithms.gaussian_process import gaussian_process
from dipbench.nas.algorithms.hyperband import hyperband
from dipbench.nas.algorithms.local_search import local_search
from dipbench.nas.algorithms.random_search import random_search
from dipbench.nas.algorithms.regularized_evolution import regularized_evolution
from dipbench.nas.algorithms.successive_halving import successive_halving
from dipbench.nas.problem import BudgetExceeded, Problem

__all__ = ["ALGORITHMS", "Algorithm", "named", "search"]


class Algorithm(Protocol):
    """What can be searched with: ``algorithm(problem, rng, **settings)``."""

    def __call__(self, problem: Problem, rng: np.random.Generator) -> None:
        """Evaluate architectures of `problem` until its budget is spent or all are known."""


ALGORITHMS: Mapping[str, Algorithm] = {
    function.__name__: function
    for function in (
        random_search,
        local_search,
        regularized_evolution,
        successive_halving,
        hyperband,
        gaussian_process,
        dip_guided,
    )
}


def search(algorithm: str | Algorithm, problem: Problem, rng: np.random.Generator) -> None:
    """Run an algorithm on a problem until its budget is spent or every architecture is known.

    Args:
        algorithm: one of `ALGORITHMS`, or a function such as they are.

    Raises:
        ValueError: the algorithm is unknown, or proposes what is no architecture; `problem` is
            no `Problem`, or `rng` no numpy Generator.
        NotInTable: it proposes an architecture that is not among the problem's.
    """
    function = algorithm if callable(algorithm) else named(algorithm)
    if not isinstance(problem, Problem):
        raise ValueError(f"problem is {problem!r}; expected a dipbench.nas.Problem")
    generator(rng)
    with suppress(BudgetExceeded):
        function(problem, rng)


def named(algorithm: str) -> Algorithm:
    """The algorithm of this name.

    Raises:
        ValueError: there is none.
    """
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm is {algorithm!r}; expected one of {', '.join(ALGORITHMS)}")
    return ALGORITHMS[algorithm]
