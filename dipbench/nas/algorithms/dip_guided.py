"""DIP-guided search: short fits of a Deep Image Prior say which network to train."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np

from dipbench.errors import NotInTable
from dipbench.nas.data import Member
from dipbench.nas.problem import Problem

__all__ = ["dip_guided"]


def dip_guided(
    problem: Problem,
    rng: np.random.Generator,
    share: float = 0.5,
    steps: float = 0.1,
    at_least: int = 5,
) -> None:
    """Train, of the architectures fitted so far, the one with the least DIP RMSE; go on.

    Both are charged to the one clock: a fit to all DIP images and measured seeds, for a part
    of its iterations, and the training.

    Args:
        share: of the clock, for fits.
        steps: of a full fit's iterations, how many are run.
        at_least: so many are fitted before the first is trained.

    Raises:
        NotInTable: none of the architectures has a DIP fit.
    """
    fidelities = problem.fidelities_of("dip_rmse")
    fidelity = next(f for f in fidelities if f >= steps * fidelities[-1])
    if not len(problem.measured("dip_rmse")):
        raise NotInTable("no architecture of the problem has dip_rmse measured; expected some")
    waiting = _waiting(problem, rng)
    following = next(waiting, None)
    begun = 0
    fitted: list[tuple[float, int, Member]] = []  # a heap by DIP RMSE; the number breaks ties
    on_fits = 0.0
    while following is not None or fitted:
        due = begun < at_least or not fitted or on_fits < share * problem.clock
        if following is not None and due:
            fit = problem.evaluate(following, fidelity, objective="dip_rmse")
            following = next(waiting, None)
            begun += 1
            on_fits += fit.seconds
            heapq.heappush(fitted, (fit.values[0], begun, fit.architecture))
        else:
            problem.evaluate(heapq.heappop(fitted)[-1])


def _waiting(problem: Problem, rng: np.random.Generator) -> Iterator[Member]:
    """The architectures that have fits, in random order."""
    if not problem.listed:
        return problem.shuffled(rng)
    fittable = problem.measured("dip_rmse")
    return (fittable[i] for i in reversed(rng.permutation(len(fittable))))
