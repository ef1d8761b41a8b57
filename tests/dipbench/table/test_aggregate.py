"""Means, spreads and counts against numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipbench.table.aggregate import Clock, mean, psnr, reference_clock, seed_std, summarise
from dipbench.table.schema import ARCHITECTURES

MEANS = [
    "supervised_rmse",
    "supervised_rmse_val",
    "supervised_psnr",
    "supervised_test_std",
    "supervised_seconds",
    "dip_rmse",
    "dip_final_rmse",
    "dip_averaged_rmse",
    "dip_averaged_final_rmse",
    "dip_stopped_rmse",
    "dip_exact_rmse",
    "dip_averaged_exact_rmse",
    "dip_unperturbed_rmse",
    "dip_psnr",
    "dip_seconds",
]
STDS = ["supervised_std", "dip_std"]
COUNTS = ["n_seeds", "n_images", "n_fits", "n_censored", "n_failed"]
NAME = "d1-s-bilinear-w8"


@pytest.fixture
def supervised(make_run):
    return [make_run(NAME, "supervised", seed, score) for seed, score in enumerate((10, 14, 15))]


@pytest.fixture
def fits(make_run):
    scores = {("easy", 0): 10, ("easy", 1): 14, ("hard", 0): 40, ("hard", 1): 42}
    return [make_run(NAME, "dip", seed, score, i) for (i, seed), score in scores.items()]


def clock_of(runs):
    return Clock(runs[0]["device"], runs[0]["engine"])


def test_summary_has_every_measured_column():
    columns = [column.name for column in ARCHITECTURES]
    assert list(summarise([])) == columns[columns.index("supervised_rmse") :]
    assert sorted(summarise([])) == sorted(MEANS + STDS + COUNTS)


def test_supervised_means(supervised):
    found = summarise(supervised)
    assert found["supervised_rmse"] == 13
    assert found["supervised_rmse_val"] == 14
    assert summarise(supervised, clock_of(supervised))["supervised_seconds"] == 8
    assert math.isnan(found["supervised_seconds"])
    assert found["n_seeds"] == 3


def test_supervised_std_is_the_sample_standard_deviation_over_seeds(supervised):
    # 10, 14, 15: deviations -3, 1, 2 from 13, so (9 + 1 + 4) / 2.
    assert summarise(supervised)["supervised_std"] == math.sqrt(7)


def test_dip_means(fits):
    found = summarise(fits, clock_of(fits))
    assert found["dip_rmse"] == 26.5
    assert found["dip_final_rmse"] == 30.5
    assert found["dip_averaged_rmse"] == 24.5
    assert found["dip_averaged_final_rmse"] == 28.5
    assert found["dip_stopped_rmse"] == 27.5
    assert found["dip_seconds"] == 2
    assert (found["n_images"], found["n_fits"], found["n_censored"]) == (2, 4, 0)


def test_dip_std_is_pooled_within_images_so_that_a_hard_image_is_no_noise(fits):
    # 10, 14 about 12: 4 + 4; 40, 42 about 41: 1 + 1; two degrees of freedom remain.
    assert summarise(fits)["dip_std"] == math.sqrt(10 / 2)


def test_dip_std_of_an_unbalanced_design_counts_the_degrees_of_freedom(fits, make_run):
    lone = make_run(NAME, "dip", 0, 90, "seen once")
    third = make_run(NAME, "dip", 2, 18, "easy")
    # 10, 14, 18 about 14: 32 with two degrees; 40, 42: 2 with one; the lone fit has none.
    assert summarise([*fits, lone, third])["dip_std"] == math.sqrt(34 / 3)


def test_dip_mean_of_an_unbalanced_design_weighs_every_fit_alike(fits, make_run):
    assert summarise([*fits, make_run(NAME, "dip", 0, 64, "third")])["dip_rmse"] == 34


def test_nothing_measured_is_nan_with_counts_of_zero():
    found = summarise([])
    assert all(math.isnan(found[name]) for name in MEANS + STDS)
    assert [found[name] for name in COUNTS] == [0] * 5


def test_one_mode_alone_leaves_the_other_empty(supervised, fits):
    assert math.isnan(summarise(supervised)["dip_rmse"])
    assert summarise(supervised)["n_fits"] == 0
    assert math.isnan(summarise(fits)["supervised_rmse"])
    assert summarise(fits)["n_seeds"] == 0


def test_modes_do_not_mix(supervised, fits):
    mixed = summarise([*fits, *supervised])
    for only, prefix in ((summarise(supervised), "supervised"), (summarise(fits), "dip")):
        for name in only:
            if name.startswith(prefix):
                assert mixed[name] == pytest.approx(only[name], abs=0, nan_ok=True), name


def test_std_of_single_seeds_is_nan(supervised, fits):
    assert math.isnan(summarise(supervised[:1])["supervised_std"])
    one_seed = [run for run in fits if run["seed"] == 0]
    assert math.isnan(summarise(one_seed)["dip_std"])


def test_std_of_equal_scores_is_zero(make_run):
    runs = [make_run(NAME, "supervised", seed, 12.3) for seed in range(3)]
    assert summarise(runs)["supervised_std"] == pytest.approx(0, abs=1e-12)


def test_diverged_runs_are_counted_and_left_out(supervised, fits, make_run):
    diverged = [
        make_run(NAME, "supervised", 3, None),
        make_run(NAME, "dip", 2, None, "easy"),
        make_run(NAME, "dip", 2, None, "never finished"),
    ]
    whole = summarise([*supervised, *fits])
    assert summarise([*supervised, *diverged, *fits]) == whole | {"n_failed": 3}


def test_only_diverged_runs_are_nan_and_counted(make_run):
    found = summarise([make_run(NAME, "dip", 0, None, "easy")])
    assert math.isnan(found["dip_rmse"])
    assert (found["n_failed"], found["n_fits"], found["n_images"]) == (1, 0, 0)


def test_censored_peaks_are_counted(make_run):
    censored = [True, False, True, None]
    runs = [make_run(NAME, "dip", s, 20, "i", peak_censored=c) for s, c in enumerate(censored)]
    assert summarise(runs)["n_censored"] == 2


def test_runs_may_come_from_an_iterator(supervised):
    assert summarise(iter(supervised))["supervised_rmse"] == 13


def test_mean_is_of_the_asked_column():
    assert mean([{"x": 1.0, "y": 5.0}, {"x": 2.0, "y": 9.0}], "y") == 7
    assert math.isnan(mean([], "y"))


def test_mean_does_not_lose_small_values_beside_large_ones():
    assert mean([{"x": value} for value in (1e16, 1.0, -1e16, 1.0)], "x") == 0.5


def test_seed_std_is_free_of_a_large_common_offset():
    runs = [{"image": None, "x": 1e8 + value} for value in (0.0, 2.0)]
    assert seed_std(runs, "x") == math.sqrt(2)


scores = st.floats(0.001, 255)
designs = st.lists(st.tuples(st.sampled_from("abc"), scores), min_size=1, max_size=12)


@given(designs, st.randoms(use_true_random=False))
def test_order_of_runs_is_irrelevant_to_the_last_bit(design, random):
    runs = [{"image": image, "x": score} for image, score in design]
    shuffled = random.sample(runs, len(runs))
    assert mean(shuffled, "x").hex() == mean(runs, "x").hex()
    assert seed_std(shuffled, "x").hex() == seed_std(runs, "x").hex()


@given(st.permutations(range(9)))
def test_order_is_irrelevant_to_the_whole_summary(make_run, order):
    runs = [make_run(NAME, "supervised", seed, 0.1 + seed / 3) for seed in range(3)]
    fits = [(seed, image) for seed in range(3) for image in "ab"]
    runs += [make_run(NAME, "dip", seed, 7 / (1 + seed), image) for seed, image in fits]
    assert summarise([runs[i] for i in order]) == summarise(runs)


@given(scores)
def test_a_single_run_is_its_own_mean(score):
    assert mean([{"x": score}], "x") == score


def test_seconds_are_those_of_the_reference_clock_alone(fits):
    """A GPU's seconds for one more image leave the mean as it is; its scores count."""
    clock = clock_of(fits)
    other = fits[0] | {"device": "a GPU", "seconds": 1e-3, "image": "another", "peak_rmse": 100}
    alone, both = summarise(fits, clock), summarise([*fits, other], clock)
    assert both["dip_seconds"] == alone["dip_seconds"] == 2
    assert both["dip_rmse"] != alone["dip_rmse"]


