"""Shares of the variance: known ones come out, and they obey the laws of Shapley values."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench.reports.findings.bootstrap import draw
from dipbench.reports.findings.variance import FACTORS, explained, r_squared, ranked, shapley


def once(panel):
    """No resample: the measured scores alone."""
    return draw(panel, np.random.default_rng(0), 0)


def least_squares(columns, y, weights):
    """R² of weighted least squares, from numpy's own solver."""
    x = np.column_stack([np.ones(len(y)), *columns]) * np.sqrt(weights)[:, None]
    scaled = y * np.sqrt(weights)
    rest = scaled - x @ np.linalg.lstsq(x, scaled, rcond=None)[0]
    return 1 - rest @ rest / (weights @ (y - np.average(y, weights=weights)) ** 2)


def shares_of(panel, column="peak_rmse"):
    (found,) = explained(panel, once(panel), [column], np.ones(len(panel)))
    return found, {share.factor: share for share in found.shares}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_r_squared_is_that_of_least_squares_for_every_subset(seed):
    rng = np.random.default_rng(seed)
    design = [rng.normal(size=(20, size)) for size in (1, 2, 3)]
    weights = rng.integers(1, 4, size=(2, 20)).astype(float)
    scores = rng.normal(size=(2, 20, 2))
    found = r_squared(design, scores, weights)
    for b, subset, m in itertools.product(range(2), range(1, 8), range(2)):
        columns = [design[i] for i in range(3) if subset >> i & 1]
        expected = least_squares(columns, scores[b, :, m], weights[b])
        assert found[b, subset, m] == pytest.approx(expected, abs=1e-9)
    assert (found[:, 0] == 0).all()


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=8))
def test_shapley_values_add_up_and_equal_the_mean_over_all_orders(worth):
    worth = np.array(worth)[None, :, None]
    worth[:, 0] = 0
    found = shapley(worth)[0, :, 0]
    assert found.sum() == pytest.approx(worth[0, 7, 0])
    for i in range(3):
        gains = []
        for order in itertools.permutations(range(3)):
            before = sum(1 << j for j in order[: order.index(i)])
            gains.append(worth[0, before | 1 << i, 0] - worth[0, before, 0])
        assert found[i] == pytest.approx(np.mean(gains))


def test_independent_features_have_the_shares_of_their_variances(core64, make_panel_of):
    """Up-sampling and width are crossed with all else, so their shares are exact."""
    steps = {"nearest": -1.0, "bilinear": 0.0, "transposed": 1.0}
    upsample = core64["upsample"].map(steps).to_numpy()
    width = np.where(core64["width"] == 16, 1.0, -1.0)
    panel = make_panel_of(core64, 20 + upsample + width, np.zeros(372))
    found, shares = shares_of(panel)
    assert found.r2.value == pytest.approx(1)
    # Variances 2/3 and 1. What hangs on both, the parameters, takes from either.
    assert shares["upsample"].alone == pytest.approx(0.4)
    assert shares["width"].alone == pytest.approx(0.6)
    assert shares["upsample"].unique < 0.4
    assert shares["upsample"].controlled.value == pytest.approx(0.4)
    assert shares["width"].controlled.value == pytest.approx(0.6)
    assert shares["depth"].controlled.value == pytest.approx(0, abs=1e-9)


def test_shares_add_up_to_r_squared(core64, make_panel_of):
    rng = np.random.default_rng(0)
    score = 20 - core64["depth"] + core64["slc"] ** 2 + rng.normal(size=372)
    found, shares = shares_of(make_panel_of(core64, score, score))
    assert math.fsum(s.shapley.value for s in shares.values()) == pytest.approx(found.r2.value)
    assert list(shares) == list(FACTORS)
    assert [s.coefficients for s in found.shares] == [4, 5, 2, 1, 1]


def test_a_bent_dependence_is_explained_whole(core64, make_panel_of):
    """Depth 2 the best of all: no straight line, but one mean per depth, says it."""
    found, shares = shares_of(make_panel_of(core64, (core64["depth"] - 2.0) ** 2, np.zeros(372)))
    assert shares["depth"].alone == pytest.approx(1)
    assert shares["depth"].lead.value == pytest.approx(
        shares["depth"].shapley.value
        - max(s.shapley.value for f, s in shares.items() if f != "depth")
    )
    assert shares["slc"].controlled.value == pytest.approx(0, abs=1e-9)
    assert found.cells == pytest.approx(1)


def test_interaction_shows_in_the_cells_alone(core64, make_panel_of):
    corner = ((core64["depth"] == 5) & (core64["slc"] == 0)).astype(float)
    found, _ = shares_of(make_panel_of(core64, corner, np.zeros(372)))
    assert found.cells == pytest.approx(1)
    assert found.r2.value < 0.99


def test_a_feature_that_does_not_vary_explains_nothing(core64, make_panel_of):
    one = core64[core64["upsample"] == "nearest"].reset_index(drop=True)
    _, shares = shares_of(make_panel_of(one, one["depth"], one["slc"]))
    assert (shares["upsample"].coefficients, shares["upsample"].shapley.value) == (0, 0)


def test_even_weights_make_every_depth_and_slc_count_the_same(core64, make_panel_of):
    panel = make_panel_of(core64, core64["depth"] == 1, np.zeros(372))
    weights = panel.even()
    cells = core64.assign(w=weights).groupby(["depth", "slc"])["w"].sum()
    assert np.allclose(cells, 1)
    (found,) = explained(panel, once(panel), ["peak_rmse"], weights)
    assert found.share("depth").alone == pytest.approx(1)


def test_intervals_hold_the_share_and_widen_with_noise_between_images(core64, make_panel_of):
    rng = np.random.default_rng(1)
    base = 20 - core64["depth"].to_numpy(float)
    widths = []
    for noise in (0.1, 2.0):
        dip = base[:, None] + rng.normal(0, noise, size=(372, 4))
        panel = make_panel_of(core64, dip, base)
        draws = draw(panel, np.random.default_rng(0), 100)
        (found,) = explained(panel, draws, ["peak_rmse"], np.ones(372))
        each = found.share("depth").shapley
        widths.append(each.high - each.low)
        assert each.low < each.high
    assert widths[0] < widths[1]


def test_ranks_do_not_see_how_far_away_a_few_are(core64, make_panel_of):
    """Depth 1 far off, all else by up-sampling: depth leads by values and not by ranks."""
    kinds = core64["upsample"].map({"nearest": 0.0, "bilinear": 1.0, "transposed": 2.0})
    panel = make_panel_of(core64, kinds + 50.0 * (core64["depth"] == 1), np.zeros(372))
    found = {}
    for by in (False, True):
        (one,) = explained(panel, once(panel), ["peak_rmse"], ranks=by)
        found[by] = max(one.shares, key=lambda share: share.shapley.value).factor
    assert found == {False: "depth", True: "upsample"}


def test_equal_scores_share_the_mean_of_their_ranks():
    scores = np.array([[[5.0], [1.0], [5.0], [9.0]]])
    assert ranked(scores)[0, :, 0].tolist() == [2.5, 1.0, 2.5, 4.0]
