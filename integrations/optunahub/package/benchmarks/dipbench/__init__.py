"""dipbench as a benchmark of OptunaHub: search image restoration networks by look-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optuna
import optunahub

from dipbench import nas
from dipbench.nas.adapters.parameters import Choices, from_parameters, switched

__all__ = ["Problem"]


class Problem(optunahub.benchmarks.BaseProblem):
    """Minimise errors and costs of encoder-decoder networks, measured or predicted.

    Args:
        objectives: one or several of ``dipbench.nas.OBJECTIVES``, such as
            ``("supervised_rmse_val", "macs")``. RMSE is in grey levels on 0-255.
        task: the restoration task, such as ``"denoise25"``.
        seed: the run's seed; None means the mean over the measured seeds.
        space: ``"unet64"``, eight million networks that are answered with predictions, or
            ``"core64"``; None means the 372 of ``core64`` that were measured.

    Raises:
        ValueError: an unknown objective, or a seed of a prediction.
        LookupError: a task or seed that was not measured, or that no surrogate predicts, or an
            unknown space.
    """

    def __init__(
        self,
        objectives: str | Sequence[str] = "supervised_rmse_val",
        task: str = "denoise25",
        seed: int | None = None,
        space: str | None = None,
    ) -> None:
        self._problem = nas.Problem(objectives, task=task, seed=seed, space=space)
        self._choices = Choices.of(self._problem)

    @property
    def search_space(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """The choices of the space: depth, up-sampling, width, skip connections and more."""
        return {d.name: _distribution(d.kind, d.values) for d in self._choices.dimensions}

    @property
    def directions(self) -> list[optuna.study.StudyDirection]:
        """All objectives are minimised."""
        return [optuna.study.StudyDirection.MINIMIZE] * len(self._problem.objectives)

    def evaluate(self, params: dict[str, Any]) -> float | tuple[float, ...]:
        """The objectives of one network.

        Skip connections at levels that a network of this depth does not have count for nothing.
        """
        chosen = switched(params, self._choices.space)
        depth = chosen["depth"]
        own = {d.name: chosen[d.name] for d in self._choices.dimensions if d.from_depth <= depth}
        found = self._problem.fresh().evaluate(from_parameters(own, self._choices.space))
        return found.values[0] if len(found.values) == 1 else found.values


def _distribution(kind: str, values: Sequence[Any]) -> optuna.distributions.BaseDistribution:
    if kind == "integer":
        return optuna.distributions.IntDistribution(min(values), max(values))
    return optuna.distributions.CategoricalDistribution(tuple(values))
