"""A surrogate against measurements that it was not fitted to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.surrogate.description import described, encoded
from dipbench.surrogate.fitting.sample import RUNS
from dipbench.surrogate.nominees import SCORES
from dipbench.surrogate.surrogate import Surrogate

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Unseen", "measured_alike", "unseen"]

Floats: TypeAlias = npt.NDArray[np.float64]
Run: TypeAlias = tuple[str, int, str | None]  # mode, seed, image


@dataclass(frozen=True, eq=False)
class Unseen:
    """Measured scores beside their predictions.

    Attributes:
        protocol: of the table of the measurements.
        names: of the architectures.
        measured: grey levels, shape ``(rows, len(SCORES))``.
        predicted: the predictions, and the low and the high end of their intervals, shape
            ``(3, rows, len(SCORES))``.
    """

    protocol: str
    names: tuple[str, ...]
    measured: Floats
    predicted: Floats

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

    def figures(self) -> dict[str, dict[str, float]]:
        """Per score Kendall's tau, RMSE, mean error and the shares inside and above intervals."""
        from scipy.stats import kendalltau

        return {
            score: {
                "tau": float(kendalltau(self.measured[:, i], self.predicted[0, :, i])[0]),
                "rmse": float(np.sqrt((self.errors[:, i] ** 2).mean())),
                "error": float(self.errors[:, i].mean()),
                "inside": float(self.inside[:, i].mean()),
                "worse": float(self.worse[:, i].mean()),
            }
            for i, score in enumerate(SCORES)
        }


def unseen(surrogate: Surrogate, fitted: Table, table: Table, task: str) -> Unseen | None:
    """The architectures of `table` that are in the surrogate's space and not in its sample.

    Scores are means over the runs that `fitted`, the surrogate's table, has too, so that both
    are of as many seeds and of the same images. None where there are no such architectures.
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
    )


def measured_alike(fitted: Table, table: Table, task: str) -> dict[str, list[float]]:
    """By name the scores of those that have all runs of an architecture of `fitted`."""
    wanted = {_run(row) for row in _rows(fitted, task)}
    runs: dict[str, dict[Run, Mapping[str, Any]]] = defaultdict(dict)
    for row in _rows(table, task):
        if row["name"] is not None and _run(row) in wanted:
            runs[row["name"]][_run(row)] = row
    return {
        name: [_mean(of, *RUNS[score]) for score in SCORES]
        for name, of in sorted(runs.items())
        if of.keys() == wanted
    }


def _rows(table: Table, task: str) -> Iterable[Mapping[str, Any]]:
    columns = dict.fromkeys(column for _, column in RUNS.values())
    rows = table.runs.select(["name", "task", "mode", "seed", "image", "status", *columns])
    return (r for r in rows.to_pylist() if r["task"] == task and r["status"] == "ok")


def _run(row: Mapping[str, Any]) -> Run:
    return row["mode"], row["seed"], row["image"]


def _mean(runs: Mapping[Run, Mapping[str, Any]], mode: str, column: str) -> float:
    return float(np.mean([row[column] for (of, _, _), row in runs.items() if of == mode]))
