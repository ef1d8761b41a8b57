"""Runs, disturbed at random moments: here and on Ray, on a full disk, in a folder that vanishes.

A kill counts only if the run had written a unit before it and was measuring others. What is on
disk after it is whole, and nothing that was there before is lost or changed. A run whose table is
complete is compared with an undisturbed one, and followed by one in a new folder.

What takes long is to load torch, so runs to be disturbed and their workers are forked from this
process, which has loaded it. What completes a table is a program of its own, as users start it.
"""

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from generate.measure.executors import local
from generate.protocols.plan import make_plan
from generate.table import shards
from generate.table.shards import read_results
from tests.soak import work
from tests.soak.work import PROTOCOL

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds until the first unit, on the busiest machine
MOST = 1.0  # seconds after it
EVERY = 10  # of so many disturbances of a run, one is a full disk and one a vanished folder


def started(*arguments, **options):
    # Python complains where a parent dies while it starts a worker; that is no matter here.
    command = [sys.executable, "-m", "tests.soak.work", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, **options)


class Forked:
    """A process with work of `tests.soak.work`; its interface is that of `subprocess.Popen`."""

    def __init__(self, work, *arguments):
        given = work, arguments
        self.process = multiprocessing.get_context("fork").Process(target=_forked, args=given)
        self.process.start()

    def poll(self):
        return self.process.exitcode

    def kill(self):
        self.process.kill()

    def wait(self, timeout=None):
        self.process.join(timeout)
        assert self.process.exitcode is not None, f"it did not end in {timeout} s"
        return self.process.exitcode

    communicate = wait


def _forked(work, arguments):
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    fork = SimpleNamespace(get_context=lambda method: multiprocessing.get_context("fork"))
    with (
        patch.object(local, "multiprocessing", fork),
        patch.object(local, "_work", partial(_alone, local._work)),
    ):
        work(*arguments)


def _alone(work, connection, job):
    """A worker without what a fork inherits, or it would not see the end of its parent."""
    kept = {0, 1, 2, connection.fileno()}
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in kept:
            with suppress(OSError):
                os.close(descriptor)
    work(connection, job)


def measured(folder):
    """Rows by unit, without their seconds, the only thing that differs from run to run."""
    results = read_results(folder, PROTOCOL)
    assert not results.rejected, results.rejected
    return {
        unit: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
        for unit, rows in results.units.items()
    }


def wait_for_a_unit(process, folder, before):
    """Whether the run has written a unit of its own and goes on with others."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None:
        if folder.exists() and len(list(folder.glob(f"*{shards.SUFFIX}"))) > before:
            return True
        assert time.monotonic() < end, f"no unit in {PATIENCE} s"
        time.sleep(0.01)
    return False


def lost(before, after):
    return [unit for unit in before if after.get(unit) != before[unit]]


def kill(start, folder, rng):
    """Kill a run, with SIGKILL, while it measures; whether it counts."""
    before = measured(folder)
    process = start(folder)
    counts = wait_for_a_unit(process, folder, len(before))
    time.sleep(rng.uniform(0, MOST))
    counts = counts and process.poll() is None
    process.kill()
    process.communicate()
    after = measured(folder)
    assert not lost(before, after), f"lost or changed: {lost(before, after)}"
    return counts and len(after) < len(make_plan(PROTOCOL)), f"{len(before)} -> {len(after)} units"


def fill(folder, rng):
    """Run on a disk that fills up."""
    before = measured(folder)
    room = rng.randint(0, 4)
    code = Forked(work.measure_on_a_full_disk, folder, room).wait()
    after = measured(folder)
    assert not lost(before, after), f"lost or changed: {lost(before, after)}"
    assert not list(folder.glob("*.tmp")), "a part of a shard was left"
    missing = len(make_plan(PROTOCOL)) - len(before)
    assert (code != 0) == (missing > room), f"exit code {code}, {room} of {missing} had room"
    return f"{len(before)} -> {len(after)} units on a full disk"


def vanish(folder, rng):
    """Take the folder of a run away while it measures; not that of the table to be completed."""
    folder = folder.with_name("vanishing")
    process = Forked(work.measure, folder)
    meant = wait_for_a_unit(process, folder, 0)
    time.sleep(rng.uniform(0, MOST))
    meant = meant and process.poll() is None
    shutil.rmtree(folder, ignore_errors=True)
    code = process.wait(PATIENCE)
    measured(folder)  # what is there is whole
    shutil.rmtree(folder, ignore_errors=True)
    return f"its folder vanished, exit code {code}{'' if meant else ' (too late)'}"


def soak(times, rng, say, start, others=()):
    """Kill `times` runs; every tenth disturbance is one of `others` instead; sum it up."""
    complete = {unit.id for unit in make_plan(PROTOCOL)}
    with tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        undisturbed = Path(temporary, "undisturbed")
        assert started("run", undisturbed).wait() == 0
        expected = measured(undisturbed)
        assert set(expected) == complete
        tables, kills, disturbed, number = 0, 0, 0, 0
        folder = Path(temporary, "0")
        while kills < times:
            number += 1
            turn = number % EVERY
            if turn in range(1, 1 + len(others)):
                disturbed += 1
                say(f"{kills} kills: {others[turn - 1](folder, rng)}")
            else:
                counts, said = kill(start, folder, rng)
                kills += counts
                say(f"{kills} kills: {said}{'' if counts else ' (does not count)'}")
            if len(measured(folder)) == len(complete) or kills == times:
                assert started("run", folder).wait() == 0
                assert measured(folder) == expected, "the table differs from an undisturbed one"
                assert not list(folder.glob("*.tmp")), "a part of a shard was left"
                tables, folder = tables + 1, Path(temporary, str(number))
    also = f", {disturbed} full disks and vanished folders" if others else ""
    return f"{kills} kills{also}, {tables} tables, each identical to an undisturbed one"


def local_runs(times, rng, say):
    work.prepare()
    return soak(times, rng, say, partial(Forked, work.measure), (fill, vanish))


def ray_runs(times, rng, say):
    """Kill drivers on a cluster of two nodes; the table is that of a run without Ray."""
    with ray_cluster() as cluster:

        def start(folder):
            return cluster.start("work.py", "ray", folder, cluster.address)

        return soak(times, rng, say, start)


@contextmanager
def ray_cluster():
    from tests.generate.measure.test_ray import Cluster

    with tempfile.TemporaryDirectory(prefix="ray-") as temporary:
        cluster = Cluster(temporary)
        shutil.copy(work.__file__, cluster.checkout)
        try:
            assert cluster("two") == "done"
            yield cluster
        finally:
            cluster.stop_drivers()
            cluster.end()
