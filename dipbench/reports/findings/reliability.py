"""How far the ranks can be trusted: agreement between images, or between seeds.

Intraclass correlations follow Shrout and Fleiss, Intraclass correlations: uses in assessing rater
reliability, Psychological Bulletin 86(2), 1979. An image, or a seed, is to an architecture what a
rater is to a subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from dipbench.reports.findings.panel import DIP, Floats, Panel
from dipbench.reports.findings.ranks import pairs_within, tau

__all__ = ["Agreements", "Icc", "Reliability", "agreements", "best", "between_images", "icc"]

BEST = 0.1  # "the best tenth"
LEAST_BEST = 5  # architectures, below which nothing is said of the best tenth


@dataclass(frozen=True)
class Icc:
    """Intraclass correlations in the notation of Shrout and Fleiss.

    Attributes:
        agreement, agreement_mean: ICC(2,1) and ICC(2,k): of one rater, and of the mean of all k,
            where a rater's own level counts as error.
        consistency, consistency_mean: ICC(3,1) and ICC(3,k): the same where it does not, as
            befits ranks.
    """

    agreement: float
    agreement_mean: float
    consistency: float
    consistency_mean: float


def icc(scores: Floats) -> Icc:
    """Intraclass correlations of `scores`, shape ``(subjects, raters)``, both at least 2."""
    n, k = scores.shape
    grand = scores.mean()
    rows, columns = scores.mean(axis=1), scores.mean(axis=0)
    between = k * ((rows - grand) ** 2).sum() / (n - 1)
    raters = n * ((columns - grand) ** 2).sum() / (k - 1)
    rest = scores - rows[:, None] - columns + grand
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    signal = between - error
    with np.errstate(invalid="ignore", divide="ignore"):
        return Icc(
            float(signal / (between + (k - 1) * error + k * (raters - error) / n)),
            float(signal / (between + (raters - error) / n)),
            float(signal / (between + (k - 1) * error)),
            float(signal / between),
        )


@dataclass(frozen=True)
class Reliability:
    """RankAgreement of k raters, images or seeds, on the order of `count` architectures.

    Attributes:
        icc: intraclass correlations.
        tau: mean of Kendall's tau over all pairs of raters.
    """

    count: int
    raters: int
    icc: Icc
    tau: float


def reliability(scores: Floats) -> Reliability:
    """RankAgreement between the columns of `scores`, shape ``(architectures, raters)``."""
    pairs = pairs_within(np.zeros(len(scores), np.int64))
    taus = [tau(x, y, pairs) for x, y in combinations(scores.T, 2)]
    return Reliability(len(scores), scores.shape[1], icc(scores), float(np.mean(taus)))


@dataclass(frozen=True)
class Tenth:
    """RankAgreement of two raters on the order of the `count` architectures of the best tenth.

    Means over all pairs of raters. The best tenth of a pair is that of the least mean over all
    other raters: chosen by the pair's own scores, its members would be those with lucky errors,
    and the two raters would seem to disagree.

    Attributes:
        agreement, consistency: ICC(2,1) and ICC(3,1).
        tau: Kendall's tau.
    """

    count: int
    agreement: float
    consistency: float
    tau: float


def tenth(scores: Floats) -> Tenth | None:
    """RankAgreement in the best tenth; None for fewer than 3 raters or 5 architectures in it."""
    count = len(best(scores))
    if scores.shape[1] < 3 or count < LEAST_BEST:
        return None
    found = []
    for pair in combinations(range(scores.shape[1]), 2):
        members = best(np.delete(scores, pair, axis=1))
        found.append(reliability(scores[members][:, pair]))
    return Tenth(
        count,
        float(np.mean([each.icc.agreement for each in found])),
        float(np.mean([each.icc.consistency for each in found])),
        float(np.mean([each.tau for each in found])),
    )


def best(scores: Floats) -> npt.NDArray[np.intp]:
    """The rows of the tenth of architectures with the least mean, rounded up."""
    return np.argsort(scores.mean(axis=1), kind="stable")[: -(-len(scores) // round(1 / BEST))]


def overlap(scores: Floats) -> float:
    """How much of one rater's best tenth is in another's, mean over all pairs of raters.

    By chance it is a tenth.
    """
    tenths = [set(best(column[:, None]).tolist()) for column in scores.T]
    return float(np.mean([len(a & b) / len(a) for a, b in combinations(tenths, 2)]))


@dataclass(frozen=True)
class Agreements:
    """Reliability of the score in `column`, of all architectures and in their best tenth."""

    column: str
    all: Reliability
    best: Tenth | None
    overlap: float


def agreements(column: str, scores: Floats) -> Agreements:
    """Reliability of `scores`, shape ``(architectures, raters)``."""
    return Agreements(column, reliability(scores), tenth(scores), overlap(scores))


def between_images(panel: Panel) -> tuple[Agreements, ...]:
    """RankAgreement between the images of the panel, per column of `DIP`; empty for one image."""
    if len(panel.images) < 2:
        return ()
    return tuple(agreements(column, panel.of_images(column)) for column in DIP)
