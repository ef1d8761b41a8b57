"""The models in plain numpy: their arithmetic, and one target taken from several."""

import numpy as np
import pytest

from dipbench import Space
from dipbench.nas import Problem, compare
from dipbench.surrogate.models import Gaussian, Mean, Ridge, Trees, pairs
from dipbench.surrogate.surrogate import TARGETS, Surrogate, find

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(30, 4))


def ridge():
    return Ridge(RNG.normal(size=(1 + 4 + 10, 3)))


def gaussian():
    points, weights = RNG.normal(size=(3, 7, 4)), RNG.normal(size=(3, 7))
    line = RNG.normal(size=3), RNG.normal(size=(3, 4))
    return Gaussian(points, RNG.uniform(0.1, 1, size=(3, 4)), weights, *line)


def mean():
    return Mean(RNG.normal(size=3))


def trees():
    """Of each target two trees, each of one comparison and two leaves."""
    column = np.tile([[1, -1, -1], [3, -1, -1]], (3, 1, 1))
    left, right = (np.full((3, 2, 3), node) for node in (1, 2))
    numbers = RNG.normal(size=(2, 3, 2, 3))
    return Trees(column, numbers[0], left, right, numbers[1], RNG.normal(size=3), np.array(1))


def test_ridge_weighs_the_columns_and_the_products_of_two():
    model = ridge()
    assert model(INPUTS) == pytest.approx(pairs(INPUTS) @ model.weights, abs=1e-12)


@pytest.mark.parametrize("make", [ridge, gaussian, trees, mean])
def test_the_model_of_one_target_says_what_that_of_all_does(make):
    model = make()
    for target in range(3):
        assert model.only(target)(INPUTS)[:, 0] == pytest.approx(model(INPUTS)[:, target])


@pytest.mark.parametrize("target", TARGETS)
def test_one_target_of_many_architectures(target):
    surrogate = find("core64", "denoise25")
    indices = np.arange(0, len(Space("core64")), 7)
    column = surrogate.predict_at(indices)[:, TARGETS.index(target)]
    assert surrogate.predict_only(target, indices) == pytest.approx(column, abs=2e-6)


def test_a_comparison_predicts_the_whole_space_once(monkeypatch):
    asked = []
    real = Surrogate.predict_only

    def counted(self, target, indices):
        asked.append(len(indices))
        return real(self, target, indices)

    monkeypatch.setattr(Surrogate, "predict_only", counted)
    compare(Problem(space="core64"), ("random_search", "local_search"), repeats=4, seconds=500)
    assert asked == [len(Space("core64"))] * 2  # for the least, and for the noise
