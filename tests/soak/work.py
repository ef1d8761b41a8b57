"""What a soak test kills: a run, on this machine or on Ray, a publication, a download.

Each is a program of its own. Those of short duration print a line once they have imported what
they need, so that a kill meets their work and not their start.
"""

import os
import random
import stat
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

from generate.measure.executors import local
from generate.measure.executors.job import Job, measure_unit
from generate.measure.run import run
from generate.photographs.images import load_images
from generate.protocols.plan import make_plan
from generate.protocols.settings import DipSettings, Protocol, SupervisedSettings

# Units of a fraction of a second: what takes long is to start a process.
PROTOCOL = Protocol(
    name="soak",
    space="core64",
    manifest="demo.json",
    seeds=(0, 1, 2, 3),
    architectures=("d1-s-bilinear-w8", "d2-s0-nearest-w8", "d3-s12-transposed-w8"),
    supervised=SupervisedSettings(steps=20, batch=2, recorded=4),
    dip=DipSettings(iterations=40, recorded=6, stop_window=4, stop_patience=5),
)
REPO = "some-owner/some.name"


@cache
def images():
    return load_images(PROTOCOL, None)


def measure(folder, executor=local.run_units):
    run(PROTOCOL, images(), Path(folder), executor=executor, workers=2, quiet=True)


def prepare():
    """Load what every run loads, and measure a unit, for which more is loaded."""
    measure_unit(Job(PROTOCOL, images()), make_plan(PROTOCOL)[0])


def measure_on_ray(folder, address):
    from generate.measure.executors.ray import run_units

    measure(folder, partial(run_units, address=address))


def measure_on_a_full_disk(folder, room):
    """As `measure`, on a disk that takes so many shards and then part of one."""
    left, sync = int(room), os.fsync

    def fsync(descriptor):
        nonlocal left
        found = os.fstat(descriptor)
        left -= stat.S_ISREG(found.st_mode)  # a folder is synced, too
        if left < 0:
            os.ftruncate(descriptor, random.randrange(found.st_size))
            raise OSError(28, "No space left on device")
        sync(descriptor)

    with patch("os.fsync", fsync):
        measure(folder)


def publish_it(folder):
    """Build the data set of the embedded table in `folder` and send it to the Hub."""
    import huggingface_hub  # noqa: F401 before the line below
    import pandas  # noqa: F401

    from dipbench.publish import publish
    from dipbench.publish.release import OURS
    from dipbench.table.catalogue import PROTOCOL as EMBEDDED
    from dipbench.table.catalogue import entry

    print("ready", flush=True)
    publish(entry(EMBEDDED).folder, REPO, OURS, folder, send=True)


def download_it():
    import huggingface_hub  # noqa: F401 before the line below

    from dipbench.table.hub import download

    print("ready", flush=True)
    download(REPO)


if __name__ == "__main__":
    WORK: dict[str, Callable[..., None]] = {
        "run": measure,
        "full": measure_on_a_full_disk,
        "ray": measure_on_ray,
        "publish": publish_it,
        "download": download_it,
    }
    WORK[sys.argv[1]](*sys.argv[2:])
