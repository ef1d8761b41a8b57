"""What several test files draw: relabelled copies, random valid networks, small tables."""

import os
import subprocess
import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import networkx as nx
import numpy as np
import pytest

from dipbench.graphs.features import depth, macs, params, slc
from dipbench.publish import build
from dipbench.publish.release import OURS
from dipbench.spaces import Architecture, Space, parsed
from dipbench.surrogate.description import COLUMNS, described, encoded
from dipbench.surrogate.interval import Distance, Spread, shape
from dipbench.surrogate.models import Ridge
from dipbench.surrogate.surrogate import TARGETS, Surrogate
from dipbench.table.aggregate import reference_clock, summarise
from dipbench.table.catalogue import PROTOCOL, entry
from dipbench.table.schema import CURVES, RUNS
from dipbench.table.table import Table, write_table

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

T = TypeVar("T")
Run: TypeAlias = dict[str, Any]  # a row of runs, with its curve
Rows: TypeAlias = dict[str, list[Run]]  # of each file of a table

LEVEL_STEP = {"down": 1, "up-nearest": -1, "up-bilinear": -1, "up-transposed": -1}
UNARY = ("conv3", "skip1", "down", "up-nearest", "up-bilinear", "up-transposed")
LEARNT = ("conv3", "skip1", "down", "up-transposed")


def _relabelled(graph: "Graph", rng: np.random.Generator) -> "Graph":
    """An isomorphic copy: new names of mixed types, nodes and edges inserted in random order."""
    numbers = rng.permutation(len(graph)).tolist()
    kinds: tuple[Callable[[int], Hashable], ...] = (
        lambda i: i,
        lambda i: f"n{i}",
        lambda i: ("node", i),
        lambda i: frozenset({i}),
    )
    names = {node: kinds[i % 4](i) for node, i in zip(graph, numbers, strict=True)}
    nodes, edges = list(graph.nodes(data=True)), list(graph.edges)
    copy: nx.DiGraph[Any] = nx.DiGraph()
    copy.add_nodes_from((names[nodes[i][0]], nodes[i][1]) for i in rng.permutation(len(nodes)))
    copy.add_edges_from(
        (names[edges[i][0]], names[edges[i][1]]) for i in rng.permutation(len(edges))
    )
    return copy


