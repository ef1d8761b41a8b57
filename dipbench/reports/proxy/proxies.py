"""The proxies: by what one may order architectures before any of them is trained to its end.

The sign of each is fixed here by a reason that was there before the table, never by the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from dipbench.reports.findings.bootstrap import Draws
from dipbench.reports.findings.panel import DIP, Floats, Panel
from dipbench.reports.proxy.curves import PanelCurves
from dipbench.reports.proxy.scores import SCORES, Scores

__all__ = ["CEILING", "GROUPS", "SLC", "Group", "Proxy", "proxies"]

Group: TypeAlias = Literal["dip", "short", "graph", "untrained", "partial", "ceiling"]

GROUPS: dict[Group, str] = {
    "dip": "DIP",
    "short": "short DIP",
    "graph": "of the graph, free",
    "untrained": "training-free",
    "partial": "partial training",
    "ceiling": "the ceiling",
}
SLC, CEILING = "slc", "validation"

SHORT = (100, 300, 1000)  # iterations of DIP
PARTIAL = (1 / 10, 1 / 3)  # of a training

RESTORES = "what restores better without a training set restores better with one"
SOONER = "what is better early is better at the end"
# Sign and reason of what the graph says.
GRAPH = {
    "depth": ("depth", -1, "a deeper network sees more of the image around each pixel"),
    SLC: ("SLC", 1, "the shallower the shallowest path, the more detail comes through"),
    "params": ("log-parameters", -1, "more parameters can learn more"),
    "macs": ("MACs", -1, "more computing for each pixel"),
}


@dataclass(frozen=True)
class Proxy:
    """What architectures may be ordered by.

    Attributes:
        name: for programs.
        label: for people.
        sign: 1 if less is predicted to be better, -1 if more is.
        reason: for the sign.
        values: as measured, shape ``(A,)``, or ``(A, N)`` where it is the mean over N images or
            trainings that are resampled.
        seconds: what it costs to know it of each architecture, shape ``(A,)``.
        begun: how much of each architecture's training it has already done, 0 to 1.
        trained: whether its values are of the trainings that test RMSE is of, seed by seed, and
            so are resampled together with it.
    """

    name: str
    label: str
    group: Group
    sign: int
    reason: str
    values: Floats
    seconds: Floats
    begun: float = 0.0
    trained: bool = False

    @property
    def score(self) -> Floats:
        """The least is predicted to be the best; shape ``(A,)``."""
        return self.sign * (self.values.mean(axis=1) if self.values.ndim == 2 else self.values)

    def resampled(self, draws: Draws) -> Floats:
        """The score under every resample, ``(1 + B, A)``; ``(A,)`` where it is always the same."""
        if self.values.ndim == 1:
            return self.score
        weights = draws.trainings if self.trained else draws.images
        return self.sign * (weights @ self.values.T)


def proxies(
    panel: Panel, macs: Floats, runs: PanelCurves, scores: Scores | None
) -> tuple[Proxy, ...]:
    """All proxies of the architectures of `panel`; the last is the ceiling.

    Args:
        macs: of them, shape ``(A,)``.
        scores: without them there are no training-free proxies.
    """
    return (
        *_dip(panel, runs),
        *_short(panel, runs),
        *_graph(panel, macs),
        *(() if scores is None else _untrained(scores)),
        *_trained(panel, runs),
    )


def _dip(panel: Panel, runs: PanelCurves) -> Iterator[Proxy]:
    seconds = runs.dip.cost(runs.dip.steps[-1])
    for column, label in DIP.items():
        name = f"dip_{column.removesuffix('_rmse')}"
        yield Proxy(name, label, "dip", 1, RESTORES, panel.of_images(column), seconds)


def _short(panel: Panel, runs: PanelCurves) -> Iterator[Proxy]:
    """The peak up to some iteration, on all images and on the first one."""
    curves, reason = runs.dip, f"{RESTORES}; {SOONER}"
    made: tuple[Group, int, str] = ("short", 1, reason)
    # Two of the iterations may have one and the same recorded step before them.
    for step in sorted({curves.step(wanted) for wanted in SHORT if wanted < curves.steps[-1]}):
        label, peaks = f"DIP peak up to {step}", curves.peaks(step)
        yield Proxy(f"dip_{step}", label, *made, peaks, curves.cost(step))
        if len(panel.images) > 1:
            cost = curves.cost(step, panel.images[0])
            yield Proxy(f"dip_{step}_one", f"{label} on one image", *made, peaks[:, 0], cost)


def _graph(panel: Panel, macs: Floats) -> Iterator[Proxy]:
    values = {
        "depth": panel.feature("depth").astype(np.float64),
        SLC: panel.feature("slc").astype(np.float64),
        "params": np.log10(panel.feature("params").astype(np.float64)),
        "macs": macs,
    }
    for name, (label, sign, reason) in GRAPH.items():
        yield Proxy(name, label, "graph", sign, reason, values[name], np.zeros(len(panel)))


def _untrained(scores: Scores) -> Iterator[Proxy]:
    for name, score in SCORES.items():
        given = scores.values[name], scores.seconds[name]
        yield Proxy(name, score.label, "untrained", score.sign, score.reason, *given)


def _trained(panel: Panel, runs: PanelCurves) -> Iterator[Proxy]:
    curves = runs.supervised
    last = curves.steps[-1]
    for step in sorted({curves.step(part * last) for part in PARTIAL}):
        label = f"validation at step {step} of {last}"
        given = curves.at(step), curves.cost(step), step / last, True
        yield Proxy(f"validation_{step}", label, "partial", 1, SOONER, *given)
    label, reason = "validation after training", "test images are of the same kind"
    given = panel.supervised["val_rmse"], curves.cost(last), 1.0, True
    yield Proxy(CEILING, label, "ceiling", 1, reason, *given)
