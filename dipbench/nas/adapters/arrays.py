"""A network as arrays, as libraries for graph neural networks read them.

`torch_geometric` is not needed to make them, nor is torch:
``Data(x=torch.from_numpy(x), edge_index=torch.from_numpy(edge_index))``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from dipbench.graphs.canonical import canonical_order
from dipbench.graphs.dag import OPS, check
from dipbench.spaces import BaseArchitecture

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["GraphArrays", "to_arrays"]


class GraphArrays(NamedTuple):
    """A network of N nodes and E edges.

    Attributes:
        x: shape ``(N, 10)``, float32: a one-hot column per op, in the order of
            `dipbench.graphs.dag.OPS`, and the channels that the node chooses, 0 where its op has
            none.
        edge_index: shape ``(2, E)``, int64: sources above targets, in lexicographic order.
    """

    x: npt.NDArray[np.float32]
    edge_index: npt.NDArray[np.int64]


def to_arrays(graph: BaseArchitecture | Graph) -> GraphArrays:
    """The arrays of a network; isomorphic graphs give the same ones, bit for bit.

    Nodes are in canonical order, which is also a topological one: every edge leads onwards.

    Raises:
        InvalidArchitecture: `graph` is not a network.
        SearchLimitExceeded: as `dipbench.canonical_key`.
    """
    graph = graph.graph if isinstance(graph, BaseArchitecture) else graph
    network = check(graph)
    number = {node: i for i, node in enumerate(canonical_order(graph))}
    x = np.zeros((len(number), len(OPS) + 1), np.float32)
    for node, (op, channels) in zip(network.nodes, network.labels, strict=True):
        x[number[node], OPS.index(op)] = 1
        x[number[node], -1] = channels
    edges = sorted((number[a], number[b]) for a, b in graph.edges)
    return GraphArrays(x, np.array(edges, np.int64).reshape(-1, 2).T.copy())
