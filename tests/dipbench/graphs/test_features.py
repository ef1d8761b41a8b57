"""Depth, SLC, parameters and operations against path enumeration and hand arithmetic."""

from collections import Counter
from typing import Any

import networkx as nx
import numpy as np
import pytest

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.dag import OPS, check
from dipbench.graphs.features import depth, macs, params, reaches, slc, slc_many
from dipbench.spaces import Architecture, Space

LEVEL_STEP = {"down": 1, "up-nearest": -1, "up-bilinear": -1, "up-transposed": -1}


@pytest.fixture(scope="module")
def random_networks(random_network):
    rng = np.random.default_rng(1000)
    return [random_network(rng) for _ in range(1000)]


def reaches_of_all_paths(graph):
    """The reach of every path from input to output, each followed on its own."""
    found = []

    def follow(node, level, reach):
        level += LEVEL_STEP.get(graph.nodes[node]["op"], 0)
        reach = max(reach, level)
        if graph.nodes[node]["op"] == "output":
            found.append(reach)
        for reader in graph.successors(node):
            follow(reader, level, reach)

    start = next(node for node, op in graph.nodes(data="op") if op == "input")
    follow(start, 0, 0)
    return found


def is_cross_level_skip(graph, node):
    """Does the concat `node` join paths from a fork at a level that is not its own?"""
    levels = dict(zip(check(graph).nodes, check(graph).levels, strict=True))
    forks = [n for n in graph if graph.out_degree(n) > 1 and nx.has_path(graph, n, node)]
    return any(
        levels[fork] != levels[node]
        and sum(nx.has_path(graph, fork, before) for before in graph.predecessors(node)) > 1
        for fork in forks
    )


