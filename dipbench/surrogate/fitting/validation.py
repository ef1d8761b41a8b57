"""Ten-fold cross-validation of the candidates, and what it says of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.surrogate.fitting.gaussian import fit_gaussian
from dipbench.surrogate.fitting.others import fit_ridge, fit_trees
from dipbench.surrogate.fitting.sample import Sample
from dipbench.surrogate.interval import COVERED, Distance, Spread
from dipbench.surrogate.models import Mean, Model
from dipbench.surrogate.surrogate import TARGETS

__all__ = [
    "CANDIDATES",
    "Score",
    "Validation",
    "accuracy",
    "cross_validated",
    "fitted",
    "half_widths",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

FOLDS = 10
CANDIDATES = ("gaussian process", "ridge", "boosted trees", "mean")


@dataclass(frozen=True)
class Score:
    """How good one candidate is for one target, on rows left out.

    Attributes:
        tau: Kendall's, between predicted and measured; 0 if all are predicted alike.
        rmse: of the predictions, in the target's unit.
        median: absolute error, in the same; a few rare networks do not decide it.
        r2: share of the variance that is explained.
        coverage: share of rows within their 90 % interval, which the other folds made.
        interval: mean interval score of logarithms (Gneiting, Raftery, JASA 102, 2007): width,
            and twenty times what lies outside; small is good.
    """

    tau: float
    rmse: float
    median: float
    r2: float
    coverage: float
    interval: float


@dataclass(frozen=True, eq=False)
class Validation:
    """What came out.

    Attributes:
        sample: the rows.
        folds: of each row.
        distance: of each row from the rows of the other folds, as a new architecture has it from
            the sample; see `dipbench.surrogate.interval.Distance`.
        predicted: by candidate, the logarithms of the rows left out, shape ``(rows, targets)``.
        ratios: by candidate, the error over half the width of the interval that the other folds
            make, of the same shape; positive where more was measured than predicted.
        scores: by candidate, one per target, over the rows that were drawn at random.
        chosen: per target, the candidate with the least mean rank of tau, RMSE and interval.
    """

    sample: Sample
    folds: Integers
    distance: Floats
    predicted: Mapping[str, Floats]
    ratios: Mapping[str, Floats]
    scores: Mapping[str, Sequence[Score]]
    chosen: Sequence[str]

    def of_chosen(self, each: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """The columns of the chosen candidates, one per target."""
        return np.stack([each[kind][:, t] for t, kind in enumerate(self.chosen)], axis=1)


def fitted(
    kind: str, sample: Sample, targets: Sequence[int], start: Any = None
) -> tuple[Model, Any]:
    """One candidate for some targets, and what a similar fit may start from."""
    inputs, values = sample.inputs, sample.logarithms[:, list(targets)]
    if kind == "gaussian process":
        return fit_gaussian(inputs, values, sample.groups, sample.ordered, start)
    if kind == "mean":
        return Mean(values.mean(axis=0)), None
    return (fit_ridge if kind == "ridge" else fit_trees)(inputs, values), None


def cross_validated(
    sample: Sample,
    rng: np.random.Generator,
    candidates: Sequence[str] = CANDIDATES,
    progress: Callable[[str], None] = lambda _: None,
) -> Validation:
    """Fit each candidate to nine tenths of the rows, ten times, and judge it by the rest."""
    rows, every = len(sample.names), range(len(TARGETS))
    folds = rng.permutation(rows) % min(FOLDS, rows)
    distance = _distances(sample, folds)
    predicted, ratios, scores = {}, {}, {}
    for kind in candidates:
        start = fitted(kind, sample, every)[1]  # hyperparameters alone: they are fitted on
        left_out = np.empty((rows, len(TARGETS)))
        for fold in range(int(folds.max()) + 1):
            progress(f"{kind}, fold {fold + 1}")
            model = fitted(kind, sample.rows(folds != fold), every, start)[0]
            left_out[folds == fold] = model(sample.inputs[folds == fold])
        predicted[kind] = left_out
        half = half_widths(sample, distance, left_out, folds)
        ratios[kind] = (sample.logarithms - left_out) / half
        scores[kind] = [_score(sample, left_out, half, target) for target in every]
        if kind == "mean":  # that of nine folds is low where the tenth is high, which ranks nothing
            scores[kind] = [replace(score, tau=0.0) for score in scores[kind]]
    chosen = [_best({kind: scores[kind][target] for kind in candidates}) for target in every]
    return Validation(sample, folds, distance, predicted, ratios, scores, chosen)


def _distances(sample: Sample, folds: Integers) -> Floats:
    """A row that a distance was made of is nearer than any new one."""
    found = np.empty(len(folds))
    for fold in range(int(folds.max()) + 1):
        here = folds == fold
        found[here] = Distance.of(sample.inputs[~here])(sample.inputs[here])
    return found


def half_widths(
    sample: Sample,
    distance: Floats,
    left_out: Floats,
    folds: Integers,
    covered: float = COVERED,
) -> Floats:
    """Of the interval of each row, which the errors of the other folds make.

    Rows that were not drawn at random say nothing of a new one that is: they make no interval.
    """
    errors, half = sample.logarithms - left_out, np.empty_like(left_out)
    for fold in range(int(folds.max()) + 1):
        here, other = folds == fold, (folds != fold) & sample.drawn
        spread = Spread.of(sample.shape[other], distance[other], errors[other], covered)
        half[here] = spread(sample.shape[here], distance[here])
    return half


def accuracy(measured: Floats, found: Floats) -> tuple[float, float, float]:
    """Kendall's tau, which is 0 if one of them is the same for all; RMSE; median absolute error."""
    from scipy.stats import kendalltau

    tau, errors = np.nan_to_num(kendalltau(measured, found)[0]), found - measured
    return float(tau), float(np.sqrt((errors**2).mean())), float(np.median(np.abs(errors)))


def _score(sample: Sample, left_out: Floats, half: Floats, target: int) -> Score:
    drawn = sample.drawn
    measured, found = sample.values[drawn, target], np.exp(left_out[drawn, target])
    tau, rmse, median = accuracy(measured, found)
    miss = (np.abs(sample.logarithms - left_out) - half)[drawn, target]
    interval = (2 * half[drawn, target] + 2 / (1 - COVERED) * np.maximum(miss, 0)).mean()
    return Score(
        tau=tau,
        rmse=rmse,
        median=median,
        r2=float(1 - ((found - measured) ** 2).mean() / measured.var()),
        coverage=float((miss <= 0).mean()),
        interval=float(interval),
    )


def _best(scores: Mapping[str, Score]) -> str:
    """The candidate with the least mean rank; of equal ones, that with the least RMSE."""
    from scipy.stats import rankdata

    judged = [(-score.tau, score.rmse, score.interval) for score in scores.values()]
    ranks = rankdata(np.array(judged), axis=0).mean(1)
    order = [(rank, score.rmse) for rank, score in zip(ranks, scores.values(), strict=True)]
    return list(scores)[order.index(min(order))]
