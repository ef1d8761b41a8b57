"""Graphs as JSON, in networkx's node-link form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture

if TYPE_CHECKING:
    from dipbench.dag import Graph

__all__ = ["from_node_link", "to_node_link"]

# What networkx makes of JSON that is no graph.
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
EXAMPLE = '{"nodes": [{"id": "x", "op": "input"}, …], "edges": [{"source": "x", "target": …}, …]}'


def from_node_link(data: Any) -> Graph:
    """The graph of `data`, as JSON gives it; edges may be called ``edges`` or ``links``.

    Raises:
        InvalidArchitecture: `data` is no such graph.
    """
    import networkx as nx

    try:
        data = {"directed": True, "multigraph": False} | data
        edges = "links" if "links" in data else "edges"
        graph = nx.node_link_graph(data, edges=edges)
    except (*MALFORMED, nx.NetworkXError) as error:
        raise InvalidArchitecture(
            f"not a node-link graph ({type(error).__name__}: {error}); expected JSON like {EXAMPLE}"
        ) from None
    return graph  # type: ignore[return-value] # what is no DiGraph is refused by the grammar


def to_node_link(graph: Graph) -> dict[str, Any]:
    """`graph` with nodes numbered in canonical order, so isomorphic graphs give the same."""
    from dipbench.canonical import canonical_order
    from dipbench.dag import labelled_dag

    order = canonical_order(graph)
    number = {node: i for i, node in enumerate(order)}
    dag = labelled_dag(graph)
    labels = dict(zip(dag.nodes, dag.labels, strict=True))
    nodes = [
        {"id": i, "op": labels[node][0]}
        | ({"channels": labels[node][1]} if labels[node][1] else {})
        for node, i in number.items()
    ]
    edges = sorted((number[a], number[b]) for a, b in graph.edges)
    return {"nodes": nodes, "edges": [{"source": a, "target": b} for a, b in edges]}
