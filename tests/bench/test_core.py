"""Timings of keys, features and queries; ratios come from one run, on one machine."""

import subprocess
import sys
from typing import Any

import networkx as nx
import pytest

from dipbench import Architecture, canonical_key, depth, load, query, slc

LARGEST = Architecture(5, (0, 1, 2, 3, 4), "transposed", 16)
NAME = max(load().architectures["name"].to_pylist(), key=lambda n: len(Architecture.parse(n).graph))


def branches(count, length):
    """Identical parallel branches between one input and one concat."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("x", op="input")
    graph.add_node("c", op="concat")
    graph.add_node("y", op="output")
    graph.add_edge("c", "y")
    for branch in range(count):
        path = ["x", *((branch, i) for i in range(length)), "c"]
        graph.add_nodes_from(path[1:-1], op="conv3", channels=4)
        nx.add_path(graph, path)
    return graph


@pytest.mark.benchmark(group="key of the largest core64 graph")
def test_canonical_key(benchmark):
    benchmark(canonical_key, LARGEST.graph)


@pytest.mark.benchmark(group="key of the largest core64 graph")
@pytest.mark.filterwarnings("ignore:The hashes produced")
def test_networkx_weisfeiler_lehman_hash(benchmark):
    benchmark(nx.weisfeiler_lehman_graph_hash, LARGEST.graph, node_attr="op")


@pytest.mark.benchmark(group="query")
def test_query_by_name(benchmark):
    benchmark(query, NAME)


@pytest.mark.benchmark(group="query")
def test_query_by_graph(benchmark):
    benchmark(query, Architecture.parse(NAME).graph)


@pytest.mark.benchmark(group="features")
@pytest.mark.parametrize("feature", [depth, slc])
def test_features(benchmark, feature):
    benchmark(feature, LARGEST.graph)


@pytest.mark.benchmark(group="keys of symmetric graphs")
@pytest.mark.parametrize(("count", "length"), [(12, 1), (12, 3), (12, 8), (169, 3), (500, 1)])
def test_identical_branches(benchmark, count, length):
    benchmark(canonical_key, branches(count, length))


@pytest.mark.benchmark(group="first query of a new process")
@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import pyarrow.parquet", id="import pyarrow.parquet"),
        pytest.param(f"from dipbench import query; query({NAME!r})", id="first query"),
    ],
)
def test_new_process(benchmark, code):
    command = [sys.executable, "-c", code]
    benchmark.pedantic(lambda: subprocess.run(command, check=True), rounds=20, warmup_rounds=2)
