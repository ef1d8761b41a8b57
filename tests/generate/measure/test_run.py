"""Runs that are stopped, killed and resumed; disks that are full."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generate.measure.executors import local
from generate.measure.executors.job import Job
from generate.measure.executors.local import run_units
from generate.measure.run import run
from generate.protocols.plan import make_plan
from generate.table.assemble import assemble
from generate.table.progress import progress, report
from generate.table.shards import Results, read_results

ROOT = Path(__file__).parents[3]

# A run of the tiny protocol in a process of its own, which can be killed.
SCRIPT = """
import json, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from generate.protocols.settings import DipSettings, Protocol, SupervisedSettings
from generate.photographs.images import load_images
from generate.measure.run import run

if __name__ == "__main__":
    protocol = Protocol(
        name="tiny", space="core64", manifest="demo.json", seeds=(0, 1),
        architectures=("d1-s-bilinear-w8", "d2-s0-nearest-w8", "d2-s01-transposed-w8"),
        supervised=SupervisedSettings(steps=6, batch=2, recorded=4),
        dip=DipSettings(iterations=12, recorded=6, stop_window=4, stop_patience=5),
    )
    try:
        run(protocol, load_images(protocol, None), Path(sys.argv[1]), workers=2, quiet=True)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def measured(results):
    """Rows without their times, the only thing that differs from run to run."""
    return {
        unit: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
        for unit, rows in results.units.items()
    }


@pytest.fixture
def start(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(root=str(ROOT)))
    environment = os.environ | {"PYTHONWARNINGS": "default"}

    def start(folder):
        return subprocess.Popen([sys.executable, script, folder], env=environment)

    return start


def wait_for_shards(folder, count, process):
    while process.poll() is None and len(list(folder.glob("*.json.gz"))) < count:
        time.sleep(0.01)


def test_a_run_measures_every_unit_of_the_plan(tiny, finished):
    results = read_results(finished, tiny)
    plan = make_plan(tiny)
    assert set(results.units) == {unit.id for unit in plan}
    found = progress(tiny, plan, results)
    assert [(p.done, p.to_do, p.failed) for p in found] == [(6, 0, 0)] * 2
    assert [list(p.hours.values()) for p in found] == [[0]] * 2
    assert not list(finished.glob("*.tmp"))


def test_hours_left_go_by_the_seconds_of_each_device_and_mode(tiny, finished):
    plan = make_plan(tiny)
    whole = read_results(finished, tiny).units
    for unit, rows in whole.items():
        for row in rows:
            row |= {"seconds": 3600.0, "device": "slow", "engine": "kernel"}
            if unit.startswith("dip"):
                row |= {"seconds": 36.0, "device": "fast"}
    first = [unit for unit in plan if unit.part == plan[0].part]
    half = {unit.id: whole[unit.id] for unit in first}
    slow = {
        unit: [row | {"device": "slow", "seconds": 3600.0} for row in half[unit]] for unit in half
    }
    done, to_do = progress(tiny, plan, Results(slow))
    assert done.hours == {"slow, kernel": 0}
    # Two fits and one training each for the same three architectures, an hour a piece.
    assert to_do.hours == {"slow, kernel": pytest.approx(3 * 3)}
    # Each device has done one mode alone, so neither has a rate for all that is to do.
    assert progress(tiny, plan, Results(half))[1].hours == {
        "fast, kernel": None,
        "slow, kernel": None,
    }
    assert "unknown time at the rate of fast, kernel" in report(progress(tiny, plan, Results(half)))
    assert "to do: 9.0 hours at the rate of slow, kernel" in report([done, to_do])


def test_a_second_run_has_nothing_to_do(tiny, images, finished):
    before = {path.name for path in finished.iterdir()}
    assert run(tiny, images, finished, workers=2, quiet=True) == 0
    assert {path.name for path in finished.iterdir()} == before


@pytest.mark.slow  # the kills below end in the same rows, too
def test_rows_are_bit_identical_however_the_run_is_cut(tiny, images, finished, tmp_path):
    for left in (10, 8, 0):
        limit = 2 if left else None
        assert run(tiny, images, tmp_path, workers=1, limit=limit, quiet=True) == left
    assert measured(read_results(tmp_path, tiny)) == measured(read_results(finished, tiny))


