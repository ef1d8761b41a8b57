"""How hard a problem is: `dipbench.table.difficulty` of what its regret is of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.nas.data import TaskData
from dipbench.nas.objectives import FREE, OBJECTIVES
from dipbench.nas.predicted import LISTED, Indices, PredictedData
from dipbench.spaces.sizes import sizes
from dipbench.surrogate.description import encoded
from dipbench.table.difficulty import NORMAL, Difficulty, Rule, difficulty, seed_noise, sure_draws

if TYPE_CHECKING:
    from dipbench.nas.choice import Data

__all__ = ["hardness", "noise_share"]

Floats: TypeAlias = npt.NDArray[np.float64]

DRAWN = 20_000  # architectures that stand for a space too large to be listed


def hardness(data: Data, indices: Indices, report: str) -> Difficulty | None:
    """Of the architectures at some indices; None where fewer than two have the score.

    On predictions the noise is that of the seeds of the surrogate's table, and a score is taken
    as the mean over as many as that table has. Of more than 100,000 architectures, all are
    predicted and counted; a rule but that of MACs chooses among 20,000, drawn from a fixed stream,
    since depth, SLC and parameters of millions would take as long as their predictions.
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


def noise_share(data: Data, indices: Indices, objective: str) -> float:
    """Standard deviation of the error of a score's logarithm, of the mean over the seeds of the
    table; 0 for what is known without a run, NaN where there is one seed alone."""
    if OBJECTIVES[objective].mode == FREE:
        return 0.0
    if isinstance(data, PredictedData):
        about = data.surrogate.about
        return float(about["noise"].get(objective, math.nan)) / math.sqrt(about["seeds"])
    scores, _ = _by_seed(data, indices, objective)
    return seed_noise(np.log(scores)) / math.sqrt(max(1, scores.shape[1]))


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
    every = np.asarray(indices, np.int64)
    scores = data.values(report, indices)
    if len(every) > LISTED:
        found = _of_millions(data, every, scores)
    else:
        found = difficulty(scores[:, None], _free(data, every))
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
        draws=(len(every) + 1) / (tied + 1),
        draws_95=sure_draws(len(every), tied),
    )


def _of_millions(data: PredictedData, every: npt.NDArray[np.int64], scores: Floats) -> Difficulty:
    drawn = np.sort(np.random.default_rng(0).choice(len(every), DRAWN, replace=False))
    free = _free(data, every[drawn])
    del free["MACs"]
    found = difficulty(scores[drawn][:, None], free)
    best, above = float(scores.min()), found.best - float(scores.min())
    rules = [replace(rule, regret=rule.regret + above) for rule in found.rules]
    all_macs = data.macs[every]
    for name, extreme in (("most MACs", all_macs.max()), ("least MACs", all_macs.min())):
        rules.append(Rule(name, float(scores[all_macs == extreme].mean()) - best))
    return replace(
        found,
        architectures=len(every),
        best=best,
        tied=1,
        draws=(len(every) + 1) / 2,
        draws_95=sure_draws(len(every), 1),
        rules=tuple(sorted(rules, key=lambda rule: rule.regret)),
        best_count=-(-len(every) // 10),
    )


def _free(data: PredictedData, indices: npt.NDArray[np.int64]) -> dict[str, Floats]:
    rows = encoded(data.space, indices)
    found = sizes(rows)
    known = {"depth": rows[:, 0], "SLC": found.slc, "parameters": found.params, "MACs": found.macs}
    return {name: np.asarray(values, np.float64) for name, values in known.items()}
