"""Kendall's tau, Somers' D and permutation p-values against scipy and against their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dipbench.reports.findings.ranks import (
    pairs_within,
    permutation_p,
    shuffled,
    somers_d,
    tau,
)

SCORES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=30)


def everyone(count):
    return pairs_within(np.zeros(count, np.int64))


@given(SCORES)
def test_tau_is_that_of_scipy_ties_included(scores):
    x, y = np.array(scores, float).T
    expected = stats.kendalltau(x, y).statistic
    assert tau(x, y, everyone(len(x))) == pytest.approx(expected, nan_ok=True)


@given(SCORES)
def test_somers_d_is_that_of_scipy(scores):
    x, y = np.array(scores, float).T
    if len(set(x)) > 1 and len(set(y)) > 1:  # scipy has nan for the latter
        pairs = everyone(len(x))
        with np.errstate(divide="ignore", invalid="ignore"):  # of its p, where all agree
            expected = stats.somersd(x, y).statistic
        assert somers_d(x, y, pairs, np.ones(len(pairs))) == pytest.approx(expected)


@given(SCORES, st.data())
def test_counts_are_copies(scores, data):
    """An architecture that counts twice is one that stands there twice."""
    x, y = np.array(scores, float).T
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(x), max_size=len(x))))
    copies = np.repeat(np.arange(len(x)), counts)
    expected = tau(x[copies], y[copies], everyone(len(copies))) if len(copies) > 1 else np.nan
    found = tau(x, y, everyone(len(x)), counts.astype(float))
    assert found == pytest.approx(expected, nan_ok=True)


def test_within_strata_only_pairs_of_one_stratum_count():
    strata = np.array([0, 1, 0, 1, 2])
    pairs = pairs_within(strata)
    assert sorted(zip(pairs.first, pairs.second, strict=True)) == [(0, 2), (1, 3)]
    # Opposite between strata, alike in each of them.
    x, y = np.array([1.0, 5, 2, 6, 9]), np.array([5.0, 1, 6, 2, 0])
    assert tau(x, y, pairs) == 1
    assert tau(x, y, everyone(5)) < 0


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_shuffling_stays_within_strata(strata, seed):
    strata = np.array(strata)
    order = shuffled(strata, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(strata)))
    assert (strata[order] == strata).all()


def test_shuffling_takes_every_order_equally_often():
    rng = np.random.default_rng(0)
    strata = np.array([0, 1, 0, 0, 1])
    seen = [tuple(shuffled(strata, rng)) for _ in range(2400)]
    counts = [seen.count(order) for order in set(seen)]
    assert len(counts) == 12
    assert min(counts) > 140


def test_p_is_uniform_under_the_null():
    rng = np.random.default_rng(0)
    strata = np.repeat([0, 1], 20)  # enough for p to be nearly continuous
    found = np.array(
        [
            permutation_p(rng.normal(size=40), rng.normal(size=40), strata, rng, 99)
            for _ in range(300)
        ]
    )
    for level in (0.1, 0.3, 0.5, 0.7, 0.9):
        assert np.mean(found <= level) == pytest.approx(level, abs=0.08)
    assert min(found) >= 0.01


def test_p_is_near_that_of_all_permutations():
    x = np.arange(7.0)
    y = np.array([1.0, 0, 3, 2, 5, 4, 6])
    exact = stats.kendalltau(x, y, method="exact").pvalue
    found = permutation_p(x, y, np.zeros(7, np.int64), np.random.default_rng(0), 1999)
    assert found == pytest.approx(exact, abs=0.01)


def test_p_of_what_cannot_be_otherwise():
    rng = np.random.default_rng(0)
    x = np.arange(20.0)
    assert permutation_p(x, x, np.zeros(20, np.int64), rng, 99) == 0.01
    assert permutation_p(x, np.ones(20), np.zeros(20, np.int64), rng, 99) == 1
    assert np.isnan(permutation_p(np.ones(20), x, np.zeros(20, np.int64), rng, 99))
    assert np.isnan(permutation_p(x, x, np.arange(20), rng, 99))


def test_weights_decide_what_a_trend_is():
    """Many pairs say one thing, one pair another: it depends on how they are weighed."""
    x = np.array([0.0, 1, 1, 1])
    y = np.array([5.0, 9, 1, 2])
    pairs = everyone(4)
    assert somers_d(x, y, pairs, np.ones(6)) == pytest.approx(-1 / 3)
    heavy = np.where((pairs.first == 0) & (pairs.second == 1), 10.0, 1.0)
    assert somers_d(x, y, pairs, heavy) == pytest.approx((10 - 2) / 12)
