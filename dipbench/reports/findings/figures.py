"""Figures of the findings, beside those of `dipbench.reports.plots`. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dipbench.figures import PNG, Format, save
from dipbench.reports.findings.bootstrap import Estimate
from dipbench.reports.findings.controls import RIVAL, Control
from dipbench.reports.findings.panel import HEADLINE
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.variance import FACTORS
from dipbench.reports.plots import scatter_plots

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["arms", "draw_controls", "draw_shares", "draw_taus", "figures"]

BLUE, ORANGE, GREY = "#1f77b4", "#d95f02", "#888888"
MODES = {"DIP RMSE (peak)": BLUE, "supervised RMSE (test)": ORANGE}


def figures(table: Table, found: Study, folder: Path, format: Format = PNG) -> dict[str, Path]:
    """Draw all figures into `folder`; their paths by name.

    Raises:
        ImportError: matplotlib is not installed.
    """
    plain, depth, slc = scatter_plots(table, folder, format)
    paths = {"scatter": plain, "scatter-depth": depth, "scatter-slc": slc}
    for name, function in (
        ("shares", draw_shares),
        ("controls", draw_controls),
        ("taus", draw_taus),
    ):
        paths[name] = folder / f"{name}.{format}"
        function(found, paths[name])
    return paths


def draw_shares(found: Study, path: Path) -> None:
    """Shapley shares of both headlines with their intervals, in both weightings."""
    from matplotlib.figure import Figure

    varied = found.explained[HEADLINE[0]].shares
    factors = [share.factor for share in varied if share.coefficients]
    figure = Figure(figsize=(7.2, 1.6 + 0.4 * len(factors)), layout="constrained")
    both = figure.subplots(1, 2, sharex=True, sharey=True)
    titles = ("all architectures weigh the same", "all (depth, SLC) weigh the same")
    for axes, title, explained in zip(
        both, titles, (found.explained, found.explained_even), strict=True
    ):
        for i, ((label, colour), column) in enumerate(zip(MODES.items(), HEADLINE, strict=True)):
            shares = [explained[column].share(factor).shapley for factor in factors]
            places = np.arange(len(factors)) + 0.4 * i - 0.2
            values = [share.value for share in shares]
            axes.barh(places, values, height=0.36, color=colour, label=label)
            axes.errorbar(
                values, places, xerr=arms(shares), fmt="none", ecolor="black", lw=1, capsize=2
            )
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("Shapley share of the variance")
        axes.set_xlim(left=0)
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)
    both[0].set_yticks(range(len(factors)), [FACTORS[factor] for factor in factors])
    both[0].invert_yaxis()
    handles = both[0].get_legend_handles_labels()
    figure.legend(*handles, fontsize="small", loc="outside lower center", ncols=2)
    save(figure, path)


def draw_controls(found: Study, path: Path) -> None:
    """Mean RMSE along one feature, one line per value of the other.

    The least depth is off the scale if the others would be one flat line on it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 6.4), layout="constrained")
    grid = figure.subplots(2, 2, sharey="row")
    for row, label, column in zip(grid, MODES, HEADLINE, strict=True):
        control = found.controls[column]
        limits, note = _limits(control)
        for axes, varied in zip(row, ("slc", "depth"), strict=True):
            _lines(axes, control, varied)
            axes.set_xlabel(f"{FACTORS[varied]}, levels")
            axes.grid(alpha=0.25)
            if limits is not None:
                axes.set_ylim(*limits)
                axes.set_title(note, fontsize="small")
        row[0].set_ylabel(f"{label}, grey levels")
    for number, varied in enumerate(("slc", "depth")):
        # Outside the axes: no line lies under a legend.
        for axes in grid[1, number : number + 1]:
            axes.legend(
                title=f"{FACTORS[RIVAL[varied]]} fixed at",
                fontsize="small",
                title_fontsize="small",
                ncols=6,
                loc="upper center",
                bbox_to_anchor=(0.5, -0.2),
                columnspacing=1,
                handlelength=1.4,
            )
    save(figure, path)


def _limits(control: Control) -> tuple[tuple[float, float] | None, str]:
    """Ends of the axis without the least depth, and what is off it; None if all fits on it."""
    least = min(cell.depth for cell in control.cells)
    shallow = [cell.mean for cell in control.cells if cell.depth == least]
    ends = [
        cell.mean + sign * (cell.std if cell.count > 1 else 0.0)
        for cell in control.cells
        if cell.depth > least
        for sign in (-1, 1)
    ]
    low, high = min(ends), max(ends)
    margin = 0.05 * (high - low)
    if not shallow or (low - margin <= min(shallow) and max(shallow) <= high + margin):
        return None, ""
    said = " to ".join(f"{end:.1f}" for end in sorted({min(shallow), max(shallow)}))
    return (low - margin, high + margin), f"depth {least} is off the scale, at {said}"


def _lines(axes: Any, control: Control, varied: str) -> None:
    from matplotlib import colormaps

    fixed = RIVAL[varied]
    held = sorted({getattr(cell, fixed) for cell in control.cells})
    colours = colormaps["viridis_r"](np.linspace(0.1, 1, len(held)))
    for i, (value, colour) in enumerate(zip(held, colours, strict=True)):
        cells = [cell for cell in control.cells if getattr(cell, fixed) == value]
        axes.errorbar(
            # A little beside each other, or the bars of all lines would cover one another.
            [getattr(cell, varied) + 0.08 * (i - (len(held) - 1) / 2) for cell in cells],
            [cell.mean for cell in cells],
            yerr=[cell.std if cell.count > 1 else 0.0 for cell in cells],
            color=colour,
            marker="os^Dv*"[i % 6],
            ms=4,
            lw=1.2,
            elinewidth=0.6,
            label=str(value),
        )
    axes.set_xticks(sorted({getattr(cell, varied) for cell in control.cells}))


def draw_taus(found: Study, path: Path) -> None:
    """Kendall's tau of the headline: measured, within strata, of the corner alone, without it."""
    from matplotlib.figure import Figure

    rows = list(_taus(found))
    figure = Figure(figsize=(7.2, 0.8 + 0.28 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for place, (_, each, colour) in enumerate(rows):
        axes.errorbar(
            each.value, place, xerr=arms([each]), fmt="o", color=colour, ms=5, capsize=3, lw=1.4
        )
    axes.axvline(0, color="black", lw=0.8)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    axes.invert_yaxis()
    ends = [abs(end) for _, each, _ in rows for end in (each.low, each.high)]
    axes.set_xlim(-1.1 * max(ends), 1.1 * max(ends))  # 0 in the middle
    axes.set_xlabel("Kendall's tau of DIP RMSE and supervised RMSE")
    axes.grid(axis="x", alpha=0.25)
    save(figure, path)


def _taus(found: Study) -> Iterator[tuple[str, Estimate, str]]:
    for name, weights in (("architectures", ""), ("cells", ", even weights")):
        at = found.headline.dip, name
        corner = found.known.corners[at]
        yield f"measured{weights}", found.known.taus[at].tau, BLUE
        yield f"corner alone{weights}", Estimate(corner.mean, corner.low, corner.high), GREY
    yield "measured, within (depth, SLC)", found.headline.within.tau, BLUE
    for each in found.rectangles:
        yield f"no corner: depth ≥ {each.edge}, SLC ≤ {each.edge}", each.tau, ORANGE


def arms(estimates: Sequence[Estimate]) -> list[list[float]]:
    """Lengths of the error bars, which matplotlib wants non-negative."""
    return [
        [max(0.0, each.value - each.low) for each in estimates],
        [max(0.0, each.high - each.value) for each in estimates],
    ]
