"""The grammar: what is a network, and what the message says when a graph is none."""

import re
from contextlib import suppress
from itertools import permutations
from typing import Any

import networkx as nx
import numpy as np
import pytest

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.dag import MAX_NODES, check, labelled_dag


def valid_network():
    """input - stem - down - up - join - output, with a skip from stem to join."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("in", op="input")
    graph.add_node("stem", op="conv3", channels=4)
    graph.add_node("low", op="down", channels=6)
    graph.add_node("high", op="up-nearest")
    graph.add_node("side", op="skip1", channels=2)
    graph.add_node("join", op="concat")
    graph.add_node("out", op="output")
    nx.add_path(graph, ["in", "stem", "low", "high", "join", "out"])
    nx.add_path(graph, ["stem", "side", "join"])
    return graph


def chain(length):
    """A valid network of `length` nodes, one after the other."""
    graph = nx.path_graph(length, create_using=nx.DiGraph)
    nx.set_node_attributes(graph, {node: {"op": "conv3", "channels": 1} for node in graph})
    graph.add_node(0, op="input")
    graph.add_node(length - 1, op="output")
    return graph


def with_node(name, op, *inputs, readers=(), **attributes):
    def edit(graph):
        graph.add_node(name, op=op, **attributes)
        graph.add_edges_from((source, name) for source in inputs)
        graph.add_edges_from((name, reader) for reader in readers)

    return edit


def with_attribute(node, name, value):
    return lambda graph: graph.add_node(node, **{name: value})


def without_attribute(node, name):
    return lambda graph: graph.nodes[node].pop(name)


def with_edge(source, target):
    return lambda graph: graph.add_edge(source, target)


def without_edge(source, target):
    return lambda graph: graph.remove_edge(source, target)


A_POSITIVE_INTEGER = "expected a positive integer"
BROKEN = {
    "self loop": (with_edge("low", "low"), "'low'", "expected an acyclic graph"),
    "two inputs": (
        with_node("in2", "input", readers=["join"]),
        "graph has 2 input nodes: 'in', 'in2'",
        "expected one",
    ),
    "no input": (with_attribute("in", "op", "concat"), "graph has 0 input nodes", "expected one"),
    "two outputs": (
        with_node("out2", "output", "join"),
        "graph has 2 output nodes: 'out', 'out2'",
        "expected one",
    ),
    "no output": (
        with_attribute("out", "op", "concat"),
        "graph has 0 output nodes",
        "expected one",
    ),
    "dead end": (
        with_node("end", "conv3", "stem", channels=2),
        "node 'end' (conv3) is dead",
        "expected a path from every node to the output",
    ),
    "isolated node": (
        with_node("alone", "conv3", channels=2),
        "node 'alone' (conv3) has 0 inputs",
        "expected one",
    ),
    "isolated concat": (
        with_node("alone", "concat"),
        "node 'alone' (concat) has 0 inputs",
        "expected two or more",
    ),
    "node that only an edge made": (
        with_edge("side", "nowhere"),
        "node 'nowhere' has op None",
        "expected one of input, conv3",
    ),
    "disagreeing levels": (
        with_edge("low", "join"),
        "node 'join' (concat) joins levels that disagree",
        "expected one level",
    ),
    "unknown op": (
        with_attribute("high", "op", "up-cubic"),
        "node 'high' has op 'up-cubic'",
        "expected one of input, conv3, down, up-nearest, up-bilinear, up-transposed, "
        "skip1, concat, output",
    ),
    "op of another case": (
        with_attribute("stem", "op", "Conv3"),
        "'stem'",
        "expected one of input",
    ),
    "missing op": (without_attribute("side", "op"), "node 'side' has op None", "expected one of"),
    "op is no string": (with_attribute("side", "op", 3), "node 'side' has op 3", "expected one of"),
    "output read by another node": (
        with_node("after", "concat", "out", "join"),
        "node 'out' (output) is read by 'after'",
        "expected the output to be last",
    ),
    "conv3 with two inputs": (
        with_node("wide", "conv3", "stem", "side", readers=["join"], channels=2),
        "node 'wide' (conv3) has 2 inputs",
        "expected one",
    ),
    "skip1 with two inputs": (
        with_edge("in", "side"),
        "node 'side' (skip1) has 2 inputs",
        "expected one",
    ),
    "up with two inputs": (with_edge("stem", "high"), "'high' (up-nearest) has 2 inputs", "one"),
    "output with two inputs": (with_edge("side", "out"), "'out' (output) has 2 inputs", "one"),
    "conv3 with no input": (without_edge("in", "stem"), "'stem' (conv3) has 0 inputs", "one"),
    "concat with one input": (
        without_edge("high", "join"),
        "node 'join' (concat) has 1 input",
        "expected two or more",
    ),
    "missing channels": (
        without_attribute("stem", "channels"),
        "node 'stem' (conv3) has no channels",
        A_POSITIVE_INTEGER,
    ),
    "missing channels of up-transposed": (
        with_attribute("high", "op", "up-transposed"),
        "node 'high' (up-transposed) has no channels",
        A_POSITIVE_INTEGER,
    ),
    "channels is None": (
        with_attribute("low", "channels", None),
        "node 'low' (down) has no channels",
        A_POSITIVE_INTEGER,
    ),
} | {
    f"channels {value!r}": (
        with_attribute("side", "channels", value),
        f"node 'side' (skip1) has channels {value!r}",
        A_POSITIVE_INTEGER,
    )
    for value in (0, -3, True, False, 4.0, 1.5, "4", [4], np.float64(4), np.True_)
}


@pytest.mark.parametrize(("edit", "named", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_named_with_its_node_and_what_was_expected(edit, named, expected):
    graph = valid_network()
    edit(graph)
    with pytest.raises(InvalidArchitecture) as error:
        check(graph)
    found, _, wanted = str(error.value).partition("; ")
    assert named in found
    assert expected in wanted


@pytest.mark.parametrize("order", list(permutations(["low", "high", "side"])), ids="-".join)
def test_disagreeing_levels_are_named_with_the_nodes_that_disagree(order):
    graph = valid_network()
    graph.remove_edges_from(list(graph.in_edges("join")))
    graph.add_edges_from((source, "join") for source in order)
    with pytest.raises(InvalidArchitecture) as error:
        check(graph)
    message = str(error.value)
    assert re.search(r"'low' (is )?at level 1\b", message)
    assert re.search(r"'(high|side)' (is )?at level 0\b", message)


def test_two_inputs_of_a_concat_that_disagree_are_refused():
    graph = valid_network()
    graph.remove_edge("high", "join")
    graph.remove_node("high")
    graph.add_edge("low", "join")
    with pytest.raises(InvalidArchitecture, match=r"'join' \(concat\) joins levels that disagree"):
        check(graph)


def test_an_input_that_reads_a_node_is_refused():
    graph = valid_network()
    with_node("extra", "conv3", readers=["in"], channels=1)(graph)
    with pytest.raises(InvalidArchitecture, match=r"'(extra|in)'.*expected (one|none)"):
        check(graph)


@pytest.mark.parametrize("read", [check, labelled_dag])
def test_a_node_on_the_cycle_is_named_and_not_one_behind_it(read):
    graph = valid_network()
    graph.add_edge("high", "low")
    with pytest.raises(InvalidArchitecture, match=r"node '(low|high)' lies on a cycle; expected"):
        read(graph)


@pytest.mark.parametrize("length", [2, 3, 9])
def test_a_cycle_of_all_nodes_is_refused(length):
    graph = nx.cycle_graph(length, create_using=nx.DiGraph)
    nx.set_node_attributes(graph, dict.fromkeys(graph, "concat"), "op")
    with pytest.raises(InvalidArchitecture, match=r"node \d lies on a cycle"):
        labelled_dag(graph)


@pytest.mark.parametrize("read", [check, labelled_dag])
@pytest.mark.parametrize(
    ("thing", "found"),
    [
        (nx.Graph(valid_network()), "networkx.Graph"),
        (nx.MultiGraph(), "networkx.MultiGraph"),
        (nx.MultiDiGraph(valid_network()), "networkx.MultiDiGraph"),
        ({"in": ["out"]}, "builtins.dict"),
        (None, "builtins.NoneType"),
        ("d1-s-nearest-w8", "builtins.str"),
        (np.zeros((2, 2)), "numpy.ndarray"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_digraph_is_refused_by_its_type(read, thing, found):
    with pytest.raises(InvalidArchitecture, match=r"expected a networkx\.DiGraph") as error:
        read(thing)
    assert re.search(rf"found (a )?{re.escape(found)}$", str(error.value))


@pytest.mark.parametrize("read", [check, labelled_dag])
def test_an_empty_graph_is_refused(read):
    with pytest.raises(InvalidArchitecture, match="graph has 0 nodes; expected 1 to 512"):
        read(nx.DiGraph())


def test_512_nodes_are_read_and_513_are_refused():
    assert MAX_NODES == 512
    assert len(check(chain(512)).nodes) == 512
    with pytest.raises(InvalidArchitecture, match="graph has 513 nodes; expected 1 to 512"):
        check(chain(513))


def test_an_array_of_channels_is_refused_with_its_node():
    graph = valid_network()
    graph.add_node("side", channels=np.array([4, 4]))
    with pytest.raises(InvalidArchitecture, match=r"node 'side' \(skip1\) has channels"):
        check(graph)


@pytest.mark.parametrize("integer", [np.int8, np.int64, np.uint8, np.uint64])
def test_numpy_integers_are_channels_and_become_plain_ones(integer):
    graph = valid_network()
    graph.add_node("stem", channels=integer(4))
    network = check(graph)
    label = network.labels[network.nodes.index("stem")]
    assert label == ("conv3", 4)
    assert type(label[1]) is int


@pytest.mark.parametrize("channels", [-1, 0, "many", None, 7])
def test_channels_of_an_op_that_takes_none_are_ignored(channels):
    graph = valid_network()
    graph.add_node("join", channels=channels)
    assert check(graph) == check(valid_network())


def test_input_straight_to_output_is_a_network():
    assert check(chain(2)).levels == (0, 0)


def test_a_network_is_read_in_topological_order():
    network = check(valid_network())
    number = {node: i for i, node in enumerate(network.nodes)}
    edges = {(number[a], number[b]) for a, b in valid_network().edges}
    assert edges == {(p, i) for i, before in enumerate(network.preds) for p in before}
    assert edges == {(i, s) for i, after in enumerate(network.succs) for s in after}
    assert all(a < b for a, b in edges)


def test_a_network_gives_levels_generations_and_channels_per_node():
    network = check(valid_network())
    by_name = zip(
        network.nodes, network.levels, network.generation, network.channels(3), strict=True
    )
    assert sorted(by_name) == [
        ("high", 0, 3, 6),
        ("in", 0, 0, 3),
        ("join", 0, 4, 8),
        ("low", 1, 2, 6),
        ("out", 0, 5, 1),
        ("side", 0, 2, 2),
        ("stem", 0, 1, 4),
    ]
    assert network.nodes[network.input] == "in"
    assert network.nodes[network.output] == "out"


def test_levels_may_rise_above_the_input():
    graph = chain(4)
    graph.add_node(1, op="up-bilinear")
    graph.add_node(2, op="down", channels=1)
    assert check(graph).levels == (0, -1, 0, 0)


def test_labelled_dag_reads_graphs_that_are_no_networks():
    graph = nx.DiGraph([("a", "b"), ("a", "c")])
    nx.set_node_attributes(graph, {"a": "x", "b": "conv3", "c": "y"}, "op")
    dag = labelled_dag(graph)
    assert sorted(zip(dag.nodes, dag.labels, strict=True)) == [
        ("a", ("x", 0)),
        ("b", ("conv3", 0)),
        ("c", ("y", 0)),
    ]


def snapshot(graph):
    """All that a graph holds, in the order in which it holds it."""
    nodes = [(node, dict(attributes)) for node, attributes in graph.nodes(data=True)]
    return nodes, list(graph.edges(data=True)), dict(graph.graph)


@pytest.mark.parametrize("edit", [lambda graph: None, with_edge("high", "low")])
def test_the_graph_is_left_as_it_was(edit):
    graph = valid_network()
    graph.add_node("stem", channels=np.int64(4), colour="red")
    edit(graph)
    before = snapshot(graph)
    with suppress(InvalidArchitecture):
        check(graph)
    assert snapshot(graph) == before
    assert type(graph.nodes["stem"]["channels"]) is np.int64


def test_random_networks_are_valid(random_network, relabelled):
    rng = np.random.default_rng(5)
    for _ in range(200):
        graph = random_network(rng)
        copy = check(relabelled(graph, rng))
        assert sorted(copy.levels) == sorted(check(graph).levels)