class _Growth:
    """A network that grows node by node, from the input to the one output."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.graph: nx.DiGraph[Any] = nx.DiGraph()
        self.level: dict[int, int] = {}
        self.names = count()
        self.add("input")

    def add(self, op: str, *inputs: int) -> int:
        node = next(self.names)
        channels = {"channels": int(self.rng.integers(1, 9))} if op in LEARNT else {}
        self.graph.add_node(node, op=op, **channels)
        self.graph.add_edges_from((source, node) for source in inputs)
        before = self.level[inputs[0]] if inputs else 0
        self.level[node] = before + LEVEL_STEP.get(op, 0)
        return node

    def pick(self, nodes: Sequence[T]) -> T:
        return nodes[int(self.rng.integers(len(nodes)))]

    def grow(self) -> int:
        """One more node: a concat of nodes of one level that exist, or any other op."""
        nodes = list(self.graph)
        source = self.pick(nodes if self.rng.random() < 0.5 else nodes[-1:])
        mates = [n for n in self.graph if n != source and self.level[n] == self.level[source]]
        if mates and self.rng.random() < 0.2:
            others = self.rng.permutation(len(mates))[: self.rng.integers(1, 4)]
            return self.add("concat", source, *(mates[i] for i in others))
        ops = [op for op in UNARY if -1 <= self.level[source] + LEVEL_STEP.get(op, 0) <= 4]
        # There are three ways up and one down: even the odds, or hardly a network is deep.
        return self.add(self.pick(ops + 3 * [op for op in ops if op == "down"]), source)

    def move(self, node: int, level: int) -> int:
        """Down- or up-sampling nodes after `node` until `level`: a cross-level connection."""
        while self.level[node] != level:
            up = self.pick([op for op in UNARY if op.startswith("up")])
            node = self.add("down" if self.level[node] < level else up, node)
        return node

    def finish(self) -> "Graph":
        """Join all loose ends, two to four at a time, and end in the output."""
        while len(ends := [node for node in self.graph if not self.graph.succ[node]]) > 1:
            chosen = [ends[i] for i in self.rng.permutation(len(ends))[: self.rng.integers(2, 5)]]
            level = self.level[self.pick(chosen)]
            self.add("concat", *(self.move(node, level) for node in chosen))
        self.add("output", *ends)
        return self.graph


def _random_network(rng: np.random.Generator) -> "Graph":
    growth = _Growth(rng)
    for _ in range(int(rng.integers(0, 18))):
        growth.grow()
    return growth.finish()


# Both are of session scope because hypothesis refuses fixtures that are made anew per test.
@pytest.fixture(scope="session")
def relabelled() -> Callable[["Graph", np.random.Generator], "Graph"]:
    """relabelled(graph, rng): an isomorphic copy with other names in another order."""
    return _relabelled


@pytest.fixture(scope="session")
def random_network() -> Callable[[np.random.Generator], "Graph"]:
    """random_network(rng): a valid network with ops, concats and cross-level skips at random."""
    return _random_network


def _make_run(
    name: str,
    mode: str,
    seed: int,
    score: float | None,
    image: str | None = None,
    **changes: Any,
) -> Run:
    """A row of runs with its curve; all scores follow from one, and None means diverged."""
    run: Run = {
        "key": parsed(name).key,
        "name": name,
        "task": "denoise25",
        "mode": mode,
        "seed": seed,
        "image": image,
        "status": "diverged" if score is None else "ok",
        "device": "a processor",
        "torch_version": "2.0.0",
        "engine": "kernel",
        "protocol_hash": "0" * 64,
    }
    if score is not None and mode == "supervised":
        run |= {"test_rmse": score, "val_rmse": score + 1, "seconds": 8.0}
        run["curve"] = {"step": [1, 4, 16], "val_rmse": [score + 64, score + 8, score + 1]}
    elif score is not None:
        run |= {
            "peak_rmse": score,
            "peak_iteration": 4,
            "peak_censored": False,
            "final_rmse": score + 4,
            "averaged_peak_rmse": score - 2,
            "averaged_peak_iteration": 4,
            "averaged_peak_censored": False,
            "averaged_final_rmse": score + 2,
            "stopped_rmse": score + 1,
            "stopped_iteration": 8,
            "seconds": 2.0,
        }
        run["curve"] = {
            "step": [1, 4, 16],
            "rmse": [score + 64, score, score + 4],
            "rmse_noisy": [score + 32, score - 4, score - 8],
            "averaged_rmse": [score + 72, score - 2, score + 2],
            "averaged_rmse_noisy": [score + 48, score + 16, score + 12],
        }
    return run | changes


BOTH = "d1-s-bilinear-w8"  # both modes, two seeds, two images
SPARSE = "d2-s0-nearest-w16"  # one run of either mode, and a diverged fit
ONLY_DIP = "d3-s-transposed-w8"  # the one training diverged
ONLY_SUPERVISED = "d3-s02-bilinear-w16"


def _default_runs() -> list[Run]:
    return [
        _make_run(BOTH, "supervised", 0, 10.0),
        _make_run(BOTH, "supervised", 1, 14.0),
        _make_run(BOTH, "dip", 0, 20.0, "camera-a"),
        _make_run(BOTH, "dip", 0, 30.0, "camera-b"),
        _make_run(BOTH, "dip", 1, 24.0, "camera-a", peak_censored=True),
        _make_run(BOTH, "dip", 1, 32.0, "camera-b"),
        _make_run(SPARSE, "supervised", 0, 12.0),
        _make_run(SPARSE, "dip", 0, 16.0, "camera-a"),
        _make_run(SPARSE, "dip", 1, None, "camera-a"),
        _make_run(ONLY_DIP, "supervised", 0, None),
        _make_run(ONLY_DIP, "dip", 0, 28.0, "camera-a"),
        _make_run(ONLY_DIP, "dip", 0, 36.0, "camera-b"),
        _make_run(ONLY_SUPERVISED, "supervised", 0, 18.0),
        _make_run(ONLY_SUPERVISED, "supervised", 1, 19.0),
    ]


def _features(name: str, task: str) -> Run:
    a = parsed(name)
    notation: Run = {}
    if isinstance(a, Architecture):
        notation["skips"] = "".join(map(str, a.skips))
        notation |= {"upsample": a.upsample, "width": a.width}
    return notation | {
        "key": a.key,
        "name": name,
        "task": task,
        "depth": depth(a.graph),
        "slc": slc(a.graph),
        "params": params(a.graph),
        "macs": macs(a.graph),
    }


def _make_rows(runs: Sequence[Run] | None = None) -> Rows:
    """The rows of all three files, from runs as `make_run` makes them."""
    runs = _default_runs() if runs is None else runs
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run["name"], run["task"]), []).append(run)
    curves = [run | run["curve"] for run in runs if run["status"] == "ok"]
    clock = reference_clock(runs)
    return {
        "architectures.parquet": [_features(*g) | summarise(groups[g], clock) for g in groups],
        "runs.parquet": [{c.name: run.get(c.name) for c in RUNS} for run in runs],
        "curves.parquet": [{c.name: curve.get(c.name) for c in CURVES} for curve in curves],
    }


STATED: dict[str, Any] = {
    "space": "core64",
    "protocol": {"name": "synthetic-v1"},
    "protocol_hash": "0" * 64,
}


def _make_table(
    folder: Path, runs: Sequence[Run] | None = None, rows: Rows | None = None, **stated: Any
) -> Path:
    """Write a table made of `runs`, by default of a few on four architectures."""
    rows = _make_rows(runs) if rows is None else rows
    clock = reference_clock(rows["runs.parquet"])
    return write_table(folder, rows, STATED | {"clock": clock and asdict(clock)} | stated)


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    """make_run(name, mode, seed, score, image, **changes): one row of runs, with its curve."""
    return _make_run


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., Rows]:
    """make_rows(runs): what `write_table` takes, by default of a few runs."""
    return _make_rows


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Path]:
    """make_table(folder, runs or rows=..., **manifest fields): the folder of a new table."""
    return _make_table


@pytest.fixture(scope="session")
def table_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of four architectures; read it, never change it."""
    return _make_table(tmp_path_factory.mktemp("table"))


