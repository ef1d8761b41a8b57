"""How much of the variance of a score each feature explains.

The features hang together: SLC is never greater than depth, and the number of parameters follows
from the others. What one of them adds to R² thus depends on which are already in the model. The
Shapley value of R² is the mean of what it adds over all orders of entry (Lindeman, Merenda and
Gold, Introduction to Bivariate and Multivariate Analysis, 1980, p. 119 ff.; Grömping, Estimators
of relative importance in linear regression based on variance decomposition, The American
Statistician 61(2), 2007). The shares of all features add up to R².

Depth and SLC enter as categories, one mean per value: a straight line would count any bend of
the dependence as unexplained. Parameters enter as one number, their logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np

from dipbench.reports.findings.bootstrap import Draws, Estimate, estimate, resampled
from dipbench.reports.findings.panel import Floats, Ints, Panel

__all__ = ["FACTORS", "Explained", "Share", "explained", "r_squared", "ranked", "shapley"]

# The features, and how the documents call them.
FACTORS = {
    "depth": "depth",
    "slc": "SLC",
    "upsample": "up-sampling",
    "width": "width",
    "params": "log-parameters",
}
CHOICES = ("depth", "slc", "upsample", "width")  # what one sets; the parameters follow from them
SINGULAR = 1e-10  # relative eigenvalue below which columns count as linearly dependent


@dataclass(frozen=True)
class Share:
    """The share of the variance of a score that one feature explains.

    Attributes:
        factor: one of `FACTORS`.
        coefficients: how many the feature has in the model; 0 if it has one value only.
        alone: R² of the model with this feature alone.
        shapley: mean gain in R² over all orders of entry.
        unique: what R² loses when it is taken out of the model with all features: its type III
            sum of squares over the total.
        controlled: the same in the model without the parameters, which follow from the other
            features; None for the parameters.
        lead: `shapley` less the greatest of the other features.
    """

    factor: str
    coefficients: int
    alone: float
    shapley: Estimate
    unique: float
    controlled: Estimate | None
    lead: Estimate


@dataclass(frozen=True)
class Explained:
    """What the features explain of the score in `column`.

    Attributes:
        r2: of the model with all of them.
        cells: R² of one mean per pair of depth and SLC, interaction included.
        mean, std: of the score, or its ranks, over the architectures; no weights.
    """

    column: str
    r2: Estimate
    cells: float
    mean: float
    std: float
    shares: tuple[Share, ...]

    def share(self, factor: str) -> Share:
        """The share of one of `FACTORS`."""
        return next(share for share in self.shares if share.factor == factor)


def explained(
    panel: Panel,
    draws: Draws,
    columns: Sequence[str],
    weights: Floats | None = None,
    ranks: bool = False,
) -> tuple[Explained, ...]:
    """Decompose the variance of the scores in `columns`.

    Args:
        weights: of the architectures, shape ``(A,)``; all weigh the same by default.
        ranks: decompose the variance of the ranks of the scores among the architectures.
    """
    counts = draws.architectures * (np.ones(len(panel)) if weights is None else weights)
    design = [_columns(panel, factor) for factor in FACTORS]
    scores = np.stack([resampled(panel, draws, column) for column in columns], axis=2)
    if ranks:
        scores = ranked(scores)
    r2 = r_squared(design, scores, counts)
    values = shapley(r2)
    both = r_squared([_indicators(panel.strata("depth", "slc"))], scores[:1], counts[:1])
    full = r2.shape[1] - 1
    chosen = sum(1 << i for i, factor in enumerate(FACTORS) if factor in CHOICES)

    def share(m: int, i: int, factor: str) -> Share:
        bit = 1 << i
        others = np.delete(values[:, :, m], i, axis=1).max(axis=1)
        controlled = r2[:, chosen, m] - r2[:, chosen & ~bit, m]
        return Share(
            factor=factor,
            coefficients=design[i].shape[1],
            alone=float(r2[0, bit, m]),
            shapley=estimate(values[:, i, m]),
            unique=float(r2[0, full, m] - r2[0, full & ~bit, m]),
            controlled=estimate(controlled) if factor in CHOICES else None,
            lead=estimate(values[:, i, m] - others),
        )

    return tuple(
        Explained(
            column=column,
            r2=estimate(r2[:, full, m]),
            cells=float(both[0, 1, m]),
            mean=float(scores[0, :, m].mean()),
            std=float(scores[0, :, m].std(ddof=1)),
            shares=tuple(share(m, i, factor) for i, factor in enumerate(FACTORS)),
        )
        for m, column in enumerate(columns)
    )


def ranked(scores: Floats) -> Floats:
    """The rank of each score among the architectures, equal ones sharing the mean of theirs.

    Args:
        scores: shape ``(B, A, m)``.
    """
    import pandas as pd

    b, a, m = scores.shape
    rows = pd.DataFrame(scores.swapaxes(1, 2).reshape(b * m, a))
    found: Floats = rows.rank(axis=1).to_numpy().reshape(b, m, a).swapaxes(1, 2)
    return found


def _columns(panel: Panel, factor: str) -> Floats:
    """The columns of a feature in the model, shape ``(A, coefficients)``, of unit variance."""
    values = panel.feature(factor)
    if factor == "params":
        columns = np.log(values.astype(np.float64))[:, None]
        columns = columns[:, np.ptp(columns, axis=0) > 0]
    else:
        columns = _indicators(np.unique(values, return_inverse=True)[1])
    scaled: Floats = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    return scaled


def _indicators(groups: Ints) -> Floats:
    """One 0/1 column per group but the first."""
    columns: Floats = (groups[:, None] == np.unique(groups)[None, 1:]).astype(np.float64)
    return columns


def r_squared(design: Sequence[Floats], scores: Floats, weights: Floats) -> Floats:
    """R² of least squares for every subset of k features, under every weighting.

    Args:
        design: per feature its columns, shape ``(A, coefficients)``.
        scores: shape ``(B, A, m)``.
        weights: of the architectures, shape ``(B, A)``.

    Returns:
        Shape ``(B, 2**k, m)``; bit i of the middle index says whether feature i is in.
    """
    x = np.hstack(design)
    owner = np.repeat(np.arange(len(design)), [columns.shape[1] for columns in design])
    total = weights.sum(axis=1)[:, None, None]
    y = scores - np.einsum("ba,bam->bm", weights, scores)[:, None] / total
    xm = (weights @ x)[:, None] / total
    xx = np.einsum("ba,ai,aj->bij", weights, x, x, optimize=True) - total * xm * xm.swapaxes(1, 2)
    xy = np.einsum("ba,ai,bam->bim", weights, x, y, optimize=True)
    yy = np.einsum("ba,bam->bm", weights, y * y)
    r2 = np.zeros((len(weights), 1 << len(design), scores.shape[2]))
    for subset in range(1, 1 << len(design)):
        inside = np.flatnonzero(subset >> owner & 1)
        if len(inside):
            # The pseudo-inverse passes over what a resample has made linearly dependent.
            inverse = np.linalg.pinv(xx[:, inside[:, None], inside], SINGULAR, hermitian=True)
            r2[:, subset] = np.einsum("bim,bij,bjm->bm", xy[:, inside], inverse, xy[:, inside])
    with np.errstate(invalid="ignore"):
        r2 /= yy[:, None]
    return r2


def shapley(r2: Floats) -> Floats:
    """Shapley values of k features from the worth of every subset, shape ``(B, 2**k, m)``.

    Returns:
        Shape ``(B, k, m)``; the values add up to the worth of the whole set.
    """
    count = r2.shape[1].bit_length() - 1
    values = np.zeros((r2.shape[0], count, r2.shape[2]))
    for i in range(count):
        for subset in range(1 << count):
            if not subset >> i & 1:
                size = subset.bit_count()
                weight = factorial(size) * factorial(count - size - 1) / factorial(count)
                values[:, i] += weight * (r2[:, subset | 1 << i] - r2[:, subset])
    return values
