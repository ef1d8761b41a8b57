"""Search on predictions: nothing is listed, nothing is free, and noise is what seeds make."""

import math
import pickle

import numpy as np
import pytest

from dipbench import NoSurrogate, NotInTable, Space, predict
from dipbench.nas import ALGORITHMS, Incumbent, Problem, compare, search, trajectory
from dipbench.nas.front import Front, front
from dipbench.nas.predicted import PredictedData
from dipbench.spaces.sizes import all_macs
from dipbench.surrogate.surrogate import TARGETS

UNET = Space("unet64")
TEN_MILLION = 1e7


@pytest.fixture
def core():
    return Problem(space="core64")


def test_core64_is_searched_on_what_predict_says(core):
    a = Space("core64")[7]
    found = core.evaluate(a)
    p = predict(a)
    assert found.values == pytest.approx((p.supervised_rmse_val,), abs=2e-6)
    assert found.seconds == core.clock == pytest.approx(p.supervised_seconds, abs=2e-6)
    assert core.evaluate(a.name).seconds == 0.0
    assert core.features(a).macs == p.macs
    assert len(core.architectures) == 372
    assert core.clock_source.predicted
    fits = Problem("dip_rmse", space="core64").evaluate(a)
    assert fits.seconds == pytest.approx(8 * p.dip_seconds, abs=2e-5)  # of the eight images


def test_regret_is_of_the_objective_the_test_rmse_for_validation(core):
    assert core.report == "supervised_rmse"
    assert min(core.regret(a) for a in core.architectures) == pytest.approx(0.0, abs=2e-6)
    assert Problem("dip_averaged_rmse", space="core64").report == "dip_averaged_rmse"


def test_an_unmeasured_space_has_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr("dipbench.surrogate.surrogate.FOLDER", tmp_path)
    with pytest.raises(NoSurrogate, match="space unet64 has no surrogate for denoise25 yet"):
        Problem("supervised_rmse_val", space="unet64")


def test_what_no_surrogate_predicts_is_named():
    with pytest.raises(NoSurrogate, match="dip_final_rmse is not predicted"):
        Problem("dip_final_rmse", space="core64")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": 0}, "a prediction has no seed"),
        ({"max_macs": 10.0}, "max_macs is 10; expected at least"),
        ({"max_macs": "x"}, "max_macs is 'x'"),
        ({"noise": 1}, "noise is 1; expected a numpy Generator"),
        ({"report": "x"}, "objective is 'x'"),
    ],
)
def test_arguments_are_checked(given, message):
    with pytest.raises(ValueError, match=message):
        Problem(space="core64", **given)


def test_noise_is_drawn_once_per_run_and_as_large_as_said(core):
    noisy = Problem(space="core64", noise=np.random.default_rng(0))
    assert isinstance(noisy._data, PredictedData)
    share = noisy._data.surrogate.about["noise"]["supervised_rmse_val"]
    ratios = [
        math.log(noisy.evaluate(a).values[0] / core.evaluate(a).values[0])
        for a in core.architectures
    ]
    assert np.std(ratios) == pytest.approx(share, rel=0.15)
    a = core.architectures[0]
    assert noisy.evaluate(a).values == noisy.evaluate(a).values
    again = noisy.fresh(np.random.default_rng(0))
    assert again.evaluate(a).values == noisy.evaluate(a).values
    with pytest.raises(ValueError, match=r"noise of .* is not known"):
        Problem(noise=np.random.default_rng(0))


@pytest.mark.parametrize("where", [{"space": "core64"}, {}])
def test_a_limit_of_macs_is_kept_by_all_that_is_offered(where):
    problem = Problem(max_macs=5e6, **where)
    macs = [problem.features(a).macs for a in problem.architectures]
    assert 20 < len(macs) < 372
    assert max(macs) <= 5e6
    rng, a = np.random.default_rng(0), problem.architectures[-1]
    assert all(problem.features(b).macs <= 5e6 for b in problem.neighbours(a))
    assert problem.features(problem.mutate(a, rng)).macs <= 5e6
    with pytest.raises(NotInTable):
        problem.evaluate("d5-s01234-bilinear-w16")


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize(
    "asked",
    [{}, {"max_macs": TEN_MILLION}, {"objectives": ("supervised_rmse_val", "macs")}],
    ids=["all", "limit", "front"],
)
def test_every_algorithm_searches_millions(name, asked, made_up_unet64):
    problem = Problem(**asked, space="unet64", surrogate=made_up_unet64, evaluations=12)
    search(name, problem, np.random.default_rng(0))
    assert problem.evaluations == 12
    macs = [problem.features(e.architecture).macs for e in problem.history]
    assert max(macs) <= asked.get("max_macs", math.inf)


