"""The routes without a socket: what each says, and how each refuses."""

import ast
import importlib
import json
import re
import sys
from pathlib import Path

import networkx as nx
import pytest

import dipbench
from api.endpoints import PAGE
from api.routes import ROUTES, answer
from dipbench import Architecture

SKIP = "d2-s0-bilinear-w8"
PLAIN = "d3-s-nearest-w16"
DIVERGED = "d1-s-transposed-w8"
UNMEASURED = "d5-s024-bilinear-w16"


def get(table, path, *parameters, method="GET", body=None):
    return answer(table, method, path, parameters, body)


def error(reply, status):
    assert reply.status == status
    assert list(reply.value) == ["error"]
    return reply.value["error"]


PUBLIC = {"dipbench", "dipbench.graphs.dag", "dipbench.graphs.nodelink"}


def test_imports_only_public_names_of_the_library():
    allowed = {*sys.stdlib_module_names, "api", "dipbench"}
    for path in Path(sys.modules["api.routes"].__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed - {"dipbench"}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                assert node.module.split(".")[0] in allowed
                if node.module.startswith("dipbench"):
                    public = set(importlib.import_module(node.module).__all__) | {"Graph"}
                    assert node.module in PUBLIC
                    assert {alias.name for alias in node.names} <= public


def test_table(table):
    assert get(table, "/table").value == {
        "protocol": "made-up-v1",
        "protocol_hash": "cafe",
        "space": "core64",
        "tasks": ["denoise25"],
        "architectures": 3,
    }


def test_architectures_are_listed_with_null_for_what_was_not_measured(table):
    rows = {row["name"]: row for row in get(table, "/architectures").value}
    assert set(rows) == {SKIP, PLAIN, DIVERGED}
    a = Architecture.parse(SKIP)
    # Means of 8 + SLC + seed, and of 10 + depth + 2 seed + 4 image, for seeds and images 0, 1.
    assert rows[SKIP] == {
        "name": SKIP,
        "key": a.key,
        "task": "denoise25",
        "depth": 2,
        "slc": 0,
        "skips": "0",
        "upsample": "bilinear",
        "width": 8,
        "params": dipbench.params(a.graph),
        "macs": dipbench.macs(a.graph),
        "supervised_rmse": 8.5,
        "supervised_std": pytest.approx(0.5**0.5),
        "dip_rmse": 15.0,
        "dip_std": pytest.approx(2**0.5),
        "n_seeds": 2,
        "n_images": 2,
        "n_fits": 4,
        "n_censored": 0,
        "n_failed": 0,
    }
    assert rows[DIVERGED]["supervised_rmse"] is None
    assert rows[DIVERGED]["dip_std"] is None
    assert rows[DIVERGED]["n_failed"] == 1


def test_architectures_of_another_task(table):
    listed = get(table, "/architectures", ("task", "denoise25")).value
    assert listed == get(table, "/architectures").value
    message = error(get(table, "/architectures", ("task", "inpaint50")), 404)
    assert "'inpaint50'" in message
    assert "denoise25" in message


@pytest.mark.parametrize("notation", [SKIP, Architecture.parse(SKIP).key])
def test_query_by_name_and_by_key(table, notation):
    value = get(table, "/query", ("architecture", notation)).value
    assert (value["name"], value["seed"], value["image"]) == (SKIP, None, None)
    assert (value["supervised_rmse"], value["dip_rmse"], value["n_fits"]) == (8.5, 15.0, 4)
    assert not any(name.startswith("_") for name in value)


def test_query_of_one_seed_and_image(table):
    asked = [("architecture", SKIP), ("seed", "1"), ("image", "dog"), ("task", "denoise25")]
    value = get(table, "/query", *asked).value
    assert (value["supervised_rmse"], value["dip_rmse"], value["n_fits"]) == (9.0, 18.0, 1)
    assert value["dip_std"] is None  # NaN: no two seeds
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("edges", ["edges", "links"])
def test_query_of_a_graph_with_other_node_names(table, node_link, edges):
    a = Architecture.parse(SKIP)
    graph = nx.relabel_nodes(a.graph, {node: i for i, node in enumerate(reversed([*a.graph]))})
    reply = get(table, "/query", ("seed", "0"), method="POST", body=node_link(graph, edges))
    assert reply == get(table, "/query", ("architecture", SKIP), ("seed", "0"))
    assert reply.value["name"] == SKIP


def test_body_of_a_get_is_not_looked_at(table):
    asked = get(table, "/query", ("architecture", SKIP))
    assert get(table, "/query", ("architecture", SKIP), body=b"no JSON") == asked


def test_what_networkx_writes_is_read(table):
    data = nx.node_link_data(Architecture.parse(PLAIN).graph, edges="links")
    reply = get(table, "/query", method="POST", body=json.dumps(data).encode())
    assert reply.value["name"] == PLAIN


def test_curves(table):
    value = get(table, "/curve", ("architecture", SKIP), ("mode", "supervised")).value
    assert value["step"] == [1, 10, 100]
    assert value["rmse"] == [28.5, 18.5, 9.0]
    assert (value["rmse_noisy"], value["n_runs"], value["mode"]) == ([], 2, "supervised")
    asked = [("architecture", SKIP), ("mode", "dip"), ("seed", "1"), ("image", "cat")]
    value = get(table, "/curve", *asked).value
    assert (value["rmse"], value["averaged_rmse"]) == ([23, 14, 17], [19, 18, 17])
    assert (value["name"], value["seed"], value["image"]) == (SKIP, 1, "cat")
    assert value["n_runs"] == 1


def test_features_of_a_name_and_of_its_graph(table, node_link):
    a = Architecture.parse(UNMEASURED)
    by_name = get(table, "/features", ("architecture", UNMEASURED)).value
    assert by_name == {
        "key": a.key,
        "in_table": False,
        "depth": 5,
        "slc": 0,
        "params": dipbench.params(a.graph),
        "macs": dipbench.macs(a.graph),
    }
    assert get(table, "/features", method="POST", body=node_link(a.graph)).value == by_name
    assert get(table, "/features", ("architecture", SKIP)).value["in_table"] is True


def test_features_of_a_network_outside_the_space(table, node_link):
    graph = nx.DiGraph([("x", "c"), ("c", "y")])
    graph.add_node("x", op="input")
    graph.add_node("c", op="conv3", channels=2)
    graph.add_node("y", op="output")
    value = get(table, "/features", method="POST", body=node_link(graph)).value
    assert (value["depth"], value["slc"], value["in_table"]) == (0, 0, False)
    # 9 weights and 2 numbers of the normalisation for each of 2 channels; 2 weights and a bias.
    assert value["params"] == 2 * (9 + 2) + 3


def test_the_page(table):
    reply = get(table, "/")
    assert reply.content_type == "text/html; charset=utf-8"
    assert reply.value == PAGE


def test_the_page_is_self_contained_and_writes_data_as_text_only():
    assert "<script src" not in PAGE
    assert PAGE.count("<script>") == 1
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "@import"):
        assert forbidden not in PAGE
    addresses = re.findall(r"https?://[^\s/]*", PAGE)
    assert set(addresses) <= {"http://www.w3.org"}  # the names of SVG and HTML, never fetched


