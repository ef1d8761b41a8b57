"""A surrogate beside measurements that it was not fitted to, drawn at random or named by search."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dipbench import Table, load
from dipbench.cli import main
from dipbench.surrogate.fitting import page
from dipbench.surrogate.fitting.fit import fit_surrogate
from dipbench.surrogate.fitting.page import Study, as_json, report
from dipbench.surrogate.fitting.sample import Sample, measured_alike
from dipbench.surrogate.fitting.unseen import Unseen, unseen
from dipbench.surrogate.fitting.unseen_page import beside
from dipbench.surrogate.interval import Distance, Spread
from dipbench.surrogate.nominees import SCORES, Nominee, write_nominees
from dipbench.table.schema import FILES
from dipbench.table.writing import write_table

TASK = "denoise25"
NAMES = sorted(load().architectures["name"].to_pylist())
HELD_OUT = NAMES[::20]


def _part(folder: Path, names: list[str], protocol: str, **settings: object) -> Table:
    """A table of some architectures of the embedded one, as of another protocol."""
    whole = load()
    keys = [row["key"] for row in whole.architectures.to_pylist() if row["name"] in names]
    every = dict(zip(FILES, (whole.architectures, whole.runs, whole.curves), strict=True))
    rows = {
        file: of.filter(pc.is_in(of["key"], value_set=pa.array(keys))) for file, of in every.items()
    }
    stated = {**whole.manifest, "protocol": whole.manifest["protocol"] | {"name": protocol}}
    if "clock" in settings:
        stated["clock"] = settings.pop("clock")
    stated["protocol"] |= settings
    for made in ("schema_version", "files", "sha256"):
        del stated[made]
    return Table.read(write_table(folder, rows, stated, compression_level=1))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    names = [name for name in NAMES if name not in HELD_OUT]
    return _part(tmp_path_factory.mktemp("drawn"), names, "drawn-v1")


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    folder = tmp_path_factory.mktemp("best")
    return _part(folder, HELD_OUT, "best-v1", streams="drawn-v1")


@pytest.fixture(scope="module")
def fitted(drawn):
    return fit_surrogate(drawn, candidates=("ridge",))


@pytest.fixture(scope="module")
def refitted(drawn, best):
    return fit_surrogate(drawn, candidates=("ridge",), added=best)


def test_what_was_not_fitted_to_is_compared_score_by_score(fitted, drawn):
    surrogate, _ = fitted
    found = unseen(surrogate, drawn, load(), TASK)
    assert found
    assert sorted(found.names) == HELD_OUT
    rows = {row["name"]: row for row in load().architectures.to_pylist()}
    for number, name in enumerate(found.names):
        assert found.measured[number] == pytest.approx([rows[name][score] for score in SCORES])
        index = surrogate.space.index(name)
        expected = surrogate.predict_at([index])[0, : len(SCORES)]
        assert found.predicted[0, number] == pytest.approx(expected)
    members = [surrogate.space.parse(name) for name in found.names]
    assert found.labels["SLC"] == tuple(str(a.slc) for a in members)
    assert found.labels["up-sampling"] == tuple(a.upsample for a in members)
    figures = found.figures()["supervised_rmse"]
    assert figures["tau"] is not None
    assert figures["tau"] > 0.7
    assert figures["inside"] == np.mean(found.inside[:, 0])
    assert found.inside[:, 0].mean() > 0.6
    assert ((np.abs(found.ratios) <= 1) == found.inside).all()
    assert figures["error"] == pytest.approx(np.mean(found.predicted[0] - found.measured, 0)[0])


def test_nothing_unseen_is_none(fitted, drawn):
    assert unseen(fitted[0], drawn, drawn, TASK) is None


def test_scores_are_means_over_the_runs_that_both_have(make_run, make_table, tmp_path):
    name = "d1-s-bilinear-w8"
    few = [make_run(name, "supervised", 0, 10.0), make_run(name, "dip", 0, 20.0, "a")]
    more = [make_run(name, "supervised", 1, 90.0), make_run(name, "dip", 0, 90.0, "b")]
    lacking = [make_run("d2-s-bilinear-w8", "supervised", 0, 11.0)]
    small = Table.read(make_table(tmp_path / "small", few))
    large = Table.read(make_table(tmp_path / "large", few + more + lacking))
    assert measured_alike(small, large, TASK) == {name: [10.0, 11.0, 20.0, 18.0]}
    assert measured_alike(large, small, TASK) == {}


def test_above_and_within_an_interval():
    predicted = np.array([[[2.0] * 4] * 3, [[1.0] * 4] * 3, [[3.0] * 4] * 3])
    found = Unseen("t", ("a", "b", "c"), np.array([[0.5] * 4, [3.0] * 4, [3.5] * 4]), predicted)
    assert found.inside[:, 0].tolist() == [False, True, False]
    assert found.worse[:, 0].tolist() == [False, False, True]
    assert found.errors[:, 0].tolist() == [1.5, -1.0, -1.5]


# Rows of another table, to be fitted to


def test_added_rows_are_fitted_to_and_judge_nothing(refitted, drawn, best):
    surrogate, validation = refitted
    assert surrogate.about["rows"] == 372 - len(HELD_OUT)
    assert surrogate.rows == 372
    assert surrogate.about["added"] == {
        "protocol": "best-v1",
        "sha256": best.sha256,
        "rows": len(HELD_OUT),
    }
    sample = validation.sample
    assert sorted(np.array(sample.names)[~sample.drawn]) == HELD_OUT
    kept = sample.rows(sample.drawn)
    guess = np.exp(validation.predicted["ridge"][sample.drawn, 0])
    error = np.sqrt(((guess - kept.values[:, 0]) ** 2).mean())
    assert validation.scores["ridge"][0].rmse == pytest.approx(error)
    coverage = as_json(Study(surrogate, validation, []))["coverage"]
    assert coverage["all"][0][1] == 372 - len(HELD_OUT)


def test_intervals_are_those_of_the_rows_that_were_drawn(refitted):
    """As if the added rows had no errors to tell of."""
    surrogate, validation = refitted
    sample, drawn = validation.sample, validation.sample.drawn
    errors = sample.logarithms - validation.of_chosen(validation.predicted)
    expected = Spread.of(sample.shape[drawn], validation.distance[drawn], errors[drawn])
    assert surrogate.spread.quantile == pytest.approx(expected.quantile)
    inside = np.abs(validation.of_chosen(validation.ratios)[drawn, 0]) <= 1
    assert inside.mean() == validation.scores["ridge"][0].coverage


def test_a_row_left_out_is_as_far_away_as_a_new_one(fitted):
    _, validation = fitted
    known = Distance.of(validation.sample.inputs)(validation.sample.inputs)
    assert validation.distance.mean() > known.mean()
    here = validation.folds == 0
    inputs = validation.sample.inputs
    expected = Distance.of(inputs[~here])(inputs[here])
    assert validation.distance[here] == pytest.approx(expected)


def test_one_nominee_alone_has_no_tau(best):
    one = beside(_nominees(1.0)[:1], best, TASK)
    assert one.figures()["dip_rmse"]["tau"] is None


def test_an_architecture_that_lacks_a_run_is_no_row(make_run, make_table, tmp_path):
    """Nor does a run count that one alone has."""
    names = NAMES[:12]
    runs = [make_run(name, "supervised", 0, 10.0) for name in names]
    runs += [make_run(name, "dip", 0, 20.0, image) for name in names for image in ("a", "b")]
    runs[-1] = make_run(names[-1], "dip", 0, None, "b")  # diverged
    runs.append(make_run(names[0], "supervised", 1, 99.0))
    table = Table.read(make_table(tmp_path, runs))
    found = measured_alike(table, table, TASK)
    assert list(found) == names[:-1]
    assert found[names[0]][0] == 10.0


def test_rows_that_another_clock_timed_are_refused(drawn, tmp_path):
    other = _part(tmp_path, HELD_OUT, "other-v1", clock={"device": "a GPU", "engine": "torch"})
    with pytest.raises(ValueError, match=r"other-v1 has clock .*a GPU.*; expected .*Xeon"):
        Sample.of(drawn, TASK, other)


def test_without_them_a_surrogate_says_nothing_of_them(fitted):
    assert "added" not in fitted[0].about
    assert fitted[1].sample.drawn.all()


def test_rows_measured_in_another_way_are_refused(drawn, tmp_path):
    other = _part(tmp_path, HELD_OUT, "other-v1", seeds=[0])
    with pytest.raises(ValueError, match=r"other-v1 has seeds \[0\]; expected \[0, 1, 2\]"):
        Sample.of(drawn, TASK, other)


# What search named


def _nominees(promise: float) -> list[Nominee]:
    """As if all had been predicted to be better than they are."""
    rows = {row["name"]: row for row in load().architectures.to_pylist()}
    return [
        Nominee(
            problem,
            ("supervised_rmse_val", "dip_averaged_rmse"),
            name,
            tuple(
                (value - promise, value - promise - 0.5, value - promise + 0.5)
                for value in (rows[name][score] for score in SCORES)
            ),
        )
        for problem, names in (("first", HELD_OUT[:12]), ("second", HELD_OUT[10:]))
        for name in names
    ]


LOOKED_FOR = {
    "supervised validation RMSE": "supervised_rmse_val",
    "DIP averaged peak": "dip_averaged_rmse",
}


@pytest.mark.parametrize(("promise", "word"), [(2.0, "**yes**"), (0.0, "not shown")])
def test_the_page_says_whether_search_exploited_it(refitted, best, promise, word):
    nominees = _nominees(promise)
    study = Study(refitted[0], refitted[1], [], (), nominees, best)
    found = beside(nominees, best, TASK)
    assert found.errors == pytest.approx(np.full((19, 4), -promise), abs=1e-9)
    assert len(found.names) == len(set(found.names)) == len(HELD_OUT)
    text = " ".join(report(study).split())
    assert "353 measured architectures of drawn-v1 and 19 that search named (best-v1)" in text
    assert text.count(word) == 4  # two problems, two scores
    assert text.count("### ") == 2
    rows = {row["name"]: row for row in load().architectures.to_pylist()}
    behind = 0
    for problem, names in (("first", HELD_OUT[:12]), ("second", HELD_OUT[10:])):
        most = max(rows[name]["macs"] for name in names)
        for label, score in LOOKED_FOR.items():
            least = min(rows[name][score] for name in names)
            others = [r for n, r in rows.items() if n not in HELD_OUT and r["macs"] <= most]
            before = min(row[score] for row in others)
            behind += before <= least
            assert f"| {problem} | {label} | {least:.2f} | {before:.2f} |" in text
    assert f"In {behind} of 4 lines the random sample has one at least as good." in text
    assert text.count(HELD_OUT[11]) >= 2  # of both problems
    said = as_json(study)
    assert said["nominees"]["dip_rmse"]["error"] == pytest.approx(-promise, abs=1e-9)
    json.dumps(said, allow_nan=False)


def test_the_page_has_what_it_was_not_fitted_to(fitted, drawn):
    surrogate, validation = fitted
    tested = unseen(surrogate, drawn, load(), TASK)
    assert tested
    text = " ".join(report(Study(surrogate, validation, [], [tested])).split())
    assert "## Tested on core64-v1 19 architectures of core64-v1 are in the space" in text
    deep = np.array(tested.labels["SLC"]) == "2"
    errors, inside = tested.errors[deep, 0].mean(), tested.inside[deep, 0].mean()
    assert f"| SLC 2 | {deep.sum()} | {errors:+.2f}, {inside:.0%} |" in text


def test_nominees_that_nobody_measured_are_an_error(best):
    strangers = [Nominee("p", (), "d9", ((1.0, 0.5, 1.5),) * 4)]
    with pytest.raises(ValueError, match=r"best-v1 has none of the nominees d9"):
        beside(strangers, best, TASK)


@pytest.mark.parametrize("table", [[], ["--add", "core64-v1"]])
def test_what_does_not_fit_is_found_before_anything_is_fitted(table, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(page, "fit_surrogate", None)
    path = write_nominees([Nominee("p", (), "d9", ((1.0, 0.5, 1.5),) * 4)], tmp_path / "best.csv")
    command = ["surrogate", "--out", str(tmp_path / "out"), "--nominees", str(path), *table]
    assert main(command) == 2
    expected = "none of the nominees d9" if table else "expected --add"
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