def test_millions_are_counted_and_not_made(made_up_unet64):
    problem = Problem(space="unet64", surrogate=made_up_unet64)
    assert len(problem.architectures) == len(UNET)
    limited = Problem(space="unet64", surrogate=made_up_unet64, max_macs=TEN_MILLION)
    assert len(limited.architectures) == int((all_macs() <= TEN_MILLION).sum())
    assert limited.difficulty
    assert limited.difficulty.architectures == len(limited.architectures)
    mean = limited.total_seconds / len(limited.architectures)
    some = [limited.sample(np.random.default_rng(i)) for i in range(200)]
    expected = np.mean([limited.fresh().evaluate(a).seconds for a in some])
    assert mean == pytest.approx(expected, rel=0.2)
    again = pickle.loads(pickle.dumps(limited))  # noqa: S301 # our own
    assert again == limited
    assert again.evaluate(some[0]).values == limited.evaluate(some[0]).values


def test_how_hard_millions_are_is_counted_over_all_of_them(made_up_unet64):
    problem = Problem(space="unet64", surrogate=made_up_unet64, max_macs=6e6)
    found, scores, macs = problem.difficulty, problem.scores, all_macs()
    macs, count = macs[macs <= 6e6], len(problem.architectures)
    assert count > 100_000
    assert found
    assert found.best == scores.min()
    assert found.tied == (scores - scores.min() <= found.least_difference).sum()
    assert found.draws == (count + 1) / (found.tied + 1)
    missed = (1 - found.tied / count) ** found.draws_95
    assert missed == pytest.approx(0.05, rel=0.05)  # of draws that are not put back
    most = next(rule for rule in found.rules if rule.name == "most MACs")
    assert most.regret == pytest.approx(scores[macs == macs.max()].mean() - scores.min())
    assert len(found.rules) == 8
    assert problem.scores is scores  # predicted once


def test_regret_is_above_the_least_of_all_that_are_offered(made_up_unet64):
    within = [UNET[i] for i in range(0, len(UNET), 40_000)]
    problem = Problem(space="unet64", surrogate=made_up_unet64, within=within)
    scores = made_up_unet64.predict_at([UNET.index(a) for a in within])[
        :, TARGETS.index("supervised_rmse")
    ]
    assert [problem.regret(a) for a in within] == pytest.approx(scores - scores.min(), abs=2e-6)


# Several objectives


def test_the_front_is_what_nothing_beats():
    points = np.random.default_rng(0).integers(1, 30, size=(200, 2)).astype(float)
    found = front(points)
    for point in points:
        beaten = ((found <= point).all(axis=1)).any()
        assert beaten
    for point in found:
        better = (points <= point).all(axis=1) & (points < point).any(axis=1)
        assert not better.any()


def test_hypervolume_counted_by_hand():
    whole = Front(np.array([[1.0, np.e], [np.e, 1.0], [2.0, 2.7]]))
    # The front spans the unit square from (0, 1) to (1, 0); log(2), log(2.7) lies in between.
    x, y = math.log(2), math.log(2.7)
    area = (1.1 * 0.1) + (1.1 - x) * (1 - y) + (1.1 - 1) * y
    assert whole.regret(np.array([[1.0, np.e]])) == pytest.approx(1 - 1.1 * 0.1 / area)
    assert whole.regret(whole.points) == 0.0
    assert whole.regret(np.array([[50.0, 50.0]])) == 1.0


def test_regret_of_a_front_falls_as_it_grows(core):
    problem = Problem(("supervised_rmse_val", "macs"), space="core64")
    some = list(problem.architectures[::9])
    regrets = [problem.front_regret(some[: i + 1]) for i in range(len(some))]
    assert regrets == sorted(regrets, reverse=True)
    assert problem.front_regret(problem.architectures) == 0.0
    with pytest.raises(ValueError, match="expected two for a hypervolume"):
        core.front_regret(some)


