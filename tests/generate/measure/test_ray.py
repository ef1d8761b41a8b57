"""Runs on a Ray cluster of two nodes: killed, stopped, refused; the table is the local one."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from generate.measure.executors import on_ray
from generate.networks.engines import engine
from generate.protocols.plan import make_plan
from generate.protocols.settings import DipSettings
from generate.table.assemble import assemble
from generate.table.shards import Results, read_results

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed"),
]

ROOT = Path(__file__).parents[3]

# A driver with one name of `generate.measure.executors.ray` replaced.
DRIVER = """
import os, sys
from functools import partial
from pathlib import Path
from generate.measure.executors import ray
from generate.photographs.images import load_images
from generate.protocols.reading import get
from generate.measure.run import run

ray.{name} = {value}
protocol = get(sys.argv[1])
run(protocol, load_images(protocol, None), Path(sys.argv[2]), executor=ray.run_units, quiet=True)
"""


class Cluster:
    """The nodes, and the environment in which a driver finds them."""

    def __init__(self, temporary):
        # A copy: an edit while the tests run would make the nodes' checkout another one.
        self.checkout = Path(temporary, "checkout")
        for package in ("dipbench", "generate"):
            ignored = shutil.ignore_patterns("results", "__pycache__")
            shutil.copytree(ROOT / package, self.checkout / package, ignore=ignored)
        self.environment = os.environ | {
            "RAY_TMPDIR": temporary,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on any system: loopback addresses alone
        }
        self.nodes = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("ray_cluster.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        assert self.nodes.stdin
        assert self.nodes.stdout
        self.asked, self.answers = self.nodes.stdin, self.nodes.stdout
        self.drivers = []
        self.address = self.answers.readline().strip()

    def __call__(self, command):
        print(command, file=self.asked, flush=True)
        return self.answers.readline().strip()

    def busy(self, at_least):
        """Wait, for at most 30 s, until so many workers measure; 0 stands for none."""
        start = time.monotonic()
        while (count := int(self("busy"))) < at_least or (count and not at_least):
            assert time.monotonic() < start + 30, f"{count} workers measure"
            time.sleep(0.1)

    def start(self, *command):
        """A driver; the code of its folder runs on the nodes too."""
        driver = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=self.checkout,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.drivers.append(driver)
        return driver

    def stop_drivers(self):
        for driver in self.drivers:
            driver.kill()
            driver.communicate()
        self.drivers.clear()

    def run(self, *options):
        command = ["-m", "generate", "run", "--executor", "ray", "--quiet"]
        return self.start(*command, *options)

    def end(self):
        self.asked.close()
        try:
            self.nodes.wait(timeout=20)
        finally:
            self.nodes.kill()
            self.answers.close()


@pytest.fixture(scope="module")
def started():
    # Not in pytest's own folder: the names of Ray's sockets may have no more than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="ray-") as temporary:
        cluster = Cluster(temporary)
        try:
            yield cluster
        finally:
            cluster.end()


@pytest.fixture
def cluster(started):
    assert started("two") == "done"
    yield started
    started.stop_drivers()


@pytest.fixture
def write(tmp_path):
    def write(protocol):
        path = tmp_path / "protocol.json"
        path.write_text(json.dumps(asdict(protocol)))
        return path

    return write


@pytest.fixture
def endless(tiny):
    """Trainings of a moment, fits without end."""
    return replace(tiny, dip=DipSettings(iterations=10_000_000, recorded=4))


def wait_for_a_shard(folder, process):
    while process.poll() is None and not list(folder.glob("*.json.gz")):
        time.sleep(0.05)


def table(protocol, shards, out):
    """The assembled table's bytes, with all seconds, which alone may differ, set to 1."""
    units = read_results(shards, protocol).units
    rows = {unit: [row | {"seconds": 1.0} for row in units[unit]] for unit in units}
    return {
        path.name: path.read_bytes() for path in assemble(protocol, Results(rows), out).iterdir()
    }


