"""Where the spread of single scores comes from: architecture, image, seed.

Estimates are those of the analysis of variance: mean squares are set equal to what is expected of
them (Searle, Casella and McCulloch, Variance Components, 1992, ch. 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dipbench.reports.findings.panel import Floats
from dipbench.reports.findings.ranks import pairs_within

__all__ = ["Components", "components", "told_apart"]


@dataclass(frozen=True)
class Components:
    """Standard deviations, in grey levels, that add up to a single score, as squares.

    Attributes:
        count, images, seeds: size of the block they are computed from.
        architecture: between architectures.
        image: between images, the same for all architectures; None for supervised scores.
        interaction: an architecture being better on some images; None where there is one seed,
            as it is then part of `residual`.
        draw: between seeds, the same for all architectures, from the one draw of the noise;
            None where there is one seed.
        residual: all else: initial weights and, where there is one seed, the interaction; None
            for supervised scores of one seed.
    """

    column: str
    count: int
    images: int
    seeds: int
    architecture: float
    image: float | None
    interaction: float | None
    draw: float | None
    residual: float | None

    @property
    def error(self) -> float | None:
        """Standard deviation of the mean score of an architecture from what it is compared by."""
        if self.residual is None:
            return None
        interaction = self.interaction or 0.0
        variance = self.residual**2 / self.seeds + interaction**2
        return float(np.sqrt(variance / self.images))

    @property
    def difference(self) -> float | None:
        """Least difference of two mean scores that chance makes in one of twenty pairs."""
        return None if self.error is None else 1.96 * np.sqrt(2) * self.error


def components(column: str, scores: Floats) -> Components:
    """Variance components of `scores`, shape ``(architectures, images, seeds)``.

    Seeds are nested in images, as every image has its own draw of the noise. An estimate below
    zero counts as zero.
    """
    a, j, k = scores.shape
    grand = scores.mean()
    rows, columns = scores.mean(axis=(1, 2)), scores.mean(axis=(0, 2))
    cells, draws = scores.mean(axis=2), scores.mean(axis=0)
    rest = cells - rows[:, None] - columns + grand
    within = scores - cells[:, :, None] - (draws - columns[:, None])[None]
    row = j * k * _mean_square(rows - grand, a - 1)
    column_square = a * k * _mean_square(columns - grand, j - 1)
    cross = k * _mean_square(rest, (a - 1) * (j - 1))
    drawn = a * _mean_square(draws - columns[:, None], j * (k - 1))
    error = _mean_square(within, (a - 1) * j * (k - 1))
    several, images = k > 1, j > 1
    if not several:
        error, drawn = cross, 0.0
    interaction = (cross - error) / k
    image = (column_square - (drawn - error if several else 0.0) - cross) / (a * k)
    return Components(
        column=column,
        count=a,
        images=j,
        seeds=k,
        architecture=_root((row - (cross if images else error)) / (j * k)),
        image=_root(image) if images else None,
        interaction=_root(interaction) if images and several else None,
        draw=_root((drawn - error) / a) if several else None,
        residual=_root(error) if several or images else None,
    )


def _mean_square(deviations: Floats, freedom: int) -> float:
    return float((deviations**2).sum() / freedom) if freedom else 0.0


def _root(variance: float) -> float:
    return float(np.sqrt(max(variance, 0.0)))


def told_apart(means: Floats, difference: float) -> float:
    """The share of pairs of architectures whose mean scores lie further apart than `difference`."""
    pairs = pairs_within(np.zeros(len(means), np.int64))
    return float(np.mean(np.abs(means[pairs.first] - means[pairs.second]) > difference))
