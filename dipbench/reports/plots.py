"""Figures of a table. Needs matplotlib: ``pip install dipbench[plot]``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.extras import require
from dipbench.figures import PNG, Format, check_format, save
from dipbench.files import output_folder

if TYPE_CHECKING:
    import pandas as pd

    from dipbench.table.table import Table

__all__ = ["COLOURS", "scatter", "scatter_plots"]

# What the points may be coloured by, and how the colour bar calls it.
COLOURS = {"depth": "depth", "slc": "SLC, shallowest level of connection"}
CROWDED = 0.8  # share of the architectures, along each axis, that the second panel shows
WORTH = 0.6  # of the range of an axis: a panel that shows more of it is no closer view


def scatter(table: Table, path: str | os.PathLike[str], colour: str | None = None) -> Path:
    """Draw DIP RMSE over supervised RMSE, one point per architecture, to an image file.

    If most architectures lie close together, a second panel shows them from near. Architectures
    that lack either score are left out; the title says how many are shown.

    Args:
        path: its suffix decides the format, such as ``.png`` or ``.pdf``.
        colour: one of `COLOURS`; by default the points have one colour.

    Raises:
        ValueError: `colour` is not one of them, or no architecture has both scores.
        ImportError: matplotlib is not installed.
    """
    if colour is not None and colour not in COLOURS:
        raise ValueError(f"colour is {colour!r}; expected one of {', '.join(COLOURS)}")
    require("plot", "matplotlib")
    # The object interface: no global figure, no window, no change of backend.
    from matplotlib.figure import Figure

    frame = _points(table)
    crowd = _crowd(frame)
    figure = Figure(figsize=(9.2 if crowd else 5.6, 4.4), layout="constrained")
    panels = [figure.add_subplot(1, 2 if crowd else 1, 1 + i) for i in range(1 + bool(crowd))]
    for axes in panels:
        points = _draw(axes, frame, colour)
        axes.grid(alpha=0.25)
        axes.set_axisbelow(True)
    if crowd:
        (left, right), (low, high) = crowd
        panels[1].set_xlim(left, right)
        panels[1].set_ylim(low, high)
        panels[0].indicate_inset((left, low, right - left, high - low), edgecolor="black")
        panels[1].set_title("the marked part", fontsize="medium")
    if colour is not None:
        bar = figure.colorbar(points, ax=panels, ticks=_levels(frame, colour))
        bar.set_label(COLOURS[colour])
    for axes in panels:
        axes.set_xlabel("supervised RMSE (test, grey levels 0–255)")
    panels[0].set_ylabel("DIP RMSE (peak, grey levels 0–255)")
    panels[0].set_title(f"{table.protocol}: {len(frame)} architectures", fontsize="medium")
    return save(figure, Path(path))


def _draw(axes: Any, frame: pd.DataFrame, colour: str | None) -> Any:
    from matplotlib import colormaps

    look: dict[str, Any] = {"s": 16, "alpha": 0.75, "edgecolors": "white", "linewidths": 0.3}
    if colour is not None:
        levels = _levels(frame, colour)
        look |= {
            "c": frame[colour],
            "cmap": colormaps["viridis_r"].resampled(len(levels)),
            "vmin": levels[0] - 0.5,
            "vmax": levels[-1] + 0.5,
        }
    return axes.scatter(frame["supervised_rmse"], frame["dip_rmse"], **look)


def _levels(frame: pd.DataFrame, colour: str) -> list[int]:
    return list(range(int(frame[colour].min()), int(frame[colour].max()) + 1))


def _crowd(frame: pd.DataFrame) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The ends of both axes of the part in which most architectures lie; None if it is most of
    either axis."""
    ends = []
    for column in ("supervised_rmse", "dip_rmse"):
        low, high, whole = (float(frame[column].quantile(q)) for q in (0, CROWDED, 1))
        if high - low >= WORTH * (whole - low):
            return None
        margin = 0.04 * (high - low)
        ends.append((low - margin, high + margin))
    return ends[0], ends[1]


def scatter_plots(table: Table, folder: str | os.PathLike[str], format: Format = PNG) -> list[Path]:
    """The three scatter plots of the report: plain, coloured by depth, coloured by SLC.

    Args:
        format: ``png``, ``pdf`` or ``svg``.

    Raises:
        ValueError: `format` is none of these, or no architecture has both scores.
        ImportError: matplotlib is not installed.
        OSError: `folder` cannot be written.
    """
    check_format(format)
    _points(table)  # before a folder is made for nothing
    require("plot", "matplotlib")
    with output_folder(Path(folder)) as out:
        return [
            scatter(table, out / f"scatter.{format}"),
            scatter(table, out / f"scatter-depth.{format}", "depth"),
            scatter(table, out / f"scatter-slc.{format}", "slc"),
        ]


def _points(table: Table) -> pd.DataFrame:
    frame = table.frame.dropna(subset=["supervised_rmse", "dip_rmse"])
    if frame.empty:
        raise ValueError(f"{table!r} has no architecture with both scores; nothing to draw")
    return frame
