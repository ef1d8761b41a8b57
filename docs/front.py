"""Draw the picture at the head of the README: ``python docs/front.py BSDS500``, a minute on a CPU.

On the left a photograph of scikit-image, which may be shown, with noise and restored by one network
in both ways, as the protocol of the table fits and trains it; on the right the embedded table.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from matplotlib import colormaps
from matplotlib.figure import Figure

from dipbench import Architecture, load, query
from dipbench.figures import save
from generate.measure.restored import Restored, restore
from generate.photographs.images import load_images
from generate.protocols.reading import get

if TYPE_CHECKING:
    import pandas as pd

PLACE = Path(__file__).parent / "figures" / "front.png"
NETWORK = "d3-s0-bilinear-w16"
TITLES = {
    "clean": "clean",
    "degraded": "noisy",
    "DIP, at its peak": "Deep Image Prior",
    "supervised": "supervised",
}


def photographs(grid: Any, found: Restored) -> None:
    """Four pictures, each with its RMSE in grey levels."""
    for axes, (what, title) in zip(grid.flat, TITLES.items(), strict=True):
        axes.imshow(found.pictures[what], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_axis_off()
        error = "" if what == "clean" else f": {found.errors[what]:.1f}"
        axes.set_title(f"{title}{error}", fontsize=8)


def networks(figure: Any, frame: pd.DataFrame) -> None:
    """DIP RMSE over supervised RMSE of every network, and which one made the pictures."""
    axes = figure.subplots()
    levels = range(int(frame["slc"].min()), int(frame["slc"].max()) + 1)
    points = axes.scatter(
        frame["supervised_rmse"],
        frame["dip_rmse"],
        c=frame["slc"],
        s=14,
        edgecolors="white",
        linewidths=0.3,
        cmap=colormaps["viridis_r"].resampled(len(levels)),
        vmin=levels[0] - 0.5,
        vmax=levels[-1] + 0.5,
    )
    ours = query(NETWORK)
    axes.annotate(
        NETWORK,
        (ours.supervised_rmse, ours.dip_rmse),
        xytext=(15.6, 25.6),
        fontsize=8,
        arrowprops={"arrowstyle": "->"},
    )
    figure.colorbar(points, ticks=list(levels)).set_label("SLC", fontsize=8)
    axes.set_xlabel("supervised RMSE, grey levels", fontsize=8)
    axes.set_ylabel("DIP RMSE, grey levels", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25)
    axes.set_title(f"core64: all {len(frame)} networks", fontsize=8)


def main(photographs_of_bsds500: str) -> None:
    """Measure and draw."""
    torch.set_num_threads(1)
    protocol = get("core64-v1")
    shown = load_images(get("demo-v1"), None).val
    first = next(iter(shown))
    images = replace(load_images(protocol, photographs_of_bsds500), val={first: shown[first]})
    found = restore(protocol, Architecture.parse(NETWORK), images, first, torch.device("cpu"))
    figure = Figure(figsize=(7.6, 3.1), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(0.8, 1))
    photographs(left.subplots(2, 2), found)
    networks(right, load().frame)
    print(save(figure, PLACE))


if __name__ == "__main__":
    main(sys.argv[1])
