"""The other candidates: ridge regression on products of two columns, and boosted trees."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.surrogate.models import Ridge, Trees, pairs

__all__ = ["fit_ridge", "fit_trees"]

Floats: TypeAlias = npt.NDArray[np.float64]

PENALTIES = tuple(10.0**power for power in range(-4, 3))
PRODUCTS = 3.0  # products are held back by so much more than the columns themselves
TREES = {"n_estimators": 300, "max_depth": 3, "learning_rate": 0.06, "subsample": 0.7}


def fit_ridge(inputs: Floats, targets: Floats) -> Ridge:
    """For each target the penalty with the least squared error of rows left out one by one."""
    wide = pairs(inputs)
    penalty = np.full(wide.shape[1], PRODUCTS)
    penalty[: inputs.shape[1] + 1] = 1.0
    mean = targets.mean(0)
    scaled = wide / np.sqrt(penalty)
    left, values, right = np.linalg.svd(scaled, full_matrices=False)
    inner = left.T @ (targets - mean)
    errors, fits = [], []
    for size in PENALTIES:
        shrunk = values**2 / (values**2 + size)
        hat = (left**2 @ shrunk)[:, None]
        residual = (targets - mean) - left @ (shrunk[:, None] * inner)
        errors.append(((residual / (1 - np.minimum(hat, 0.999))) ** 2).mean(0))
        fits.append(right.T @ ((values / (values**2 + size))[:, None] * inner))
    best = np.array(errors).argmin(0)
    weights = np.stack([fits[size][:, target] for target, size in enumerate(best)], axis=1)
    weights /= np.sqrt(penalty)[:, None]
    weights[0] += mean
    return Ridge(weights)


def fit_trees(inputs: Floats, targets: Floats) -> Trees:
    """scikit-learn's gradient boosting, its trees as arrays; the same for the same rows."""
    from sklearn.ensemble import GradientBoostingRegressor

    fitted = [
        GradientBoostingRegressor(random_state=0, **TREES).fit(inputs, target)
        for target in targets.T
    ]
    trees = [[each.tree_ for each in model.estimators_.ravel()] for model in fitted]
    nodes = max(tree.node_count for model in trees for tree in model)
    rate = TREES["learning_rate"]
    return Trees(
        column=_stacked(trees, "feature", nodes).astype(np.int64),
        threshold=_stacked(trees, "threshold", nodes),
        left=np.maximum(_stacked(trees, "children_left", nodes), 0).astype(np.int64),
        right=np.maximum(_stacked(trees, "children_right", nodes), 0).astype(np.int64),
        value=rate * _stacked(trees, "value", nodes),
        means=np.array([float(model.init_.constant_.ravel()[0]) for model in fitted]),
        steps=np.array(max(tree.max_depth for model in trees for tree in model)),
    )


def _stacked(trees: list[list[Any]], name: str, nodes: int) -> Floats:
    """One attribute of all nodes, shape ``(targets, trees, nodes)``; -1 where there is none."""
    found = np.full((len(trees), len(trees[0]), nodes), -1.0)
    for target, model in enumerate(trees):
        for number, tree in enumerate(model):
            found[target, number, : tree.node_count] = getattr(tree, name).ravel()
    return found
