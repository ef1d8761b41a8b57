"""Rank correlations between tasks and modes, and what the best of one is worth in another.

The ceiling of a correlation is what the noise of the two scores leaves within reach. Two halves
of the images, or two seeds, give Kendall's tau of a score with itself; r = sin(π tau / 2) turns
it into a correlation (Greiner, 1909), Spearman and Brown's formula takes it from the part to the
whole, and two scores of reliabilities R and S correlate by at most √(R S) (Spearman, The proof
and measurement of association between two things, American Journal of Psychology 15(1), 1904).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dipbench.kendall import kendall
from dipbench.reports.findings.panel import HEADLINE, Floats, Panel

__all__ = ["Agreement", "Scored", "agreements_of", "reliability_of", "scored"]

DIP, TEST = HEADLINE
LEAST_SHARED = 30  # architectures


@dataclass(frozen=True)
class Scored:
    """The scores of one task and mode.

    Attributes:
        task: such as ``denoise25``.
        mode: what trained it, in words: ``DIP``, ``supervised``.
        values: mean score by the key of the architecture.
        reliability: of the mean score, 0 to 1; None if one run gives no estimate.
    """

    task: str
    mode: str
    values: dict[str, float]
    reliability: float | None

    @property
    def name(self) -> str:
        """Such as ``denoise25, DIP``."""
        return f"{self.task}, {self.mode}"


@dataclass(frozen=True)
class Agreement:
    """Two scores, on the `count` architectures that both have.

    Attributes:
        first, second: their names.
        tau: Kendall's tau; `ceiling`: the greatest that noise allows; None if not known.
        forth, back: regret in the second score of the best by the first, and the other way
            round, grey levels.
        forth_rank, back_rank: share of architectures that are better than that.
    """

    first: str
    second: str
    count: int
    tau: float
    ceiling: float | None
    forth: float
    back: float
    forth_rank: float
    back_rank: float


def scored(task: str, mode: str, panel: Panel, column: str) -> Scored:
    """The means of one column, with their reliability."""
    values = dict(zip(panel.feature("key").tolist(), panel.score(column).tolist(), strict=True))
    if column in panel.dip:
        parts = panel.of_images(column)
        halves = parts.shape[1] > 1
    else:
        parts, halves = panel.of_seeds(column), False
    return Scored(task, mode, values, reliability_of(parts, halves))


def reliability_of(parts: Floats, halves: bool) -> float | None:
    """Reliability of the mean of `parts`, shape ``(A, n)``; None for one part.

    Args:
        halves: compare the means of two halves, all splits alike; else single parts.
    """
    count = parts.shape[1]
    if count < 2:
        return None
    size = count // 2 if halves else 1
    taus = [
        kendall(parts[:, list(one)].mean(axis=1), parts[:, list(other)].mean(axis=1))
        for one in combinations(range(count), size)
        for other in combinations([i for i in range(count) if i not in one], size)
        if one < other and (not halves or len(one) + len(other) >= count - 1)
    ]
    r = max(0.0, math.sin(math.pi * float(np.mean(taus)) / 2))
    times = count / size
    return float(times * r / (1 + (times - 1) * r))


def agreements_of(scores: Sequence[Scored]) -> tuple[Agreement, ...]:
    """All pairs of scores that share enough architectures."""
    found = []
    for a, b in combinations(scores, 2):
        keys = [key for key in a.values if key in b.values]
        if len(keys) < LEAST_SHARED:
            continue
        x, y = (np.array([each.values[key] for key in keys]) for each in (a, b))
        forth, back = y[x.argmin()], x[y.argmin()]
        found.append(
            Agreement(
                first=a.name,
                second=b.name,
                count=len(keys),
                tau=kendall(x, y),
                ceiling=_ceiling(a.reliability, b.reliability),
                forth=float(forth - y.min()),
                back=float(back - x.min()),
                forth_rank=float((y < forth).mean()),
                back_rank=float((x < back).mean()),
            )
        )
    return tuple(found)


def _ceiling(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return None
    return 2 / math.pi * math.asin(min(1.0, math.sqrt(first * second)))
