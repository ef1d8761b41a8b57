"""Several objectives at once: the front that nothing is better than, and its hypervolume."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.table.difficulty import NORMAL

__all__ = ["Front", "front", "preference"]

Floats: TypeAlias = npt.NDArray[np.float64]
Value: TypeAlias = Callable[[Sequence[float]], float]

REDRAWN = 400
MARGIN = 0.1  # that the reference point lies beyond the front, as a share of its width


def front(points: Floats) -> Floats:
    """The points that no other is at least as good as in both columns, ascending in the first."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    ordered = points[order]
    least = np.minimum.accumulate(ordered[:, 1])
    kept = np.concatenate([[True], ordered[1:, 1] < least[:-1]])
    found: Floats = ordered[kept]
    return found


class Front:
    """The front of all architectures, which what a search found is measured by.

    Hypervolume (Zitzler, Thiele, IEEE Trans. Evolutionary Computation 3, 1999) is of logarithms,
    scaled so that the front spans the unit square, up to a reference point a tenth beyond it.

    Args:
        points: two objectives of all architectures, shape ``(count, 2)``; none is 0.
    """

    def __init__(self, points: Floats):
        self.points = front(points)
        logarithms = np.log(self.points)
        self._least = logarithms.min(axis=0)
        width = logarithms.max(axis=0) - self._least
        self._width = np.where(width > 0, width, 1.0)
        self._whole = self._volume(self.points)

    def regret(self, points: Floats) -> float:
        """The share of the hypervolume that the front of `points` lacks, 0 to 1."""
        return max(0.0, 1.0 - self._volume(front(points)) / self._whole)

    def least_difference(self, shares: Sequence[float], rng: np.random.Generator) -> float:
        """The difference in `regret` below which the noise of the objectives leaves no telling
        which set is better (95 %).

        The points of the front are measured anew, many times, each objective with a normal error
        of its logarithm.

        Args:
            shares: standard deviation of the error of each objective's logarithm; NaN if one is
                not known.
        """
        if not np.isfinite(shares).all():
            return math.nan
        errors = rng.standard_normal((REDRAWN, *self.points.shape)) * np.array(shares)
        volumes = [self._volume(front(self.points * np.exp(error))) for error in errors]
        return NORMAL * math.sqrt(2) * float(np.std(volumes, ddof=1)) / self._whole

    def _volume(self, found: Floats) -> float:
        reference = 1 + MARGIN
        scaled = (np.log(found) - self._least) / self._width
        scaled = scaled[(scaled < reference).all(axis=1)]
        if not len(scaled):
            return 0.0
        rights = np.append(scaled[1:, 0], reference)
        return float(((rights - scaled[:, 0]) * (reference - scaled[:, 1])).sum())


def preference(known: Sequence[Sequence[float]], rng: np.random.Generator) -> Value:
    """What a search for several objectives minimises for a while: weights drawn at random.

    Chebyshev's function of the logarithms, scaled to the range of what is `known`, as in ParEGO
    (Knowles, IEEE Trans. Evolutionary Computation 10, 2006).
    """
    count = len(known[0]) if known else 1
    weights = rng.dirichlet(np.ones(count))
    if len(known) < 2:
        return lambda values: values[0]
    logarithms = np.log(np.array(known))
    least = logarithms.min(axis=0)
    width = logarithms.max(axis=0) - least
    width = np.where(width > 0, width, 1.0)

    def value(values: Sequence[float]) -> float:
        scaled = weights * (np.log(np.array(values)) - least) / width
        # Its exponential is positive, as objectives are: models may take its logarithm.
        return float(np.exp(scaled.max() + 0.05 * scaled.sum()))

    return value
