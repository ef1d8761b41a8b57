"""An architecture as a command is given it: a name, a key, or a file with a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["read_architecture"]


def read_architecture(argument: str, name: str | None = None) -> str | Graph:
    """A name or key as it is; the graph of a JSON file.

    Args:
        name: of the graph, in a file of several.

    Raises:
        OSError: the file cannot be read.
        ValueError: a `name` without a file.
        InvalidArchitecture: the file does not hold such a graph.
    """
    if argument.lower().endswith(".json"):
        return _read_graph(Path(argument), name)
    if name is not None:
        raise ValueError(f"{argument} is no file; expected no --name, found {name!r}")
    return argument


def _read_graph(path: Path, name: str | None) -> Graph:
    """The graph of a node-link JSON file, or that of this name in a file of graphs by name.

    Raises:
        OSError: the file cannot be read.
        InvalidArchitecture: the file does not hold such a graph.
    """
    from dipbench.graphs.dag import check
    from dipbench.graphs.nodelink import from_node_link, parse_json

    try:
        data = parse_json(path.read_bytes())
        one = not (isinstance(data, dict) and data and all(map(_like_graph, data.values())))
        if one and name is not None:
            raise ValueError(f"holds one graph; expected no --name, found {name!r}")
        if not one:
            if name not in data:
                found = "several graphs" if name is None else f"no graph {name!r}"
                raise ValueError(f"has {found}; expected --name with one of {', '.join(data)}")
            data = data[name]
        graph = from_node_link(data)
        check(graph)  # here, where the file and the graph's name are known
        return graph
    except ValueError as error:
        called = "" if name is None else f" graph {name!r}:"
        raise InvalidArchitecture(f"{path}:{called} {error}") from None


def _like_graph(value: Any) -> bool:
    return isinstance(value, dict) and "nodes" in value
