"""The figure: what each proxy says, and what it saves. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dipbench.figures import save
from dipbench.reports.findings.figures import arms
from dipbench.reports.proxy.proxies import GROUPS
from dipbench.reports.proxy.study import NEAR, Standing, Study

__all__ = ["draw_proxies"]

COLOURS = dict(
    zip(GROUPS, ("#1f77b4", "#6baed6", "#d95f02", "#7570b3", "#1b9e77", "#888888"), strict=True)
)


def draw_proxies(found: Study, path: Path) -> None:
    """Kendall's tau of every proxy, and beside it the seconds until a good network is trained."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = found.standings
    figure = Figure(figsize=(9, 1.3 + 0.26 * len(rows)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for place, each in enumerate(rows):
        _tau(left, place, each)
        _total(right, place, each)
    left.axvline(0, color="black", lw=0.8)
    left.set_yticks(range(len(rows)), [each.label for each in rows])
    left.set_ylim(len(rows) - 0.5, -0.5)
    left.set_xlim(-1.05, 1.05)
    left.set_xlabel("Kendall's tau with supervised RMSE,\nas predicted")
    _random(right, found)
    right.set_xscale("log")
    right.set_xlabel(f"seconds until a network\nwithin {NEAR:.0%} of the best")
    for axes in (left, right):
        axes.grid(axis="x", alpha=0.25)
    kinds = dict.fromkeys(each.group for each in rows)
    handles = [
        Line2D([], [], color=COLOURS[kind], marker="o", ms=5, lw=1.4, label=GROUPS[kind])
        for kind in kinds
    ]
    handles += right.get_legend_handles_labels()[0]
    figure.legend(handles=handles, fontsize="small", loc="outside lower center", ncols=3)
    save(figure, path)


def _tau(axes: Any, place: int, each: Standing) -> None:
    style = {"fmt": "o", "color": COLOURS[each.group], "ms": 5, "capsize": 3, "lw": 1.4}
    axes.errorbar(each.tau.value, place, xerr=arms([each.tau]), **style)


def _total(axes: Any, place: int, each: Standing) -> None:
    """The expectation, and between quartiles a line: the chance is in the order of ties."""
    if each.hunt is None:
        return
    ends = [each.beforehand + q for q in (each.hunt.seconds.low, each.hunt.seconds.high)]
    axes.plot(ends, [place, place], color=COLOURS[each.group], lw=1.4)
    axes.plot(each.total, place, "o", color=COLOURS[each.group], ms=5)


def _random(axes: Any, found: Study) -> None:
    spread = found.random.seconds
    axes.axvspan(
        spread.low, spread.high, color="black", alpha=0.08, lw=0, label="random order, quartiles"
    )
    axes.axvline(spread.mean, color="black", lw=1, ls="--", label="random order, expected")
    axes.axvline(found.everything, color="black", lw=1, label="training everything")
