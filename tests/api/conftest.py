"""A small table with made-up numbers, so that no test depends on what was measured."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from starlette.testclient import TestClient

from api.app import description, make_app, make_service
from api.catalogue import read_tables
from dipbench import Architecture, load, macs, params
from dipbench.spaces import BaseArchitecture, UNet, parsed
from dipbench.table.aggregate import summarise
from dipbench.table.schema import CURVES, RUNS
from dipbench.table.table import Table, write_table

if TYPE_CHECKING:
    from httpx2 import Response

    from dipbench.graphs.dag import Graph

Run: TypeAlias = dict[str, Any]  # a row of values by column

TASK = "denoise25"
SEEDS = (0, 1)
IMAGES = ("cat", "dog")
STEPS = [1, 10, 100]


def _run(
    architecture: BaseArchitecture,
    mode: str,
    seed: int,
    image: str | None,
    status: str,
    results: dict[str, Any],
) -> Run:
    identity = {"key": architecture.key, "name": architecture.name, "task": TASK, "mode": mode}
    rest = {"seed": seed, "image": image, "status": status, "device": "test"}
    seconds = {"seconds": 2.0, "torch_version": "0", "protocol_hash": "cafe"}
    return identity | rest | seconds | (results if status == "ok" else {})


def supervised_run(architecture: BaseArchitecture, seed: int, status: str = "ok") -> Run:
    rmse = 8.0 + architecture.slc + seed
    results = {"test_rmse": rmse, "val_rmse": rmse + 0.5, "step": STEPS}
    curve = [rmse + 20, rmse + 10, rmse + 0.5]
    return _run(architecture, "supervised", seed, None, status, results | {"curve": curve})


def dip_run(architecture: Architecture, seed: int, image: str) -> Run:
    rmse = 10.0 + architecture.depth + 2 * seed + 4 * IMAGES.index(image)
    results: dict[str, Any] = {"step": STEPS, "rmse": [rmse + 9, rmse, rmse + 3]}
    for name in ("rmse_noisy", "averaged_rmse", "averaged_rmse_noisy"):
        results[name] = [rmse + 5, rmse + 4, rmse + 3]
    for name in ("averaged_peak_rmse", "averaged_final_rmse", "final_rmse", "stopped_rmse"):
        results[name] = rmse + 3
    results |= {"peak_rmse": rmse, "peak_iteration": 10, "peak_censored": False}
    results |= {"averaged_peak_iteration": 100, "averaged_peak_censored": True}
    return _run(architecture, "dip", seed, image, "ok", results | {"stopped_iteration": 100})


def _row(runs: Sequence[Run]) -> Run:
    a = parsed(runs[0]["name"])
    features = {"key": a.key, "name": a.name, "task": TASK, "depth": a.depth, "slc": a.slc}
    assert isinstance(a, Architecture | UNet)
    fields: dict[str, Any] = {"width": a.width}
    if isinstance(a, Architecture):
        fields |= {"skips": "".join(map(str, a.skips)), "upsample": a.upsample}
    return features | fields | {"params": params(a.graph), "macs": macs(a.graph)} | summarise(runs)


def _curve(run: Run) -> Run:
    picked = {column.name: run.get(column.name) for column in CURVES}
    return picked | {"val_rmse": run.get("curve")}


def write(
    folder: Path,
    runs_of_each: Sequence[Sequence[Run]],
    space: str = "core64",
    protocol: str = "made-up-v1",
) -> Path:
    """Write the table of a list of runs per architecture."""
    runs = [run for runs in runs_of_each for run in runs]
    tables = {
        "architectures.parquet": [_row(runs) for runs in runs_of_each],
        "runs.parquet": [{c.name: run.get(c.name) for c in RUNS} for run in runs],
        "curves.parquet": [_curve(run) for run in runs if run["status"] == "ok"],
    }
    manifest = {"space": space, "protocol": {"name": protocol}, "protocol_hash": "cafe"}
    return write_table(folder, tables, manifest)


def fully_measured(name: str) -> list[Run]:
    architecture = Architecture.parse(name)
    supervised = [supervised_run(architecture, seed) for seed in SEEDS]
    return supervised + [dip_run(architecture, seed, image) for seed in SEEDS for image in IMAGES]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two architectures with all runs, and one of which no more is known than a divergence."""
    diverged = Architecture.parse("d1-s-transposed-w8")
    runs = [
        fully_measured("d2-s0-bilinear-w8"),
        fully_measured("d3-s-nearest-w16"),
        [supervised_run(diverged, 0, status="diverged")],
    ]
    return write(tmp_path_factory.mktemp("table"), runs)


