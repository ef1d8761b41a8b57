"""Seconds of different devices never mix: one reference clock is charged for every run."""

import pytest

from dipbench import Architecture, NotInTable, load, query
from dipbench.nas import Problem, compare
from dipbench.table.table import Table

A, B = "d1-s0-bilinear-w8", "d2-s-nearest-w16"
FAST = {"device": "fast", "engine": "gated", "seconds": 1.0}


@pytest.fixture
def make(tmp_path, make_run, make_table):
    def make(runs, **stated):
        return Table.read(make_table(tmp_path, runs, **stated))

    return make


def test_a_run_costs_its_architecture_s_seconds_whichever_device_measured_it(make, make_run):
    fits = [
        make_run(A, "dip", 0, 20.0, "camera-a", seconds=4.0),
        make_run(A, "dip", 0, 21.0, "camera-b", seconds=6.0),
        make_run(A, "dip", 1, 22.0, "camera-a", **FAST),
    ]
    problem = Problem("dip_rmse", table=make(fits))
    assert problem.evaluate(A).seconds == 3 * 5.0
    drawn = Problem("dip_rmse", table=make(fits), seed=1)
    assert drawn.evaluate(A).seconds == 5.0
    assert str(problem.clock_source).startswith("seconds on")
    assert problem.clock_source
    assert not problem.clock_source.borrowed


def test_seconds_are_those_that_query_states(small):
    problem = Problem("supervised_rmse", table=small)
    for a in problem.architectures:
        known = query(a, table=small)
        assert problem.evaluate(a).seconds == known.supervised_seconds * known.n_seeds


def no_clock(make_run):
    """Two devices that measured one architecture each; runs of 16 steps."""
    return [make_run(A, "supervised", 0, 10.0), make_run(B, "supervised", 0, 12.0, **FAST)]


def test_without_a_clock_the_embedded_table_of_the_space_lends_its_own(make, make_run):
    problem = Problem(table=make(no_clock(make_run)))
    source = problem.clock_source
    assert source
    assert (source.protocol, source.borrowed) == ("core64-v1", True)
    assert source.device == load().manifest["clock"]["device"]
    for name in (A, B):  # 1000 steps there, 16 here
        expected = query(name).supervised_seconds * 16 / 1000
        assert problem.evaluate(name).seconds == pytest.approx(expected)


def test_without_any_clock_there_is_one_error_before_anything(make, make_run, make_rows):
    rows = make_rows(no_clock(make_run))
    for row in rows["architectures.parquet"]:
        row["key"] = "0" * 63 + str(row["depth"])
    keys = {row["name"]: row["key"] for row in rows["architectures.parquet"]}
    for run, curve in zip(rows["runs.parquet"], rows["curves.parquet"], strict=True):
        curve["key"] = run["key"] = keys[run["name"]]
    table = make(None, rows=rows)
    with pytest.raises(NotInTable, match="runs of d1-s0-bilinear-w8: core64-v1 has none"):
        Problem(table=table)
    assert Problem("macs", table=table).evaluate(A).seconds == 0.0


def test_graphs_of_one_s_own_have_no_table_to_borrow_from(make, make_run, make_rows):
    rows = make_rows(no_clock(make_run))
    table = make(None, rows=rows, space="mine")
    with pytest.raises(NotInTable, match=r"supervised runs of .*: no reference clock"):
        compare(Problem(table=table), repeats=1)


def test_the_embedded_table_charges_one_clock_for_every_device_s_runs():
    problem, known = Problem("dip_rmse"), query(Architecture(3, (1,)))
    assert problem.evaluate(Architecture(3, (1,))).seconds == known.dip_seconds * known.n_fits
