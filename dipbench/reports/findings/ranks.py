"""Do two scores rank architectures alike? Kendall's tau, over all pairs or within strata.

Tau-b counts pairs of architectures in one order under both scores less pairs in opposite order
(Kendall, The treatment of ties in ranking problems, Biometrika 33(3), 1945). Within strata only
pairs of one stratum count, all strata in one sum (Korn, Kendall's tau with a blocking variable,
Biometrics 40(1), 1984).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dipbench.kendall import kendall
from dipbench.reports.findings.bootstrap import Draws, Estimate, estimate, resampled
from dipbench.reports.findings.panel import Floats, Ints, Panel

__all__ = [
    "Pairs",
    "RankAgreement",
    "agreement",
    "pairs_within",
    "permutation_p",
    "shuffled",
    "somers_d",
    "tau",
    "taus_within",
]

ROUNDING = 1e-9  # sums that differ by less are equal


@dataclass(frozen=True)
class Pairs:
    """Pairs of architectures by number, each once; two arrays of shape ``(P,)``."""

    first: Ints
    second: Ints

    def __len__(self) -> int:
        return len(self.first)

    def signs(self, values: Floats) -> Floats:
        """Which of each pair has the greater value: 1, 0 or -1, shape ``(P,)``."""
        return np.sign(values[self.first] - values[self.second])

    def weights(self, counts: Floats) -> Floats:
        """How often each pair occurs where architectures occur `counts` times."""
        return counts[self.first] * counts[self.second]


def pairs_within(strata: Ints) -> Pairs:
    """All pairs whose two architectures are in one stratum."""
    first, second = np.triu_indices(len(strata), 1)
    same = strata[first] == strata[second]
    return Pairs(first[same], second[same])


def tau(x: Floats, y: Floats, pairs: Pairs, counts: Floats | None = None) -> float:
    """Kendall's tau-b of two scores over `pairs`; NaN where a score is all ties.

    Args:
        x, y: scores, shape ``(A,)``.
        counts: how often each architecture occurs, or its weight, shape ``(A,)``; default 1.
    """
    sx, sy = pairs.signs(x), pairs.signs(y)
    weights = np.ones(len(pairs)) if counts is None else pairs.weights(counts)
    untied = (weights @ (sx != 0)) * (weights @ (sy != 0))
    return float(weights @ (sx * sy) / np.sqrt(untied)) if untied else np.nan


def somers_d(feature: Floats, score: Floats, pairs: Pairs, weights: Floats) -> float:
    """Somers' D: does the score rise with the feature? 1 always, -1 it always falls.

    Of the pairs that differ in the feature, the share with the higher score at the higher value
    less the share with the lower one (Somers, A new asymmetric measure of association for
    ordinal variables, American Sociological Review 27(6), 1962). NaN where none differ.

    Args:
        weights: of the pairs, shape ``(P,)``.
    """
    signs = pairs.signs(feature)
    differ = weights @ np.abs(signs)
    return float(weights @ (signs * pairs.signs(score)) / differ) if differ else np.nan


def shuffled(strata: Ints, rng: np.random.Generator) -> Ints:
    """A random order in which every architecture's place is taken by one of its stratum."""
    order: Ints = np.empty(len(strata), np.int64)
    order[np.argsort(strata, kind="stable")] = np.lexsort((rng.random(len(strata)), strata))
    return order


def permutation_p(
    x: Floats,
    y: Floats,
    strata: Ints,
    rng: np.random.Generator,
    shuffles: int,
    weights: Floats | None = None,
) -> float:
    """Two-sided p-value of concordance within strata, `y` being shuffled within them.

    What decides is the sum of concordant less discordant pairs, which tau and Somers' D have in
    common. The measured order counts as one permutation, so p is never 0 (Phipson and Smyth,
    Permutation p-values should never be zero, Statistical Applications in Genetics and Molecular
    Biology 9(1), 2010). NaN where no pair differs in `x`.

    Args:
        weights: of the pairs within `strata`, shape ``(P,)``; by default all weigh the same.
    """
    pairs = pairs_within(strata)
    sx = pairs.signs(x) * (1.0 if weights is None else weights)
    if not sx.any():
        return np.nan
    measured = abs(sx @ pairs.signs(y)) * (1 - ROUNDING)
    found = sum(
        abs(sx @ pairs.signs(y[shuffled(strata, rng)])) >= measured for _ in range(shuffles)
    )
    return (1 + int(found)) / (1 + shuffles)


@dataclass(frozen=True)
class RankAgreement:
    """Kendall's tau of two scores with its interval and p-value, over `pairs` pairs."""

    tau: Estimate
    p: float
    pairs: int


def agreement(
    panel: Panel,
    draws: Draws,
    dip: str,
    supervised: str,
    strata: Ints,
    rng: np.random.Generator,
    shuffles: int,
    weights: Floats,
) -> RankAgreement:
    """Tau of a DIP and a supervised score, over the pairs within `strata`.

    Args:
        weights: of the architectures, shape ``(A,)``.
    """
    pairs = pairs_within(strata)
    x, y = (resampled(panel, draws, column) for column in (dip, supervised))
    taus = taus_within(x, y, strata, draws.architectures * weights)
    p = permutation_p(x[0], y[0], strata, rng, shuffles, pairs.weights(weights))
    return RankAgreement(estimate(taus), p, len(pairs))


def taus_within(x: Floats, y: Floats, strata: Ints, counts: Floats) -> Floats:
    """Tau under every resample, shape ``(B,)``; all arguments but `strata` are ``(B, A)``."""
    rows = zip(x, y, counts, strict=True)
    if len(np.unique(strata)) == 1:  # then there is a faster way
        return np.array([kendall(*row) for row in rows])
    pairs = pairs_within(strata)
    return np.array([tau(a, b, pairs, c) for a, b, c in rows])