def test_killed_runs_lose_nothing_that_was_done_and_end_in_the_same_table(
    tiny, images, finished, start, tmp_path
):
    """A short form of ``make soak``."""
    folder = tmp_path / "shards"
    for shards in (1, 4):
        process = start(folder)
        wait_for_shards(folder, shards, process)
        done = {path.name for path in folder.glob("*.json.gz")}
        process.kill()
        process.wait()
        assert done <= {path.name for path in folder.glob("*.json.gz")}
    assert run(tiny, images, folder, workers=2, quiet=True) == 0
    results = read_results(folder, tiny)
    assert results.rejected == []
    assert measured(results) == measured(read_results(finished, tiny))


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_ends_the_run_cleanly(tiny, start, tmp_path, stop):
    folder = tmp_path / "shards"
    process = start(folder)
    wait_for_shards(folder, 1, process)
    process.send_signal(stop)
    assert process.wait(timeout=5) == 130
    results = read_results(folder, tiny)
    assert 1 <= len(results.units) < 12
    assert results.rejected == []


def test_a_torn_shard_is_reported_and_done_again(tiny, images, finished, tmp_path, capsys):
    whole = sorted(finished.glob("*.json.gz"))
    for path in whole:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    torn = tmp_path / whole[0].name
    torn.write_bytes(torn.read_bytes()[:-3])
    assert run(tiny, images, tmp_path, workers=1, quiet=True) == 0
    assert f"set aside {torn.name}: SHA-256" in capsys.readouterr().out
    assert measured(read_results(tmp_path, tiny)) == measured(read_results(finished, tiny))


def test_a_time_limit_drops_what_is_running(tiny, images, tmp_path):
    assert run(tiny, images, tmp_path, workers=2, time_limit=0.0, quiet=True) == 12
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_stops_the_run_before_it_starts(tiny, images, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        run(tiny, images, tmp_path / "file" / "shards", quiet=True)


def test_a_full_disk_is_seen_before_anything_is_measured(tiny, images, tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):  # an empty file still fits
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("dipbench.files.tempfile.TemporaryFile", lambda dir: Full())
    with pytest.raises(OSError, match=f"cannot write to {tmp_path}: No space left on device"):
        run(tiny, images, tmp_path, quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_a_vanished_folder_stops_the_run_and_is_not_made_again(tiny, images, tmp_path, monkeypatch):
    folder, aside = tmp_path / "shards", tmp_path / "unmounted"

    def vanishing(job, units, deadline):
        for number, finished in enumerate(local.run_units(job, units, deadline)):
            if number == 2:
                folder.rename(aside)
            yield finished

    with pytest.raises(OSError, match=f"written to {folder}: No such file or directory"):
        run(tiny, images, folder, executor=vanishing, quiet=True)
    assert not folder.exists()
    assert set(read_results(aside, tiny).units) == {unit.id for unit in make_plan(tiny)[:2]}


def test_a_full_disk_stops_the_run_and_what_was_counted_is_whole(
    tiny, images, finished, tmp_path, monkeypatch
):
    synced = []

    def fills(descriptor):
        synced.append(descriptor)
        if len(synced) > 4:  # each shard syncs itself, then its folder
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fills)
    with pytest.raises(OSError, match=r"unit dip-d2-\S+ cannot be .*: No space left on device"):
        run(tiny, images, tmp_path, quiet=True)
    monkeypatch.undo()
    results = read_results(tmp_path, tiny)
    assert set(results.units) == {unit.id for unit in make_plan(tiny)[:2]}
    assert len(list(tmp_path.iterdir())) == 2  # no partial file
    assert run(tiny, images, tmp_path, quiet=True) == 0
    assert measured(read_results(tmp_path, tiny)) == measured(read_results(finished, tiny))


def test_an_error_in_a_worker_names_the_unit_and_the_cause(tiny, images):
    with pytest.raises(RuntimeError, match=r"unit dip-d1-s-bilinear-w8-seed0.*: .*nonsense"):
        list(run_units(Job(tiny, images, "nonsense"), make_plan(tiny)[:1]))


def test_a_worker_that_dies_is_replaced_and_a_unit_that_kills_three_stops_the_run(
    tiny, images, monkeypatch
):
    lives = []

    def dies(context, job):
        worker = start(context, job)
        lives.append(worker.process)
        worker.process.kill()
        worker.process.join()
        return worker

    start = local._start
    job = Job(tiny, images, workers=1)
    monkeypatch.setattr(local, "_start", dies)
    with pytest.raises(RuntimeError, match=r"unit dip-d1-s-bilinear.*: its worker died 3 times"):
        list(run_units(job, make_plan(tiny)[:1]))
    assert len(lives) == 3

    once = iter([dies])
    monkeypatch.setattr(local, "_start", lambda *given: next(once, start)(*given))
    units = make_plan(tiny)[:2]
    assert [unit for unit, _ in run_units(job, units)] == units


def test_a_table_from_shards_is_the_same_byte_for_byte(tiny, finished, tmp_path):
    results = read_results(finished, tiny)
    first, second = (assemble(tiny, results, tmp_path / name) for name in ("a", "b"))
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()
    assert json.loads((first / "manifest.json").read_text())["protocol_hash"] == tiny.hash
