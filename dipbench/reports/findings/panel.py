"""The scores that are compared: architectures that were all measured on the same runs.

A table that is still growing has architectures with more images or seeds than others. Means over
different images are no fair comparison, because images differ in difficulty. So the findings use
the runs that nearly all architectures have, and the architectures that have all of these runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from dipbench.table.table import Table

__all__ = ["DIP", "HEADLINE", "LEAST", "SUPERVISED", "Floats", "Ints", "Panel", "make_panel"]

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

# Columns of runs.parquet, headline first, and how the documents call them.
DIP = {
    "peak_rmse": "DIP peak",
    "final_rmse": "DIP final",
    "averaged_peak_rmse": "DIP averaged peak",
    "averaged_final_rmse": "DIP averaged final",
    "stopped_rmse": "DIP ES-WMV stop",
}
SUPERVISED = {"test_rmse": "supervised test", "val_rmse": "supervised validation"}
HEADLINE = ("peak_rmse", "test_rmse")

NEARLY_ALL = 0.9  # a run belongs to the panel if at least this share of architectures has it
LEAST = 30  # architectures: twice the 14 coefficients of the full linear model, and two
FEATURES = ["depth", "slc", "upsample", "width", "params"]


@dataclass(frozen=True)
class Panel:
    """Scores of A architectures, all on the same J images and the same seeds.

    Attributes:
        architectures: one row each, sorted by name: key, name, depth, slc, upsample, width,
            params.
        dip: per column of `DIP` an array of shape ``(A, J)``, mean over seeds, grey levels.
        supervised: per column of `SUPERVISED` an array of shape ``(A,)``, mean over seeds.
        images, dip_seeds, supervised_seeds: what the panel consists of, sorted.
        measured: architectures with a run in the table, finished or diverged.
        diverged: of these, left out and with a diverged run.
        censored, fits: DIP fits of the panel whose raw peak is their last point, and all.
    """

    architectures: pd.DataFrame
    dip: Mapping[str, Floats]
    supervised: Mapping[str, Floats]
    images: tuple[str, ...]
    dip_seeds: tuple[int, ...]
    supervised_seeds: tuple[int, ...]
    measured: int
    diverged: int
    censored: int
    fits: int

    def __len__(self) -> int:
        return len(self.architectures)

    def feature(self, name: str) -> npt.NDArray[Any]:
        """One column of `architectures`, shape ``(A,)``."""
        return self.architectures[name].to_numpy()

    def strata(self, *names: str) -> Ints:
        """A number per architecture, shape ``(A,)``; equal where all these features are."""
        numbers = self.architectures.groupby(list(names), sort=True).ngroup()
        return np.asarray(numbers, np.int64)

    def even(self) -> Floats:
        """Weights of the architectures under which all pairs of depth and SLC weigh the same."""
        cells = self.strata("depth", "slc")
        weights: Floats = 1 / np.bincount(cells)[cells]
        return weights

    def score(self, column: str) -> Floats:
        """The mean over the images of a column of `DIP` or `SUPERVISED`, shape ``(A,)``."""
        return self.dip[column].mean(axis=1) if column in DIP else self.supervised[column]


def make_panel(table: Table, task: str = "denoise25") -> Panel:
    """The panel of one task of `table`.

    Raises:
        ValueError: the table has too few architectures, runs or different features for it.
    """
    runs = table.runs.to_pandas()
    runs = runs[runs["task"] == task]
    finished = runs[runs["status"] == "ok"]
    fits = finished[finished["mode"] == "dip"]
    trainings = finished[finished["mode"] == "supervised"]
    both = np.intersect1d(fits["key"], trainings["key"])
    fits, cells = _shared(fits, both, ["image", "seed"])
    trainings, seeds = _shared(trainings, both, ["seed"])
    chosen = np.intersect1d(fits["key"], trainings["key"])
    architectures = _architectures(table.frame, task, chosen)
    order = architectures["key"]
    images = fits.groupby(["key", "image"])[list(DIP)].mean()
    means = trainings.groupby("key")[list(SUPERVISED)].mean()
    mine = fits[fits["key"].isin(order)]
    failed = runs[(runs["status"] != "ok") & ~runs["key"].isin(order)]
    return Panel(
        architectures=architectures,
        dip={c: images[c].unstack("image").loc[order].to_numpy(np.float64) for c in DIP},
        supervised={c: means[c].loc[order].to_numpy(np.float64) for c in SUPERVISED},
        images=tuple(sorted({image for image, _ in cells})),
        dip_seeds=tuple(sorted({seed for _, seed in cells})),
        supervised_seeds=tuple(sorted(seed for (seed,) in seeds)),
        measured=runs["key"].nunique(),
        diverged=failed["key"].nunique(),
        censored=int(mine["peak_censored"].astype(bool).sum()),
        fits=len(mine),
    )


def _shared(
    runs: pd.DataFrame, both: npt.NDArray[Any], by: list[str]
) -> tuple[pd.DataFrame, list[tuple[Any, ...]]]:
    """The runs that nearly all of `both` have, of the architectures with all of them."""
    runs = runs[runs["key"].isin(both)]
    counts = runs.groupby(by)["key"].nunique()
    common = counts.index[counts >= NEARLY_ALL * len(both)]
    cells = [cell if isinstance(cell, tuple) else (cell,) for cell in common]
    runs = runs[runs.set_index(by).index.isin(common)]
    whole = runs.groupby("key").size() == len(cells)
    return runs[runs["key"].isin(whole.index[whole])], cells


def _architectures(frame: pd.DataFrame, task: str, keys: npt.NDArray[Any]) -> pd.DataFrame:
    mine = frame[(frame["task"] == task) & frame["key"].isin(keys)]
    mine = mine[["key", "name", *FEATURES]].sort_values("name", ignore_index=True)
    if len(mine) < LEAST:
        raise ValueError(
            f"the table has {len(mine)} architectures measured in both modes on the same images "
            f"and seeds of task {task!r}; findings need at least {LEAST}"
        )
    for name in FEATURES:
        if mine[name].isna().any():
            raise ValueError(
                f"{name} is missing of {int(mine[name].isna().sum())} architectures; findings "
                "need a space like core64, whose architectures all have it"
            )
    for name in ("depth", "slc"):
        if mine[name].nunique() < 2:
            raise ValueError(
                f"all {len(mine)} architectures have {name} {mine[name].iloc[0]}; findings need "
                "at least two values"
            )
    return mine