def test_the_reference_clock_measured_every_architecture_in_every_mode():
    def run(key, mode, device):
        return {"key": key, "mode": mode, "device": device, "engine": "kernel"}

    slow = [run(key, mode, "slow") for key in "ab" for mode in ("dip", "supervised")]
    fast = [run(key, "dip", "fast") for key in "ab"] * 5
    assert reference_clock(slow + fast) == Clock("slow", "kernel")
    last = [run("b", "supervised", "fast")]
    assert reference_clock(slow[:-1] + fast + last) is None
    assert reference_clock(fast) == Clock("fast", "kernel")
    both = slow + [run(key, mode, "a") for key in "ab" for mode in ("dip", "supervised")]
    assert reference_clock(both) == Clock("a", "kernel")
    assert reference_clock([*both, slow[0]]) == Clock("slow", "kernel")


def test_psnr_is_in_decibels_of_the_rmse(fits):
    assert psnr(25.5) == pytest.approx(20)
    found = summarise(fits)["dip_psnr"]
    assert found == pytest.approx(sum(psnr(run["peak_rmse"]) for run in fits) / 4)


def test_a_mean_over_a_column_that_a_run_lacks_is_missing(fits):
    assert math.isnan(summarise(fits)["dip_exact_rmse"])
    known = [run | {"exact_peak_rmse": 3.0} for run in fits]
    assert summarise(known)["dip_exact_rmse"] == 3
    assert math.isnan(summarise([*known, fits[0]])["dip_exact_rmse"])
