"""Queries by name, key and graph, in batches; runs and curves."""

import json

import networkx as nx
import pytest

from dipbench import Architecture

SKIP = "d2-s0-bilinear-w8"
PLAIN = "d3-s-nearest-w16"
DIVERGED = "d1-s-transposed-w8"
UNMEASURED = "d5-s024-bilinear-w16"


@pytest.mark.parametrize("notation", [SKIP, Architecture.parse(SKIP).key])
def test_query_by_name_and_by_key(get, notation):
    value = get("/v1/query", architecture=notation)
    assert (value["name"], value["seed"], value["image"]) == (SKIP, None, None)
    assert (value["supervised_rmse"], value["dip_rmse"], value["n_fits"]) == (8.5, 15.0, 4)
    assert value["protocol"] == "made-up-v1"
    assert not any(name.startswith("_") for name in value)


def test_query_of_one_seed_and_image(get):
    value = get("/v1/query", architecture=SKIP, seed="1", image="dog", task="denoise25")
    assert (value["supervised_rmse"], value["dip_rmse"], value["n_fits"]) == (9.0, 18.0, 1)
    assert value["dip_std"] is None  # NaN: no two seeds


def test_what_diverged_is_null(client):
    reply = client.get("/v1/query", params={"architecture": DIVERGED})
    assert "NaN" not in reply.text
    assert reply.json()["dip_rmse"] is None


@pytest.mark.parametrize("edges", ["edges", "links"])
def test_query_of_a_graph_with_other_node_names(client, get, node_link, edges):
    a = Architecture.parse(SKIP)
    graph = nx.relabel_nodes(a.graph, {node: i for i, node in enumerate(reversed([*a.graph]))})
    reply = client.post("/v1/query", params={"seed": 0}, content=node_link(graph, edges))
    assert reply.json() == get("/v1/query", architecture=SKIP, seed=0)
    assert "etag" not in reply.headers


def test_what_networkx_writes_is_read(client):
    data = nx.node_link_data(Architecture.parse(PLAIN).graph, edges="links")
    assert client.post("/v1/query", json=data).json()["name"] == PLAIN


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"architecture": UNMEASURED}, UNMEASURED),
        ({"architecture": "0" * 64}, "0" * 64),
        ({"architecture": SKIP, "seed": "7"}, "seed 7"),
        ({"architecture": SKIP, "image": "owl"}, "image 'owl'"),
        ({"architecture": SKIP, "task": "sr2"}, "task 'sr2'"),
        ({"architecture": SKIP, "protocol": "core64-v9"}, "'core64-v9'"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/query", "/v1/runs", "/v1/curve?mode=dip"])
def test_what_was_not_measured_is_not_found(client, problem, path, asked, named):
    path, _, mode = path.partition("?mode=")
    asked = asked | ({"mode": mode} if mode else {})
    assert named in problem(client.get(path, params=asked), 404)


def test_runs_are_all_that_were_measured(get):
    said = get("/v1/runs", architecture=SKIP)
    assert (said["name"], said["protocol"], said["task"]) == (SKIP, "made-up-v1", "denoise25")
    found = {(run["mode"], run["seed"], run["image"]): run for run in said["runs"]}
    assert len(found) == len(said["runs"]) == 2 + 4
    assert found["dip", 1, "dog"]["peak_rmse"] == 18.0
    assert found["supervised", 0, None]["test_rmse"] == 8.0
    assert all("curve" not in run for run in said["runs"])


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"mode": "dip"}, 4),
        ({"mode": "supervised"}, 2),
        ({"seed": 1}, 3),
        ({"image": "cat"}, 4),
        ({"mode": "dip", "seed": 1, "image": "cat"}, 1),
    ],
)
def test_some_runs(get, asked, count):
    assert len(get("/v1/runs", architecture=SKIP, **asked)["runs"]) == count


def test_runs_with_their_curves(get):
    said = get("/v1/runs", architecture=SKIP, curves="true")
    curves = {(run["mode"], run["seed"], run["image"]): run["curve"] for run in said["runs"]}
    assert curves["supervised", 0, None]["val_rmse"] == [28.0, 18.0, 8.5]
    assert curves["supervised", 0, None]["rmse"] is None
    assert curves["dip", 1, "cat"]["rmse"] == [23, 14, 17]
    assert curves["dip", 1, "cat"]["step"] == [1, 10, 100]


def test_a_run_that_diverged_has_no_curve(get):
    (run,) = get("/v1/runs", architecture=DIVERGED, curves="true")["runs"]
    assert (run["status"], run["test_rmse"], run["curve"]) == ("diverged", None, None)


def test_mean_curves(get):
    value = get("/v1/curve", architecture=SKIP, mode="supervised")
    assert (value["step"], value["rmse"]) == ([1, 10, 100], [28.5, 18.5, 9.0])
    assert (value["rmse_noisy"], value["n_runs"], value["mode"]) == ([], 2, "supervised")
    value = get("/v1/curve", architecture=SKIP, mode="dip", seed=1, image="cat")
    assert (value["rmse"], value["averaged_rmse"]) == ([23, 14, 17], [19, 18, 17])
    assert (value["name"], value["seed"], value["image"], value["n_runs"]) == (SKIP, 1, "cat", 1)


def test_a_mode_without_a_run(client, problem):
    reply = client.get("/v1/curve", params={"architecture": DIVERGED, "mode": "dip"})
    assert "no dip run" in problem(reply, 404)


def test_a_batch_answers_in_order_each_on_its_own(client, get, node_link):
    graph = json.loads(node_link(Architecture.parse(PLAIN).graph))
    asked = [SKIP, Architecture.parse(DIVERGED).key, graph, UNMEASURED, "resnet", {"nodes": 1}]
    said = client.post("/v1/query/batch", json={"architectures": asked, "seed": 0}).json()
    results = said["results"]
    assert results[0] == get("/v1/query", architecture=SKIP, seed=0)
    assert [result["name"] for result in results[:3]] == [SKIP, DIVERGED, PLAIN]
    assert [result["problem"]["status"] for result in results[3:]] == [404, 400, 400]
    assert "malformed name 'resnet'" in results[4]["problem"]["detail"]


def test_a_thousand_at_once(client):
    said = client.post("/v1/query/batch", json={"architectures": [SKIP] * 1000}).json()
    assert len(said["results"]) == 1000
    assert client.post("/v1/query/batch", json={"architectures": []}).json() == {"results": []}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([], "expected an object with 'architectures'"),
        ({}, "expected an object with 'architectures'"),
        ({"architectures": SKIP}, "expected an object with 'architectures'"),
        ({"architectures": [SKIP] * 1001}, "1001 architectures; expected at most 1000"),
        ({"architectures": [SKIP], "sede": 0}, "unknown member 'sede'"),
        ({"architectures": [SKIP], "seed": "0"}, "seed is '0'"),
        ({"architectures": [SKIP], "seed": True}, "seed is True"),
        ({"architectures": [SKIP], "seed": 0.0}, "seed is 0.0"),
        ({"architectures": [SKIP], "task": None}, "task is None"),
        ({"architectures": [SKIP], "image": ["cat"]}, "image is ['cat']"),
    ],
)
def test_malformed_batches(client, problem, body, named):
    assert named in problem(client.post("/v1/query/batch", json=body), 400)