@pytest.fixture
def table(table_folder: Path) -> Table:
    """That table, read anew: nothing was asked of it before."""
    return Table.read(table_folder)


# Data sets


PUBLISHED = {
    "protocol": {
        "name": "synthetic-v1",
        "sigma": 25.0,
        "size": 64,
        "seeds": [0, 1],
        "architectures": ["a", "b", "c", "d"],
        "dip": {"iterations": 16, "rate": 0.01},
    },
    "images": {
        "source": "a camera",
        "citation": "A. Author, Photographs, 2001",
        "dip": ["camera-a", "camera-b"],
    },
}


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory, make_table: Callable[..., Path]) -> Path:
    """A table with missing values of every kind; read it, never change it."""
    return make_table(tmp_path_factory.mktemp("source"), **PUBLISHED)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, Path]:
    """The data sets of that table and of the embedded one."""
    out = tmp_path_factory.mktemp("data-sets")
    for name, table in (("synthetic", source), ("embedded", entry(PROTOCOL).folder)):
        build(table, out / name, "some-owner/some.name", OURS)
    return {name: out / name for name in ("synthetic", "embedded")}


@pytest.fixture(params=["synthetic", "embedded"])
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


@pytest.fixture(scope="session")
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """python(script, *arguments, **environment): run it in a new interpreter."""

    def run(
        script: str, *arguments: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **environment}
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


# Surrogates


ABOUT = {
    "space": "unet64",
    "task": "denoise25",
    "protocol": "made-up-v1",
    "rows": 400,
    "sample": [],
    "clock": {"device": "a processor", "engine": "kernel"},
    "noise": {"supervised_rmse": 0.01, "supervised_rmse_val": 0.01},
    "noise_best": {"supervised_rmse": 0.1},
    "noise_from": "made-up-v1",
    "seeds": 1,
    "steps": {"supervised": 1000, "dip": 3000},
    "images": 4,
}


def _made_up_surrogate(space: str) -> Surrogate:
    """RMSE falls with MACs and rises with SLC; seconds rise with MACs."""
    rng = np.random.default_rng(0)
    indices = np.sort(rng.integers(len(Space(space)), size=400))
    description = described(space, encoded(Space(space), indices))
    centre, scale = description.mean(0), np.maximum(description.std(0), 1e-9)
    inputs, names = (description - centre) / scale, COLUMNS[space]
    count = len(names)
    weights = np.zeros((1 + count + count * (count + 1) // 2, len(TARGETS)))
    weights[0] = np.log([16.0, 16.0, 15.0, 14.0, 20.0, 5.0])
    weights[1 + names.index("log macs")] = [-0.05, -0.05, -0.02, 0.01, 0.5, 0.5]
    weights[1 + names.index("slc")] = [0.1, 0.1, -0.02, -0.03, 0.0, 0.0]
    weights[1 : 1 + count] += rng.normal(0, 0.005, (count, len(TARGETS)))
    distance = Distance.of(inputs)
    of = [description[:, names.index(name)] for name in ("depth", "slc", "log macs")]
    errors = rng.normal(0, 0.02, (400, len(TARGETS)))
    spread = Spread.of(shape(*of), distance(inputs), errors)
    models = [(list(range(len(TARGETS))), Ridge(weights))]
    return Surrogate(ABOUT | {"space": space}, centre, scale, models, distance, spread)


@pytest.fixture(scope="session")
def made_up_unet64() -> Surrogate:
    """A surrogate of unet64 whose numbers are made up: it predicts nothing, but it is one."""
    return _made_up_surrogate("unet64")
