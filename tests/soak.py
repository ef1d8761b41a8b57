"""Kill a run at many random moments, resume it, and compare the table with an undisturbed one.

``make soak`` does it 50 times; ``python tests/soak.py 5`` does it 5 times. A run that is complete
before the kills are is started afresh.
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from generate.measure.run import run
from generate.photographs.images import load_images
from generate.protocols.plan import make_plan
from generate.protocols.settings import DipSettings, Protocol, SupervisedSettings
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


def killed_run(folder, rng):
    """Start a run in a process of its own; kill it, with SIGKILL, after a random time."""
    before = measured(folder)
    # Python complains where a parent dies while it starts a worker; that is no matter here.
    command = [sys.executable, __file__, "--run", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(1, 6))
    process.kill()
    process.wait()
    after = measured(folder)
    lost = [unit for unit in before if after.get(unit) != before[unit]]
    assert not lost, f"lost or changed: {lost}"
    return len(before), len(after)


def main(kills):
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as temporary:
        undisturbed = Path(temporary, "undisturbed")
        measure(undisturbed)
        expected = measured(undisturbed)
        assert set(expected) == {unit.id for unit in make_plan(PROTOCOL)}
        tables, folder = 0, Path(temporary, "0")
        for kill in range(1, kills + 1):
            before, after = killed_run(folder, rng)
            print(f"kill {kill}: {before} -> {after} of {len(expected)} units", flush=True)
            if after == len(expected) or kill == kills:
                measure(folder)
                assert measured(folder) == expected, "the table differs from an undisturbed one"
                tables, folder = tables + 1, Path(temporary, str(kill))
        print(f"{kills} kills, {tables} tables, each identical to an undisturbed one")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        measure(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
