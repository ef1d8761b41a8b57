"""Timings of predictions: one, many, and a comparison of searches on them."""

import numpy as np
import pytest

from dipbench import Space
from dipbench.nas import Problem, compare
from dipbench.surrogate.prediction import predict
from dipbench.surrogate.surrogate import find

SIX = (
    "random_search",
    "local_search",
    "regularized_evolution",
    "hyperband",
    "gaussian_process",
    "dip_guided",
)
CORE = Space("core64")


@pytest.mark.benchmark(group="a prediction")
def test_one_prediction(benchmark):
    members = list(CORE)
    numbers = iter(np.random.default_rng(0).integers(len(members), size=1_000_000))
    benchmark(lambda: predict(members[next(numbers)]))


@pytest.mark.benchmark(group="100,000 predictions")
def test_many_predictions(benchmark):
    indices = np.random.default_rng(0).integers(len(CORE), size=100_000)
    surrogate = find("core64", "denoise25")
    benchmark.pedantic(surrogate.predict_at, (indices,), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="6 algorithms, 100 repeats, two processes, on predictions")
def test_compare(benchmark):
    problem = Problem(space="core64", noise=np.random.default_rng(0))
    benchmark.pedantic(lambda: compare(problem, SIX, repeats=100, jobs=2), rounds=1)