def test_the_table_is_complete_and_the_same_when_a_node_is_killed(
    tiny, finished, cluster, write, tmp_path
):
    process = cluster.run("--protocol", write(tiny), "--results", tmp_path)
    wait_for_a_shard(tmp_path / "tiny", process)
    before = {path.name for path in (tmp_path / "tiny").glob("*.json.gz")}
    assert cluster("kill") == "done"
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert out.endswith("tiny: complete\n")  # Ray says before it that it lost a node
    assert 1 <= len(before) < 12
    assert "to be tried again" in err
    found = table(tiny, tmp_path / "tiny", tmp_path / "table")
    assert found == table(tiny, finished, tmp_path / "expected")


@pytest.mark.slow
def test_on_gpus_a_task_is_a_batch_measured_side_by_side(tiny, cluster, write, tmp_path):
    # The nodes say that they have a GPU each, and measure on their CPUs.
    one = replace(tiny, architectures=tiny.architectures[:1])
    driver = DRIVER.format(name="run_units", value="partial(ray.run_units, num_gpus=1)")
    process = cluster.start("-c", driver, write(one), tmp_path)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    units = read_results(tmp_path, one).units
    assert len(units) == len(make_plan(one))
    rows = [row for unit in units.values() for row in unit]
    assert {row["engine"] for row in rows} == {engine(torch.device("cpu"))}
    # Those of a batch have equal shares of its seconds.
    assert len({row["seconds"] for row in rows if row["mode"] == "dip"}) == 1


def test_sigterm_stops_driver_and_workers_within_5_seconds(endless, cluster, write, tmp_path):
    process = cluster.run(
        "--protocol", write(endless), "--results", tmp_path, "--address", cluster.address
    )
    wait_for_a_shard(tmp_path / "tiny", process)
    cluster.busy(at_least=2)
    process.terminate()
    _, err = process.communicate(timeout=5)
    assert (process.returncode, err) == (
        130,
        "stopped; every finished unit is on disk, the same command goes on\n",
    )
    cluster.busy(at_least=0)
    results = read_results(tmp_path / "tiny", endless)
    assert results.rejected == []
    assert list(results.units) == ["supervised-d1-s-bilinear-w8-seed0"]


def test_a_time_limit_drops_what_is_running(endless, cluster, write, tmp_path):
    process = cluster.run(
        *("--protocol", write(endless), "--results", tmp_path, "--time-limit", 6),
        *("--address", cluster.address),  # the machine may have other clusters
    )
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    left = 12 - len(read_results(tmp_path / "tiny", endless).units)
    assert out.endswith(f"tiny: {left} units left\n")  # Ray may say before it that a node is gone
    cluster.busy(at_least=0)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("_measure", "lambda *given: os._exit(1)", ": its worker died 3 times"),
        (
            "_code",
            "lambda: 'other'",
            ": RuntimeError: the checkout on node 127.0.0.1 differs",
        ),
    ],
)
def test_what_cannot_be_measured_stops_the_run_naming_the_unit(
    tiny, cluster, write, tmp_path, name, value, problem
):
    driver = DRIVER.format(name=name, value=value)
    process = cluster.start("-c", driver, write(tiny), tmp_path / "shards")
    _, err = process.communicate(timeout=90)
    assert process.returncode == 1
    last = err.splitlines()[-1]
    assert last.startswith("RuntimeError: unit ")
    assert problem in last
    assert list((tmp_path / "shards").iterdir()) == []


def test_a_cluster_that_is_not_there_is_named_at_once(cluster, write, tiny, tmp_path):
    process = cluster.run(
        *("--protocol", write(tiny), "--results", tmp_path, "--address", "127.0.0.1:1")
    )
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.startswith("error: no Ray cluster at '127.0.0.1:1'; expected auto or host:port")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("device", "num_gpus", "expected"),
    [
        ("auto", None, ("cpu", 0)),
        ("auto", 0.5, ("cuda", 0.5)),
        ("cuda", None, ("cuda", 1)),
        ("cuda", 2.0, ("cuda", 2)),
        ("cpu", None, ("cpu", 0)),
    ],
)
def test_workers_use_the_gpus_that_are_asked_for(device, num_gpus, expected):
    executor, chosen = on_ray(device, "auto", num_gpus)
    assert isinstance(executor, partial)
    assert (chosen, executor.keywords["num_gpus"]) == expected
