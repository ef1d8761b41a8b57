"""A surrogate against measurements that it was not fitted to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.kendall import kendall
from dipbench.spaces.core64 import UPSAMPLES
from dipbench.surrogate.description import COLUMNS, described, encoded
from dipbench.surrogate.fitting.sample import measured_alike
from dipbench.surrogate.nominees import SCORES
from dipbench.surrogate.surrogate import Surrogate

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Unseen", "unseen"]

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Unseen:
    """Measured scores beside their predictions.

    Attributes:
        protocol: of the table of the measurements.
        names: of the architectures.
        measured: grey levels, shape ``(rows, len(SCORES))``.
        predicted: the predictions, and the low and the high end of their intervals, shape
            ``(3, rows, len(SCORES))``.
        labels: by what the page divides them, the label of each.
    """

    protocol: str
    names: tuple[str, ...]
    measured: Floats
    predicted: Floats
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def errors(self) -> Floats:
        """Predicted less measured; negative where the prediction promised too much."""
        found: Floats = self.predicted[0] - self.measured
        return found

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether a measurement lies in its interval."""
        found: npt.NDArray[np.bool_] = (self.predicted[1] <= self.measured) & ~self.worse
        return found

    @property
    def worse(self) -> npt.NDArray[np.bool_]:
        """Whether a measurement lies above its interval."""
        found: npt.NDArray[np.bool_] = self.measured > self.predicted[2]
        return found

    @property
    def ratios(self) -> Floats:
        """How far measured lies above predicted, in half widths of the interval, by logarithms."""
        middle, low, high = np.log(self.predicted)
        found: Floats = (np.log(self.measured) - middle) / ((high - low) / 2)
        return found

    def figures(self) -> dict[str, dict[str, float | None]]:
        """Per score Kendall's tau, RMSE, mean error and the shares inside and above intervals;
        of fewer than two architectures there is no tau."""

        several = len(self.names) > 1
        found: dict[str, dict[str, float | None]] = {
            score: {
                "tau": kendall(self.measured[:, i], self.predicted[0, :, i]) if several else None,
                "rmse": float(np.sqrt((self.errors[:, i] ** 2).mean())),
                "error": float(self.errors[:, i].mean()),
                "inside": float(self.inside[:, i].mean()),
                "worse": float(self.worse[:, i].mean()),
            }
            for i, score in enumerate(SCORES)
        }
        for of in found.values():
            if of["tau"] is not None and math.isnan(of["tau"]):
                of["tau"] = None  # all are measured, or predicted, alike
        return found


def unseen(surrogate: Surrogate, fitted: Table, table: Table, task: str) -> Unseen | None:
    """The architectures of `table` that are in the surrogate's space and not in its sample.

    Scores are means over the runs that `fitted`, the surrogate's table, has too, so that both
    are of as many seeds and of the same images, though of other draws of noise and batches. None
    where there are no such architectures.
    """
    space = surrogate.space
    known = {space.index(name) for name in surrogate.sample}
    found = {}
    for name, scores in measured_alike(fitted, table, task).items():
        try:
            index = space.index(name)
        except ValueError:
            continue  # of another space
        if index not in known:
            found[index] = name, scores
    if not found:
        return None
    indices = sorted(found)
    predicted = surrogate.intervals(described(space.name, encoded(space, indices)))
    return Unseen(
        table.protocol,
        tuple(found[i][0] for i in indices),
        np.array([found[i][1] for i in indices]),
        predicted[:, :, : len(SCORES)],
        _labels(space.name, encoded(space, indices)),
    )


def _labels(space: str, encoding: Floats) -> dict[str, tuple[str, ...]]:
    """SLC, and the up-sampling if all levels have the same."""
    columns = dict(zip(COLUMNS[space], described(space, encoding).T, strict=True))
    shares = np.stack([columns[f"share {kind}"] for kind in UPSAMPLES], axis=1)
    mixed = shares.max(axis=1) < 1
    kinds = np.where(mixed, "mixed", np.array(UPSAMPLES)[shares.argmax(axis=1)])
    return {
        "SLC": tuple(str(int(value)) for value in columns["slc"]),
        "up-sampling": tuple(kinds.tolist()),
    }
