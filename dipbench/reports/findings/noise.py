"""How much of an order survives another seed, among all architectures and in parts of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt

from dipbench.kendall import kendall
from dipbench.reports.findings.panel import HEADLINE, Floats, Panel
from dipbench.reports.findings.reliability import best
from dipbench.reports.findings.transfer import reliability_of

__all__ = ["Repeated", "between_seeds_of", "repeated"]

DIP, TEST = HEADLINE
VALIDATION = "val_rmse"


@dataclass(frozen=True)
class Repeated:
    """Kendall's tau between two seeds, mean over all pairs of seeds, among `count` architectures.

    Attributes:
        dip, test: of the DIP peak, mean over the images of a seed, and of test RMSE.
        chosen: of validation RMSE of one seed and test RMSE of another.
        same: of validation and test RMSE of the same weights.
        reach: the tau with the mean test RMSE of all seeds that a predictor without error would
            have, by the formulas of `dipbench.reports.findings.transfer`; None with one seed.
    """

    name: str
    count: int
    dip: float | None
    test: float | None
    chosen: float | None
    same: float
    reach: float | None


def repeated(panel: Panel) -> tuple[Repeated, ...]:
    """Of all, of parts, and of the best tenth of the mean over all seeds."""
    return tuple(_repeated(name, panel.part(chosen)) for name, chosen in _parts(panel))


def _parts(panel: Panel) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    depth, slc, width = (panel.feature(name) for name in ("depth", "slc", "width"))
    yield "all", np.ones(len(panel), bool)
    yield "depth ≥ 2", depth >= 2
    zero = slc == 0
    if zero.sum() > 2:
        yield "SLC 0", zero
        widest = zero & (width == width.max())
        if 2 < widest.sum() < zero.sum():
            yield f"SLC 0, width {width.max()}", widest


def _repeated(name: str, panel: Panel) -> Repeated:
    validation, test = panel.supervised[VALIDATION], panel.supervised[TEST]
    other = [
        kendall(validation[:, i], test[:, j]) for i, j in permutations(range(test.shape[1]), 2)
    ]
    same = [kendall(*each) for each in zip(validation.T, test.T, strict=True)]
    return Repeated(
        name=name,
        count=len(panel),
        dip=between_seeds_of(panel.of_seeds(DIP)),
        test=between_seeds_of(test),
        chosen=float(np.mean(other)) if other else None,
        same=float(np.mean(same)),
        reach=_reach(test),
    )


def _reach(scores: Floats) -> float | None:
    reliability = reliability_of(scores, halves=False)
    return None if reliability is None else 2 / math.pi * math.asin(math.sqrt(reliability))


def between_seeds_of(scores: Floats) -> float | None:
    """Mean tau between two columns of scores ``(A, K)``; None for one column."""
    pairs = list(combinations(scores.T, 2))
    return float(np.mean([kendall(x, y) for x, y in pairs])) if pairs else None


def tenth_range(scores: Floats) -> tuple[float, float] | None:
    """Least and greatest tau between two seeds in the best tenth by all other seeds."""
    if scores.shape[1] < 3:
        return None
    taus = []
    for pair in combinations(range(scores.shape[1]), 2):
        members = best(np.delete(scores, pair, axis=1))
        taus.append(kendall(*scores[members][:, pair].T))
    return min(taus), max(taus)
