"""The models that a surrogate may be made of: stored arrays, evaluated in plain numpy.

Each predicts the logarithms of several targets at once from standardised descriptions, shape
``(count, columns)`` → ``(count, targets)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.lazy import lazy

__all__ = ["MODELS", "Gaussian", "Mean", "Model", "Ridge", "Trees", "arrays", "kernel", "pairs"]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]


class Model(Protocol):
    """A fitted model of some targets."""

    kind: ClassVar[str]

    def __call__(self, inputs: Floats) -> Floats:
        """The logarithms of the targets, shape ``(count, targets)``."""
        ...

    def only(self, target: int) -> Model:
        """The model of one of the targets, by its position."""
        ...


@dataclass(frozen=True, eq=False)
class Ridge:
    """Additive with interactions: the columns, their squares and their products, weighted.

    Attributes:
        weights: shape ``(1 + columns + pairs, targets)``.
    """

    kind: ClassVar[str] = "ridge"
    weights: Floats

    def __call__(self, inputs: Floats) -> Floats:
        """The logarithms of the targets, shape ``(count, targets)``."""
        linear, products = self._forms
        found: Floats = self.weights[0] + inputs @ linear
        for target, of_products in enumerate(products):
            found[:, target] += ((inputs @ of_products) * inputs).sum(1)
        return found

    @lazy
    def _forms(self) -> tuple[Floats, Floats]:
        """The weights of the columns, shape ``(columns, targets)``, and of the products of two,
        the later by the earlier one, shape ``(targets, columns, columns)``."""
        targets = self.weights.shape[1]
        columns = round((math.sqrt(1 + 8 * len(self.weights)) - 3) / 2)  # 1 + c + c (c + 1) / 2
        first, second = np.triu_indices(columns)
        products = np.zeros((targets, columns, columns))
        products[:, second, first] = self.weights[1 + columns :].T
        return self.weights[1 : 1 + columns], products

    def only(self, target: int) -> Ridge:
        """The model of one of the targets."""
        return Ridge(self.weights[:, [target]])


def pairs(inputs: Floats) -> Floats:
    """One, the columns, and all products of two of them, each once."""
    first, second = np.triu_indices(inputs.shape[1])
    ones = np.ones((len(inputs), 1))
    return np.hstack([ones, inputs, inputs[:, first] * inputs[:, second]])


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The mean of a Gaussian process with a squared-exponential kernel, on inducing points.

    Far from all points it is a linear function of the columns.

    Attributes:
        points: scaled by the target's length scales, shape ``(targets, points, columns)``.
        scales: one over the length scales, shape ``(targets, columns)``.
        weights: of the points, shape ``(targets, points)``.
        means, slopes: of the linear function, shapes ``(targets,)`` and ``(targets, columns)``.
    """

    kind: ClassVar[str] = "gaussian process"
    points: Floats
    scales: Floats
    weights: Floats
    means: Floats
    slopes: Floats

    def only(self, target: int) -> Gaussian:
        """The model of one of the targets."""
        return Gaussian(**{name: values[[target]] for name, values in arrays(self).items()})

    @lazy
    def _half_squares(self) -> Floats:
        """Of the lengths of the points, shape ``(targets, points)``."""
        found: Floats = 0.5 * (self.points**2).sum(2)
        return found

    @lazy
    def _rescaled(self) -> Floats:
        """What a row is multiplied by, shape ``(targets × points, columns)``."""
        found: Floats = (self.points * self.scales[:, None, :]).reshape(-1, self.scales.shape[1])
        return found

    def __call__(self, inputs: Floats) -> Floats:
        """The logarithms of the targets, shape ``(count, targets)``."""
        if len(inputs) == 1:
            return self._one(inputs[0])
        found: Floats = self.means + inputs @ self.slopes.T
        for target, (points, scale) in enumerate(zip(self.points, self.scales, strict=True)):
            found[:, target] += kernel(inputs * scale, points) @ self.weights[target]
        return found

    def _one(self, row: Floats) -> Floats:
        """All targets at once: for one row, calls of numpy cost more than arithmetic."""
        scaled = self.scales * row
        inner = (self._rescaled @ row).reshape(self.weights.shape) - self._half_squares
        inner -= 0.5 * (scaled * scaled).sum(1)[:, None]
        near = np.exp(np.minimum(inner, 0.0, out=inner), out=inner)
        found: Floats = (self.means + self.slopes @ row + (near * self.weights).sum(1))[None, :]
        return found


def kernel(first: Floats, second: Floats) -> Floats:
    """exp(-d²/2) of each pair of rows: shape ``(len(first), len(second))``."""
    inner = first @ second.T
    inner -= 0.5 * (first * first).sum(1)[:, None]
    inner -= 0.5 * (second * second).sum(1)
    # Rounding may leave a distance a little below zero.
    found: Floats = np.exp(np.minimum(inner, 0.0, out=inner), out=inner)
    return found


@dataclass(frozen=True, eq=False)
class Trees:
    """Boosted regression trees of one target each, their nodes in arrays.

    Attributes:
        column: compared by each node, -1 in a leaf; shape ``(targets, trees, nodes)``.
        threshold: a row goes left where its column is at most this.
        left, right: the next node.
        value: of a leaf, times the learning rate.
        means: the start, shape ``(targets,)``.
        steps: depth of the deepest tree, shape ``()``.
    """

    kind: ClassVar[str] = "boosted trees"
    column: Integers
    threshold: Floats
    left: Integers
    right: Integers
    value: Floats
    means: Floats
    steps: Integers

    def __call__(self, inputs: Floats) -> Floats:
        """The logarithms of the targets, shape ``(count, targets)``."""
        found = np.empty((len(inputs), len(self.means)))
        rows = np.arange(len(inputs))[:, None]
        for target, mean in enumerate(self.means):
            column, trees = self.column[target], np.arange(self.column.shape[1])
            node = np.zeros((len(inputs), column.shape[0]), np.int64)
            for _ in range(int(self.steps)):
                asked = column[trees, node]
                left = inputs[rows, asked] <= self.threshold[target][trees, node]
                places = target, trees, node
                after = np.where(left, self.left[places], self.right[places])
                node = np.where(asked < 0, node, after)
            found[:, target] = mean + self.value[target][trees, node].sum(1)
        return found

    def only(self, target: int) -> Trees:
        """The model of one of the targets."""
        of_targets = {name: v[[target]] for name, v in arrays(self).items() if name != "steps"}
        return Trees(**of_targets, steps=self.steps)


@dataclass(frozen=True, eq=False)
class Mean:
    """The same for all rows: what is left where nothing predicts a target better.

    Attributes:
        means: shape ``(targets,)``.
    """

    kind: ClassVar[str] = "mean"
    means: Floats

    def __call__(self, inputs: Floats) -> Floats:
        """The logarithms of the targets, shape ``(count, targets)``."""
        return np.broadcast_to(self.means, (len(inputs), len(self.means)))

    def only(self, target: int) -> Mean:
        """The model of one of the targets."""
        return Mean(self.means[[target]])


MODELS: Mapping[str, type[Any]] = {each.kind: each for each in (Gaussian, Ridge, Trees, Mean)}


def arrays(model: Any) -> dict[str, Any]:
    """The numbers of a model, by name."""
    return {field.name: getattr(model, field.name) for field in fields(model)}
