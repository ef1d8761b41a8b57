"""How far a new measurement may lie from its prediction: conformal intervals.

What was left out of the fits of a cross-validation tells how large errors are. They are divided
by a spread that depends on the architecture, and the interval is the prediction plus and minus
the quantile of these ratios times the spread: cross-conformal prediction (Vovk, Annals of
Mathematics and Artificial Intelligence 74, 2015) with normalised scores (Lei, G'Sell, Rinaldo,
Tibshirani, Wasserman, JASA 113, 2018). Errors are those of logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["COVERED", "Distance", "Spread", "quantile", "shape"]

Floats: TypeAlias = npt.NDArray[np.float64]

COVERED = 0.9
RIDGE = 1e-3  # variance that a column has at least, of standardised ones
WITHIN = 0.95  # of the sample is not far from it
PENALTY = 0.3  # of the spread's slopes, in rows: few networks have SLC 2 or more, and err most


@dataclass(frozen=True, eq=False)
class Distance:
    """How far a description is from those of the sample, 1 within it.

    Attributes:
        inverse: of the covariance of the standardised columns, shape ``(columns, columns)``.
        limit: Mahalanobis' distance of the sample's 95 % point, squared.
    """

    inverse: Floats
    limit: float

    @classmethod
    def of(cls, inputs: Floats) -> Distance:
        """That of a sample."""
        covariance = inputs.T @ inputs / len(inputs) + RIDGE * np.eye(inputs.shape[1])
        inverse = np.linalg.inv(covariance).astype(np.float64)
        return cls(inverse, float(np.quantile(_squared(inputs, inverse), WITHIN)))

    def __call__(self, inputs: Floats) -> Floats:
        """Shape ``(count,)``: Mahalanobis' distance over the sample's 95 % point, at least 1."""
        found: Floats = np.sqrt(np.maximum(_squared(inputs, self.inverse) / self.limit, 1.0))
        return found


def _squared(inputs: Floats, inverse: Floats) -> Floats:
    found: Floats = ((inputs @ inverse) * inputs).sum(1)
    return found


@dataclass(frozen=True, eq=False)
class Spread:
    """How large errors are, for each target, by depth, SLC and MACs.

    Beyond the values that the sample has, it is that of the nearest.

    Attributes:
        slopes: shape ``(len(_shape(...)), targets)``, of the logarithm of the error's size.
        quantile: of errors over their spread, shape ``(targets,)``.
        ends: the least and the greatest of each of `shape` in the sample, ``(2, len(shape))``.
    """

    slopes: Floats
    quantile: Floats
    ends: Floats

    @classmethod
    def of(
        cls, shape: Floats, distance: Floats, errors: Floats, covered: float = COVERED
    ) -> Spread:
        """That of errors of rows left out, shape ``(rows, targets)``."""
        slopes = _slopes(shape, np.log(_size(errors) / distance[:, None]))
        ratios = np.abs(errors) / (distance[:, None] * np.exp(shape @ slopes))
        quantiles = np.array([quantile(column, covered) for column in ratios.T])
        return cls(slopes, quantiles, np.stack([shape.min(axis=0), shape.max(axis=0)]))

    def __call__(self, shape: Floats, distance: Floats) -> Floats:
        """Half the width of the interval of logarithms, shape ``(count, targets)``."""
        # Not np.clip: for one row its call costs more than its arithmetic.
        shape = np.minimum(np.maximum(shape, self.ends[0]), self.ends[1])
        return self.quantile * distance[:, None] * np.exp(shape @ self.slopes)


def shape(depth: Floats, slc: Floats, macs: Floats) -> Floats:
    """What the size of errors depends on, one row per architecture; `macs` are logarithms."""
    found = np.empty((len(depth), 6))
    found[:, 0] = 1
    found[:, 1] = depth == 1
    found[:, 2] = (depth - 3) / 2
    found[:, 3] = slc == 0
    found[:, 4] = slc / 2
    found[:, 5] = (macs - 16) / 2
    return found


def _size(errors: Floats) -> Floats:
    """The size of errors, none much smaller than the others: its logarithm is taken."""
    found: Floats = np.maximum(np.abs(errors), 0.1 * np.median(np.abs(errors), axis=0))
    return found


def _slopes(shape: Floats, values: Floats) -> Floats:
    """Least squares; all slopes but the first are held back a little."""
    penalty = np.diag([0.0, *[PENALTY] * (shape.shape[1] - 1)])
    return np.linalg.solve(shape.T @ shape + penalty, shape.T @ values).astype(np.float64)


def quantile(ratios: Floats, covered: float = COVERED) -> float:
    """The quantile that a further ratio is below with probability `covered`; infinite where
    there are too few ratios to say."""
    rank = math.ceil((len(ratios) + 1) * covered)
    return float(np.sort(ratios)[rank - 1]) if rank <= len(ratios) else math.inf
