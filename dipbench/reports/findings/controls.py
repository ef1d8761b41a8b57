"""The control experiment: one of depth and SLC is varied while the other stands still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dipbench.reports.findings.panel import Panel
from dipbench.reports.findings.ranks import pairs_within, permutation_p, somers_d

__all__ = ["RIVAL", "Cell", "Control", "Trend", "control"]

RIVAL = {"depth": "slc", "slc": "depth"}


@dataclass(frozen=True)
class Cell:
    """Scores of the `count` architectures of one depth and SLC, grey levels; one has no `std`."""

    depth: int
    slc: int
    count: int
    mean: float
    std: float


@dataclass(frozen=True)
class Trend:
    """How a score moves with `varied` where the other of depth and SLC is fixed.

    Compared are pairs with equal up-sampling and width, too; what else differs is the number and
    place of the skip connections. Two values of `varied` weigh the same however many
    architectures have them, or the deepest networks, which have most ways to skip, would decide.

    Attributes:
        d: Somers' D over all such pairs.
        p: its permutation p-value.
        pairs: how many of them differ in `varied`.
        at: per value of the fixed feature, D over its pairs; NaN where there are none.
    """

    varied: str
    d: float
    p: float
    pairs: int
    at: dict[int, float]


@dataclass(frozen=True)
class Control:
    """The control experiment for the score in `column`."""

    column: str
    cells: tuple[Cell, ...]
    trends: dict[str, Trend]


def control(panel: Panel, column: str, rng: np.random.Generator, shuffles: int) -> Control:
    """Cells and trends of one score."""
    depth, slc, score = panel.feature("depth"), panel.feature("slc"), panel.score(column)
    cells = []
    for at in sorted(set(zip(depth.tolist(), slc.tolist(), strict=True))):
        inside = score[(depth == at[0]) & (slc == at[1])]
        spread = float(inside.std(ddof=1)) if len(inside) > 1 else np.nan
        cells.append(Cell(*at, len(inside), float(inside.mean()), spread))
    trends = {varied: _trend(panel, column, varied, rng, shuffles) for varied in RIVAL}
    return Control(column, tuple(cells), trends)


def _trend(
    panel: Panel, column: str, varied: str, rng: np.random.Generator, shuffles: int
) -> Trend:
    fixed, score = RIVAL[varied], panel.score(column)
    feature = panel.feature(varied).astype(np.float64)
    strata = panel.strata(fixed, "upsample", "width")
    pairs = pairs_within(strata)
    cells = panel.strata("depth", "slc", "upsample", "width")
    weights = pairs.weights(1 / np.bincount(cells)[cells])
    held = panel.feature(fixed)[pairs.first]
    return Trend(
        varied=varied,
        d=somers_d(feature, score, pairs, weights),
        p=permutation_p(feature, score, strata, rng, shuffles, weights),
        pairs=int(np.count_nonzero(pairs.signs(feature))),
        at={
            int(value): somers_d(feature, score, pairs, weights * (held == value))
            for value in np.unique(panel.feature(fixed))
        },
    )
