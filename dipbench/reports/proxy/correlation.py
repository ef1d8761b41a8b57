"""Rank correlations under many resamples at once, over all pairs or within strata.

Both follow from the matrix S with S[i, j] the sign of x[i] - x[j]. If architecture i occurs c[i]
times, c'(S∘T)c counts concordant less discordant pairs of two scores, twice, which gives Kendall's
tau-b; and (Sc)[i] is twice the midrank of i less the mean rank, which gives Spearman's rho. For a
thousand resamples this is a few matrix products. Within strata S is 0 between them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dipbench.reports.findings.panel import Floats, Ints

__all__ = ["Correlations", "correlations"]


class Correlations(NamedTuple):
    """Kendall's tau-b and Spearman's rho per resample, each of shape ``(B,)``."""

    tau: Floats
    rho: Floats


def correlations(x: Floats, y: Floats, counts: Floats, strata: Ints) -> Correlations:
    """Rank correlations of two scores of A architectures; NaN where a score is all ties.

    Args:
        x: shape ``(A,)``, or ``(B, A)`` where the score differs between resamples.
        y: likewise; best with few different rows.
        counts: how often each architecture occurs, shape ``(B, A)``.
        strata: a number per architecture, shape ``(A,)``; only pairs within one count.
    """
    if y.ndim == 2:
        return _by_row(x, y, counts, strata)
    same = strata[:, None] == strata
    t = _signs(y, same)
    if x.ndim == 1:
        return _correlations(_signs(x, same), t, counts)
    found = [_correlations(_signs(row, same), t, c[None]) for row, c in zip(x, counts, strict=True)]
    return Correlations(*(np.concatenate(values) for values in zip(*found, strict=True)))


def _by_row(x: Floats, y: Floats, counts: Floats, strata: Ints) -> Correlations:
    """Resamples with the same scores `y` together, in their order again."""
    rows, which = np.unique(y, axis=0, return_inverse=True)
    found = Correlations(*np.empty((2, len(counts))))
    for number, row in enumerate(rows):
        here = which.ravel() == number
        part = correlations(x if x.ndim == 1 else x[here], row, counts[here], strata)
        found.tau[here], found.rho[here] = part
    return found


def _signs(values: Floats, same: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Floats:
    signs: Floats = np.sign(values[:, None] - values) * same
    return signs


def _correlations(s: Floats, t: Floats, counts: Floats) -> Correlations:
    def form(matrix: Floats) -> Floats:
        values: Floats = ((counts @ matrix) * counts).sum(axis=1)
        return values

    rank_s, rank_t = counts @ s.T, counts @ t.T
    squares = (counts * rank_s**2).sum(axis=1) * (counts * rank_t**2).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return Correlations(
            form(s * t) / np.sqrt(form(s * s) * form(t * t)),
            (counts * rank_s * rank_t).sum(axis=1) / np.sqrt(squares),
        )
