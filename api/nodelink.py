"""Node-link JSON, as networkx writes it, read into a graph; nothing is guessed or merged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx

from dipbench import InvalidArchitecture

if TYPE_CHECKING:
    Graph: TypeAlias = nx.DiGraph[Any]

__all__ = ["read_graph"]

EXAMPLE = '{"nodes": [{"id": "a", "op": "input"}, ...], "edges": [{"source": "a", "target": "b"}]}'
MAX_DIGITS = 18


def read_graph(body: bytes) -> Graph:
    """The graph of a node-link JSON object, its edges under ``edges`` or ``links``.

    Raises:
        InvalidArchitecture: no such JSON, a node or an edge given twice, an edge of an unknown
            node. Whether the graph is a network is for dipbench to say.
    """
    data = _parse(body)
    if data.get("directed", True) is not True or data.get("multigraph", False) is not False:
        raise InvalidArchitecture("graph is undirected or a multigraph; expected a directed graph")
    if ("edges" in data) == ("links" in data):
        raise InvalidArchitecture(f"expected either 'edges' or 'links', as in {EXAMPLE}")
    edges = "edges" if "edges" in data else "links"
    graph: Graph = nx.DiGraph()
    for entry in _entries(data, "nodes"):
        _add_node(graph, entry)
    for entry in _entries(data, edges):
        _add_edge(graph, entry)
    return graph


def _parse(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise InvalidArchitecture(f"body is not JSON ({reason}); expected {EXAMPLE}") from None
    if not isinstance(data, dict):
        raise InvalidArchitecture(f"body is a JSON {type(data).__name__}; expected {EXAMPLE}")
    return data


def _integer(digits: str) -> int:
    # Products of longer numbers could not be written out as decimals again.
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits; expected at most {MAX_DIGITS}")
    return int(digits)


def _entries(data: dict[str, Any], field: str) -> list[dict[str, Any]]:
    entries = data.get(field)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidArchitecture(f"{field!r} is not a list of objects; expected {EXAMPLE}")
    return entries


def _add_node(graph: Graph, entry: dict[str, Any]) -> None:
    node = _name(entry, "id")
    if node in graph:
        raise InvalidArchitecture(f"node {node!r} is given twice; expected each id once")
    graph.add_node(node, op=entry.get("op"), channels=entry.get("channels"))


def _add_edge(graph: Graph, entry: dict[str, Any]) -> None:
    source, target = _name(entry, "source"), _name(entry, "target")
    for node in (source, target):
        if node not in graph:
            raise InvalidArchitecture(f"an edge names {node!r}; expected the id of a node")
    if graph.has_edge(source, target):
        raise InvalidArchitecture(f"edge {source!r} to {target!r} is given twice; expected once")
    graph.add_edge(source, target)


def _name(entry: dict[str, Any], field: str) -> str | int:
    # In Python 1, 1.0 and true are one dictionary key; in JSON they are three values.
    value = entry.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidArchitecture(f"{field!r} is {value!r}; expected a string or an integer")
    return value
