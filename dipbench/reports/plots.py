"""Figures of a table. Needs matplotlib: ``pip install dipbench[plot]``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from dipbench.table.table import Table

__all__ = ["COLOURS", "scatter", "scatter_plots"]

# What the points may be coloured by, and how the colour bar calls it.
COLOURS = {"depth": "depth", "slc": "SLC, shallowest level of connection"}


def scatter(table: Table, path: str | os.PathLike[str], colour: str | None = None) -> Path:
    """Draw DIP RMSE over supervised RMSE, one point per architecture, to an image file.

    Architectures that lack either score are left out; the title says how many are shown.

    Args:
        path: its suffix decides the format, such as ``.png`` or ``.pdf``.
        colour: one of `COLOURS`; by default the points have one colour.

    Raises:
        ValueError: `colour` is not one of them, or no architecture has both scores.
        ImportError: matplotlib is not installed.
    """
    if colour is not None and colour not in COLOURS:
        raise ValueError(f"colour is {colour!r}; expected one of {', '.join(COLOURS)}")
    try:
        # The object interface: no global figure, no window, no change of backend.
        from matplotlib import colormaps
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("plots need matplotlib: pip install dipbench[plot]") from None

    frame = _points(table)
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.add_subplot()
    if colour is None:
        axes.scatter(frame["supervised_rmse"], frame["dip_rmse"], s=28, alpha=0.8, linewidths=0)
    else:
        levels = range(int(frame[colour].min()), int(frame[colour].max()) + 1)
        points = axes.scatter(
            frame["supervised_rmse"],
            frame["dip_rmse"],
            c=frame[colour],
            cmap=colormaps["viridis_r"].resampled(len(levels)),
            vmin=levels[0] - 0.5,
            vmax=levels[-1] + 0.5,
            s=28,
            alpha=0.9,
            linewidths=0,
        )
        bar = figure.colorbar(points, ax=axes, ticks=list(levels))
        bar.set_label(COLOURS[colour])
    axes.set_xlabel("supervised RMSE (test, grey levels 0–255)")
    axes.set_ylabel("DIP RMSE (peak, grey levels 0–255)")
    axes.set_title(f"{table.protocol}: {len(frame)} architectures", fontsize="medium")
    axes.grid(alpha=0.25)
    figure.savefig(path, dpi=160)
    return Path(path)


def scatter_plots(table: Table, folder: str | os.PathLike[str]) -> list[Path]:
    """The three scatter plots of the report: plain, coloured by depth, coloured by SLC."""
    _points(table)  # before a folder is made for nothing
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    return [
        scatter(table, out / "scatter.png"),
        scatter(table, out / "scatter-depth.png", "depth"),
        scatter(table, out / "scatter-slc.png", "slc"),
    ]


def _points(table: Table) -> pd.DataFrame:
    frame = table.frame.dropna(subset=["supervised_rmse", "dip_rmse"])
    if frame.empty:
        raise ValueError(f"{table!r} has no architecture with both scores; nothing to draw")
    return frame
