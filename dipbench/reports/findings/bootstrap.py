"""Intervals by resampling architectures and images, each with replacement.

Rows and columns of the architecture × image array are drawn independently of each other: the
pigeonhole bootstrap (Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1(2), 2007).
Intervals are percentiles (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dipbench.reports.findings.panel import DIP, Floats, Panel

__all__ = ["COVERED", "Draws", "Estimate", "draw", "estimate", "resampled"]

COVERED = 0.95


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
        images: the weight of each image in the mean, shape ``(1 + B, J)``; each row adds to 1.
    """

    architectures: Floats
    images: Floats


def draw(panel: Panel, rng: np.random.Generator, resamples: int) -> Draws:
    """Resample the architectures and the images of `panel`."""

    def counts(size: int) -> Floats:
        drawn = rng.multinomial(size, np.full(size, 1 / size), size=resamples)
        return np.vstack([np.ones(size), drawn])

    return Draws(counts(len(panel)), counts(len(panel.images)) / len(panel.images))


def resampled(panel: Panel, draws: Draws, column: str) -> Floats:
    """The scores of a column under every resample, shape ``(1 + B, A)``.

    A supervised score is known as a mean over the test images alone, so it is the same in all.
    """
    if column in DIP:
        return draws.images @ panel.dip[column].T
    return np.broadcast_to(panel.supervised[column], (len(draws.images), len(panel)))


def estimate(values: Floats) -> Estimate:
    """Value and interval, from a statistic of every resample, the measured one first."""
    tail = (1 - COVERED) / 2
    known = values[1:][np.isfinite(values[1:])]
    if not len(known):
        return Estimate(float(values[0]), np.nan, np.nan)
    low, high = np.quantile(known, [tail, 1 - tail])
    return Estimate(float(values[0]), float(low), float(high))
