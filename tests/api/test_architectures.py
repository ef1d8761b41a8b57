"""Pages of architectures, CSV, single ones, neighbours."""

import csv
import io
import json

import networkx as nx
import pytest

import dipbench
from dipbench import Architecture, Space, canonical_key
from dipbench.graphs.nodelink import from_node_link

SKIP = "d2-s0-bilinear-w8"
PLAIN = "d3-s-nearest-w16"
DIVERGED = "d1-s-transposed-w8"
KEYS = sorted(Architecture.parse(name).key for name in (SKIP, PLAIN, DIVERGED))


def names(page):
    return [row["name"] for row in page["rows"]]


def test_a_page_is_in_the_order_of_the_keys(get):
    page = get("/v1/architectures")
    assert {name: page[name] for name in page if name != "rows"} == {
        "protocol": "made-up-v1",
        "task": "denoise25",
        "total": 3,
        "offset": 0,
        "limit": 100,
    }
    assert [row["key"] for row in page["rows"]] == KEYS


def test_a_row_has_every_column_with_null_for_what_was_not_measured(get):
    rows = {row["name"]: row for row in get("/v1/architectures")["rows"]}
    a = Architecture.parse(SKIP)
    row = rows[SKIP]
    assert (row["key"], row["depth"], row["skips"], row["width"]) == (a.key, 2, "0", 8)
    assert (row["params"], row["macs"]) == (dipbench.params(a.graph), dipbench.macs(a.graph))
    assert (row["supervised_rmse"], row["dip_rmse"], row["n_fits"]) == (8.5, 15.0, 4)
    assert row["supervised_std"] == pytest.approx(0.5**0.5)
    assert rows[DIVERGED]["supervised_rmse"] is None
    assert rows[DIVERGED]["n_failed"] == 1


def test_pages_are_the_whole_and_link_to_each_other(client):
    whole = client.get("/v1/architectures").json()["rows"]
    rows, address = [], "/v1/architectures?limit=1&sort=name"
    while address:
        reply = client.get(address)
        rows += reply.json()["rows"]
        following = reply.links.get("next")
        address = following and f"/v1/architectures{following['url']}"
    assert sorted(row["key"] for row in rows) == [row["key"] for row in whole]
    assert names({"rows": rows}) == sorted([SKIP, PLAIN, DIVERGED])
    assert reply.links["prev"]["url"].endswith("offset=1")


def test_a_page_beyond_the_end_is_empty(get):
    page = get("/v1/architectures", offset=1000)
    assert (page["total"], page["rows"]) == (3, [])


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("depth=2", {SKIP}),
        ("depth!=2", {PLAIN, DIVERGED}),
        ("depth<2", {DIVERGED}),
        ("depth<=2", {SKIP, DIVERGED}),
        ("depth>2", {PLAIN}),
        ("depth>=2,width=8", {SKIP}),
        ("upsample=nearest", {PLAIN}),
        ("upsample!=nearest", {SKIP, DIVERGED}),
        ("skips=", {PLAIN, DIVERGED}),
        ("dip_rmse>=0", {SKIP, PLAIN}),
        ("dip_rmse!=15", {PLAIN}),
        ("supervised_rmse<1.15e+1", {SKIP}),
        (f"name={SKIP}", {SKIP}),
        ("graph!=x", set()),
    ],
)
def test_conditions(get, where, found):
    page = get("/v1/architectures", where=where)
    assert set(names(page)) == found
    assert page["total"] == len(found)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", [DIVERGED, SKIP, PLAIN]),
        ("-name", [PLAIN, SKIP, DIVERGED]),
        ("dip_rmse", [SKIP, PLAIN, DIVERGED]),
        ("-dip_rmse", [PLAIN, SKIP, DIVERGED]),
        ("width,-depth", [SKIP, DIVERGED, PLAIN]),
    ],
)
def test_order_with_what_is_missing_last(get, sort, order):
    assert names(get("/v1/architectures", sort=sort)) == order


@pytest.mark.parametrize("path", ["/v1/architectures", "/v1/architectures.csv"])
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"where": "deepness<2"}, "unknown column 'deepness'; expected one of key, name"),
        ({"where": "depth~2"}, "'depth~2'; expected one like depth<=3"),
        ({"where": "depth<two"}, "expected a number after <"),
        ({"where": "depth<nan"}, "expected a number after <"),
        ({"where": "depth<1_0"}, "expected a number after <"),
        ({"where": "name<x"}, "name is text"),
        ({"where": ","}, "''; expected one like depth<=3"),
        ({"where": ",".join(["depth=1"] * 21)}, "21 conditions; expected at most 20"),
        ({"sort": "depth,"}, "unknown column ''"),
        ({"sort": "--depth"}, "unknown column '-depth'"),
    ],
)
def test_malformed_conditions_and_orders(client, problem, path, asked, named):
    assert named in problem(client.get(path, params=asked), 400)


