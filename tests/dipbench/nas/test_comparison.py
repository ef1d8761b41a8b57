"""Comparisons: pairs, budgets, the same result however many processes; files and errors."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from dipbench import NotInTable, load
from dipbench.cli import main
from dipbench.nas import ALGORITHMS, Problem, compare
from dipbench.nas.algorithms.random_search import random_search
from dipbench.nas.repeated import default_seconds

FAST = ("random_search", "local_search", "regularized_evolution", "hyperband", "dip_guided")


@pytest.fixture(scope="module")
def problem(small):
    return Problem(table=small)


@pytest.fixture(scope="module")
def found(problem):
    return compare(problem, FAST, repeats=12, seconds=100, seed=3)


def test_every_algorithm_is_repeated_within_the_budget(found):
    assert list(found.searches) == list(FAST)
    assert found.repeats == 12
    assert found.final.shape == (5, 12)
    every = [s for searches in found.searches.values() for s in searches]
    assert all(0 < s.incumbents[0].clock <= s.incumbents[-1].clock <= 100 for s in every)
    assert len({s.incumbents for s in found.searches["random_search"]}) > 6


def test_by_default_all_algorithms_and_a_tenth_of_the_space(problem):
    found = compare(problem, repeats=1)
    assert list(found.searches) == list(ALGORITHMS)
    assert (
        found.problem.budget.seconds == default_seconds(problem) == problem.total_seconds * 5 / 12
    )


def test_the_default_budget_of_a_small_space_is_all_of_it(small):
    pair = Problem(table=small, within=Problem(table=small).architectures[:2])
    assert default_seconds(pair) == pair.total_seconds


def test_the_default_budget_of_a_large_space_is_a_tenth(made_up_core64):
    problem = Problem(table=load(made_up_core64))
    assert len(problem.architectures) == 372
    assert default_seconds(problem) == pytest.approx(problem.total_seconds / 10)


def test_the_budget_of_the_problem_is_kept(problem):
    assert compare(problem.fresh(seconds=50), FAST[:1], repeats=1).problem.budget.seconds == 50


def test_in_a_repeat_all_have_the_same_random_numbers(problem):
    twice = {"random_search": random_search, "again": random_search}
    one, other = compare(problem, twice, repeats=5).searches.values()
    assert one == other


def test_the_result_does_not_depend_on_the_number_of_processes(small):
    problem = Problem(table=small, seed="random", rng=np.random.default_rng(0))
    alone, together = (
        compare(problem, ("hyperband", "gaussian_process"), repeats=3, seed=5, jobs=jobs)
        for jobs in (1, 2)
    )
    assert alone.searches == together.searches
    other = compare(problem, ("hyperband",), repeats=3, seed=6)
    assert other.searches["hyperband"] != alone.searches["hyperband"]


def test_fewer_repeats_are_the_first_of_more(problem, found):
    fewer = compare(problem, FAST[1:3], repeats=4, seconds=100, seed=3)
    for name, searches in fewer.searches.items():
        assert searches == found.searches[name][:4]


def test_the_summary_says_who_is_better(found):
    summary = found.summary.set_index("algorithm")
    final = dict(zip(FAST, found.final, strict=True))
    baseline = final["random_search"]
    assert list(summary["mean_rank"]) == sorted(summary["mean_rank"])
    assert summary["mean_rank"].mean() == pytest.approx(3)
    for name in FAST:
        row = summary.loc[name]
        assert row["regret_median"] == np.median(final[name])
        assert row["regret_q25"] <= row["regret_median"] <= row["regret_q75"]
        assert row["evaluations"] == np.mean([s.evaluations for s in found.searches[name]])
        if name == "random_search":
            assert row[["better", "worse", "p", "p_holm"]].isna().all()
            continue
        assert row["better"] == (final[name] < baseline).sum()
        assert row["worse"] == (final[name] > baseline).sum()
        differences = final[name] - baseline
        assert row["p"] == wilcoxon(differences[differences != 0]).pvalue
        assert row["p"] <= row["p_holm"] <= 1


def test_without_random_search_nothing_is_tested(problem):
    assert compare(problem, FAST[1:3], repeats=2).summary["p"].isna().all()


def test_curves_are_the_quartiles_of_the_incumbents_regret(found):
    for name, curve in found.curves.groupby("algorithm"):
        searches = found.searches[name]
        assert curve["seconds"].iloc[0] == max(s.incumbents[0].clock for s in searches)
        assert curve["seconds"].iloc[-1] == pytest.approx(100)
        for row in (curve.iloc[0], curve.iloc[len(curve) // 2], curve.iloc[-1]):
            regret = [
                [i.regret for i in s.incumbents if i.clock <= row["seconds"]][-1] for s in searches
            ]
            assert row[["q25", "median", "q75"]].tolist() == pytest.approx(
                np.quantile(regret, (0.25, 0.5, 0.75)).tolist()
            )


def test_files(found, tmp_path):
    before = set(sys.modules)
    files = found.save(tmp_path / "new" / "folder")
    assert "matplotlib.pyplot" not in set(sys.modules) - before  # no global figures, no window
    assert [path.name for path in files] == ["regret.png", "summary.csv", "curves.csv", "runs.csv"]
    pixels = matplotlib.image.imread(files[0])
    assert pixels.shape[1] > 1000
    blue = np.abs(pixels[..., :3] - [0x56 / 255, 0xB4 / 255, 0xE9 / 255]).max(axis=-1) < 0.01
    assert blue.sum() > 500  # the second algorithm's line
    summary, curves, runs = (pd.read_csv(path) for path in files[1:])
    pd.testing.assert_frame_equal(summary, found.summary, check_dtype=False)
    pd.testing.assert_frame_equal(curves, found.curves)
    assert list(runs) == ["algorithm", "repeat", "evaluations", "architecture", "regret"]
    assert runs["regret"].tolist() == found.final.ravel().tolist()
    assert runs["architecture"][0] in map(str, found.problem.architectures)


def test_the_figure_in_the_format_of_a_paper_is_the_same_each_time(found, tmp_path):
    (pdf, *_), (first, *_), (second, *_) = (
        found.save(tmp_path / name, format)
        for name, format in (("a", "pdf"), ("b", "svg"), ("c", "svg"))
    )
    assert [path.name for path in (pdf, first)] == ["regret.pdf", "regret.svg"]
    assert pdf.read_bytes().startswith(b"%PDF")
    assert first.read_bytes().startswith(b"<?xml")
    assert first.read_bytes() == second.read_bytes()


def test_an_unknown_format_writes_nothing(found, tmp_path):
    with pytest.raises(ValueError, match="format is 'gif'; expected one of png, pdf, svg"):
        found.save(tmp_path / "new", "gif")
    assert not (tmp_path / "new").exists()


def test_one_algorithm_is_drawn_too(problem, tmp_path):
    for names in (["random_search"], ["local_search"]):
        assert compare(problem, names, repeats=2).save(tmp_path)[0].exists()


def test_without_matplotlib_the_message_says_what_to_install(found, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'dipbench\[nas\]'"):
        found.save(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"algorithms": ["magic"]}, "algorithm is 'magic'; expected one of random_search"),
        ({"algorithms": []}, "no algorithm; expected some of random_search"),
        ({"repeats": 0}, "repeats is 0; expected an integer of at least 1"),
        ({"jobs": 0}, "jobs is 0; expected"),
        ({"jobs": 1.5}, "jobs is 1.5; expected"),
        ({"seed": -1}, "seed is -1; expected"),
        ({"seconds": -1.0}, "seconds is -1.0; expected"),
        ({"seconds": float("nan")}, "seconds is nan; expected"),
        ({"seconds": float("inf")}, "expected a budget that ends"),
        ({"seconds": 3.0}, r"random_search evaluated no architecture within 3 s .*cost 192 s"),
    ],
)
def test_errors(problem, settings, message):
    with pytest.raises(ValueError, match=message):
        compare(problem, **({"algorithms": FAST[:1], "repeats": 2} | settings))


def test_an_error_in_another_process_arrives(problem):
    with pytest.raises(ValueError, match="evaluated no architecture"):
        compare(problem, FAST[:1], repeats=4, seconds=3.0, jobs=2)


def test_objectives_that_cannot_be_compared(small, holey):
    with pytest.raises(ValueError, match="macs cost no time"):
        compare(Problem("macs", table=small))
    with pytest.raises(ValueError, match=r"without a test RMSE: 1 of 5, such as d2-s-bil"):
        compare(Problem("dip_rmse", table=holey))


def test_dip_guided_search_needs_fits(make_searchable):
    table = make_searchable(["d1-s-bilinear-w8"], images=())
    with pytest.raises(NotInTable, match="no dip run"):
        compare(Problem(table=table), ["dip_guided"], repeats=1)


# The command


@pytest.fixture
def command(capsys, tmp_path, small_folder):
    """command(*arguments): exit code, standard output and standard error."""

    def call(*arguments):
        given = ["compare", "--table", small_folder, "--out", tmp_path / "out", *arguments]
        code = main([str(argument) for argument in given])
        return code, *capsys.readouterr()

    return call


SHORT = ("--repeats", 3, "--algorithms", "random_search,hyperband")


def test_the_command_prints_the_summary_and_the_files(command, tmp_path):
    code, out, err = command(*SHORT)
    assert (code, err) == (0, "")
    first, header, *rows = out.splitlines()
    assert first.startswith("12 architectures of synthetic-v1, denoise25, 80 s, 3 repeats;")
    assert header.split()[:2] == ["algorithm", "evaluations"]
    assert {row.split()[0] for row in rows[:2]} == {"random_search", "hyperband"}
    names = ("regret.png", "summary.csv", "curves.csv", "runs.csv")
    assert rows[-4:] == [str(tmp_path / "out" / name) for name in names]
    assert "the least difference that seeds let one tell" in rows[2]


@pytest.mark.parametrize(("option", "value"), [("--repeats", "0"), ("--jobs", "-1")])
def test_counts_that_are_not_positive_are_refused_by_the_option(command, capsys, option, value):
    with pytest.raises(SystemExit, match="2"):
        command(*SHORT, option, value)
    said = f"argument {option}: '{value}'; expected a positive integer"
    assert said in capsys.readouterr().err


def test_json_says_the_same_for_programs(command, small):
    settings = ("--seconds", 60, "--rng-seed", 4, "--runs", 1)
    said = json.loads(command(*SHORT, *settings, "--json")[1])
    assert said["objectives"] == ["supervised_rmse_val"]
    asked = {"seconds": 60.0, "repeats": 3, "seed": 4, "runs": 1, "task": "denoise25"}
    assert asked.items() <= said.items()
    problem = Problem(table=small, seed=1)
    expected = compare(problem, ["random_search", "hyperband"], repeats=3, seconds=60, seed=4)
    assert said["algorithms"] == expected.as_dict()["algorithms"]


@pytest.mark.parametrize("runs", ["mean", "random"])
def test_which_runs(command, runs):
    assert json.loads(command(*SHORT, "--runs", runs, "--json")[1])["runs"] == runs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--algorithms", "magic"), "algorithm is 'magic'; expected one of"),
        (("--objective", "psnr"), "objective is 'psnr'; expected one of"),
        (("--task", "sharpen"), "task 'sharpen' was not measured; expected one of"),
        (("--runs", "7"), "seed 7 measured; the table has seeds 0, 1"),
        (("--runs", "each"), "runs is 'each'; expected mean, random or a seed"),
        (("--seconds", "-5"), "seconds is -5.0; expected"),
        (("--seconds", "nan"), "seconds is nan; expected"),
        (("--seconds", "1"), "random_search evaluated no architecture within 1 s"),
        (("--rng-seed", "-1"), "seed is -1; expected"),
    ],
)
def test_errors_of_use_are_one_line(command, arguments, message):
    code, out, err = command(*SHORT, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_folder_that_cannot_be_made(command, tmp_path):
    (tmp_path / "out").write_text("a file")
    code, out, err = command(*SHORT)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_what_one_algorithm_alone_does_not_have_is_written_as_a_dash(small):
    text = str(compare(Problem(table=small), ["random_search"], repeats=1, seconds=30.0, jobs=1))
    assert "None" not in text
    assert "nan" not in text
    (row,) = [line for line in text.splitlines() if line.strip().startswith("random_search")]
    assert row.split()[-4:] == ["-"] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the workers")
def test_ctrl_c_ends_all_processes_with_one_line(tmp_path):
    """As a terminal sends it: to the command and to its workers."""
    command = [sys.executable, "-m", "dipbench", "compare", "--jobs", "2", "--repeats", "20000"]
    command += ["--algorithms", "random_search", "--out", str(tmp_path / "out")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    end = time.monotonic() + 60
    while len(children.read_text().split()) < 3:  # two workers, and what watches over them
        assert running.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(1)
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors.strip()) == (130, "stopped")
    assert not (tmp_path / "out").exists()
