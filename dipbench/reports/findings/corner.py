"""What the empty corner alone does to the correlation of the two modes.

SLC is never greater than depth, so in the space at hand the two are correlated. If DIP RMSE hung
on depth alone and supervised RMSE on SLC alone, the scores would still be correlated. Two
computations show how much of the measured correlation this makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dipbench.kendall import kendall
from dipbench.reports.findings.bootstrap import COVERED, Draws, Estimate, estimate, resampled
from dipbench.reports.findings.panel import Floats, Ints, Panel
from dipbench.reports.findings.ranks import taus_within

__all__ = ["Corner", "Rectangle", "corner", "corner_taus", "rectangles", "redrawn"]


@dataclass(frozen=True)
class Corner:
    """Kendall's tau of tables in which nothing but the corner ties the two modes together.

    Attributes:
        mean, low, high: of these tau, with the ends of the range that holds 95% of them.
    """

    mean: float
    low: float
    high: float


def corner_taus(
    panel: Panel,
    dip: str,
    supervised: str,
    rng: np.random.Generator,
    tables: int,
    weights: Floats,
) -> Floats:
    """Tau in each of many made-up tables, shape ``(tables,)``.

    In each of them every architecture has the DIP score of one drawn among those of its depth,
    and the supervised score of one drawn, independently, among those of its SLC. So each score
    has the distribution that was measured at that value of its own feature, and all else that
    could tie the modes together is cut: given depth and SLC they are independent.

    Args:
        weights: of the architectures, shape ``(A,)``, in drawing and in tau.
    """
    depth, slc = panel.strata("depth"), panel.strata("slc")
    x, y = panel.score(dip), panel.score(supervised)

    def one() -> float:
        return kendall(x[redrawn(depth, weights, rng)], y[redrawn(slc, weights, rng)], weights)

    return np.array([one() for _ in range(tables)])


def redrawn(strata: Ints, weights: Floats, rng: np.random.Generator) -> Ints:
    """For every architecture one of its stratum, drawn by weight and with replacement."""
    order = np.argsort(strata, kind="stable")
    totals = np.bincount(strata, weights)
    before = np.cumsum(totals) - totals
    at = before[strata] + rng.random(len(strata)) * totals[strata]
    places = np.searchsorted(np.cumsum(weights[order]), at, side="right")
    last = np.cumsum(np.bincount(strata)) - 1  # rounding must not lead into the next stratum
    return order[np.minimum(places, last[strata])]


def corner(
    panel: Panel,
    dip: str,
    supervised: str,
    rng: np.random.Generator,
    tables: int,
    weights: Floats,
) -> Corner:
    """Mean and range of `corner_taus`."""
    taus = corner_taus(panel, dip, supervised, rng, tables, weights)
    tail = (1 - COVERED) / 2
    low, high = np.quantile(taus, [tail, 1 - tail])
    return Corner(float(taus.mean()), float(low), float(high))


@dataclass(frozen=True)
class Rectangle:
    """Tau among the `count` architectures with depth at least, and SLC at most, `edge`.

    In this rectangle every SLC goes with every depth: there is no empty corner. Architectures
    are weighted so that all pairs of depth and SLC weigh the same, which makes the two features
    uncorrelated.
    """

    edge: int
    count: int
    tau: Estimate


def rectangles(panel: Panel, draws: Draws, dip: str, supervised: str) -> tuple[Rectangle, ...]:
    """All rectangles with at least two depths and two SLCs, and an architecture of each pair."""
    depth, slc = panel.feature("depth"), panel.feature("slc")
    x, y = (resampled(panel, draws, column) for column in (dip, supervised))
    cells, weights = panel.strata("depth", "slc"), draws.architectures * panel.even()
    found = []
    for edge in np.unique(depth).tolist():
        inside = (depth >= edge) & (slc <= edge)
        sides = len(set(depth[inside])), len(set(slc[inside]))
        if min(sides) < 2 or len(set(cells[inside])) < sides[0] * sides[1]:
            continue
        one = np.zeros(int(inside.sum()), np.int64)
        taus = taus_within(x[:, inside], y[:, inside], one, weights[:, inside])
        found.append(Rectangle(edge, int(inside.sum()), estimate(taus)))
    return tuple(found)
