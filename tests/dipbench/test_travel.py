"""Values that users hold: by value equal, copied, pickled and sent to other processes."""

import copy
import dataclasses
import math
import multiprocessing
import pickle
import subprocess
import sys

import numpy as np
import pytest

from dipbench import Architecture, DipbenchError, InvalidTable, Space, Table, load, query
from dipbench import errors as every_error
from dipbench.lookup import Result
from dipbench.nas import BudgetExceeded, Problem

BOTH, ONLY_DIP = "d1-s-bilinear-w8", "d3-s-transposed-w8"


def sent(value):
    """Through pickle, as `multiprocessing` does."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 our own


WAYS = [sent, copy.copy, copy.deepcopy]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [BOTH, ONLY_DIP])
def test_results_travel_with_their_curves(table, way, name):
    result = query(name, table=table)
    again = way(result)
    assert again == result
    assert hash(again) == hash(result)
    assert again.curve("dip") == result.curve("dip") == way(result.curve("dip"))


@pytest.mark.parametrize("way", WAYS)
def test_tables_travel_by_folder_and_checksum(table, way):
    again = way(table)
    assert again == table
    assert hash(again) == hash(table)
    assert query(BOTH, table=again) == query(BOTH, table=table)
    assert len(pickle.dumps(table)) < 500


@pytest.mark.parametrize("way", WAYS)
def test_architectures_and_problems_travel(table, way):
    for a in (Architecture(2, (0,)), Space("unet64")[-1]):
        assert a.key == way(a).key  # also after the key was computed
        assert way(a) == a
    problem = Problem(table=table, seed="random", rng=np.random.default_rng(0))
    problem.evaluate(BOTH)
    again = way(problem)
    assert again == problem
    assert hash(again) == hash(problem)
    if way is not copy.copy:  # which shares the generator and the history
        assert again.evaluate(BOTH, seed=0) == problem.evaluate(BOTH, seed=0)
        again.evaluate(BOTH, seed=1)
        assert again != problem


def test_equal_is_what_says_the_same(table, table_folder, make_run, make_table, tmp_path):
    assert Table.read(table_folder) == table != None  # noqa: E711 a value like others
    other = load(make_table(tmp_path, runs=[make_run(BOTH, "supervised", 0, 5.0)]))
    assert other != table
    assert query(BOTH, table=other) != query(BOTH, table=table)
    assert query(BOTH, seed=0, table=table) != query(BOTH, seed=1, table=table)
    assert Problem(table=other) != Problem(table=table)
    assert Problem("dip_rmse", table=table) != Problem(table=table)


def test_missing_numbers_are_equal_whatever_nan_they_are(table):
    result = query(ONLY_DIP, table=table)
    assert math.isnan(result.supervised_rmse)
    fields = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
    again = Result(**fields | {"supervised_rmse": float("nan")})
    assert again == result
    assert len({again, result}) == 1
    assert again != Result(**fields | {"supervised_rmse": 1.0})
    with pytest.raises(ValueError, match="was not read from a table"):
        again.curve("dip")


def test_a_result_is_its_public_fields(table):
    found = dataclasses.asdict(query(BOTH, table=table))
    assert list(found) == [f.name for f in dataclasses.fields(Result)]
    assert not [name for name in found if name.startswith("_")]
    assert dataclasses.replace(query(BOTH, table=table), n_seeds=2) == query(BOTH, table=table)


def test_a_table_that_changed_meanwhile_is_refused(make_table, make_run, tmp_path):
    folder = make_table(tmp_path / "table", runs=[make_run(BOTH, "supervised", 0, 5.0)])
    table = load(folder)
    content, result = pickle.dumps(table), query(BOTH, table=table)
    make_table(folder, runs=[make_run(BOTH, "supervised", 0, 6.0)])
    assert result.curve("supervised").n_runs == 1  # the open table goes on
    kept = pickle.dumps(result)
    del table, result
    again = pickle.loads(kept)  # noqa: S301 our own
    for use in (lambda: pickle.loads(content), lambda: again.curve("supervised")):  # noqa: S301
        with pytest.raises(InvalidTable, match=r"checksum is .*; expected .* when it was first"):
            use()


def test_spawned_workers_take_tables_and_give_results(table):
    names = [BOTH, ONLY_DIP]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(query, ["d3-s1-bilinear-w16"]) == [query("d3-s1-bilinear-w16")]
        found = pool.starmap(query, [(name, "denoise25", None, None) for name in names])
        assert found == [query(name) for name in names]
        assert pool.apply(query, (BOTH,), {"table": table}) == query(BOTH, table=table)
        assert pool.apply(query, (ONLY_DIP,), {"table": table}) == query(ONLY_DIP, table=table)


FORK = """
import os, sys, threading, time
from dipbench import load, query
import dipbench.table.table, dipbench.table.cache
import pyarrow, pyarrow.parquet, pandas, networkx
dipbench.table.table.MANY_ROWS = 0
begun, original = threading.Event(), dipbench.table.cache._write

def slow(*arguments):
    begun.set()
    time.sleep(3)
    original(*arguments)

dipbench.table.cache._write = slow
table = load(sys.argv[1])
thread = threading.Thread(target=lambda: query(sys.argv[2], table=table))
thread.start()
begun.wait()
child = os.fork()
if not child:
    dipbench.table.cache._write = original
    os._exit(0 if query(sys.argv[2], table=table).name == sys.argv[2] else 1)
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        break
    time.sleep(0.05)
else:
    os.kill(child, 9)
    status = 1
thread.join()
sys.exit(os.waitstatus_to_exitcode(status) if done else 3)
"""


@pytest.mark.skipif(not hasattr(sys, "getdlopenflags"), reason="processes are not forked here")
def test_a_child_forked_during_the_first_query_of_a_big_table_is_answered(table_folder, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, table_folder, BOTH],
        env={"DIPBENCH_CACHE": str(tmp_path), "PATH": ""},
        timeout=120,
    )
    assert done.returncode == 0


def test_all_errors_have_one_base():
    found = [getattr(every_error, name) for name in every_error.__all__] + [BudgetExceeded]
    assert all(issubclass(error, DipbenchError) for error in found)
    kinds = {
        "InvalidArchitecture": ValueError,
        "InvalidTable": ValueError,
        "NotInTable": KeyError,
        "NoSurrogate": LookupError,
        "SearchLimitExceeded": RuntimeError,
        "Unreachable": ConnectionError,
        "HubFailed": ConnectionError,
        "BudgetExceeded": RuntimeError,
    }
    for error in found:
        if error is not DipbenchError:
            assert issubclass(error, kinds[error.__name__])
