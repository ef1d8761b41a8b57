"""Timings of searching: one evaluation, one search, and the comparison that a paper needs."""

import numpy as np
import pytest

from dipbench import load
from dipbench.nas import ALGORITHMS, Problem, compare, search
from dipbench.nas.repeated import default_seconds

SIX = tuple(name for name in ALGORITHMS if name != "successive_halving")


@pytest.fixture(scope="module")
def problem(made_up_core64):
    return Problem(table=load(made_up_core64))


@pytest.mark.benchmark(group="a problem of 372 architectures")
def test_read(benchmark, made_up_core64):
    benchmark(lambda: Problem(table=load(made_up_core64)))


@pytest.mark.benchmark(group="372 evaluations")
def test_evaluate(benchmark, problem):
    def every():
        fresh = problem.fresh()
        for a in problem.architectures:
            fresh.evaluate(a)

    benchmark(every)


@pytest.mark.benchmark(group="one search for the cost of a tenth of 372 architectures")
@pytest.mark.parametrize("name", ALGORITHMS)
def test_search(benchmark, problem, name):
    seconds = default_seconds(problem)
    benchmark(lambda: search(name, problem.fresh(seconds=seconds), np.random.default_rng(0)))


@pytest.mark.benchmark(group="6 algorithms, 200 repeats, two processes, with its files")
def test_compare(benchmark, problem, tmp_path):
    def work():
        compare(problem, SIX, repeats=200, jobs=2).save(tmp_path)

    benchmark.pedantic(work, rounds=1)