def test_noise_of_the_objectives_draws_a_line_for_fronts():
    points = np.exp(np.stack([np.linspace(0, 1, 9), np.linspace(1, 0, 9) ** 2], axis=1))
    whole, rng = Front(points), np.random.default_rng
    assert whole.least_difference((0.0, 0.0), rng(0)) == pytest.approx(0.0, abs=1e-12)
    small, large = (whole.least_difference((share, 0.0), rng(0)) for share in (0.01, 0.03))
    assert 0 < small < large < 0.2
    # The definition: measured twice, the volume of the front differs by less in 95 of 100 cases.
    errors = np.random.default_rng(1).normal(0, 0.03, (4000, 9))
    noisy = (points * np.exp(np.stack([error, 0 * error], axis=1)) for error in errors)
    volumes = np.array([whole._volume(front(each)) for each in noisy]) / whole._volume(points)
    differences = np.abs(volumes[::2] - volumes[1::2])
    assert large == pytest.approx(np.quantile(differences, 0.95), rel=0.1)


def test_a_front_that_seeds_decide_is_told(core):
    """Among the best of both modes no two differ by more than their seeds."""
    both = Problem(("supervised_rmse_val", "dip_averaged_rmse"))
    assert both.least_difference > 0.5
    costs = Problem(("supervised_rmse_val", "macs"), space="core64")
    assert 0.02 < costs.least_difference < 0.2
    one_seed = Problem(("supervised_rmse_val", "macs"), task="inpaint50")
    assert math.isnan(one_seed.least_difference)
    assert "is not known" in compare(one_seed, ("random_search",), repeats=1).verdict
    found = compare(costs, ("random_search", "local_search"), repeats=2, seconds=2000)
    assert found.least_difference == costs.least_difference
    assert "is not known" not in found.verdict


# What a difference means


def test_a_search_says_how_much_of_its_regret_is_noise(core):
    for a in core.architectures[:40]:
        core.evaluate(a)
    for incumbent in trajectory(core):
        assert isinstance(incumbent, Incumbent)
        assert incumbent.least_difference == core.least_difference > 0
        assert incumbent.tied == (incumbent.regret <= core.least_difference)


def test_a_ranking_that_is_noise_is_called_that():
    problem = Problem(space="core64")
    names = ("random_search", "local_search")
    found = compare(problem, names, repeats=2, seconds=problem.total_seconds)
    assert "This ranking is noise" in found.verdict
    assert found.summary["tied"].all()
    assert problem.difficulty
    assert found.as_dict()["difficulty"]["tied"] == problem.difficulty.tied > 1


def test_beside_another_space_it_says_how_hard_core64_is(made_up_unet64, core):
    within = [UNET[i] for i in range(0, len(UNET), 80_000)]
    problem = Problem(space="unet64", surrogate=made_up_unet64, within=within)
    said = str(compare(problem, ("random_search",), repeats=1))
    found = core.difficulty
    assert found
    assert f"In core64, on predictions and without a limit: {found.tied} of 372" in said
    assert "In core64" not in str(compare(core, ("random_search",), repeats=1))


def test_compare_takes_fronts_and_limits():
    for asked in ({"objectives": ("supervised_rmse_val", "macs")}, {"max_macs": 5e6}):
        problem = Problem(**asked, space="core64", noise=np.random.default_rng(0))
        found = compare(problem, ("random_search", "regularized_evolution"), repeats=2)
        assert (found.final >= 0).all()
        assert "regret of" in str(found)
        assert not found.as_dict()["clock"].startswith("None")


def test_difficulty_of_a_table_is_that_of_its_seeds():
    problem = Problem()
    found = problem.difficulty
    assert found
    assert (found.architectures, found.seeds) == (372, 3)
    assert found.tied == sum(
        problem.regret(a) <= found.least_difference for a in problem.architectures
    )
    most_macs = next(rule for rule in found.rules if rule.name == "most MACs")
    best = max(problem.architectures, key=lambda a: problem.features(a).macs)
    assert most_macs.regret == pytest.approx(problem.regret(best), abs=0.2)