def test_page_asks_for_routes_that_exist():
    for route in ("table", "architectures", "query", "curve"):
        assert f'ask("{route}"' in PAGE
        assert f"/{route}" in ROUTES


def test_unknown_route_lists_the_routes(table):
    message = error(get(table, "/tables"), 404)
    assert "'/tables'" in message
    assert all(route in message for route in ROUTES)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/table", ("GET", "HEAD")),
        ("DELETE", "/query", ("GET", "HEAD", "POST")),
        ("OPTIONS", "/", ("GET", "HEAD")),
    ],
)
def test_wrong_method(table, method, path, allow):
    reply = answer(table, method, path)
    assert method in error(reply, 405)
    assert reply.allow == allow


@pytest.mark.parametrize(
    ("path", "parameters", "named"),
    [
        ("/query", [], "'architecture'"),
        ("/features", [], "'architecture'"),
        ("/curve", [("architecture", SKIP)], "'mode'"),
        ("/curve", [("architecture", SKIP), ("mode", "both")], "'both'"),
        ("/query", [("architecture", SKIP), ("sede", "0")], "'sede'; expected one of architecture"),
        ("/table", [("architecture", SKIP)], "'architecture'; expected none"),
        ("/query", [("architecture", SKIP), ("seed", "0"), ("seed", "1")], "'seed' is given twice"),
        ("/query", [("architecture", "resnet")], "'resnet'"),
        ("/query", [("architecture", "")], "malformed name ''"),
        ("/features", [("architecture", "d2-s5-bilinear-w8")], "skip level is 5"),
        *(
            ("/query", [("architecture", SKIP), ("seed", seed)], f"seed is {seed!r}")
            for seed in ("", "one", "1.0", "1_0", " 1", "٣", "9" * 5000)
        ),
    ],
)
def test_bad_parameters_are_named(table, path, parameters, named):
    assert named in error(get(table, path, *parameters), 400)


