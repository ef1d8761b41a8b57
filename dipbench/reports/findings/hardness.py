"""How hard either mode is to search, from the seeds of a panel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dipbench.reports.findings.panel import HEADLINE, Panel
from dipbench.table.difficulty import Difficulty, difficulty

__all__ = ["FREE", "hardness"]

FREE = {"depth": "depth", "slc": "SLC", "params": "parameters", "macs": "MACs"}


def hardness(panel: Panel) -> Mapping[str, Difficulty]:
    """The difficulty of each headline column."""
    values = {name: panel.feature(column) for column, name in FREE.items()}
    free = {name: v.astype(np.float64) for name, v in values.items() if not _missing(v)}
    return {column: difficulty(panel.of_seeds(column), free) for column in HEADLINE}


def _missing(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    return bool(np.isnan(values.astype(np.float64)).any())
