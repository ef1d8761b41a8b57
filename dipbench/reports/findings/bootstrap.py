"""Intervals by resampling architectures, images and seeds, each with replacement.

Rows and columns of the architecture × image array are drawn independently of each other: the
pigeonhole bootstrap (Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1(2), 2007).
Seeds are drawn within each image, because every image and seed has its own noise. Intervals are
percentiles (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dipbench.reports.findings.panel import Floats, Panel

__all__ = [
    "ALL",
    "COVERED",
    "RUNS",
    "Draws",
    "Estimate",
    "counted",
    "draw",
    "estimate",
    "resampled",
]

COVERED = 0.95
RUNS = ("images", "seeds")  # what was measured is one draw of them
ALL = ("architectures", *RUNS)


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Draws:
    """B resamples, and before them, as resample 0, what was measured.

    Attributes:
        architectures: how often each is drawn, shape ``(1 + B, A)``.
        fits: the weight of each image and seed in the mean, shape ``(1 + B, J, K)``; each
            resample adds to 1.
        trainings: the weight of each seed of the trainings, shape ``(1 + B, S)``.
    """

    architectures: Floats
    fits: Floats
    trainings: Floats

    @property
    def images(self) -> Floats:
        """The weight of each image in the mean, shape ``(1 + B, J)``."""
        weights: Floats = self.fits.sum(axis=2)
        return weights

    def part(self, chosen: npt.NDArray[Any]) -> Draws:
        """The same resamples of some of the architectures."""
        return Draws(self.architectures[:, chosen], self.fits, self.trainings)


def draw(
    panel: Panel, rng: np.random.Generator, resamples: int, over: Collection[str] = ALL
) -> Draws:
    """Resample the architectures, images and seeds of `panel`.

    Args:
        over: which of these three are resampled; the others stay as measured.
    """

    def counts(name: str, size: int, each: int = 1) -> Floats:
        """How often each of `size` is drawn, shape ``(1 + B, each, size)``."""
        measured = np.ones((1, each, size))
        if name not in over:
            return np.repeat(measured, 1 + resamples, axis=0)
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=(resamples, each))
        return np.vstack([measured, drawn])

    images, seeds = len(panel.images), len(panel.dip_seeds)
    trainings = len(panel.supervised_seeds)
    fits = counts("images", images)[:, 0, :, None] * counts("seeds", seeds, images)
    return Draws(
        counts("architectures", len(panel))[:, 0],
        fits / (images * seeds),
        counts("seeds", trainings)[:, 0] / trainings,
    )


def resampled(panel: Panel, draws: Draws, column: str) -> Floats:
    """The scores of a column under every resample, shape ``(1 + B, A)``.

    A supervised score is known as a mean over the test images, so only its seeds are resampled.
    """
    if column in panel.dip:
        weights = draws.fits.reshape(len(draws.fits), -1)
        scores: Floats = weights @ panel.dip[column].reshape(len(panel), -1).T
    else:
        scores = draws.trainings @ panel.supervised[column].T
    return scores


def counted(size: int, rng: np.random.Generator, resamples: int) -> Iterator[Floats]:
    """How often each of `size` items is drawn, shape ``(size,)``: as measured, then resampled."""
    yield np.ones(size)
    for _ in range(resamples):
        yield np.bincount(rng.integers(size, size=size), minlength=size).astype(np.float64)


def estimate(values: Floats) -> Estimate:
    """Value and interval, from a statistic of every resample, the measured one first."""
    tail = (1 - COVERED) / 2
    known = values[1:][np.isfinite(values[1:])]
    if not len(known):
        return Estimate(float(values[0]), np.nan, np.nan)
    low, high = np.quantile(known, [tail, 1 - tail])
    return Estimate(float(values[0]), float(low), float(high))
