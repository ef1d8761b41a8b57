"""From graphs to torch modules, and K networks at once against K networks apart."""

from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch

import dipbench
from dipbench import Architecture, InvalidArchitecture
from generate.networks.encoder_decoder import EncoderDecoder

FULL = "d3-s012-{}-w8"


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def graph_of(name):
    return Architecture.parse(name).graph


def cross_level():
    """A skip connection that leaves level 0, and comes back into level 1."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for node, op, channels, inputs in (
        ("x", "input", None, ""),
        ("a", "conv3", 4, "x"),
        ("b", "down", 6, "a"),
        ("c", "down", 8, "b"),
        ("d", "up-nearest", None, "c"),
        ("e", "down", 2, "a"),
        ("f", "concat", None, "edb"),
        ("g", "up-transposed", 5, "f"),
        ("y", "output", None, "g"),
    ):
        graph.add_node(node, op=op, **({"channels": channels} if channels else {}))
        graph.add_edges_from((source, node) for source in inputs)
    return graph


def renamed(graph, seed):
    rng = np.random.default_rng(seed)
    nodes = [list(graph)[i] for i in rng.permutation(len(graph))]
    copy: nx.DiGraph[Any] = nx.DiGraph()
    copy.add_nodes_from((f"n{i}", graph.nodes[node]) for i, node in enumerate(nodes))
    number = {node: f"n{i}" for i, node in enumerate(nodes)}
    edges = [(number[a], number[b]) for a, b in graph.edges]
    copy.add_edges_from(edges[i] for i in rng.permutation(len(edges)))
    return copy


@pytest.mark.parametrize("upsample", ["nearest", "bilinear", "transposed"])
@pytest.mark.parametrize("in_channels", [1, 16])
def test_network_maps_an_image_to_an_image_and_has_the_counted_parameters(upsample, in_channels):
    graph = graph_of(FULL.format(upsample))
    network = EncoderDecoder(graph, in_channels, rngs(0))
    output = network(torch.rand(2, in_channels, 32, 32))
    assert output.shape == (2, 1, 32, 32)
    assert 0 < output.min() < output.max() < 1
    learnt = sum(p.numel() for p in network.parameters())
    assert learnt == dipbench.params(graph, in_channels)


def test_cross_level_skip_runs():
    assert EncoderDecoder(cross_level(), 1, rngs(0))(torch.rand(1, 1, 16, 16)).shape == (
        1,
        1,
        16,
        16,
    )


@pytest.mark.parametrize("name", [FULL.format("bilinear"), "d2-s1-transposed-w8"])
@pytest.mark.parametrize("batch", [1, 3])
def test_copies_equal_networks_apart_in_outputs_and_gradients(name, batch):
    graph = graph_of(name)
    together = EncoderDecoder(graph, 2, rngs(0, 1, 2)).double()
    apart = [EncoderDecoder(graph, 2, rngs(seed)).double() for seed in (0, 1, 2)]
    x = torch.rand(batch, 6, 16, 16, dtype=torch.float64)
    target = torch.rand(batch, 3, 16, 16, dtype=torch.float64)

    (together(x) - target).square().mean((0, 2, 3)).sum().backward()
    for k, network in enumerate(apart):
        output = network(x[:, 2 * k : 2 * k + 2])
        torch.testing.assert_close(output, together(x)[:, k : k + 1], rtol=0, atol=1e-12)
        (output - target[:, k : k + 1]).square().mean().backward()
    for shared, own in zip(
        together.parameters(), zip(*(n.parameters() for n in apart), strict=True), strict=True
    ):
        expected = torch.cat([p.grad for p in own])
        torch.testing.assert_close(shared.grad, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("graph", [graph_of(FULL.format("nearest")), cross_level()])
@pytest.mark.parametrize("seed", range(3))
def test_isomorphic_graphs_are_the_same_network(graph, seed):
    x = torch.rand(1, 1, 16, 16)
    first = EncoderDecoder(graph, 1, rngs(7))(x)
    again = EncoderDecoder(renamed(graph, seed), 1, rngs(7))(x)
    assert torch.equal(first, again)


def test_initial_weights_are_within_torchs_default_bound():
    stem = EncoderDecoder(graph_of("d1-s-nearest-w16"), 16, rngs(0)).layers[1]
    layer = stem.get_submodule("conv")
    assert isinstance(layer, torch.nn.Conv2d)
    bound = (16 * 9) ** -0.5
    assert layer.weight.shape == (16, 16, 3, 3)
    assert 0.99 * bound < layer.weight.abs().max() <= bound


def test_no_global_generator_is_touched():
    before = torch.random.get_rng_state()
    EncoderDecoder(graph_of("d1-s-nearest-w8"), 1, rngs(0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_output_below_full_resolution_is_refused():
    graph = nx.DiGraph([("x", "d"), ("d", "y")])
    nx.set_node_attributes(graph, {"x": "input", "d": "down", "y": "output"}, "op")
    graph.nodes["d"]["channels"] = 4
    with pytest.raises(InvalidArchitecture, match="'y' is at level 1; expected level 0"):
        EncoderDecoder(graph, 1, rngs(0))
