"""Who would have been named at what time."""

import pytest

from dipbench import Architecture
from dipbench.nas import Incumbent, Problem, trajectory

# The one level deep takes 8 s to train; regrets are 1 apart in width, 4 in SLC.
NARROW, WIDE = Architecture(1, (0,), "bilinear", 8), Architecture(1, (0,), "bilinear", 16)
PLAIN, DEEP = (Architecture(depth, (), "bilinear", 16) for depth in (1, 3))


@pytest.fixture
def problem(small):
    return Problem(table=small)


def test_the_incumbent_is_the_best_so_far(problem):
    for a in (PLAIN, NARROW, PLAIN, WIDE):
        problem.evaluate(a)
    assert trajectory(problem) == (
        Incumbent(8.0, PLAIN, 4.0, 0.0),
        Incumbent(16.0, NARROW, 1.0, 0.0),
        Incumbent(24.0, WIDE, 0.0, 0.0),
    )


def test_a_worse_one_never_is(problem):
    problem.evaluate(WIDE)
    problem.evaluate(PLAIN)
    assert trajectory(problem) == (Incumbent(8.0, WIDE, 0.0, 0.0),)


def test_a_greater_fidelity_outranks_a_better_value_at_a_lower_one(problem):
    begun = [problem.evaluate(a, 4).values for a in (PLAIN, WIDE)]
    assert problem.evaluate(DEEP).values > max(begun)
    problem.evaluate(WIDE, 4)
    found = [(i.clock, i.architecture) for i in trajectory(problem)]
    assert found == [(2.0, PLAIN), (4.0, WIDE), (28.0, DEEP)]


def test_fits_count_until_the_first_training(problem):
    problem.evaluate(WIDE, objective="dip_rmse")
    problem.evaluate(PLAIN, 1)
    problem.evaluate(NARROW, objective="dip_rmse")
    assert [i.architecture for i in trajectory(problem)] == [WIDE, PLAIN]


def test_other_objectives_never_count(problem):
    problem.evaluate(WIDE, objective="macs")
    problem.evaluate(WIDE, objective="supervised_rmse")
    assert trajectory(problem) == ()


def test_of_several_objectives_the_first_decides(small):
    problem = Problem(("supervised_rmse_val", "params"), table=small)
    for a in (NARROW, WIDE):
        problem.evaluate(a)
    assert trajectory(problem)[-1].architecture == WIDE
