"""Resamples: of architectures, images and seeds, the measured scores first."""

import numpy as np
import pytest

from dipbench.reports.findings.bootstrap import RUNS, draw, estimate, resampled


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
        drawn = np.repeat(panel.of_images("peak_rmse"), np.round(4 * weights).astype(int), axis=1)
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


@pytest.fixture
def seeded(core64, make_panel_of):
    rng = np.random.default_rng(0)
    return make_panel_of(core64, rng.normal(20, 1, (372, 4, 3)), rng.normal(15, 1, (372, 3)))


def test_seeds_are_drawn_within_each_image(seeded):
    draws = draw(seeded, np.random.default_rng(0), 400)
    assert draws.fits.shape == (401, 4, 3)
    assert draws.fits[0] == pytest.approx(1 / 12)
    assert draws.fits.sum(axis=(1, 2)) == pytest.approx(1)
    assert draws.images == pytest.approx(draws.fits.sum(axis=2))
    # One image of weight 1/4 may have any of its seeds, in thirds, and others other ones.
    thirds = draws.fits[1:] * 12
    assert np.allclose(thirds, thirds.round())
    assert len({tuple(row) for row in thirds.round().astype(int)[:, 0]}) > 5
    assert draws.trainings.sum(axis=1) == pytest.approx(1)
    found = resampled(seeded, draws, "test_rmse")
    assert found[0] == pytest.approx(seeded.score("test_rmse"))
    assert found[1:].std(axis=0).min() > 0


def test_what_is_not_drawn_stays_as_measured(seeded):
    runs = draw(seeded, np.random.default_rng(0), 5, RUNS)
    assert (runs.architectures == 1).all()
    assert len(np.unique(runs.fits, axis=0)) == 6
    only = draw(seeded, np.random.default_rng(0), 5, ("architectures",))
    assert only.fits == pytest.approx(1 / 12)
    assert only.trainings == pytest.approx(1 / 3)
    assert len(np.unique(only.architectures, axis=0)) == 6
    part = only.part(np.arange(372) < 10)
    assert (part.architectures == only.architectures[:, :10]).all()
