"""How hard a problem is: `dipbench.table.difficulty` of what its regret is of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.nas.data import TaskData
from dipbench.nas.objectives import OBJECTIVES
from dipbench.nas.predicted import LISTED, Indices, PredictedData
from dipbench.spaces.sizes import sizes
from dipbench.surrogate.description import encoded
from dipbench.table.difficulty import NORMAL, Difficulty, difficulty

if TYPE_CHECKING:
    from dipbench.nas.choice import Data

__all__ = ["hardness"]

Floats: TypeAlias = npt.NDArray[np.float64]

DRAWN = 20_000  # architectures that stand for a space too large to be listed


def hardness(data: Data, indices: Indices, report: str) -> Difficulty | None:
    """Of the architectures at some indices; None where fewer than two have the score.

    On predictions the noise is that of the seeds of the surrogate's table, and a score is taken
    as the mean over as many as that table has. Of a space with more than 100,000 architectures
    20,000 stand for all, drawn from a fixed stream.
    """
    if isinstance(data, PredictedData):
        return _of_predictions(data, indices, report)
    scores, kept = _by_seed(data, indices, report)
    if len(kept) < 2:
        return None
    rows = [data.rows[index] for index in kept]
    names = {"depth": "depth", "slc": "SLC", "params": "parameters", "macs": "MACs"}
    free = {name: np.array([row[of] for row in rows], float) for of, name in names.items()}
    return difficulty(scores, free)


def _by_seed(data: TaskData, indices: Indices, report: str) -> tuple[Floats, list[int]]:
    """Scores of those with every seed that any has, shape ``(architectures, seeds)``."""
    mode = OBJECTIVES[report].mode
    seeds = sorted({seed for index in indices for seed in data.seeds.get((index, mode), ())})
    kept = [i for i in indices if seeds and list(data.seeds.get((i, mode), ())) == seeds]
    found = [[data.runs[i, mode, seed].value(report) for seed in seeds] for i in kept]
    return np.array(found).reshape(len(kept), len(seeds)), kept


def _of_predictions(data: PredictedData, indices: Indices, report: str) -> Difficulty | None:
    if len(indices) < 2:
        return None
    chosen = np.asarray(indices, np.int64)
    if len(chosen) > LISTED:
        chosen = chosen[np.random.default_rng(0).choice(len(chosen), DRAWN, replace=False)]
    scores, free = data.values(report, chosen), _free(data, chosen)
    found = difficulty(scores[:, None], free)
    about = data.surrogate.about
    if report not in about["noise_best"]:
        return found
    noise = about["noise_best"][report]
    line = NORMAL * math.sqrt(2 / about["seeds"]) * noise
    tied = int((scores - found.best <= line).sum())
    return replace(
        found,
        seeds=about["seeds"],
        noise=noise,
        least_difference=line,
        tied=tied,
        draws=(len(chosen) + 1) / (tied + 1),
        draws_95=_sure(len(chosen), tied),
    )


def _sure(count: int, tied: int) -> int:
    """Draws after which one of `tied` of `count` was drawn with probability 95 %."""
    missed, drawn = 1.0, 0
    while missed > 0.05:
        missed *= (count - tied - drawn) / (count - drawn)
        drawn += 1
    return drawn


def _free(data: PredictedData, indices: npt.NDArray[np.int64]) -> dict[str, Floats]:
    rows = encoded(data.space, indices)
    found = sizes(rows)
    known = {"depth": rows[:, 0], "SLC": found.slc, "parameters": found.params, "MACs": found.macs}
    return {name: np.asarray(values, np.float64) for name, values in known.items()}
