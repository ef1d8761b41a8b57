"""Train one architecture after another until a good one is found: how many, how long?

Architectures are trained in ascending order of a score, those of equal score in random order.
Expectations over that chance are exact. Among n tied architectures of which g are good, in random
order, each of the n - g others comes before all good ones with probability 1 / (g + 1), and the
first good one is any of them with equal probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from dipbench.reports.findings.panel import Floats

__all__ = ["Hunt", "Spread", "first_choice", "hunt"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Spread:
    """Expectation, and lower and upper quartile."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Hunt:
    """What it takes until the first good architecture is trained, itself included.

    Attributes:
        trained: how many architectures.
        seconds: of their training; quartiles from random orders.
    """

    trained: Spread
    seconds: Spread


def hunt(
    score: Floats, seconds: Floats, good: Bools, rng: np.random.Generator, orders: int
) -> Hunt:
    """Train in ascending order of `score`, ties in random order, until one is `good`.

    Args:
        score: shape ``(A,)``; all equal for a random order.
        seconds: of training each, shape ``(A,)``.
        good: shape ``(A,)``, at least one.
        orders: how many random orders of ties the quartiles of the seconds come from.

    Raises:
        ValueError: none is good.
    """
    if not good.any():
        raise ValueError(f"none of {len(good)} architectures is good; expected at least one")
    first = score[good].min()
    before, tied = score < first, score == first
    spent, cost, wanted = seconds[before].sum(), seconds[tied], good[tied]
    count, goods = len(cost), int(wanted.sum())
    low, high = _quartiles(count, goods)
    drawn = spent + _drawn(cost, wanted, rng, orders)
    expected = spent + cost[~wanted].sum() / (goods + 1) + cost[wanted].mean()
    earlier = int(before.sum())
    mean = earlier + (count + 1) / (goods + 1)
    return Hunt(
        Spread(mean, float(earlier + low), float(earlier + high)),
        Spread(float(expected), *(float(q) for q in np.quantile(drawn, [0.25, 0.75]))),
    )


def _quartiles(count: int, goods: int) -> tuple[int, int]:
    """The least k with probability 1/4, and 3/4, of a good one among the first k of `count`."""
    total = comb(count, goods)

    def least(quarters: int) -> int:
        return next(k for k in range(1, count + 1) if found(k) >= quarters * total)

    def found(k: int) -> int:  # whole numbers, four times as many: no rounding
        return 4 * (total - comb(count - k, goods))

    return least(1), least(3)


def _drawn(cost: Floats, good: Bools, rng: np.random.Generator, orders: int) -> Floats:
    """Seconds until the first good one in random orders, shape ``(orders,)``."""
    if len(cost) == 1:
        return cost.copy()
    order = rng.permuted(np.tile(np.arange(len(cost)), (orders, 1)), axis=1)
    end = good[order].argmax(axis=1)
    found: Floats = np.cumsum(cost[order], axis=1)[np.arange(orders), end]
    return found


def first_choice(score: Floats, rmse: Floats) -> float:
    """Expected RMSE of the architecture that `score` would choose, the least, ties at random."""
    return float(rmse[score == score.min()].mean())
