"""RankAgreement of raters against a published example; variance components that were put in."""

import numpy as np
import pytest

from dipbench import load
from dipbench.reports.findings.components import components, told_apart
from dipbench.reports.findings.reliability import agreements, best, icc, overlap, reliability
from dipbench.reports.findings.seeds import between_seeds

# Shrout and Fleiss (1979), table 2: four judges rate six targets.
RATED = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def test_intraclass_correlations_of_shrout_and_fleiss():
    found = icc(RATED)  # their table 4
    assert round(found.agreement, 2) == 0.29
    assert round(found.agreement_mean, 2) == 0.62
    assert round(found.consistency, 2) == 0.71
    assert round(found.consistency_mean, 2) == 0.91


def test_a_rater_that_is_stricter_costs_agreement_but_no_consistency():
    scores = np.arange(10.0)[:, None] + np.array([0.0, 3, 6])
    assert icc(scores).consistency == pytest.approx(1)
    assert icc(scores).agreement < 0.6
    assert reliability(scores).tau == 1


def test_noise_alone_agrees_with_nothing():
    scores = np.random.default_rng(0).normal(size=(400, 4))
    found = agreements("peak_rmse", scores)
    assert abs(found.all.icc.consistency) < 0.1
    assert abs(found.all.tau) < 0.1
    assert found.best
    assert abs(found.best.consistency) < 0.15  # chosen by the other raters, so no less than that
    assert 0.02 < found.overlap < 0.2


def test_best_tenth_is_rounded_up_and_of_least_error():
    scores = np.random.default_rng(0).permutation(np.arange(41.0))[:, None]
    assert sorted(scores[best(scores), 0]) == [0, 1, 2, 3, 4]


def test_best_tenth_of_few_architectures_or_raters_is_left_out():
    rng = np.random.default_rng(0)
    assert agreements("peak_rmse", rng.normal(size=(40, 4))).best is None
    tenth = agreements("peak_rmse", rng.normal(size=(41, 4))).best
    assert tenth
    assert tenth.count == 5
    assert agreements("peak_rmse", rng.normal(size=(41, 2))).best is None


def test_overlap_of_best_tenths():
    one = np.arange(20.0)
    assert overlap(np.column_stack([one, one])) == 1
    assert overlap(np.column_stack([one, one[::-1]])) == 0


def made(sizes, architecture, image, interaction, drawn, residual, seed=0):
    a, j, k = sizes
    rng = np.random.default_rng(seed)

    def normal(scale, *shape):
        return scale * rng.normal(size=shape)

    return (
        20
        + normal(architecture, a, 1, 1)
        + normal(image, 1, j, 1)
        + normal(interaction, a, j, 1)
        + normal(drawn, 1, j, k)
        + normal(residual, a, j, k)
    )


def test_components_that_were_put_in_come_out():
    scores = made((300, 40, 3), 2.0, 3.0, 1.0, 0.5, 0.7)
    found = components("peak_rmse", scores)
    assert (found.count, found.images, found.seeds) == (300, 40, 3)
    assert found.architecture == pytest.approx(2.0, rel=0.15)
    assert found.image == pytest.approx(3.0, rel=0.3)
    assert found.interaction == pytest.approx(1.0, rel=0.1)
    assert found.draw == pytest.approx(0.5, rel=0.25)
    assert found.residual == pytest.approx(0.7, rel=0.1)
    assert found.error == pytest.approx(np.sqrt((1.0 + 0.49 / 3) / 40), rel=0.1)


def test_one_seed_cannot_tell_interaction_from_noise():
    found = components("peak_rmse", made((300, 40, 1), 2.0, 3.0, 1.0, 0.0, 0.7))
    assert (found.interaction, found.draw) == (None, None)
    assert found.architecture == pytest.approx(2.0, rel=0.15)
    assert found.residual == pytest.approx(np.hypot(1.0, 0.7), rel=0.1)
    assert found.error == pytest.approx(found.residual / np.sqrt(40))


def test_supervised_scores_have_no_images():
    found = components("test_rmse", made((400, 1, 3), 2.0, 0.0, 0.0, 0.5, 0.7))
    assert (found.image, found.interaction) == (None, None)
    assert found.architecture == pytest.approx(2.0, rel=0.15)
    assert found.residual == pytest.approx(0.7, rel=0.1)
    assert found.draw == pytest.approx(0.5, rel=0.9)


def test_equal_architectures_differ_by_the_least_difference_in_one_of_twenty_pairs():
    scores = made((400, 4, 2), 0.0, 3.0, 0.6, 0.5, 0.7)
    found = components("peak_rmse", scores)
    assert found.difference is not None
    apart = told_apart(scores.mean(axis=(1, 2)), found.difference)
    assert apart == pytest.approx(0.05, abs=0.02)


def test_anova_identity_without_chance():
    """Scores that are an architecture's number and an image's: nothing is left over."""
    scores = (np.arange(5.0)[:, None] + np.array([0.0, 10, 30]))[:, :, None]
    found = components("peak_rmse", scores)
    assert found.residual == pytest.approx(0, abs=1e-9)
    assert found.architecture == pytest.approx(np.arange(5.0).std(ddof=1))
    assert found.image == pytest.approx(np.std([0, 10, 30], ddof=1))


def test_largest_block_with_several_seeds_is_used(make_table, score_runs, bilinear, tmp_path):
    """Twelve architectures have a second seed on two of the images; one of them lacks a fit."""
    rng = np.random.default_rng(0)
    chosen = bilinear[:12]

    def dip(a, image, seed):
        there = seed == 0 or (a in chosen and image in "pq" and (a, image) != (chosen[0], "q"))
        return 20.0 - a.depth + rng.normal() if there else NotImplemented

    def supervised(a, seed):
        return 12.0 + a.slc + rng.normal() if seed == 0 or a in chosen else NotImplemented

    runs = score_runs(bilinear, dip, supervised, seeds=(0, 1))
    found = between_seeds(load(make_table(tmp_path, runs=runs)), "denoise25")
    sizes = {(c.column, c.count, c.images, c.seeds) for c in found.components}
    assert ("peak_rmse", 11, 2, 2) in sizes
    assert ("test_rmse", 12, 1, 2) in sizes
    assert found.columns[0].all.count == 11


def test_one_seed_says_nothing_of_seeds(small_folder):
    found = between_seeds(load(small_folder), "denoise25")
    assert (found.columns, found.components) == ((), ())
