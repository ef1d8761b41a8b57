"""Ranks and the paired test, against numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipbench.holm import holm
from dipbench.nas.ranking import mean_ranks, paired_test


def test_ranks_are_of_each_repeat_and_equal_ones_share():
    regret = np.array([[1.0, 0.0, 3.0], [2.0, 0.0, 1.0], [3.0, 5.0, 2.0]])
    assert mean_ranks(regret).tolist() == pytest.approx([5.5 / 3, 4.5 / 3, 8 / 3])


def test_the_signed_rank_test():
    # Six differences of one sign: two of the 2**6 ways to choose signs are as extreme.
    baseline = np.arange(6.0)
    shift = np.array([1, 2, 3, 4, 5, 6])
    assert paired_test(baseline - shift, baseline) == pytest.approx(2 / 64)
    assert paired_test(baseline + shift, baseline) == pytest.approx(2 / 64)


def test_repeats_that_differ_in_nothing_say_nothing():
    baseline = np.arange(9.0)
    better = baseline - np.array([1, 2, 3, 4, 5, 6, 0, 0, 0])
    assert paired_test(better, baseline) == pytest.approx(2 / 64)
    assert paired_test(baseline, baseline) == 1.0


def test_holm():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_no_adjustment_and_bonferroni(ps):
    for p, adjusted in zip(ps, holm(ps), strict=True):
        assert p <= adjusted <= min(1.0, len(ps) * p) + 1e-15
    assert [p for _, p in sorted(zip(ps, holm(ps), strict=True))] == sorted(holm(ps))
