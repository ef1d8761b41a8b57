"""What the verdicts rest on: shares of a few, skips, kinds of pairs, noise, stopping."""

import numpy as np
import pytest

from dipbench import load
from dipbench.kendall import kendall
from dipbench.reports.findings.checks import checks, pair_kinds, skip_effects
from dipbench.reports.findings.hardness import hardness
from dipbench.reports.findings.noise import repeated
from dipbench.reports.findings.stopping import caveat, stopping
from dipbench.reports.findings.transfer import Scored, agreements_of, reliability_of


def rng():
    return np.random.default_rng(0)


def test_a_few_may_carry_all_of_the_variance(core64, make_panel_of):
    shallow = core64["depth"] == 1
    found = checks(make_panel_of(core64, 9.0 * shallow, core64["slc"]), rng(), 5)
    count, share = found.shallow
    assert count == 12
    assert share == pytest.approx(360 / 372)
    assert list(found.intervals) == ["images and seeds", "architectures", "all three"]


def test_parts_lose_the_trend_that_the_rest_has(core64, make_panel_of):
    """Supervised RMSE rises with depth only where there is no skip, for there it is SLC."""
    found = checks(make_panel_of(core64, -core64["depth"], core64["slc"]), rng(), 2)
    named = {group.name: group for group in found.groups}
    assert named["all"].dip == named["depth ≥ 3, bilinear"].dip == -1
    assert named["all"].supervised == 0
    assert named["depth ≥ 2"].count == 360
    assert named["without one"].count == 30
    assert np.isnan(named["without one"].dip)
    shares = named["all"].shares["values"]
    assert max(shares, key=lambda name: shares[name]) == "depth"


def test_a_skip_is_compared_with_all_else_equal(core64, make_panel_of):
    """A skip at level 0 costs 2 with bilinear up-sampling, and one at level 1 saves 1."""
    zero, one = (core64["skips"].str.contains(digit) for digit in "01")
    bilinear = core64["upsample"] == "bilinear"
    dip = 20 + 2.0 * (zero & bilinear) + core64["depth"]
    found = skip_effects(make_panel_of(core64, dip, 15 - 1.0 * one))
    by = {(e.level, e.upsample): e for e in found}
    assert by[0, "bilinear"].dip == pytest.approx(2)
    assert by[0, "nearest"].dip == pytest.approx(0)
    assert by[1, "nearest"].supervised == pytest.approx(-1)
    assert by[0, "bilinear"].pairs == 62  # both widths of the 31 skeletons with it
    assert len(by) == 15


def test_kinds_of_pairs_add_up_to_all(core64, make_panel_of):
    generator = rng()
    panel = make_panel_of(core64, core64["slc"] + generator.normal(0, 0.1, 372), -core64["slc"])
    found = {kind.name: kind for kind in pair_kinds(panel)}
    assert sum(kind.pairs for kind in found.values()) == 372 * 371 // 2
    assert found["equal depth, other SLC"].tau < -0.99
    assert found["equal depth, equal SLC"].tau == 0


def test_an_order_within_a_part_may_be_noise(core64, make_panel_of):
    """SLC makes the order of all; within SLC 0 nothing is left but the weights' own chance."""
    generator = rng()
    chance = generator.normal(0, 0.1, (372, 3))
    panel = make_panel_of(
        core64, rng().normal(size=(372, 2, 3)), core64["slc"].to_numpy()[:, None] + chance
    )
    found = {each.name: each for each in repeated(panel)}
    everywhere, at_zero = found["all"].test, found["SLC 0"].test
    assert everywhere is not None
    assert everywhere > 0.6
    assert at_zero is not None
    assert abs(at_zero) < 0.1
    assert found["SLC 0"].same == pytest.approx(1)
    assert found["SLC 0, width 16"].count == 93
    chosen = found["SLC 0"].chosen
    assert chosen is not None
    assert abs(chosen) < 0.1


def test_what_a_predictor_without_error_reaches(core64, make_panel_of):
    """More than one seed tells of another, for the mean that it is judged by errs less."""
    generator = rng()
    truth = generator.normal(0, 1, 372)
    scores = truth[:, None] + generator.normal(0, 0.5, (372, 3))
    (found, *_) = repeated(make_panel_of(core64, rng().normal(size=(372, 2)), scores))
    assert found.reach == pytest.approx(kendall(truth, scores.mean(axis=1)), abs=0.02)
    assert found.test is not None
    assert found.reach is not None
    assert found.reach > found.test + 0.08
    (alone, *_) = repeated(make_panel_of(core64, rng().normal(size=(372, 2)), scores[:, 0]))
    assert alone.reach is None


def test_hardness_takes_the_seeds_of_both_modes(core64, make_panel_of):
    dip = rng().normal(size=(372, 4, 2))
    panel = make_panel_of(core64, dip, np.arange(372.0)[:, None] + [0, 0.1, 0.2])
    found = hardness(panel)
    assert (found["peak_rmse"].seeds, found["test_rmse"].seeds) == (2, 3)
    assert found["test_rmse"].tied == 1
    assert found["peak_rmse"].best == pytest.approx(dip.mean(axis=(1, 2)).min())
    assert {rule.name for rule in found["test_rmse"].rules} >= {"most MACs", "least SLC"}


@pytest.mark.parametrize(("early", "said"), [(8, False), (300, True)])
def test_a_rule_that_comes_too_late_is_said_to(
    make_table, score_runs, bilinear, tmp_path, early, said
):
    """All fits peak at iteration 4; the first choice is possible at the end of the window."""
    runs = score_runs(bilinear, lambda a, i, s: 20.0, lambda a, s: 12.0)
    if early == 8:
        runs = [run | {"peak_iteration": 50, "stopped_iteration": 60} for run in runs]
    protocol = {"name": "p-v1", "dip": {"iterations": 1000, "stop_window": early}}
    (found,) = stopping(load(make_table(tmp_path, runs=runs, protocol=protocol)), "denoise25")
    assert (found.upsample, found.fits, found.early) == ("bilinear", 62 * 4, float(said))
    assert ("cannot choose before iteration 300, when 100% of" in caveat((found,))) is said


def test_reliability_steps_up_from_halves_to_the_whole():
    generator = np.random.default_rng(1)
    truth = generator.normal(size=(4000, 1))
    found = reliability_of((truth + generator.normal(0, 1, (4000, 4)))[:600], halves=True)
    assert found == pytest.approx(0.8, abs=0.04)  # 1 / (1 + 1/4)
    single = reliability_of((truth + generator.normal(0, 1, (4000, 3)))[:600], halves=False)
    assert single == pytest.approx(0.75, abs=0.05)
    assert reliability_of(truth, halves=True) is None


def test_the_best_of_one_score_in_another():
    keys = [str(i) for i in range(40)]
    a = Scored("t", "a", dict(zip(keys, map(float, range(40)), strict=True)), 1.0)
    b = Scored("t", "b", dict(zip(keys, map(float, reversed(range(40))), strict=True)), 0.25)
    few = Scored("t", "few", {"0": 1.0}, None)
    (found,) = agreements_of([a, b, few])
    assert (found.first, found.second, found.count, found.tau) == ("t, a", "t, b", 40, -1)
    assert (found.forth, found.back) == (39, 39)
    assert found.forth_rank == 39 / 40
    assert found.ceiling == pytest.approx(1 / 3)  # 2/pi asin(1/2)
