"""What several seeds say, on the architectures that have them.

A table may have several seeds of some architectures and images only. Used is the largest block in
which every architecture has every image with every seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dipbench.reports.findings.components import Components, components
from dipbench.reports.findings.panel import DIP, SUPERVISED, Floats
from dipbench.reports.findings.reliability import Agreements, agreements

if TYPE_CHECKING:
    import pandas as pd

    from dipbench.table.table import Table

__all__ = ["LEAST_SEEDED", "SeedReliability", "between_seeds"]

LEAST_SEEDED = 10  # architectures with several seeds, below which nothing is said


@dataclass(frozen=True)
class SeedReliability:
    """What several seeds say, on the architectures that have them.

    Attributes:
        columns: agreement between seeds, DIP scores being means over the images of the block.
        components: of the same blocks.
    """

    columns: tuple[Agreements, ...]
    components: tuple[Components, ...]


def between_seeds(table: Table, task: str) -> SeedReliability:
    """RankAgreement between seeds; without columns where no 10 architectures have two seeds."""
    runs = table.runs.to_pandas()
    runs = runs[(runs["task"] == task) & (runs["status"] == "ok")]
    found: list[tuple[str, Floats]] = []
    for mode, columns in (("dip", DIP), ("supervised", SUPERVISED)):
        found += _block(runs[runs["mode"] == mode], tuple(columns))
    return SeedReliability(
        tuple(agreements(column, scores.mean(axis=1)) for column, scores in found),
        tuple(components(column, scores) for column, scores in found),
    )


def _block(runs: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, Floats]]:
    """Per column the scores of the largest block of architectures × images × seeds, if any.

    Largest in degrees of freedom between seeds. Images and seeds join in the order of how many
    runs they have.
    """
    runs = runs.assign(image=runs["image"].fillna(""))
    several = runs[runs.groupby(["key", "image"])["seed"].transform("nunique") > 1]
    images, seeds = _common(several["image"]), _common(runs["seed"])
    chosen: tuple[int, Any] = (0, None)
    for j in range(1, len(images) + 1):
        for k in range(2, len(seeds) + 1):
            inside = runs[runs["image"].isin(images[:j]) & runs["seed"].isin(seeds[:k])]
            whole = inside.groupby("key").size() == j * k
            count = int(whole.sum())
            size = (count - 1) * j * (k - 1)
            if count >= LEAST_SEEDED and size > chosen[0]:
                members = inside[inside["key"].isin(whole.index[whole])]
                chosen = (size, (members, (count, j, k)))
    if chosen[1] is None:
        return []
    members, shape = chosen[1]
    members = members.sort_values(["key", "image", "seed"])
    return [(c, members[c].to_numpy(np.float64).reshape(shape)) for c in columns]


def _common(values: pd.Series[Any]) -> list[Any]:
    """Different values, the most frequent first, equals in their own order."""
    counts = values.value_counts()
    return sorted(sorted(counts.index), key=counts.__getitem__, reverse=True)
