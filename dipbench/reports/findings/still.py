"""DIP with and without perturbation of the input, on the same images and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dipbench.kendall import kendall
from dipbench.reports.findings.controls import control
from dipbench.reports.findings.panel import HEADLINE, Floats, Panel

__all__ = ["ByDepth", "Still", "still"]

DIP = HEADLINE[0]


@dataclass(frozen=True)
class ByDepth:
    """Mean DIP peak by depth, of some architectures.

    Attributes:
        name, count: which, and how many.
        depths: ascending.
        perturbed, still: one mean per depth, with and without perturbation.
        trends: Somers' D of the peak on depth, with and without.
    """

    name: str
    count: int
    depths: tuple[int, ...]
    perturbed: tuple[float, ...]
    still: tuple[float, ...]
    trends: tuple[float, float]


@dataclass(frozen=True)
class Still:
    """What the perturbation does.

    Attributes:
        protocol: of the fits without perturbation.
        images, seeds: which both have.
        count: architectures that both have.
        rows: all architectures, then those of SLC 0 by up-sampling.
        tau: Kendall's tau of the two peaks.
        perturbation: standard deviation of the perturbed fits' noise; `input_scale`: the input
            is uniform from 0 to this. 0 where a protocol does not say.
        sha256: of the manifest of the table of the fits without perturbation.
    """

    protocol: str
    images: tuple[str, ...]
    seeds: tuple[int, ...]
    count: int
    rows: tuple[ByDepth, ...]
    tau: float
    perturbation: float = 0.0
    input_scale: float = 0.0
    sha256: str = ""


def still(
    protocol: str, panel: Panel, without: Panel, settings: Mapping[str, Any] | None = None
) -> Still:
    """Compare the fits of two panels.

    Args:
        settings: of the perturbed fits, as their protocol states them.

    Raises:
        ValueError: they share no image and seed.
    """
    images = tuple(image for image in panel.images if image in without.images)
    seeds = tuple(seed for seed in panel.dip_seeds if seed in without.dip_seeds)
    if not images or not seeds:
        raise ValueError(f"{protocol} shares no image and seed with the table; expected one")
    keys = [key for key in panel.feature("key") if key in set(without.feature("key"))]
    both = [_cut(each, keys, images, seeds) for each in (panel, without)]
    slc, kinds = both[0].feature("slc"), both[0].feature("upsample")
    parts = [("all", np.ones(len(keys), bool)), ("SLC 0", slc == 0)]
    parts += [(f"SLC 0, {kind}", (slc == 0) & (kinds == kind)) for kind in sorted(set(kinds))]
    return Still(
        protocol=protocol,
        images=images,
        seeds=seeds,
        count=len(keys),
        rows=tuple(_row(name, *(each.part(chosen) for each in both)) for name, chosen in parts),
        tau=kendall(both[0].score(DIP), both[1].score(DIP)),
        perturbation=float((settings or {}).get("perturbation", 0.0)),
        input_scale=float((settings or {}).get("input_scale", 0.0)),
    )


def _cut(panel: Panel, keys: list[str], images: tuple[str, ...], seeds: tuple[int, ...]) -> Panel:
    """The panel with these images and seeds, its architectures being those of `keys`."""
    from dataclasses import replace

    mine = panel.part(np.isin(panel.feature("key"), keys))
    j = [mine.images.index(image) for image in images]
    k = [mine.dip_seeds.index(seed) for seed in seeds]
    dip = {column: scores[:, j][:, :, k] for column, scores in mine.dip.items()}
    return replace(mine, dip=dip, images=images, dip_seeds=seeds)


def _row(name: str, perturbed: Panel, without: Panel) -> ByDepth:
    depth = perturbed.feature("depth")
    depths = tuple(int(each) for each in np.unique(depth))

    def means(score: Floats) -> tuple[float, ...]:
        return tuple(float(score[depth == each].mean()) for each in depths)

    trends = [
        control(panel, DIP, np.random.default_rng(0), 0).trends["depth"].d
        for panel in (perturbed, without)
    ]
    return ByDepth(
        name,
        len(depth),
        depths,
        means(perturbed.score(DIP)),
        means(without.score(DIP)),
        (trends[0], trends[1]),
    )