@pytest.mark.parametrize(
    ("path", "parameters", "named"),
    [
        ("/query", [("architecture", UNMEASURED)], UNMEASURED),
        ("/query", [("architecture", "0" * 64)], "0" * 64),
        ("/query", [("architecture", SKIP), ("seed", "7")], "seed 7"),
        ("/query", [("architecture", SKIP), ("image", "owl")], "image 'owl'"),
        ("/query", [("architecture", SKIP), ("task", "sr2")], "task 'sr2'"),
        ("/curve", [("architecture", DIVERGED), ("mode", "dip")], "no dip run"),
    ],
)
def test_what_was_not_measured_is_not_found(table, path, parameters, named):
    assert named in error(get(table, path, *parameters), 404)


def test_post_without_a_length(table):
    assert "Content-Length" in error(answer(table, "POST", "/query"), 411)


def test_post_takes_no_architecture_beside_its_graph(table):
    reply = get(table, "/features", ("architecture", SKIP), method="POST", body=b"{}")
    assert "'architecture'" in error(reply, 400)


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
        (graph_json([A, B], [AB], links=[AB]), "either 'edges' or 'links'"),
        (graph_json([A, B], [AB], directed=False), "undirected"),
        (graph_json([A, B], [AB], multigraph=True), "multigraph"),
        (graph_json("ab"), "'nodes' is not a list"),
        (graph_json([A, B], ["ab"]), "'edges' is not a list of objects"),
        (graph_json([{"op": "input"}]), "'id' is None"),
        (graph_json([{"id": True}]), "'id' is True"),
        (graph_json([{"id": [["a"]]}]), "'id' is [['a']]"),
        (graph_json([A, A]), "'a' is given twice"),
        (graph_json([A, B], [AB, AB]), "'a' to 'b' is given twice"),
        (graph_json([A, B], [{"source": "a", "target": "c"}]), "an edge names 'c'"),
        (graph_json([A, B], [{"source": "a"}]), "'target' is None"),
        (graph_json([A, B | {"op": "conv9"}], [AB]), "'b' has op 'conv9'"),
        (graph_json([A, B | {"op": "conv3"}], [AB]), "'b' (conv3) has no channels"),
        (graph_json([A, B | {"op": "conv3", "channels": 10**30}], [AB]), "31 digits"),
        (graph_json([A, B], [AB, {"source": "b", "target": "a"}]), "cycle"),
        (graph_json([{"id": "\ud800"}]), r"'\ud800'"),
        (graph_json(), "0 nodes"),
    ],
)
@pytest.mark.parametrize("path", ["/query", "/features"])
def test_bad_graphs_are_named(table, path, body, named):
    assert named in error(get(table, path, method="POST", body=body), 400)


def test_graph_too_deep_for_the_image(table, node_link):
    path = [("x", "input"), *((f"down{i}", "down") for i in range(7)), ("y", "output")]
    graph = nx.path_graph([name for name, _ in path], create_using=nx.DiGraph)
    for name, op in path:
        graph.nodes[name].update(op=op, channels=4)
    with pytest.raises(ValueError, match="64") as caught:
        dipbench.macs(graph)
    reply = get(table, "/features", method="POST", body=node_link(graph))
    assert error(reply, 400) == str(caught.value)


def test_graph_too_symmetric_to_search(table, node_link, monkeypatch):
    def search(graph):
        raise dipbench.SearchLimitExceeded("20000 steps")

    monkeypatch.setattr("api.endpoints.canonical_key", search)
    reply = get(table, "/features", ("architecture", SKIP))
    assert error(reply, 400) == "20000 steps"
