"""How long until a good network is trained: against all orders written out."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench.reports.proxy.hunt import first_choice, hunt


def brute_force(score, seconds, good):
    """Networks and seconds in every order that ascends in `score`."""
    trained, spent = [], []
    for order in permutations(range(len(score))):
        if all(score[i] <= score[j] for i, j in pairwise(order)):
            end = next(n for n, i in enumerate(order) if good[i])
            trained.append(end + 1)
            spent.append(sum(seconds[i] for i in order[: end + 1]))
    return trained, spent


def hunted(score, seconds, good, orders=50):
    rng = np.random.default_rng(0)
    arrays = np.array(score, float), np.array(seconds, float), np.array(good, bool)
    return hunt(*arrays, rng, orders)


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 9), st.booleans()), min_size=1, max_size=6
).filter(lambda rows: any(good for _, _, good in rows))


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_expectations_and_quartiles_are_those_of_all_orders(rows):
    score, seconds, good = zip(*rows, strict=True)
    trained, spent = brute_force(score, seconds, good)
    found = hunted(score, seconds, good)
    assert found.trained.mean == pytest.approx(np.mean(trained))
    assert found.seconds.mean == pytest.approx(np.mean(spent))
    low, high = np.quantile(trained, [0.25, 0.75], method="inverted_cdf")
    assert (found.trained.low, found.trained.high) == (low, high)
    assert min(spent) <= found.seconds.low <= found.seconds.high <= max(spent)


def test_quartiles_of_seconds_are_those_of_all_orders():
    seconds, good = [1, 2, 4, 8, 16], [0, 0, 1, 0, 1]
    _, spent = brute_force([0] * 5, seconds, good)
    found = hunted([0] * 5, seconds, good, orders=4000).seconds
    assert [found.low, found.high] == pytest.approx(np.quantile(spent, [0.25, 0.75]), abs=1)


def test_a_perfect_a_reversed_and_no_order():
    rmse = np.arange(10.0)
    seconds, good = np.full(10, 3.0), rmse < 2
    assert hunted(rmse, seconds, good).trained == hunted(rmse, seconds, good).trained
    assert hunted(rmse, seconds, good).seconds.mean == 3
    assert hunted(-rmse, seconds, good).trained.mean == 9
    assert hunted(0 * rmse, seconds, good).trained.mean == pytest.approx(11 / 3)
    assert hunted(0 * rmse, seconds, good).seconds.mean == pytest.approx(11)


def test_where_none_is_good_it_says_so():
    with pytest.raises(ValueError, match="none of 2 architectures is good"):
        hunted([0, 1], [1, 1], [False, False])


def test_first_choice_is_the_mean_over_ties():
    score, rmse = np.array([1.0, 0.0, 0.0]), np.array([9.0, 10.0, 14.0])
    assert first_choice(score, rmse) == 12