@pytest.mark.parametrize(
    "asked", [{"limit": "0"}, {"limit": "1001"}, {"offset": "-1"}, {"offset": "1.0"}]
)
def test_pages_that_cannot_be(client, problem, asked):
    assert next(iter(asked)) in problem(client.get("/v1/architectures", params=asked), 400)


def test_csv_says_what_the_pages_say(client):
    reply = client.get("/v1/architectures.csv", params={"sort": "name", "where": "depth>=1"})
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="made-up-v1-denoise25.csv"' in reply.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    expected = client.get("/v1/architectures", params={"sort": "name"}).json()["rows"]
    assert [row["name"] for row in rows] == [row["name"] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        assert set(row) == set(other)
        for column, value in other.items():
            read = (
                row[column] if isinstance(value, str) else row[column] and json.loads(row[column])
            )
            assert read == ("" if value is None else value), column


def test_one_architecture_measured_or_not(get):
    for name, measured in ((SKIP, True), ("d5-s024-bilinear-w16", False)):
        said = get(f"/v1/architectures/{name}")
        a = Architecture.parse(name)
        assert (said["name"], said["key"], said["depth"], said["slc"]) == (name, a.key, a.depth, 0)
        assert said["spaces"][0] == "core64"
        assert bool(said["measured"]) is measured
    assert said["params"] == dipbench.params(a.graph)
    assert said["macs"] == dipbench.macs(a.graph)


def test_one_architecture_by_its_key(get):
    key = Architecture.parse(SKIP).key
    assert get(f"/v1/architectures/{key}") == get(f"/v1/architectures/{SKIP}")


def test_the_graph_is_the_network_with_levels_in_topological_order(get):
    a = Architecture.parse("d3-s02-transposed-w8")
    drawn = get(f"/v1/architectures/{a.name}")["graph"]
    nodes = drawn["nodes"]
    assert [node["id"] for node in nodes] == list(range(len(nodes)))
    assert all(edge["source"] < edge["target"] for edge in drawn["edges"])
    assert max(node["level"] for node in nodes) == 3
    (output,) = (node for node in nodes if node["op"] == "output")
    assert (output["level"], output["channels"]) == (0, 1)
    joined = {node["channels"] for node in nodes if node["op"] == "concat"}
    assert joined == {8 + 4}
    graph = from_node_link(drawn)
    assert canonical_key(graph) == a.key
    assert nx.is_directed_acyclic_graph(graph)


@pytest.mark.parametrize(
    ("name", "status", "named"),
    [
        ("resnet", 400, "malformed name 'resnet'"),
        ("d2-s5-bilinear-w8", 400, "skip level is 5"),
        ("0" * 64, 404, "no table has an architecture with the key 000"),
    ],
)
@pytest.mark.parametrize("rest", ["", "/neighbours"])
def test_architectures_that_there_are_not(client, problem, name, status, named, rest):
    assert named in problem(client.get(f"/v1/architectures/{name}{rest}"), status)


def test_neighbours_are_those_of_the_space_with_what_was_measured(get):
    a = Architecture.parse("d2-s-bilinear-w8")
    said = get(f"/v1/architectures/{a.name}/neighbours", space="core64")
    assert (said["space"], said["name"], said["key"]) == ("core64", a.name, a.key)
    found = {entry["name"]: entry for entry in said["neighbours"]}
    assert list(found) == [other.name for other in Space("core64").neighbours(a)]
    assert found[SKIP]["measured"] is True
    assert (found[SKIP]["supervised_rmse"], found[SKIP]["dip_rmse"]) == (8.5, 15.0)
    assert found[SKIP]["edit"] == "skips at level 0: no to yes"
    edits = {name: entry["edit"] for name, entry in found.items()}
    assert edits["d3-s-bilinear-w8"] == "depth 2 to 3"
    assert edits["d2-s-nearest-w8"] == "upsample bilinear to nearest"
    assert edits["d2-s-bilinear-w16"] == "width 8 to 16"
    unmeasured = found["d2-s-bilinear-w16"]
    assert (unmeasured["measured"], unmeasured["dip_rmse"]) == (False, None)


def test_neighbours_in_a_space_that_does_not_hold_it(client, problem):
    reply = client.get(f"/v1/architectures/{SKIP}/neighbours", params={"space": "nas"})
    assert "is not in the space 'nas'" in problem(reply, 404)
