"""The scores that are compared: architectures that were all measured on the same runs.

A table that is still growing has architectures with more images or seeds than others. Means over
different images are no fair comparison, because images differ in difficulty. So the findings use
the runs that nearly all architectures have, and the architectures that have all of these runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from dipbench.table.table import Table

__all__ = [
    "DIP",
    "HEADLINE",
    "LABELS",
    "LEAST",
    "SUPERVISED",
    "Floats",
    "Ints",
    "Panel",
    "make_panel",
]

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
LATER = {  # later protocols record them
    "exact_peak_rmse": "DIP exact peak",
    "unperturbed_peak_rmse": "DIP peak without perturbation",
}
SUPERVISED = {"test_rmse": "supervised test", "val_rmse": "supervised validation"}
LABELS = DIP | LATER | SUPERVISED
HEADLINE = ("peak_rmse", "test_rmse")

NEARLY_ALL = 0.9  # a run belongs to the panel if at least this share of architectures has it
LEAST = 30  # architectures: twice the 14 coefficients of the full linear model, and two
FEATURES = ["depth", "slc", "upsample", "width", "params"]
OTHERS = ["skips", "macs"]


@dataclass(frozen=True)
class Panel:
    """Scores of A architectures, all on the same J images and the same seeds.

    Attributes:
        architectures: one row each, sorted by name: key, name, depth, slc, upsample, width,
            params, skips, macs.
        dip: per column of `DIP`, and of `LATER` where all fits have it, an array of shape
            ``(A, J, K)``, grey levels, for J images and K seeds.
        supervised: per column of `SUPERVISED` an array of shape ``(A, S)`` for S seeds.
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
        """The mean over images and seeds of a column, shape ``(A,)``."""
        return self.dip[column].mean(axis=(1, 2)) if column in self.dip else self._test(column)

    def _test(self, column: str) -> Floats:
        means: Floats = self.supervised[column].mean(axis=1)
        return means

    def of_images(self, column: str) -> Floats:
        """A column of `dip` as means over seeds, shape ``(A, J)``."""
        means: Floats = self.dip[column].mean(axis=2)
        return means

    def of_seeds(self, column: str) -> Floats:
        """A column as means over the images of each seed, shape ``(A, K)``."""
        means: Floats = (
            self.dip[column].mean(axis=1) if column in self.dip else self.supervised[column]
        )
        return means

    def part(self, chosen: npt.NDArray[Any]) -> Panel:
        """Some of the architectures, by a mask of shape ``(A,)``; counts of runs stay."""
        return replace(
            self,
            architectures=self.architectures[chosen].reset_index(drop=True),
            dip={column: scores[chosen] for column, scores in self.dip.items()},
            supervised={column: scores[chosen] for column, scores in self.supervised.items()},
        )


def make_panel(table: Table, task: str = "denoise25", fits_of: Table | None = None) -> Panel:
    """The panel of one task of `table`.

    Args:
        fits_of: a table whose DIP fits are taken instead of those of `table`.

    Raises:
        ValueError: the table has too few architectures, runs or different features for it.
    """
    runs = _runs(table, task)
    if fits_of is not None:
        runs = _joined(runs[runs["mode"] != "dip"], _runs(fits_of, task))
    finished = runs[runs["status"] == "ok"]
    fits = finished[finished["mode"] == "dip"]
    trainings = finished[finished["mode"] == "supervised"]
    both = np.intersect1d(fits["key"], trainings["key"])
    fits, cells = _shared(fits, both, ["image", "seed"])
    trainings, seeds = _shared(trainings, both, ["seed"])
    images, dip_seeds = _rectangle(cells)
    fits = fits[fits["image"].isin(images) & fits["seed"].isin(dip_seeds)]
    chosen = np.intersect1d(fits["key"], trainings["key"])
    architectures = _architectures(table.frame, task, chosen)
    order = architectures["key"]
    failed = runs[(runs["status"] != "ok") & ~runs["key"].isin(order)]
    mine = _sorted(fits, order, ["image", "seed"])
    trained = _sorted(trainings, order, ["seed"])
    known = [column for column in (*DIP, *LATER) if mine[column].notna().all()]
    shape = (len(order), len(images), len(dip_seeds))
    return Panel(
        architectures=architectures,
        dip={c: mine[c].to_numpy(np.float64).reshape(shape) for c in known},
        supervised={c: trained[c].to_numpy(np.float64).reshape(len(order), -1) for c in SUPERVISED},
        images=images,
        dip_seeds=dip_seeds,
        supervised_seeds=tuple(sorted(seed for (seed,) in seeds)),
        measured=runs["key"].nunique(),
        diverged=failed["key"].nunique(),
        censored=int(mine["peak_censored"].astype(bool).sum()),
        fits=len(mine),
    )


def _runs(table: Table, task: str) -> pd.DataFrame:
    runs: pd.DataFrame = table.runs.to_pandas()
    return runs[runs["task"] == task]


def _joined(trainings: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    fits = runs[(runs["mode"] == "dip") & runs["key"].isin(trainings["key"])]
    # Columns that one side lacks altogether say nothing of its type.
    parts = [part.dropna(axis="columns", how="all") for part in (trainings, fits)]
    joined: pd.DataFrame = pd.concat(parts, ignore_index=True).reindex(columns=runs.columns)
    return joined


def _sorted(runs: pd.DataFrame, order: pd.Series[Any], by: list[str]) -> pd.DataFrame:
    """The runs of the architectures in `order`, in this order."""
    places = {key: place for place, key in enumerate(order)}
    mine = runs[runs["key"].isin(places)]
    return mine.assign(place=mine["key"].map(places)).sort_values(["place", *by])


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


def _rectangle(cells: list[tuple[Any, ...]]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Images and seeds of which all pairs are among `cells`: as many pairs as possible."""
    seeds_of: dict[str, set[int]] = {}
    for image, seed in cells:
        seeds_of.setdefault(image, set()).add(seed)
    best: tuple[tuple[str, ...], tuple[int, ...]] = ((), ())
    for seeds in sorted({tuple(sorted(seeds)) for seeds in seeds_of.values()}):
        images = tuple(sorted(image for image, had in seeds_of.items() if had >= set(seeds)))
        if (len(images) * len(seeds), len(images)) > (len(best[0]) * len(best[1]), len(best[0])):
            best = images, seeds
    return best


def _architectures(frame: pd.DataFrame, task: str, keys: npt.NDArray[Any]) -> pd.DataFrame:
    mine = frame[(frame["task"] == task) & frame["key"].isin(keys)]
    mine = mine[["key", "name", *FEATURES, *OTHERS]].sort_values("name", ignore_index=True)
    if len(mine) < LEAST:
        raise ValueError(
            f"the table has {len(mine)} architectures measured in both modes on the same images "
            f"and seeds of task {task!r}; expected at least {LEAST}"
        )
    for name in FEATURES:
        if mine[name].isna().any():
            raise ValueError(
                f"{name} is missing of {int(mine[name].isna().sum())} architectures; "
                "expected a space like core64, whose architectures all have it"
            )
    for name in ("depth", "slc"):
        if mine[name].nunique() < 2:
            raise ValueError(
                f"all {len(mine)} architectures have {name} {mine[name].iloc[0]}; expected "
                "at least two values"
            )
    return mine
