"""The empty corner: what it makes by itself, and what is left without it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipbench.reports.findings.bootstrap import draw
from dipbench.reports.findings.corner import corner, corner_taus, rectangles, redrawn
from dipbench.reports.findings.ranks import agreement, pairs_within, tau


@pytest.fixture(scope="module")
def wide(core64):
    """The 124 architectures of width 16 and bilinear or nearest up-sampling."""
    chosen = (core64["width"] == 16) & (core64["upsample"] != "transposed")
    return core64[chosen].reset_index(drop=True)


@pytest.fixture(scope="module")
def claimed(wide, make_panel_of):
    """As the report claims: DIP = f(depth) + noise, supervised = g(SLC) + noise, both rising."""
    rng = np.random.default_rng(0)
    dip = wide["depth"].to_numpy(float)[:, None] + rng.normal(0, 0.2, size=(124, 4))
    return make_panel_of(wide, dip, wide["slc"] + rng.normal(0, 0.2, size=124))


def test_the_corner_correlates_independent_scores(claimed):
    """Tau is positive over all, with every (depth, SLC) alike; nothing is left within strata."""
    rng, draws, even = np.random.default_rng(1), draw(claimed, _rng(), 50), claimed.even()
    everyone = np.zeros(124, np.int64)
    both = claimed, draws, "peak_rmse", "test_rmse"
    overall = agreement(*both, everyone, rng, 99, even)
    within = agreement(*both, claimed.strata("depth", "slc"), rng, 99, even)
    assert overall.tau.value > 0.2
    assert overall.p == 0.01
    assert within.tau.low < 0 < within.tau.high
    assert within.p > 0.05
    alone = corner(claimed, "peak_rmse", "test_rmse", rng, 200, even)
    assert alone.low < overall.tau.value < alone.high
    assert alone.low > 0


def test_without_the_corner_nothing_is_left(claimed):
    found = rectangles(claimed, draw(claimed, _rng(), 50), "peak_rmse", "test_rmse")
    assert [(each.edge, each.count) for each in found] == [(1, 94), (2, 106), (3, 106), (4, 94)]
    for each in found:
        assert abs(each.tau.value) < 0.1
        assert each.tau.low < 0 < each.tau.high


@pytest.mark.parametrize("feature", ["depth", "slc"])
def test_what_is_no_doing_of_the_corner_is_not_ascribed_to_it(wide, make_panel_of, feature):
    """Both scores follow one feature: tau is 1, and little of it comes from the corner."""
    rng = np.random.default_rng(2)
    score = wide[feature] + rng.normal(0, 0.01, size=124)
    panel = make_panel_of(wide, score, score)
    alone = corner(panel, "peak_rmse", "test_rmse", rng, 200, np.ones(124))
    assert alone.high < 0.3
    for each in rectangles(panel, draw(panel, rng, 20), "peak_rmse", "test_rmse"):
        assert each.tau.value == pytest.approx(1)


def test_depth_and_slc_are_uncorrelated_in_a_rectangle(wide, make_panel_of):
    panel = make_panel_of(wide, wide["depth"], wide["slc"])
    found = rectangles(panel, draw(panel, _rng(), 5), "peak_rmse", "test_rmse")
    assert [each.tau.value for each in found] == pytest.approx([0] * 4, abs=1e-12)


def test_made_up_tables_keep_what_a_feature_says_of_its_score(wide, make_panel_of):
    """Without noise a redrawn score is the measured one, so all tables have the measured tau."""
    panel = make_panel_of(wide, wide["depth"], wide["slc"])
    measured = tau(panel.score("peak_rmse"), panel.score("test_rmse"), _everyone(124))
    found = corner_taus(panel, "peak_rmse", "test_rmse", _rng(), 5, np.ones(124))
    assert found == pytest.approx([measured] * 5)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_redrawing_stays_within_strata(strata, seed):
    rng = np.random.default_rng(seed)
    strata = np.unique(strata, return_inverse=True)[1]
    found = redrawn(strata, rng.random(len(strata)) + 0.01, rng)
    assert (strata[found] == strata).all()


def test_redrawing_goes_by_weight():
    rng = np.random.default_rng(0)
    strata, weights = np.zeros(3, np.int64), np.array([1.0, 2.0, 5.0])
    found = np.concatenate([redrawn(strata, weights, rng) for _ in range(2000)])
    assert np.bincount(found) / len(found) == pytest.approx(weights / 8, abs=0.015)


def test_a_rectangle_with_a_gap_is_no_rectangle(wide, make_panel_of):
    gap = wide[~((wide["depth"] == 4) & (wide["slc"] == 2))].reset_index(drop=True)
    panel = make_panel_of(gap, gap["depth"], gap["slc"])
    found = rectangles(panel, draw(panel, _rng(), 5), "peak_rmse", "test_rmse")
    assert [each.edge for each in found] == [1]


def _rng():
    return np.random.default_rng(0)


def _everyone(count):
    return pairs_within(np.zeros(count, np.int64))
