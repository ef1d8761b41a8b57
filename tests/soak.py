"""Disturb a run at many random moments, resume it, and compare the table with an undisturbed one.

``make soak`` kills a run 200 times; ``python tests/soak.py 5`` does it 5 times. A kill counts only
if the run had written a unit before it and was measuring another. Every tenth time the disk fills
up, and every tenth the folder vanishes, instead; what is left then is a run that ended with an
error and, if its folder is still there, no torn file. Publishing is killed as often as it takes
turns with the run: `out` then holds a whole data set or none. A run that is complete is followed by
one in a new folder.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dipbench.publish import build
from dipbench.publish.folder import DATA_SET
from dipbench.publish.release import OURS
from dipbench.table.catalogue import PROTOCOL as EMBEDDED
from dipbench.table.catalogue import entry
from dipbench.table.hub import load
from generate.measure.run import run
from generate.photographs.images import load_images
from generate.protocols.plan import make_plan
from generate.protocols.settings import DipSettings, Protocol, SupervisedSettings
from generate.table import shards
from generate.table.shards import read_results

PROTOCOL = Protocol(
    name="soak",
    space="core64",
    manifest="demo.json",
    seeds=(0, 1, 2),
    architectures=("d1-s-bilinear-w8", "d2-s0-nearest-w8", "d3-s12-transposed-w8"),
    supervised=SupervisedSettings(steps=30, batch=2, recorded=4),
    dip=DipSettings(iterations=60, recorded=6, stop_window=4, stop_patience=5),
)
PATIENCE = 300  # seconds until the first unit, on the busiest machine
MOST = 1.0  # seconds after it
EVERY = 10


def measured(folder):
    """Rows by unit, without their seconds, the only thing that differs from run to run."""
    results = read_results(folder, PROTOCOL)
    assert not results.rejected, results.rejected
    return {
        unit: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
        for unit, rows in results.units.items()
    }


def measure(folder):
    run(PROTOCOL, load_images(PROTOCOL, None), folder, workers=2, quiet=True)


def measure_on_a_full_disk(folder, units):
    """As `measure`, on a disk that takes so many shards and then part of one."""
    left, sync = units, shards.os.fsync

    def fsync(descriptor):
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    shards.os = type("os", (), {**vars(shards.os), "fsync": staticmethod(fsync)})
    measure(folder)


def started(*arguments):
    # Python complains where a parent dies while it starts a worker; that is no matter here.
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


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


def kill(folder, rng):
    """Kill a run, with SIGKILL, while it measures; whether it counts."""
    before = measured(folder)
    process = started("--run", folder)
    counts = wait_for_a_unit(process, folder, len(before))
    time.sleep(rng.uniform(0, MOST))
    counts = counts and process.poll() is None
    process.kill()
    process.wait()
    after = measured(folder)
    assert not lost(before, after), f"lost or changed: {lost(before, after)}"
    return counts and len(after) < len(make_plan(PROTOCOL)), f"{len(before)} -> {len(after)} units"


def fill(folder, rng):
    """Run on a disk that fills up; whether it counts."""
    before = measured(folder)
    room = rng.randint(0, 4)
    code = started("--full", folder, room).wait()
    after = measured(folder)
    assert not lost(before, after), f"lost or changed: {lost(before, after)}"
    assert not list(folder.glob("*.tmp")), "a part of a shard was left"
    missing = len(make_plan(PROTOCOL)) - len(before)
    assert (code != 0) == (missing > room), f"exit code {code}, {room} of {missing} had room"
    return code != 0, f"{len(before)} -> {len(after)} units on a full disk"


def vanish(folder, rng):
    """Take the folder away while a run measures; whether it counts."""
    process = started("--run", folder)
    before = len(list(folder.glob(f"*{shards.SUFFIX}"))) if folder.exists() else 0
    counts = wait_for_a_unit(process, folder, before)
    time.sleep(rng.uniform(0, MOST))
    counts = counts and process.poll() is None
    shutil.rmtree(folder, ignore_errors=True)
    code = process.wait(PATIENCE)
    measured(folder)  # what is there is whole
    return counts and code != 0, "its folder vanished"


def kill_publishing(folder, rng):
    """Kill the making of a data set; what is there afterwards is whole, or nothing is."""
    out = folder.parent / "data-set"
    process = started("--publish", out)
    time.sleep(rng.uniform(0.5, 4))
    process.kill()
    process.wait()
    if out.exists():
        assert {path.name for path in out.iterdir()} == DATA_SET
        load(out).verify()
    for leftover in folder.parent.glob(".data-set-*"):
        shutil.rmtree(leftover)
    return False, f"publishing killed, {'whole' if out.exists() else 'nothing'} left"


def disturbance(number):
    return {0: kill_publishing, 3: fill, 6: vanish}.get(number % EVERY, kill)


def main(times):
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as temporary:
        undisturbed = Path(temporary, "undisturbed")
        measure(undisturbed)
        expected = measured(undisturbed)
        assert set(expected) == {unit.id for unit in make_plan(PROTOCOL)}
        tables, kills, number, folder = 0, 0, 0, Path(temporary, "0")
        while kills < times:
            number += 1
            what = disturbance(number)
            counts, said = what(folder, rng)
            kills += counts and what is kill
            print(f"{kills} kills: {said}{'' if counts else ' (no kill)'}", flush=True)
            if len(measured(folder)) == len(expected) or kills == times:
                measure(folder)
                assert measured(folder) == expected, "the table differs from an undisturbed one"
                tables, folder = tables + 1, Path(temporary, str(number))
        print(f"{kills} kills, {tables} tables, each identical to an undisturbed one")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--run", place]:
            measure(Path(place))
        case ["--full", place, room]:
            measure_on_a_full_disk(Path(place), int(room))
        case ["--publish", place]:
            build(entry(EMBEDDED).folder, Path(place), "some/table", OURS)
        case arguments:
            main(int(arguments[0]) if arguments else 200)
