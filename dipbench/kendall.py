"""Kendall's tau-b of two scores, by comparing all pairs at once.

Tau-b counts pairs in one order under both scores less pairs in opposite orders (Kendall, The
treatment of ties in ranking problems, Biometrika 33(3), 1945).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["kendall"]

Floats = npt.NDArray[np.float64]


def kendall(x: Floats, y: Floats, weights: Floats | None = None) -> float:
    """Tau-b over all pairs of A items; NaN if one score is the same for all of them.

    Args:
        x, y: scores, shape ``(A,)``.
        weights: how often each item occurs, shape ``(A,)``; 1 by default. A pair weighs the
            product of the weights of its items.
    """
    w = np.ones(len(x)) if weights is None else weights
    above_x, above_y = x[:, None] > x, y[:, None] > y

    def total(pairs: npt.NDArray[np.bool_]) -> float:
        return float(w @ (pairs.astype(np.float32) @ w))

    untied = total(above_x) * total(above_y)
    if not untied:
        return float("nan")
    concordant, discordant = total(above_x & above_y), total(above_x & above_y.T)
    return float((concordant - discordant) / np.sqrt(untied))
