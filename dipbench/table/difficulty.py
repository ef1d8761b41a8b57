"""How hard it is to find the best architecture of a table, given the noise between seeds.

Two architectures whose mean scores differ by less than the seeds allow are *tied*. If many tie
with the best, a search has little to find, and the order among them is mostly noise.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from dipbench.kendall import kendall

__all__ = ["Difficulty", "Rule", "difficulty", "seed_noise", "sure_draws"]

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

QUARTER, TENTH = 4, 10  # the best quarter gives the noise; "among the best" is the best tenth
LEAST = 5  # architectures in the best tenth, below which nothing is said of their order
NORMAL = 1.96  # two-sided 95 % of a normal distribution
SURE = 0.95
ROUNDING = 1e-9  # of a probability


@dataclass(frozen=True)
class Rule:
    """A choice that needs no run.

    Attributes:
        name: such as ``most MACs``.
        regret: mean score of the architectures that it puts first, above the least of all.
    """

    name: str
    regret: float


@dataclass(frozen=True)
class Difficulty:
    """How hard a score is to search, in the unit of the score.

    Attributes:
        architectures, seeds: size of the block of scores.
        best: least mean score.
        noise: standard deviation of the score of one seed, after the means of the architecture
            and of the seed are taken off, in the best quarter; NaN with one seed.
        least_difference: two mean scores that are nearer than this cannot be told apart (95 %).
            A regret below it means nothing. NaN with one seed.
        tied: architectures that are not told apart from the best, itself included.
        draws: expected random draws, without replacement, until one of these is drawn.
        draws_95: draws after which one was drawn with probability 95 %.
        rules: choices by what is free, least regret first.
        best_count: size of the best tenth.
        best_tau: Kendall's tau of two seeds in the best tenth, as chosen by the other seeds;
            None for fewer than three seeds or five architectures in it.
        signal: share of the variance of the mean scores in that tenth that is not noise of
            seeds, 0 to 1; None as `best_tau`.
    """

    architectures: int
    seeds: int
    best: float
    noise: float
    least_difference: float
    tied: int
    draws: float
    draws_95: int
    rules: tuple[Rule, ...]
    best_count: int
    best_tau: float | None
    signal: float | None


def difficulty(scores: Floats, free: Mapping[str, Floats]) -> Difficulty:
    """How hard it is to find the least of the mean scores.

    Args:
        scores: of A architectures with K seeds, shape ``(A, K)``; less is better.
        free: by name, what is known without a run, shape ``(A,)``. Each is tried both ways.

    Raises:
        ValueError: there are no scores, or one is not a number.
    """
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"scores have shape {scores.shape}; expected architectures x seeds")
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} scores are missing; expected none")
    count, seeds = scores.shape
    means = scores.mean(axis=1)
    noise = seed_noise(scores[_best(means, QUARTER)])
    line = NORMAL * math.sqrt(2 / seeds) * noise
    tied = 1 if math.isnan(line) else int((means - means.min() <= line).sum())
    tau, signal = _order_of_the_best(scores)
    return Difficulty(
        architectures=count,
        seeds=seeds,
        best=float(means.min()),
        noise=noise,
        least_difference=line,
        tied=tied,
        draws=(count + 1) / (tied + 1),
        draws_95=sure_draws(count, tied),
        rules=_rules(means, free),
        best_count=len(_best(means, TENTH)),
        best_tau=tau,
        signal=signal,
    )


def seed_noise(scores: Floats) -> float:
    """Standard deviation of what is left of scores ``(A, K)`` after the means of architectures
    and of seeds are taken off; NaN for one of either."""
    count, seeds = scores.shape
    if min(count, seeds) < 2:
        return math.nan
    rest = scores - scores.mean(axis=1, keepdims=True) - scores.mean(axis=0) + scores.mean()
    return math.sqrt(float((rest**2).sum()) / ((count - 1) * (seeds - 1)))


def _best(means: Floats, parts: int) -> Places:
    """The rows of the best quarter or tenth, rounded up."""
    return np.argsort(means, kind="stable")[: -(-len(means) // parts)]


def sure_draws(count: int, tied: int) -> int:
    """The least k with probability 95 % that one of `tied` is among k of `count`, none twice."""
    others = count - tied

    def missed(drawn: int) -> float:
        """The probability that none of the `drawn` is tied: C(others, k) / C(count, k)."""
        if drawn > others:
            return 0.0
        logs = math.lgamma(others + 1) - math.lgamma(others - drawn + 1)
        return math.exp(logs - math.lgamma(count + 1) + math.lgamma(count - drawn + 1))

    within = range(others + 2)
    return bisect_left(within, True, key=lambda drawn: missed(drawn) <= 1 - SURE + ROUNDING)


def _rules(means: Floats, free: Mapping[str, Floats]) -> tuple[Rule, ...]:
    found = []
    for name, values in free.items():
        for way, end in (("least", values.min()), ("most", values.max())):
            regret = float(means[values == end].mean() - means.min())
            found.append(Rule(f"{way} {name}", regret))
    return tuple(sorted(found, key=lambda rule: rule.regret))


def _order_of_the_best(scores: Floats) -> tuple[float | None, float | None]:
    """Tau of two seeds, and the share of signal in the mean of all, in the best tenth.

    For each pair of seeds the tenth is chosen by the other seeds: chosen by the pair's own
    scores, its members would be those with lucky errors.
    """
    seeds = scores.shape[1]
    if seeds < 3 or -(-len(scores) // TENTH) < LEAST:
        return None, None
    taus, between, noise = [], [], []
    for pair in combinations(range(seeds), 2):
        members = _best(np.delete(scores, pair, axis=1).mean(axis=1), TENTH)
        inside = scores[members][:, pair]
        taus.append(kendall(inside[:, 0], inside[:, 1]))
        noise.append(seed_noise(inside) ** 2)
        between.append(float(inside.mean(axis=1).var(ddof=1)) - noise[-1] / 2)
    spread, rest = max(0.0, float(np.mean(between))), float(np.mean(noise)) / seeds
    return float(np.mean(taus)), spread / (spread + rest) if spread + rest else None
