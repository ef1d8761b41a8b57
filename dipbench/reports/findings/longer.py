"""Does longer training change the order of the architectures?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dipbench.kendall import kendall
from dipbench.reports.findings.bootstrap import Estimate, counted, estimate
from dipbench.reports.findings.companions import unfinished
from dipbench.reports.findings.controls import control
from dipbench.reports.findings.panel import HEADLINE, Floats, Panel

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["LEAST_LONGER", "Longer", "OfSlc", "longer"]

TEST = HEADLINE[1]
LEAST_LONGER = 10  # networks, below which nothing is said
RESAMPLES = 1000


@dataclass(frozen=True)
class OfSlc:
    """Mean test RMSE of the `count` networks of one SLC after the short and the long training."""

    slc: int
    count: int
    short: float
    long: float


@dataclass(frozen=True)
class Longer:
    """Two lengths of training, on the same networks and seeds.

    Attributes:
        protocol, sha256: of the table of the longer training.
        steps: of both.
        count: networks; `seeds`: those that both have.
        tau: Kendall's tau of test RMSE after the two trainings, of the first of `seeds`.
        below: `ceiling` less `tau`, its interval over networks; None with one seed.
        ceiling: mean tau between two seeds of the short training, among these networks; None
            with one seed.
        tau_zero, ceiling_zero, count_zero: the same among the networks of SLC 0.
        rows: by SLC.
        trends: Somers' D of test RMSE on SLC with depth fixed, short and long.
        alone: the share of the variance that SLC alone explains, short and long.
        missing: what the table of the longer training lacks; empty if it is complete.
    """

    protocol: str
    sha256: str
    steps: tuple[int, int]
    count: int
    seeds: tuple[int, ...]
    tau: float
    ceiling: float | None
    below: Estimate | None
    tau_zero: float
    ceiling_zero: float | None
    count_zero: int
    rows: tuple[OfSlc, ...]
    trends: tuple[float, float]
    alone: tuple[float, float]
    missing: str


def longer(table: Table, panel: Panel, long: Table, task: str) -> Longer:
    """Compare the trainings of `panel`, from `table`, with those of `long`.

    Raises:
        ValueError: they share fewer than 10 networks.
    """
    runs = long.runs.to_pandas()
    mine = (runs["task"] == task) & (runs["mode"] == "supervised") & (runs["status"] == "ok")
    runs = runs[mine & runs["seed"].isin(panel.supervised_seeds)]
    seeds = tuple(sorted(int(seed) for seed in runs["seed"].unique()))
    scores = runs.pivot_table(index="key", columns="seed", values=TEST).dropna()
    part = panel.part(np.isin(panel.feature("key"), scores.index))
    if len(part) < LEAST_LONGER:
        raise ValueError(
            f"{long.protocol} shares {len(part)} networks with the table; expected at least "
            f"{LEAST_LONGER}"
        )
    after = scores.loc[part.feature("key")].to_numpy(np.float64)
    places = [panel.supervised_seeds.index(seed) for seed in seeds]
    before = part.supervised[TEST][:, places]
    zero = part.feature("slc") == 0
    both = before.mean(axis=1), after.mean(axis=1)
    one = before[:, 0], after[:, 0]  # of one seed each, as two seeds are compared
    return Longer(
        protocol=long.protocol,
        sha256=long.sha256,
        steps=(_steps(table), _steps(long)),
        count=len(part),
        seeds=seeds,
        tau=kendall(*one),
        ceiling=_ceiling(part.supervised[TEST]),
        below=_below(part.supervised[TEST], *one),
        tau_zero=kendall(one[0][zero], one[1][zero]),
        ceiling_zero=_ceiling(part.supervised[TEST][zero]),
        count_zero=int(zero.sum()),
        rows=_rows(part, *both),
        trends=(_trend(part, before), _trend(part, after)),
        alone=(_alone(part, both[0]), _alone(part, both[1])),
        missing=unfinished(long),
    )


def _steps(table: Table) -> int:
    return int(table.manifest["protocol"]["supervised"]["steps"])


def _ceiling(scores: Floats, weights: Floats | None = None) -> float | None:
    pairs = list(combinations(scores.T, 2))
    return float(np.mean([kendall(x, y, weights) for x, y in pairs])) if pairs else None


def _below(seeds: Floats, short: Floats, long: Floats) -> Estimate | None:
    """How much less two lengths of training agree than two seeds; over resampled networks."""
    found = []
    for weights in counted(len(short), np.random.default_rng(0), RESAMPLES):
        between = _ceiling(seeds, weights)
        if between is None:
            return None
        found.append(between - kendall(short, long, weights))
    return estimate(np.array(found))


def _rows(part: Panel, short: Floats, long: Floats) -> tuple[OfSlc, ...]:
    slc = part.feature("slc")
    return tuple(
        OfSlc(
            int(value),
            int((slc == value).sum()),
            float(short[slc == value].mean()),
            float(long[slc == value].mean()),
        )
        for value in np.unique(slc)
    )


def _trend(part: Panel, scores: Floats) -> float:
    from dataclasses import replace

    seeds = tuple(range(scores.shape[1]))
    scored = replace(part, supervised={TEST: scores}, supervised_seeds=seeds)
    return control(scored, TEST, np.random.default_rng(0), 0).trends["slc"].d


def _alone(part: Panel, score: Floats) -> float:
    """R² of one mean per SLC."""
    groups = part.strata("slc")
    means = np.bincount(groups, score) / np.bincount(groups)
    return float(1 - ((score - means[groups]) ** 2).sum() / ((score - score.mean()) ** 2).sum())
