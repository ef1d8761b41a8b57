"""Features of names, keys and graphs; graphs that are refused."""

import json
from typing import Any

import networkx as nx
import pytest

import dipbench
from dipbench import Architecture, canonical_key

SKIP = "d2-s0-bilinear-w8"
UNMEASURED = "d5-s024-bilinear-w16"


def branches(count):
    """A network with as many identical branches."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("x", op="input")
    graph.add_node("j", op="concat")
    for i in range(count):
        graph.add_node(i, op="conv3", channels=2)
        nx.add_path(graph, ["x", i, "j"])
    graph.add_node("y", op="output")
    graph.add_edge("j", "y")
    return graph


@pytest.mark.parametrize("name", [SKIP, UNMEASURED])
def test_features_of_a_name_and_of_its_graph(client, get, node_link, name):
    a = Architecture.parse(name)
    said = get("/v1/features", architecture=name)
    assert {n: v for n, v in said.items() if n not in ("graph", "measured")} == {
        "name": name,
        "key": a.key,
        "note": None,
        "nodes": len(a.graph),
        "depth": a.depth,
        "slc": 0,
        "params": dipbench.params(a.graph),
        "macs": dipbench.macs(a.graph),
        "in_table": name == SKIP,
    }
    by_graph = client.post("/v1/features", content=node_link(a.graph)).json()
    assert {n: v for n, v in by_graph.items() if n != "graph"} == {
        n: v for n, v in said.items() if n != "graph"
    }
    assert len(by_graph["graph"]["nodes"]) == len(a.graph)


def test_features_of_a_key(get):
    assert get("/v1/features", architecture=Architecture.parse(SKIP).key)["name"] == SKIP


def test_features_of_a_network_outside_the_space(client, node_link):
    graph = branches(2)
    value = client.post("/v1/features", content=node_link(graph)).json()
    assert (value["name"], value["depth"], value["slc"], value["in_table"]) == (None, 0, 0, False)
    assert value["key"] == canonical_key(graph)
    # 9 weights and 2 numbers of the normalisation for 2 channels, twice; 4 weights and a bias.
    assert value["params"] == 2 * 2 * (9 + 2) + 5


def test_a_graph_larger_than_all_that_was_measured_gets_no_key(client, problem, node_link):
    body = node_link(branches(200))
    value = client.post("/v1/features", content=body).json()
    assert (value["key"], value["nodes"], value["in_table"]) == (None, 203, False)
    assert "203 nodes" in value["note"]
    assert value["params"] == 200 * 2 * (9 + 2) + 401
    assert "203 nodes" in problem(client.post("/v1/query", content=body), 404)


def graph_json(nodes=(), edges=(), **more):
    return json.dumps({"nodes": nodes, "edges": edges} | more).encode()


A, B = {"id": "a", "op": "input"}, {"id": "b", "op": "output"}
AB = {"source": "a", "target": "b"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 200_000, "nested too deep"),
        (b"[]", "a list"),
        (b"{}", "either 'edges' or 'links'"),
        (b'{"nodes": [], "edges": [], "edges": []}', "'edges' is given twice"),
        (b'{"nodes": [{"id": NaN}], "edges": []}', "NaN"),
        (graph_json([A, B], [AB], links=[AB]), "either 'edges' or 'links'"),
        (graph_json([A, B], [AB], directed=False), "undirected"),
        (graph_json([A, A]), "'a' is given twice"),
        (graph_json([A, B], [AB, AB]), "'a' to 'b' is given twice"),
        (graph_json([A, B], [{"source": "a", "target": "c"}]), "an edge names 'c'"),
        (graph_json([A, B | {"op": "conv9"}], [AB]), "'b' has op 'conv9'"),
        (graph_json([A, B | {"op": "conv3", "channels": 10**30}], [AB]), "31 digits"),
        (graph_json([A, B], [AB, {"source": "b", "target": "a"}]), "cycle"),
        (graph_json([{"id": "\ud800"}]), r"'\ud800'"),
        (graph_json(), "0 nodes"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/query", "/v1/features"])
def test_bad_graphs_are_named(client, problem, path, body, named):
    assert named in problem(client.post(path, content=body), 400)


def test_a_graph_too_deep_for_the_image(client, problem, node_link):
    path = [("x", "input"), *((f"down{i}", "down") for i in range(7)), ("y", "output")]
    graph = nx.path_graph([name for name, _ in path], create_using=nx.DiGraph)
    for name, op in path:
        graph.nodes[name].update(op=op, channels=4)
    with pytest.raises(ValueError, match="64") as caught:
        dipbench.macs(graph)
    reply = client.post("/v1/features", content=node_link(graph))
    assert problem(reply, 400) == str(caught.value)


@pytest.mark.parametrize("path", ["/v1/query", "/v1/features", "/v1/query/batch"])
def test_bodies_that_are_too_long(client, problem, path):
    reply = client.post(path, content=b" " * 1_000_001)
    assert "1000001 bytes; expected at most 1000000" in problem(reply, 413)
    parts = (b" " * 1000 for _ in range(1_001))  # sent in chunks, without a length
    assert "more than 1000000" in problem(client.post(path, content=parts), 413)


def test_the_longest_body(client, problem):
    reply = client.post("/v1/query", content=b"{}" + b" " * (1_000_000 - 2))
    assert "links" in problem(reply, 400)