def network(*nodes):
    """A graph of (name, op, channels or None, the nodes that it reads)."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for name, op, channels, inputs in nodes:
        graph.add_node(name, op=op, **({} if channels is None else {"channels": channels}))
        graph.add_edges_from((source, name) for source in inputs)
    return graph


def test_the_random_networks_have_all_that_the_grammar_allows(random_networks):
    ops = Counter(op for graph in random_networks for _, op in graph.nodes(data="op"))
    assert ops.keys() == set(OPS)
    concats = [(g, n) for g in random_networks for n, op in g.nodes(data="op") if op == "concat"]
    assert {graph.in_degree(node) for graph, node in concats} == {2, 3, 4}
    assert sum(is_cross_level_skip(graph, node) for graph, node in concats[:200]) > 50


def test_depth_and_slc_are_the_extremes_over_all_paths(random_networks):
    for graph in random_networks:
        found = reaches_of_all_paths(graph)
        assert (depth(graph), slc(graph)) == (max(found), min(found))


def test_the_random_networks_part_depth_from_slc(random_networks):
    pairs = Counter((depth(graph), slc(graph)) for graph in random_networks)
    assert all(0 <= slc <= depth for depth, slc in pairs)
    assert {depth for depth, _ in pairs} >= {0, 1, 2, 3, 4}
    assert sum(count for (depth, slc), count in pairs.items() if 0 < slc < depth) > 50


def test_relabelled_networks_have_the_same_features(random_networks, relabelled):
    rng = np.random.default_rng(7)
    for graph in random_networks[:100]:
        copy = relabelled(graph, rng)
        assert (depth(copy), slc(copy)) == (depth(graph), slc(graph))
        assert (params(copy), macs(copy)) == (params(graph), macs(graph))


@pytest.mark.parametrize("architecture", Space("core64"), ids=str)
def test_depth_and_slc_of_an_architecture_are_those_of_its_graph(architecture):
    graph = architecture.graph
    assert (depth(graph), slc(graph)) == (architecture.depth, architecture.slc)
    assert reaches(check(graph)) == (architecture.depth, architecture.slc)


def test_a_skip_through_levels_of_its_own_counts_for_the_level_that_it_reaches():
    graph = network(
        ("in", "input", None, []),
        ("d1", "down", 2, ["in"]),
        ("d2", "down", 2, ["d1"]),
        ("d3", "down", 2, ["d2"]),
        ("u2", "up-nearest", None, ["d3"]),
        ("u1", "up-bilinear", None, ["u2"]),
        ("low", "down", 2, ["d1"]),  # the skip: from level 1 down to 2 and up again
        ("high", "up-transposed", 2, ["low"]),
        ("join", "concat", None, ["u1", "high"]),
        ("u0", "up-nearest", None, ["join"]),
        ("out", "output", None, ["u0"]),
    )
    assert (depth(graph), slc(graph)) == (3, 2)


def test_a_network_that_never_down_samples_has_depth_and_slc_0():
    graph = network(("in", "input", None, []), ("out", "output", None, ["in"]))
    assert (depth(graph), slc(graph)) == (0, 0)


# --- parameters and operations -------------------------------------------------------------


def unet():
    """Depth 1, a skip at level 0, learnt up-sampling, 8 channels."""
    return Architecture(1, (0,), "transposed", 8).graph


def cross_level():
    """A skip from level 1 that is up-sampled by itself, and one from the input."""
    return network(
        ("in", "input", None, []),
        ("a", "conv3", 6, ["in"]),
        ("b", "down", 5, ["a"]),
        ("c", "down", 7, ["b"]),
        ("d", "up-nearest", None, ["c"]),
        ("e", "up-bilinear", None, ["d"]),
        ("f", "skip1", 3, ["b"]),
        ("g", "up-transposed", 2, ["f"]),
        ("h", "concat", None, ["e", "g", "in"]),
        ("out", "output", None, ["h"]),
    )


def above():
    """Rises above the resolution of its input and comes back."""
    return network(
        ("in", "input", None, []),
        ("up", "up-transposed", 2, ["in"]),
        ("conv", "conv3", 3, ["up"]),
        ("down", "down", 5, ["conv"]),
        ("out", "output", None, ["down"]),
    )


def test_params_of_a_unet():
    assert params(unet()) == (
        (9 * 1 * 8 + 2 * 8)  # stem
        + (9 * 8 * 8 + 2 * 8)  # down
        + (4 * 8 * 8 + 2 * 8)  # up
        + (1 * 8 * 4 + 2 * 4)  # skip
        + (9 * 12 * 8 + 2 * 8)  # conv after the concat of 8 + 4
        + (8 + 1)  # output
    )


def test_params_of_a_cross_level_network():
    expected = (
        (9 * 2 * 6 + 2 * 6)  # a
        + (9 * 6 * 5 + 2 * 5)  # b
        + (9 * 5 * 7 + 2 * 7)  # c
        + (1 * 5 * 3 + 2 * 3)  # f
        + (4 * 3 * 2 + 2 * 2)  # g
        + (7 + 2 + 2 + 1)  # output, of the concat of 7 + 2 + 2 and its bias
    )
    assert params(cross_level(), in_channels=2) == expected
    # Ten input channels more: more weights in `a`, more channels in the concat.
    assert params(cross_level(), in_channels=12) == expected + 10 * (9 * 6 + 1)


def test_macs_of_a_unet():
    assert macs(unet(), size=64) == (
        64 * 64 * (9 * 1 * 8)  # stem
        + 32 * 32 * (9 * 8 * 8)  # down
        + 64 * 64 * (1 * 8 * 8)  # up: one weight of four meets each output pixel
        + 64 * 64 * (1 * 8 * 4)  # skip
        + 64 * 64 * (9 * 12 * 8)  # conv after the concat of 8 + 4
        + 64 * 64 * 8  # output
    )


def test_macs_of_a_cross_level_network():
    assert macs(cross_level(), in_channels=2, size=16) == (
        16 * 16 * (9 * 2 * 6)  # a
        + 8 * 8 * (9 * 6 * 5)  # b
        + 4 * 4 * (9 * 5 * 7)  # c
        + 8 * 8 * (1 * 5 * 3)  # f
        + 16 * 16 * (1 * 3 * 2)  # g
        + 16 * 16 * (7 + 2 + 2)  # output
    )


def test_macs_above_the_resolution_of_the_input():
    assert macs(above(), size=5) == (
        10 * 10 * (1 * 1 * 2)  # up
        + 10 * 10 * (9 * 2 * 3)  # conv
        + 5 * 5 * (9 * 3 * 5)  # down
        + 5 * 5 * 5  # output
    )


def test_one_grey_channel_and_64_pixels_are_the_defaults():
    graph = cross_level()
    assert params(graph) == params(graph, in_channels=1)
    assert macs(graph) == macs(graph, in_channels=1, size=64)


def test_params_and_macs_are_plain_integers():
    graph = unet()
    graph.add_node("stem", channels=np.int8(8))
    assert type(params(graph)) is int
    assert type(macs(graph)) is int
    assert macs(graph, size=2**20) == 2**28 * macs(graph)


@pytest.mark.parametrize("size", [4, 12, 20, 63, 1, 0, -8])
def test_a_size_that_cannot_be_halved_is_named(size):
    graph = Architecture(3).graph
    with pytest.raises(ValueError, match=rf"size is {size}; expected a positive multiple of 8"):
        macs(graph, size=size)


def test_sizes_that_can_be_halved_are_taken():
    graph = Architecture(3).graph
    assert macs(graph, size=8) * 9 == macs(graph, size=24)


@pytest.mark.parametrize("feature", [depth, slc, params, macs])
def test_what_is_no_network_is_refused(feature):
    graph = unet()
    graph.add_node("dead", op="conv3", channels=2)
    graph.add_edge("stem", "dead")
    with pytest.raises(InvalidArchitecture, match="node 'dead'"):
        feature(graph)
    with pytest.raises(InvalidArchitecture, match=r"expected a networkx\.DiGraph"):
        feature("d1-s-nearest-w8")


def test_slc_of_many_equals_slc_one_by_one():
    space = list(Space("core64"))
    masks = [sum(1 << level for level in a.skips) for a in space]
    assert slc_many([a.depth for a in space], masks).tolist() == [a.slc for a in space]


def test_slc_of_many_holds_to_the_deepest_level():
    assert slc_many([62, 62, 0], [1 << 61, 0, 0]).tolist() == [61, 62, 0]


@pytest.mark.parametrize(
    ("depths", "skips", "first"),
    [([3, 2], [1, 4], 1), ([-1], [0], 0), ([3], [-1], 0), ([63], [0], 0)],
)
def test_a_skip_that_is_not_below_the_depth_is_named(depths, skips, first):
    with pytest.raises(ValueError, match=f"network {first} has depth {depths[first]}"):
        slc_many(depths, skips)
