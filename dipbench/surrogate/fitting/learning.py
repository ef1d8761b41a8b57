"""How good a surrogate is for every size of its sample, and what more rows would bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.surrogate.fitting.validation import Validation, accuracy, fitted

__all__ = ["Curve", "learning_curve"]

Floats: TypeAlias = npt.NDArray[np.float64]

SIZES = (40, 80, 160, 320, 640, 1280, 2560)
REPEATS = 3
LEAST_LEFT = 0.1  # of the rows, to be judged by


@dataclass(frozen=True)
class Curve:
    """Of one target, means over repeats.

    Attributes:
        target: its position.
        sizes: how many rows were fitted to; the last is that of the ten-fold cross-validation.
        tau, rmse, median: on rows left out; the last is of absolute errors.
    """

    target: int
    sizes: tuple[int, ...]
    tau: tuple[float, ...]
    rmse: tuple[float, ...]
    median: tuple[float, ...]

    @property
    def doubled(self) -> float:
        """The median error that twice as many rows would leave, by the power of the number of
        rows that fits all sizes best. RMSE depends on which rare networks were left out."""
        power = np.polyfit(np.log(self.sizes), np.log(self.median), 1)[0]
        return float(self.median[-1] * 2**power)


def learning_curve(
    validation: Validation,
    targets: Sequence[int],
    rng: np.random.Generator,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Curve]:
    """Fit the chosen candidates to random rows of each size, and judge them by the others.

    Rows that were not drawn at random are left aside."""
    sample = validation.sample.rows(validation.sample.drawn)
    rows = len(sample.names)
    sizes = [size for size in SIZES if size <= (1 - LEAST_LEFT) * rows * 0.9]
    orders = [rng.permutation(rows) for _ in range(REPEATS)]
    curves = []
    for target in targets:
        kind, measured = validation.chosen[target], sample.values[:, target]
        figures = []
        for size in sizes:
            found = []
            for order in orders:
                progress(f"learning curve, {size} rows")
                model = fitted(kind, sample.rows(order[:size]), [target])[0]
                left = order[size:]
                guess = np.exp(model(sample.inputs[left])[:, 0])
                found.append(accuracy(measured[left], guess))
            figures.append(np.mean(found, axis=0).tolist())
        whole = validation.scores[kind][target]
        figures.append([whole.tau, whole.rmse, whole.median])
        curves.append(Curve(target, (*sizes, rows - rows // 10), *zip(*figures, strict=True)))
    return curves