@pytest.fixture(scope="session")
def table(folder: Path) -> Table:
    return load(folder)


@pytest.fixture(scope="session")
def second_table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Of another space, the twin of one in the first table and a network that is in none:
    supervised runs alone, whose RMSE are greater by 100."""
    runs = []
    for name in ("u2-sno-ubb-c1-w8-x", "u2-swn-ubt-c2-w16g-x0"):
        architecture = parsed(name)
        found = [supervised_run(architecture, seed) for seed in SEEDS]
        runs.append([run | {"test_rmse": run["test_rmse"] + 100} for run in found])
    return load(write(tmp_path_factory.mktemp("second"), runs, "unet64", "other-v1"))


@pytest.fixture(scope="session")
def variant_table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Of the first one's space and task: one run of one architecture."""
    runs = [[supervised_run(Architecture.parse("d2-s0-bilinear-w8"), 0)]]
    folder = tmp_path_factory.mktemp("variant")
    return load(write(folder, runs, protocol="made-up-long-v1"))


@pytest.fixture(scope="session")
def client(table: Table) -> Iterator[TestClient]:
    """The service in this process, without sockets, with its workers."""
    with TestClient(make_service([table]), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def embedded() -> Iterator[TestClient]:
    """The service over the tables of the package."""
    with TestClient(make_service(read_tables(None))) as client:
        yield client


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    return description(make_app([]))


@pytest.fixture
def get(client: TestClient) -> Callable[..., Any]:
    """get(path, **parameters): the JSON of an answer that must be there."""

    def ask(path: str, **parameters: Any) -> Any:
        reply = client.get(path, params=parameters)
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == "application/json"
        return reply.json()

    return ask


@pytest.fixture
def problem() -> Callable[["Response", int], str]:
    """problem(reply, status): its detail, after a look at the rest."""

    def detail(reply: "Response", status: int) -> str:
        value = reply.json()
        assert reply.status_code == status, value
        assert reply.headers["content-type"] == "application/problem+json"
        assert set(value) == {"type", "title", "status", "detail"}
        assert value["status"] == status
        assert "etag" not in reply.headers
        return str(value["detail"])

    return detail


@pytest.fixture
def node_link() -> Callable[..., bytes]:
    """node_link(graph, edges="edges"): the graph as node-link JSON, in bytes."""

    def written(graph: "Graph", edges: str = "edges") -> bytes:
        nodes = [{"id": node} | attributes for node, attributes in graph.nodes(data=True)]
        links = [{"source": source, "target": target} for source, target in graph.edges]
        return json.dumps({"nodes": nodes, edges: links}).encode()

    return written


@pytest.fixture(scope="session")
def hard_graph() -> bytes:
    """JSON of a network of two regular layers, Paley's: its key takes a good part of a second."""
    nodes: list[dict[str, Any]] = [
        {"id": "x", "op": "input"},
        {"id": "j", "op": "concat"},
        {"id": "y", "op": "output"},
    ]
    edges = [{"source": "j", "target": "y"}]
    squares = {i * i % 151 for i in range(1, 151)}
    for i in range(150):
        nodes += [{"id": f"a{i}", "op": "conv3", "channels": 1}, {"id": f"b{i}", "op": "concat"}]
        edges += [{"source": "x", "target": f"a{i}"}, {"source": f"b{i}", "target": "j"}]
        edges += [
            {"source": f"a{j}", "target": f"b{i}"} for j in range(150) if (i - j) % 151 in squares
        ]
    return json.dumps({"nodes": nodes, "edges": edges}).encode()
