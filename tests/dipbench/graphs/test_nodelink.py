"""Graphs as JSON and back: nothing is lost, and isomorphic graphs are the same text."""

import json
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipbench import Architecture, InvalidArchitecture, Space, canonical_key, depth, slc
from dipbench.graphs.dag import check
from dipbench.graphs.nodelink import from_node_link, parse_json, to_node_link

PLAIN = Architecture.parse("d1-s-bilinear-w8")
seeds = st.integers(0, 2**32).map(np.random.default_rng)


def through_json(data):
    return json.loads(json.dumps(data))


def there_and_back(graph):
    return from_node_link(through_json(to_node_link(graph)))


@pytest.fixture
def data():
    """A small network as node-link JSON."""
    return through_json(to_node_link(PLAIN.graph))


def branches(count):
    """A network of as many identical parallel branches: no node of one is told from another."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("input", op="input")
    graph.add_node("join", op="concat")
    graph.add_node("output", op="output")
    for i in range(count):
        graph.add_node(("conv", i), op="conv3", channels=8)
        nx.add_path(graph, ["input", ("conv", i), "join"])
    graph.add_edge("join", "output")
    return graph


# There and back


def test_every_architecture_comes_back():
    for a in Space("core64"):
        graph = there_and_back(a.graph)
        assert canonical_key(graph) == a.key, a.name
        assert Architecture.from_graph(graph) == a


def test_every_architecture_has_its_own_text():
    texts = {json.dumps(to_node_link(a.graph)) for a in Space("core64")}
    assert len(texts) == len(Space("core64"))


@given(rng=seeds)
def test_random_networks_come_back(random_network, rng):
    graph = random_network(rng)
    back = there_and_back(graph)
    assert canonical_key(back) == canonical_key(graph)
    assert (depth(back), slc(back)) == (depth(graph), slc(graph))
    assert len(check(back).nodes) == len(graph)


@given(rng=seeds)
def test_relabelled_copies_are_the_same_json(random_network, relabelled, rng):
    graph = random_network(rng)
    assert json.dumps(to_node_link(relabelled(graph, rng))) == json.dumps(to_node_link(graph))


@pytest.mark.parametrize("count", [2, 3, 7])
def test_relabelled_copies_of_symmetric_networks_are_the_same_json(relabelled, count):
    graph, rng = branches(count), np.random.default_rng(count)
    for _ in range(5):
        assert to_node_link(relabelled(graph, rng)) == to_node_link(graph)
    assert canonical_key(there_and_back(graph)) == canonical_key(graph)


@given(rng=seeds)
def test_what_comes_back_is_written_alike(random_network, rng):
    data = to_node_link(random_network(rng))
    assert to_node_link(from_node_link(data)) == data


# What is written


def test_the_smallest_network_in_full():
    graph = nx.DiGraph([("x", "y"), ("y", "z")])
    nx.set_node_attributes(graph, {"x": "input", "y": "conv3", "z": "output"}, "op")
    graph.nodes["y"]["channels"] = np.int64(3)
    assert through_json(to_node_link(graph)) == {
        "directed": True,
        "multigraph": False,
        "graph": {},
        "nodes": [
            {"id": 0, "op": "input"},
            {"id": 1, "op": "conv3", "channels": 3},
            {"id": 2, "op": "output"},
        ],
        "edges": [{"source": 0, "target": 1}, {"source": 1, "target": 2}],
    }


def test_nodes_are_numbered_in_topological_order():
    data = to_node_link(Architecture.parse("d5-s024-bilinear-w16").graph)
    assert [node["id"] for node in data["nodes"]] == list(range(len(data["nodes"])))
    assert all(edge["source"] < edge["target"] for edge in data["edges"])


def test_attributes_without_a_meaning_are_left_out(data):
    graph = PLAIN.graph
    graph.nodes["input"]["channels"] = 5
    graph.nodes["stem"]["colour"] = object()
    graph.edges["input", "stem"]["weight"] = 2.5
    graph.graph["title"] = object()
    assert to_node_link(graph) == data


def test_the_graph_given_stays_as_it_is(random_network):
    graph = random_network(np.random.default_rng(3))
    before = repr((list(graph.nodes(data=True)), list(graph.edges(data=True))))
    to_node_link(graph)
    assert repr((list(graph.nodes(data=True)), list(graph.edges(data=True)))) == before


def test_a_graph_that_is_no_network_is_written_too():
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("alone", op="conv3", channels=4)
    said = {"directed": True, "multigraph": False, "graph": {}}
    nodes = [{"id": 0, "op": "conv3", "channels": 4}]
    assert to_node_link(graph) == said | {"nodes": nodes, "edges": []}


def test_networkx_reads_the_same_directed_graph():
    graph = Architecture.parse("d3-s1-bilinear-w16").graph
    found = nx.node_link_graph(to_node_link(graph), edges="edges")
    assert type(found) is nx.DiGraph
    assert canonical_key(found) == canonical_key(graph)


@pytest.mark.parametrize("graph", [nx.Graph(PLAIN.graph), nx.MultiDiGraph(PLAIN.graph), None, {}])
def test_what_is_no_digraph_is_not_written(graph):
    with pytest.raises(InvalidArchitecture, match=r"expected a networkx\.DiGraph"):
        to_node_link(graph)


def test_a_cycle_is_not_written():
    graph = PLAIN.graph
    graph.add_edge("conv0", "stem")
    with pytest.raises(InvalidArchitecture, match="cycle"):
        to_node_link(graph)


# What is read


@pytest.mark.parametrize("name", ["edges", "links"])
def test_edges_by_either_name(name):
    graph = from_node_link(through_json(nx.node_link_data(PLAIN.graph, edges=name)))
    assert type(graph) is nx.DiGraph
    assert set(graph.nodes) == set(PLAIN.graph.nodes)
    assert set(graph.edges) == set(PLAIN.graph.edges)
    assert canonical_key(graph) == PLAIN.key


def test_directed_and_multigraph_may_be_left_out_or_said(data):
    said = {"directed": True, "multigraph": False, "graph": {"title": "mine"}}
    assert canonical_key(from_node_link(data | said)) == canonical_key(from_node_link(data))


def test_what_was_read_stays_as_it_is(data):
    before = json.dumps(data)
    from_node_link(data)
    assert json.dumps(data) == before


def test_ids_may_be_names_numbers_and_lists():
    nodes: list[dict[str, Any]] = [{"id": "x", "op": "input"}, {"id": 2.5, "op": "up-nearest"}]
    nodes += [{"id": [1, "a"], "op": "down", "channels": 1}, {"id": "", "op": "output"}]
    ids = [node["id"] for node in nodes]
    edges = [{"source": a, "target": b} for a, b in pairwise(ids)]
    assert len(check(from_node_link({"nodes": nodes, "edges": edges})).nodes) == 4


NODE = {"id": 0, "op": "input"}


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        3,
        True,
        "nodes",
        [],
        [NODE],
        {},
        {"edges": []},
        {"nodes": [NODE]},
        {"nodes": None, "edges": []},
        {"nodes": 3, "edges": []},
        {"nodes": [3], "edges": []},
        {"nodes": ["input"], "edges": []},
        {"nodes": [[0, "input"]], "edges": []},
        {"nodes": [NODE | {"id": {}}], "edges": []},
        {"nodes": [NODE | {"id": None}], "edges": []},
        {"nodes": [NODE], "edges": None},
        {"nodes": [NODE], "edges": [3]},
        {"nodes": [NODE], "edges": [[0, 1]]},
        {"nodes": [NODE], "edges": [{"source": 0}]},
        {"nodes": [NODE], "edges": [{"target": 0}]},
        {"nodes": [NODE], "edges": [{"source": 0, "target": {}}]},
        {"nodes": [NODE], "links": None, "edges": []},
        {"nodes": [NODE], "links": [], "edges": []},
    ],
)
def test_what_is_no_graph_is_refused_with_an_example(wrong):
    with pytest.raises(InvalidArchitecture, match="not a node-link graph") as caught:
        from_node_link(wrong)
    assert 'expected JSON like {"nodes": [{"id": "x", "op": "input"}' in str(caught.value)


def nested(depth):
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"channels": ' + "9" * 19 + "}", "19 digits; expected at most 18"),
    ],
)
def test_what_is_no_json_is_refused_with_an_example(content, reason):
    with pytest.raises(InvalidArchitecture, match=reason) as caught:
        parse_json(content)
    assert "not a node-link graph" in str(caught.value)
    assert '"op": "input"' in str(caught.value)


def test_numbers_of_18_digits_are_read():
    assert parse_json("9" * 18) == 10**18 - 1


@pytest.mark.parametrize("end", ["source", "target"])
def test_an_edge_with_an_unknown_node_is_refused(data, end):
    data["edges"].append({"source": 0, "target": 1} | {end: "nowhere"})
    with pytest.raises(InvalidArchitecture, match="an edge names 'nowhere', which is not a node"):
        from_node_link(data)


def test_what_is_given_twice_is_refused(data):
    nodes, edges = data["nodes"], data["edges"]
    with pytest.raises(InvalidArchitecture, match="node 0 is given twice"):
        from_node_link(data | {"nodes": [*nodes, nodes[0]]})
    with pytest.raises(InvalidArchitecture, match=r"edge 0 to 1 is given twice"):
        from_node_link(data | {"edges": [*edges, edges[0]]})


@pytest.mark.parametrize("said", [{"directed": False}, {"multigraph": True}, {"directed": None}])
def test_other_kinds_of_graph_are_refused(data, said):
    with pytest.raises(InvalidArchitecture, match="not a directed graph"):
        from_node_link(data | said)


@pytest.mark.parametrize("name", [True, None, {}, [True], [[1]], nested(100_000)])
def test_ids_of_other_kinds_are_refused(data, name):
    data["nodes"][0]["id"] = name
    with pytest.raises(InvalidArchitecture, match="not a string, a number or a list of these"):
        from_node_link(data)


def test_a_graph_without_nodes_is_refused_by_the_grammar():
    with pytest.raises(InvalidArchitecture, match="0 nodes"):
        check(from_node_link({"nodes": [], "edges": []}))


@pytest.mark.parametrize("op", [None, 3, ["conv3"], "conv7"])
def test_a_node_with_a_bad_op_is_refused_by_the_grammar(data, op):
    data["nodes"][1]["op"] = op
    with pytest.raises(InvalidArchitecture, match=r"node 1 has op .*expected one of input, conv3"):
        check(from_node_link(data))


@pytest.mark.parametrize("channels", [0, -1, 1.5, "8", True, [8]])
def test_bad_channels_are_refused_by_the_grammar(data, channels):
    data["nodes"][1]["channels"] = channels
    with pytest.raises(InvalidArchitecture, match=r"node 1 \(conv3\) has channels"):
        check(from_node_link(data))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"nodes": [], "edges": [], "nodes": []}', "'nodes' is given twice"),
        ('{"nodes": [{"id": 1, "op": "input", "op": "output"}]}', "'op' is given twice"),
        ('{"id": NaN}', "NaN is not JSON"),
        ('{"id": -Infinity}', "-Infinity is not JSON"),
    ],
)
def test_json_that_readers_would_not_agree_on_is_refused(text, named):
    with pytest.raises(InvalidArchitecture, match=named):
        parse_json(text)
