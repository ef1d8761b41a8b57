"""What the panel's runs cost, and what they had reached on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dipbench.errors import InvalidTable
from dipbench.lazy import lazy
from dipbench.reports.findings.panel import Floats, Panel

if TYPE_CHECKING:
    import pandas as pd

    from dipbench.table.table import Table

__all__ = ["Curves", "PanelCurves", "panel_curves"]


@dataclass(frozen=True)
class Curves:
    """Learning curves of A architectures and N runs of each, in the same order of runs.

    Attributes:
        steps: where they are recorded, ascending; the last is the full run.
        values: grey levels, shape ``(A, N, len(steps))``.
        seconds: of the full runs on the reference clock, shape ``(A, N)``. Runs that another
            device measured are charged what the reference took for the same architecture.
        images: of the runs, N of them; empty names for trainings.
    """

    steps: tuple[int, ...]
    values: Floats
    seconds: Floats
    images: tuple[str, ...]

    def step(self, wanted: float) -> int:
        """The last recorded step that is not after `wanted`; the first if all are."""
        return max((s for s in self.steps if s <= wanted), default=self.steps[0])

    def at(self, step: int) -> Floats:
        """The value of each run at a recorded step, shape ``(A, N)``."""
        found: Floats = self.values[:, :, self.steps.index(step)]
        return found

    def peaks(self, step: int) -> Floats:
        """The least value up to a recorded step; per image the mean over seeds: ``(A, J)``."""
        least = self.values[:, :, : self.steps.index(step) + 1].min(axis=2)
        return np.stack([least[:, self._of(image)].mean(axis=1) for image in self._names], axis=1)

    def cost(self, step: int, image: str | None = None) -> Floats:
        """Seconds of all runs, or those of one image, up to a step, shape ``(A,)``.

        A run up to step f of L is charged f/L of its seconds.
        """
        runs = self.seconds if image is None else self.seconds[:, self._of(image)]
        total: Floats = runs.sum(axis=1) * (step / self.steps[-1])
        return total

    @lazy
    def _names(self) -> list[str]:
        return sorted(set(self.images))

    def _of(self, image: str) -> list[int]:
        return [n for n, name in enumerate(self.images) if name == image]


@dataclass(frozen=True)
class PanelCurves:
    """The runs that a panel's scores are means of."""

    dip: Curves
    supervised: Curves


def panel_curves(table: Table, panel: Panel, task: str) -> PanelCurves:
    """The runs of the panel's images and seeds.

    Raises:
        InvalidTable: a run has no learning curve, two of one mode have different steps, or no
            device measured all architectures, so that the table has no seconds of them.
    """
    runs = table.runs.to_pandas()
    curves = table.curves.to_pandas()
    mine = (runs["task"] == task) & (runs["status"] == "ok")
    runs = runs[mine & runs["key"].isin(panel.architectures["key"])]
    joined = runs.merge(
        curves[["key", "task", "mode", "seed", "image", "step", "val_rmse", "rmse"]],
        on=["key", "task", "mode", "seed", "image"],
        how="left",
        suffixes=("", "_curve"),
    )
    dip = joined[joined["mode"] == "dip"]
    dip = dip[dip["image"].isin(panel.images) & dip["seed"].isin(panel.dip_seeds)]
    trainings = joined[joined["mode"] == "supervised"]
    trainings = trainings[trainings["seed"].isin(panel.supervised_seeds)]
    order = panel.architectures["key"].tolist()
    frame = table.frame[table.frame["task"] == task].set_index("key").loc[order]
    return PanelCurves(
        _curves(dip, "rmse", order, _seconds(frame, "dip_seconds")),
        _curves(trainings, "val_rmse_curve", order, _seconds(frame, "supervised_seconds")),
    )


def _seconds(frame: pd.DataFrame, column: str) -> Floats:
    seconds = frame[column].to_numpy(np.float64)
    if np.isnan(seconds).any():
        raise InvalidTable(
            f"{column} is missing of {int(np.isnan(seconds).sum())} architectures; expected one "
            "device that measured all of them"
        )
    return seconds


def _curves(runs: pd.DataFrame, column: str, order: list[str], seconds: Floats) -> Curves:
    """The runs that every architecture has, as arrays."""
    lacking = runs[runs["step"].isna()]
    if len(lacking):
        run = lacking.iloc[0]
        called = f"{run['name']}: {run['mode']} run of seed {run['seed']}"
        raise InvalidTable(f"{called}, image {run['image']}, has no learning curve; expected one")
    by = ["image", "seed"]
    runs = runs.fillna({"image": ""}).assign(place=runs["key"].map(order.index))
    shared = runs.groupby(by)["key"].transform("size") == len(order)
    rows = runs[shared].sort_values(["place", *by])
    steps = {tuple(step) for step in rows["step"]}
    if len(steps) > 1:
        raise InvalidTable(f"{rows['mode'].iloc[0]} curves have different steps; expected the same")
    shape = (len(order), len(rows) // len(order))
    return Curves(
        steps=tuple(int(step) for step in next(iter(steps))),
        values=np.stack([np.asarray(v, np.float64) for v in rows[column]]).reshape(*shape, -1),
        seconds=np.repeat(seconds[:, None], shape[1], axis=1),
        images=tuple(rows["image"][: shape[1]]),
    )
