"""The executor of a GPU, tried on a CPU: every unit comes back, whatever happens to the worker."""

import multiprocessing
import time
from dataclasses import replace

import pytest
import torch

from generate.measure.executors import batched
from generate.measure.executors.job import Job
from generate.measure.run import run
from generate.networks.engines import engine
from generate.protocols.plan import make_plan
from generate.table.assemble import assemble
from generate.table.shards import read_results


@pytest.fixture(scope="module")
def job(tiny, images):
    return Job(tiny, images, "cpu")


def test_every_unit_comes_back_once_and_makes_a_table(tiny, images, tmp_path):
    assert run(tiny, images, tmp_path, executor=batched.run_units, quiet=True) == 0
    results = read_results(tmp_path, tiny)
    assert sorted(results.units) == sorted(unit.id for unit in make_plan(tiny))
    assert {row["engine"] for rows in results.units.values() for row in rows} == {
        engine(torch.device("cpu"))
    }
    assert assemble(tiny, results, tmp_path / "table").exists()


def test_a_worker_that_is_killed_is_replaced(job, tiny):
    units = make_plan(tiny)
    found = batched.run_units(job, units)
    first, _ = next(found)
    (worker,) = multiprocessing.active_children()
    worker.kill()
    done = [first, *(unit for unit, _ in found)]
    assert sorted(unit.id for unit in done) == sorted(unit.id for unit in units)


def test_it_stops_at_the_deadline(job, tiny):
    started = time.monotonic()
    assert list(batched.run_units(job, make_plan(tiny), time.monotonic())) == []
    assert time.monotonic() - started < 30


def test_a_unit_that_fails_is_reported(tiny, images):
    broken = replace(make_plan(tiny)[0], images=("no such image",))
    with pytest.raises(RuntimeError, match="no such image"):
        list(batched.run_units(Job(tiny, images, "cpu"), [broken]))
