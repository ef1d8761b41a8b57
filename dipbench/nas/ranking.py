"""Which algorithm is better: ranks over repeats, and a paired test. Needs scipy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["BASELINE", "mean_ranks", "paired_test"]

BASELINE = "random_search"  # what the others are tested against

Floats = npt.NDArray[np.float64]


def mean_ranks(regret: Floats) -> Floats:
    """The mean over repeats of each algorithm's rank, 1 being the least regret.

    Args:
        regret: shape ``(algorithms, repeats)``; equal ones share the mean of their ranks.
    """
    from scipy.stats import rankdata

    ranks: Floats = rankdata(regret, axis=0).mean(axis=1)
    return ranks


def paired_test(regret: Floats, baseline: Floats) -> float:
    """Two-sided p of the Wilcoxon signed-rank test over repeats, each of shape ``(repeats,)``.

    Repeats that differ in nothing are left out, as Wilcoxon did; p is 1 where all are such.
    """
    from scipy.stats import wilcoxon

    differences = regret - baseline
    differences = differences[differences != 0]
    return float(wilcoxon(differences).pvalue) if len(differences) else 1.0
