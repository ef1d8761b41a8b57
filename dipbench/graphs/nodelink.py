"""Graphs as JSON, in networkx's node-link form; reading guesses nothing and merges nothing."""

from __future__ import annotations

import json
import reprlib
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["from_node_link", "parse_json", "to_node_link"]

EXAMPLE = '{"nodes": [{"id": "x", "op": "input"}, …], "edges": [{"source": "x", "target": …}, …]}'
MAX_DIGITS = 18


def parse_json(content: str | bytes) -> Any:
    """What JSON says, as `from_node_link` takes it.

    Raises:
        InvalidArchitecture: `content` is not JSON, which has no NaN and no Infinity; an object
            gives a key twice, of which readers take one or the other; or an integer has more
            than 18 digits: products of longer numbers of channels could not be written again.
    """
    try:
        return json.loads(
            content, parse_int=_integer, parse_constant=_no_number, object_pairs_hook=_object
        )
    except RecursionError:
        raise _malformed("JSON nested too deep") from None
    except ValueError as error:
        raise _malformed(f"not JSON ({error})") from None


def from_node_link(data: Any) -> Graph:
    """The graph of `data`, as JSON gives it; edges may be called ``edges`` or ``links``.

    Of the attributes a node's ``op`` and ``channels`` are read. Whether the graph is a network
    is not asked here: that is for the grammar, `dipbench.graphs.dag.check`.

    Raises:
        InvalidArchitecture: `data` is no such graph, is undirected or a multigraph, gives a node
            or an edge twice, or has an edge of an unknown node.
    """
    import networkx as nx

    if not isinstance(data, dict):
        raise _malformed(f"a {type(data).__name__}")
    if data.get("directed", True) is not True or data.get("multigraph", False) is not False:
        raise _malformed("undirected or a multigraph, not a directed graph")
    if ("edges" in data) == ("links" in data):
        raise _malformed("it must have either 'edges' or 'links'")
    graph: Graph = nx.DiGraph()
    for entry in _entries(data, "nodes"):
        _add_node(graph, entry)
    for entry in _entries(data, "edges" if "edges" in data else "links"):
        _add_edge(graph, entry)
    return graph


def to_node_link(graph: Graph) -> dict[str, Any]:
    """`graph` with nodes numbered in canonical order, so isomorphic graphs give the same."""
    from dipbench.graphs.canonical import canonical_order
    from dipbench.graphs.dag import labelled_dag

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
    return {
        # Without these two networkx reads an undirected multigraph.
        "directed": True,
        "multigraph": False,
        "graph": {},
        "nodes": nodes,
        "edges": [{"source": a, "target": b} for a, b in edges],
    }


def _malformed(reason: str) -> InvalidArchitecture:
    return InvalidArchitecture(f"not a node-link graph: {reason}; expected JSON like {EXAMPLE}")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits; expected at most {MAX_DIGITS}")
    return int(digits)


def _no_number(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {reprlib.repr(name)} is given twice")
        found[name] = value
    return found


def _entries(data: dict[str, Any], field: str) -> list[dict[str, Any]]:
    entries = data.get(field)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _malformed(f"{field!r} is not a list of objects")
    return entries


def _add_node(graph: Graph, entry: dict[str, Any]) -> None:
    node = _name(entry, "id")
    if node in graph:
        raise _malformed(f"node {node!r} is given twice")
    graph.add_node(node, op=entry.get("op"), channels=entry.get("channels"))


def _add_edge(graph: Graph, entry: dict[str, Any]) -> None:
    source, target = _name(entry, "source"), _name(entry, "target")
    for node in (source, target):
        if node not in graph:
            raise _malformed(f"an edge names {node!r}, which is not a node")
    if graph.has_edge(source, target):
        raise _malformed(f"edge {source!r} to {target!r} is given twice")
    graph.add_edge(source, target)


def _name(entry: dict[str, Any], field: str) -> Any:
    """A string, a number, or a list of them, which networkx makes of a tuple."""
    value = entry.get(field)
    parts = value if isinstance(value, list) else [value]
    # In Python 1 and true are one dictionary key; in JSON they are two values.
    if not all(isinstance(p, str | int | float) and not isinstance(p, bool) for p in parts):
        shown = reprlib.repr(value)  # may be nested deep
        raise _malformed(f"{field!r} is {shown}, not a string, a number or a list of these")
    return tuple(value) if isinstance(value, list) else value
