"""Networks as arrays: the same for isomorphic graphs, and nothing is lost."""

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench import Architecture, InvalidArchitecture, Space, canonical_key
from dipbench.graphs.dag import OPS
from dipbench.nas.adapters.arrays import to_arrays

SEEDS = st.integers(0, 2**32 - 1)


def rebuilt(x, edge_index):
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for node, row in enumerate(x.tolist()):
        channels = {"channels": int(row[-1])} if row[-1] else {}
        graph.add_node(node, op=OPS[row.index(1.0)], **channels)
    graph.add_edges_from(edge_index.T.tolist())
    return graph


@given(SEEDS)
@settings(max_examples=50)
def test_isomorphic_graphs_give_the_same_arrays(random_network, relabelled, seed):
    rng = np.random.default_rng(seed)
    graph = random_network(rng)
    x, edge_index = to_arrays(graph)
    other = to_arrays(relabelled(graph, rng))
    assert x.tobytes() == other.x.tobytes()
    assert edge_index.tobytes() == other.edge_index.tobytes()


@given(SEEDS)
@settings(max_examples=50)
def test_the_graph_can_be_made_again(random_network, seed):
    graph = random_network(np.random.default_rng(seed))
    x, edge_index = to_arrays(graph)
    assert canonical_key(rebuilt(x, edge_index)) == canonical_key(graph)


def test_types_and_shapes_are_those_that_torch_geometric_reads():
    x, edge_index = to_arrays(Architecture(1, (0,), "transposed", 8))
    # input, stem, down, up, skip, concat, conv, output
    assert (x.shape, x.dtype) == ((8, len(OPS) + 1), np.dtype(np.float32))
    assert (edge_index.shape, edge_index.dtype) == ((2, 8), np.dtype(np.int64))
    assert x.flags.c_contiguous
    assert edge_index.flags.c_contiguous
    assert (x[:, :-1].sum(axis=1) == 1).all()
    ops = [OPS[i] for i in x[:, :-1].argmax(axis=1)]
    assert dict(zip(ops, x[:, -1].tolist(), strict=True)) == {
        "input": 0,
        "conv3": 8,
        "down": 8,
        "up-transposed": 8,
        "skip1": 4,
        "concat": 0,
        "output": 0,
    }
    assert ops.count("conv3") == 2


def test_every_edge_leads_onwards_and_they_are_in_order():
    for a in Space("core64"):
        edges = to_arrays(a).edge_index.T.tolist()
        assert all(source < target for source, target in edges)
        assert edges == sorted(edges)


def test_architectures_differ():
    found = {(x.tobytes(), e.tobytes()) for x, e in map(to_arrays, Space("core64"))}
    assert len(found) == 372


def test_a_graph_that_is_no_network_is_refused():
    graph = Architecture(1).graph
    graph.add_edge("stem", "output")
    with pytest.raises(InvalidArchitecture, match=r"node 'output' \(output\) has 2 inputs"):
        to_arrays(graph)
