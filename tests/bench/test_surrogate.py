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
spaces = pytest.mark.parametrize("space", ["core64", "unet64"])


@spaces
@pytest.mark.benchmark(group="a prediction")
def test_one_prediction(benchmark, space):
    rng = np.random.default_rng(0)
    members = [Space(space).sample(rng) for _ in range(500)]
    numbers = iter(rng.integers(len(members), size=1_000_000))
    benchmark(lambda: predict(members[next(numbers)], space=space))


@spaces
@pytest.mark.benchmark(group="100,000 predictions")
def test_many_predictions(benchmark, space):
    indices = np.random.default_rng(0).integers(len(Space(space)), size=100_000)
    surrogate = find(space, "denoise25")
    benchmark.pedantic(surrogate.predict_at, (indices,), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="6 algorithms, 100 repeats, two processes, on predictions")
@pytest.mark.parametrize(
    "asked",
    [
        {"space": "core64"},
        {"space": "unet64", "max_macs": 8e6},
        {"space": "unet64", "objectives": "dip_averaged_rmse"},
    ],
    ids=["core64", "unet64, 8 million MACs", "unet64, DIP"],
)
def test_compare(benchmark, asked):
    problem = Problem(**asked, noise=np.random.default_rng(0))
    benchmark.pedantic(lambda: compare(problem, SIX, repeats=100, jobs=2), rounds=1)
