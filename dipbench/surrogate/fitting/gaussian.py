"""A Gaussian process with one length scale per group of columns, by maximum likelihood.

Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapter 5. What is kept is
the subset of regressors (there, section 8.3.1) on points chosen by a pivoted Cholesky
decomposition, so that evaluating costs the same for every size of sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from dipbench.surrogate.models import Gaussian, kernel

__all__ = ["fit_gaussian"]

Floats: TypeAlias = npt.NDArray[np.float64]

POINTS = 256
PENALTY = 1.0  # of the linear function's slopes, in rows
JITTER = 1e-8


def fit_gaussian(
    inputs: Floats,
    targets: Floats,
    groups: Sequence[Sequence[int]],
    linear: Sequence[int],
    start: Sequence[Floats] | None = None,
) -> tuple[Gaussian, list[Floats]]:
    """The processes of some targets, and their hyperparameters, from which to start another fit.

    Args:
        inputs: standardised, shape ``(rows, columns)``.
        targets: logarithms, shape ``(rows, targets)``.
        groups: columns that share a length scale; all others are left out.
        linear: columns that the linear function is of.
        start: the hyperparameters of nearly the same fit, which then takes fewer steps.
    """
    squared = np.stack([_squared(inputs[:, list(group)]) for group in groups])
    means = targets.mean(axis=0)
    slopes = _slopes(inputs, targets - means, list(linear))
    rests = targets - means - inputs @ slopes.T
    points, scales, weights, found = [], [], [], []
    for number, rest in enumerate(rests.T):
        first = None if start is None else start[number]
        theta = _likeliest(squared, rest / max(float(rest.std()), 1e-9), first)
        scale = np.zeros(inputs.shape[1])
        for group, length in zip(groups, theta[1:-1], strict=True):
            scale[list(group)] = np.exp(-length)
        scaled = inputs * scale
        chosen, weight = _regressors(scaled, rest, np.exp(theta[-1] - theta[0]))
        points.append(chosen)
        scales.append(scale)
        weights.append(weight)
        found.append(theta)
    process = np.stack(points), np.stack(scales), np.stack(weights)
    return Gaussian(*process, means, slopes), found


def _slopes(inputs: Floats, targets: Floats, linear: list[int]) -> Floats:
    """Of a linear function, held back a little; shape ``(targets, columns)``.

    What the process tells from the linear function falls to 0 far from the sample, where without
    one the worst networks of a space would be predicted to be average.
    """
    of = inputs[:, linear]
    system = of.T @ of + PENALTY * np.eye(len(linear))
    found = np.zeros((targets.shape[1], inputs.shape[1]))
    found[:, linear] = np.linalg.solve(system, of.T @ targets).T
    return found


def _squared(columns: Floats) -> Floats:
    found: Floats = ((columns[:, None, :] - columns[None, :, :]) ** 2).sum(2)
    return found


def _likeliest(squared: Floats, target: Floats, start: Floats | None) -> Floats:
    """Logarithms of variance, length scales and noise variance, the last one last."""
    count, identity = len(squared), np.eye(len(target))

    def loss(theta: Floats) -> tuple[float, Floats]:
        inverse_squares = np.exp(-2 * theta[1:-1])
        near = np.exp(theta[0] - 0.5 * np.tensordot(inverse_squares, squared, 1))
        noise = np.exp(theta[-1])
        factor = cho_factor(near + (noise + JITTER) * identity, lower=True)
        weights = cho_solve(factor, target)
        pull = cho_solve(factor, identity) - np.outer(weights, weights)
        slope, pulled = np.empty_like(theta), pull * near
        slope[0] = 0.5 * pulled.sum()
        slope[-1] = 0.5 * noise * np.trace(pull)
        slope[1:-1] = 0.5 * np.tensordot(squared, pulled, 2) * inverse_squares
        value = 0.5 * target @ weights + np.log(np.diag(factor[0])).sum()
        # A weak prior keeps the scales of what explains nothing from running away.
        prior = theta[1:-1] - 1.0
        slope[1:-1] += prior / 4
        return float(value + (prior**2).sum() / 8), slope

    first = np.array([1.0, *[1.0] * count, -4.0]) if start is None else start
    bounds = [(-3.0, 8.0), *[(-2.0, 5.0)] * count, (-12.0, 1.0)]
    steps = {"maxiter": 40 if start is None else 8}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options=steps)
    theta: Floats = found.x
    return theta


def _regressors(scaled: Floats, target: Floats, noise: float) -> tuple[Floats, Floats]:
    """Inducing points and their weights; `noise` is a share of the kernel's variance."""
    near = kernel(scaled, scaled)
    chosen = _pivots(near, min(POINTS, len(scaled)))
    across, among = near[:, chosen], near[np.ix_(chosen, chosen)]
    system = across.T @ across + noise * among + JITTER * np.eye(len(chosen))
    weights: Floats = np.linalg.solve(system, across.T @ target).astype(np.float64)
    return scaled[chosen], weights


def _pivots(near: Floats, count: int) -> list[int]:
    """The rows that a pivoted Cholesky decomposition takes first."""
    left, chosen = np.diag(near).copy(), []
    factor = np.zeros((len(near), count))
    for step in range(count):
        pivot = int(left.argmax())
        chosen.append(pivot)
        column = near[:, pivot] - factor[:, :step] @ factor[pivot, :step]
        factor[:, step] = column / np.sqrt(max(left[pivot], JITTER))
        left -= factor[:, step] ** 2
        left[chosen] = -np.inf
    return chosen
