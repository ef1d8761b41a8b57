"""The figure of a comparison. Needs matplotlib: ``pip install dipbench[nas]``."""

from __future__ import annotations

import math
import os
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.extras import require
from dipbench.figures import save
from dipbench.nas.ranking import BASELINE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["draw"]

# Okabe and Ito's colours, which colour-blind readers can tell apart; black is the baseline.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00")
STYLES = ("-", "--", "-.", ":")
COLUMNS = 3
LINEAR = 0.1  # grey levels: below, the axis of regret is linear, so that it has a zero


def draw(
    table: pd.DataFrame,
    title: str,
    path: str | os.PathLike[str],
    label: str = "test regret (RMSE, grey levels 0–255)",
    line: float = math.nan,
) -> Path:
    """Draw regret over simulated time.

    Above, the medians over repeats; below, a panel per algorithm with the band from the lower
    to the upper quartile, before that of random search where it is among them.

    Args:
        table: as `Comparison.curves`.
        label: of the axis of regret.
        line: below it regret means nothing, for seeds lie as far apart; NaN for none.
        path: its suffix decides the format, such as ``.png`` or ``.pdf``.

    Raises:
        ImportError: matplotlib is not installed.
    """
    require("nas", "matplotlib")
    # The object interface: no global figure, no window, no change of backend.
    from matplotlib.figure import Figure

    curves = {str(name): c for name, c in table.groupby("algorithm", sort=False)}
    looks = _looks(list(curves))
    single = [name for name in curves if name != BASELINE] or list(curves)
    rows = -(-len(single) // COLUMNS)
    figure = Figure(figsize=(7.2, 3.4 + 1.9 * rows), layout="constrained")
    grid = figure.add_gridspec(1 + rows, COLUMNS, height_ratios=[1.7] + [1] * rows)
    above = figure.add_subplot(grid[0, :])
    for name, curve in curves.items():
        _median(above, curve, looks[name], label=_called(name))
    figure.legend(fontsize="small", loc="outside upper center", ncols=4)
    above.set_title(title, fontsize="medium")
    panels = [above]
    for number, name in enumerate(single):
        panel = figure.add_subplot(
            grid[1 + number // COLUMNS, number % COLUMNS], sharex=above, sharey=above
        )
        for shown in dict.fromkeys((BASELINE, name)):
            if shown in curves:
                _band(panel, curves[shown], looks[shown])
                _median(panel, curves[shown], looks[shown])
        panel.set_title(_called(name), fontsize="small")
        panels.append(panel)
    above.set_xscale("log")
    above.set_yscale("symlog", linthresh=LINEAR, linscale=0.5)
    above.set_ylim(bottom=0)
    above.yaxis.set_major_formatter("{x:g}")
    for panel in panels:
        panel.grid(alpha=0.25)
        if not math.isnan(line):
            panel.axhspan(0, line, color="#888888", alpha=0.15, linewidth=0)
        panel.tick_params(labelsize="small")
    figure.supxlabel("simulated computing time (seconds)", fontsize="medium")
    figure.supylabel(label, fontsize="medium")
    return save(figure, Path(path))


def _looks(names: list[str]) -> dict[str, dict[str, Any]]:
    """Colour and line style of each algorithm."""
    colours = cycle((colour, style) for style in STYLES for colour in COLOURS)
    others = {name: next(colours) for name in names if name != BASELINE}
    looks = {BASELINE: ("#000000", "-")} | others
    return {name: {"color": colour, "linestyle": style} for name, (colour, style) in looks.items()}


def _median(axes: Any, curve: pd.DataFrame, look: dict[str, Any], **settings: Any) -> None:
    time, middle = curve["seconds"], curve["median"]
    axes.plot(time, middle, linewidth=1.5, drawstyle="steps-post", **look, **settings)


def _band(axes: Any, curve: pd.DataFrame, look: dict[str, Any]) -> None:
    time, low, high = curve["seconds"], curve["q25"], curve["q75"]
    axes.fill_between(time, low, high, step="post", color=look["color"], alpha=0.2, linewidth=0)


def _called(name: str) -> str:
    return name.replace("_", " ")
