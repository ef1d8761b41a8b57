"""Resamples: of architectures and of images, the measured scores first."""

import numpy as np
import pytest

from dipbench.reports.findings.bootstrap import draw, estimate, resampled


@pytest.fixture
def panel(core64, make_panel_of):
    return make_panel_of(core64, np.random.default_rng(0).normal(20, 1, (372, 4)), np.arange(372))


def test_draws_are_with_replacement_and_the_measured_come_first(panel):
    draws = draw(panel, np.random.default_rng(0), 300)
    assert draws.architectures.shape == (301, 372)
    assert draws.images.shape == (301, 4)
    assert (draws.architectures[0] == 1).all()
    assert (draws.images[0] == 0.25).all()
    assert (draws.architectures.sum(axis=1) == 372).all()
    assert np.allclose(draws.images.sum(axis=1), 1)
    # The share of a sample that a resample misses is near 1/e, and (3/4)^4 for four images.
    assert np.mean(draws.architectures[1:] == 0) == pytest.approx(np.exp(-1), abs=0.01)
    assert np.mean(draws.images[1:] == 0) == pytest.approx(0.75**4, abs=0.05)


def test_a_score_is_the_mean_over_the_drawn_images(panel):
    draws = draw(panel, np.random.default_rng(0), 5)
    found = resampled(panel, draws, "peak_rmse")
    assert found[0] == pytest.approx(panel.score("peak_rmse"))
    for row, weights in zip(found, draws.images, strict=True):
        drawn = np.repeat(panel.dip["peak_rmse"], np.round(4 * weights).astype(int), axis=1)
        assert row == pytest.approx(drawn.mean(axis=1))


def test_supervised_scores_have_no_images_to_draw(panel):
    found = resampled(panel, draw(panel, np.random.default_rng(0), 5), "test_rmse")
    assert (found == np.arange(372)).all()


def test_an_interval_holds_the_middle_95_percent():
    found = estimate(np.concatenate([[0.3], np.linspace(0, 1, 1001)]))
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.025, 0.975))


def test_resamples_without_a_value_are_passed_over():
    found = estimate(np.array([0.5, np.nan, 0.4, 0.6]))
    assert 0.4 <= found.low < found.high <= 0.6
    assert np.isnan(estimate(np.array([0.5, np.nan])).low)
