"""Fitting: candidates find what is there, intervals hold, and the page says what was found."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench import NotInTable, load
from dipbench.cli import main
from dipbench.surrogate.fitting import page
from dipbench.surrogate.fitting.fit import best_noise, fit_surrogate, seed_noise
from dipbench.surrogate.fitting.gaussian import fit_gaussian
from dipbench.surrogate.fitting.learning import Curve, learning_curve
from dipbench.surrogate.fitting.others import fit_ridge
from dipbench.surrogate.fitting.page import Study, as_json, calibration, report
from dipbench.surrogate.fitting.sample import Sample
from dipbench.surrogate.fitting.validation import accuracy, cross_validated, fitted
from dipbench.surrogate.interval import Spread, quantile
from dipbench.surrogate.surrogate import TARGETS
from dipbench.table.difficulty import difficulty


@pytest.fixture(scope="module")
def ridge():
    """A surrogate of the embedded table of which ridge is the one candidate."""
    return fit_surrogate(load(), candidates=("ridge",))


def test_ridge_finds_a_quadratic_function():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(120, 3))
    targets = np.stack([1 + inputs[:, 0] * inputs[:, 1], 2 - inputs[:, 2] ** 2], axis=1)
    model = fit_ridge(inputs[:80], targets[:80])
    assert model(inputs[80:]) == pytest.approx(targets[80:], abs=1e-3)


def test_a_gaussian_process_finds_a_smooth_function_and_leaves_out_what_does_not_matter():
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-2, 2, size=(100, 3))
    target = np.sin(inputs[:, 0]) + 0.3 * inputs[:, 1]
    groups = [[0], [1], [2]]
    model, hyperparameters = fit_gaussian(inputs[:70], target[:70, None], groups, [1])
    assert model(inputs[70:])[:, 0] == pytest.approx(target[70:], abs=0.05)
    scales = model.scales[0]
    assert scales[2] < 0.2 * scales[0]
    one = np.concatenate([model(row[None]) for row in inputs[70:]])
    assert one == pytest.approx(model(inputs[70:]), abs=1e-9)
    again, _ = fit_gaussian(inputs[:70], target[:70, None], groups, [1], hyperparameters)
    assert again(inputs[70:])[:, 0] == pytest.approx(target[70:], abs=0.05)


def test_far_from_the_sample_a_gaussian_process_goes_on_as_a_line():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(80, 2))
    target = 2 + 0.5 * inputs[:, [0]] + 0.1 * np.sin(5 * inputs[:, [1]])
    far = np.array([[30.0, 0.0], [-30.0, 0.0]])
    (line, _), (flat, _) = (fit_gaussian(inputs, target, [[0], [1]], of) for of in ([0], []))
    assert line(far)[:, 0] == pytest.approx([17.0, -13.0], abs=1)
    assert flat(far)[:, 0] == pytest.approx([target.mean()] * 2, abs=1)
    assert line.only(0)(far) == pytest.approx(line(far))
    one = np.concatenate([line(row[None]) for row in far])
    assert one == pytest.approx(line(far), abs=1e-9)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 200))
def test_so_many_ratios_lie_below_their_quantile(seed, count):
    ratios = np.random.default_rng(seed).exponential(size=count)
    below = (ratios <= quantile(ratios)).mean()
    assert 0.9 <= below <= 0.9 + 2 / count + 1e-9


def test_too_few_ratios_say_nothing():
    assert quantile(np.arange(8.0)) == math.inf
    assert quantile(np.arange(9.0)) == 8.0


def test_intervals_are_wider_where_errors_are_larger():
    rng = np.random.default_rng(0)
    shape = np.stack([np.ones(600), rng.normal(size=600)], axis=1)
    shape = np.hstack([shape, np.zeros((600, 4))])
    errors = rng.normal(size=(600, 1)) * np.exp(shape[:, 1:2])
    half = Spread.of(shape[:400], np.ones(400), errors[:400])(shape[400:], np.ones(200))
    inside = np.abs(errors[400:]) <= half
    assert inside.mean() == pytest.approx(0.9, abs=0.06)
    small = shape[400:, 1] < 0
    assert inside[small].mean() == pytest.approx(inside[~small].mean(), abs=0.12)


def test_beyond_the_sample_intervals_are_as_wide_as_at_its_end():
    rng = np.random.default_rng(0)
    shape = np.hstack([np.ones((300, 1)), rng.uniform(0, 1, (300, 1)), np.zeros((300, 4))])
    errors = rng.normal(size=(300, 1)) * np.exp(3 * shape[:, 1:2])
    spread = Spread.of(shape, np.ones(300), errors)
    ends = np.tile(spread.ends[1], (2, 1))
    ends[1, 1] = 5.0
    end, beyond = spread(ends, np.ones(2))
    assert beyond == pytest.approx(end)


def test_a_surrogate_of_the_embedded_table(ridge):
    surrogate, validation = ridge
    assert surrogate.rows == len(validation.sample.names) == 372
    assert set(validation.chosen) == {"ridge"}
    for score in validation.scores["ridge"]:
        assert score.tau > 0.84
        assert score.coverage == pytest.approx(0.9, abs=0.03)
    found = surrogate.predict_at(range(372))
    assert np.corrcoef(np.log(found[:, 0]), validation.sample.logarithms[:, 0])[0, 1] > 0.99


def test_noise_is_that_of_the_table_s_seeds():
    table = load()
    scores = [[r for r in table.runs.to_pylist() if r["mode"] == "supervised" and r["seed"] == s]
              for s in (0, 1, 2)]  # fmt: skip
    columns = [[r["test_rmse"] for r in sorted(of, key=lambda r: r["key"])] for of in scores]
    expected = difficulty(np.array(columns).T, {}).noise
    assert best_noise(table, "denoise25")["supervised_rmse"] == pytest.approx(expected)
    assert 0.005 < seed_noise(table, "denoise25")["supervised_rmse"] < 0.02


def test_the_page_says_what_was_found(ridge):
    surrogate, validation = ridge
    curves = learning_curve(validation, [0], np.random.default_rng(0))
    (curve,) = curves
    assert curve.sizes == (40, 80, 160, 335)
    assert curve.rmse[-1] < curve.rmse[0]
    assert curve.doubled < curve.median[-1] < curve.median[0]
    study = Study(surrogate, validation, curves)
    page = " ".join(report(study).split())
    assert "372 measured architectures of core64-v1" in page
    assert "## Would more measurements help?" in page
    said = json.loads(json.dumps(as_json(study), allow_nan=False))
    assert said["about"]["rows"] == 372
    assert [row[0] for row in said["coverage"]["depth"]] == list("12345")
    assert len(said["candidates"]["ridge"]) == len(TARGETS)


def test_twice_as_many_rows_follow_the_power_law_of_all_sizes():
    sizes = (40, 80, 160, 300)
    medians = tuple(3 * size**-0.5 for size in sizes)
    curve = Curve(0, sizes, (0.0,) * 4, (9.0,) * 4, medians)
    assert curve.doubled == pytest.approx(medians[-1] / math.sqrt(2))


@pytest.mark.parametrize(
    ("last", "word"), [(1.0, "twice as many would leave 0."), (1e-4, "hardly")]
)
def test_where_measurements_err_as_much_more_rows_would_hardly_help(ridge, last, word):
    surrogate, validation = ridge
    curve = Curve(0, (40, 80), (0.5, 0.6), (1.0, 1.0), (2 * last, last))
    page = " ".join(report(Study(surrogate, validation, [curve])).split())
    assert f"a median error of {last:.3f} from 80 rows" in page
    assert word in page.partition("from 80 rows")[2][:150]


def test_where_nothing_predicts_a_target_its_mean_is_chosen(made_of_noise):
    sample, validation = made_of_noise
    place = TARGETS.index("dip_seconds")
    assert validation.chosen[place] == "mean"
    assert validation.scores["mean"][place].tau == 0.0
    assert validation.scores["mean"][place].r2 == pytest.approx(0, abs=0.05)
    assert validation.scores["mean"][place].coverage == pytest.approx(0.9, abs=0.05)
    assert validation.chosen[0] == "ridge"
    model, _ = fitted("mean", sample, [place])
    assert model(sample.inputs[:2]) == pytest.approx(
        np.full((2, 1), sample.logarithms[:, place].mean())
    )
    assert accuracy(np.arange(5.0), np.ones(5))[0] == 0.0


@pytest.fixture(scope="module")
def made_of_noise():
    """The embedded table, but for one target, which depends on nothing."""
    sample = Sample.of(load(), "denoise25")
    values = sample.values.copy()
    values[:, -1] = np.exp(np.random.default_rng(0).normal(0, 0.1, len(values)))
    changed = replace(sample, values=values)
    kinds = ("ridge", "mean")
    return changed, cross_validated(changed, np.random.default_rng(0), kinds)


def test_intervals_of_every_share_hold_it(ridge):
    found = calibration(ridge[1])
    assert found[0.9] == pytest.approx([score.coverage for score in ridge[1].scores["ridge"]])
    for level, shares in found.items():
        assert shares == pytest.approx([level] * len(TARGETS), abs=0.05)
    for lower, higher in pairwise(found.values()):
        assert all(a < b for a, b in zip(lower, higher, strict=True))


def test_too_few_rows_are_refused(table):
    with pytest.raises(NotInTable, match="expected at least 40"):
        Sample.of(table, "denoise25")


# The command, before it computes anything


@pytest.fixture
def untouched(monkeypatch):
    """Nothing may be fitted."""
    monkeypatch.setattr(page, "fit_surrogate", None)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("place", ["--out", "--store"])
def test_a_place_that_cannot_be_written_is_found_first(tmp_path, capsys, place):
    (tmp_path / "file").write_text("")
    command = ["surrogate", "--out", str(tmp_path / "out"), place, str(tmp_path / "file" / "s.npz")]
    assert main(command) == 2
    assert f"cannot write to {tmp_path / 'file' / 's.npz'}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_task_that_was_not_measured_is_named_with_those_that_were():
    with pytest.raises(
        NotInTable, match=r"task 'nope' was not measured; expected one of denoise25"
    ):
        fit_surrogate(load(), "nope")


def test_what_fitting_needs_is_named_with_how_to_install_it(python):
    script = (
        "import sys\nsys.modules['scipy'] = None\n"
        "from dipbench.cli import main\nsys.exit(main(['surrogate']) - 2)"
    )
    assert "scipy is not installed; expected pip install 'dipbench[nas]'" in python(script).stderr
