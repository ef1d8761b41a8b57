"""What is done in a process of its own: reading graphs, finding their keys, predicting.

``python -m api.work`` reads requests from standard input and writes answers to standard output,
one at a time; `api.workers` starts it, and kills it when its time is up.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, BinaryIO

from api.encoding import encoded
from api.problems import STATUS, problem_of
from api.spaces import name_of
from dipbench import NotInTable, canonical_key, depth, macs, params, predict, slc
from dipbench.graphs.dag import check
from dipbench.graphs.nodelink import from_node_link, parse_json
from dipbench.spaces import parsed

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["HEADER_BYTES", "MAX_BATCH", "answer", "described", "drawn"]

HEADER_BYTES = 4
MAX_BATCH = 1_000  # architectures
SMALLEST = (
    b'{"nodes": [{"id": 0, "op": "input"}, {"id": 1, "op": "output"}],'
    b' "edges": [{"source": 0, "target": 1}]}'
)
NICENESS = 5  # light queries, in the process that serves, come first

ERRORS: tuple[type[Exception], ...] = (*STATUS, ValueError)
MEMBERS = ("architectures", "task", "protocol", "seed", "image")


class TooLarge(NotInTable):
    """A graph that no table can hold, so its key is not worth finding."""


def answer(kind: str, body: bytes, options: Mapping[str, Any]) -> dict[str, Any]:
    """``{"value": …}``, or ``{"problem": …}`` as `api.problems.problem_of`."""
    work = {"features": _features, "key": _key, "batch": _batch, "predict": _predict}[kind]
    try:
        return {"value": work(body, options)}
    except ERRORS as error:
        return {"problem": _problem(error)}


def described(graph: Graph) -> dict[str, Any]:
    """What the graph says without training, and how to draw it.

    Raises:
        ValueError: it is deeper than an image of 64 × 64 can be halved.
    """
    features = {"depth": depth(graph), "slc": slc(graph), "params": params(graph)}
    return features | {"macs": macs(graph), "graph": drawn(graph)}


def drawn(graph: Graph) -> dict[str, Any]:
    """Node-link JSON in topological order; per node its level and the channels it puts out."""
    network = check(graph)
    channels = network.channels(1)
    nodes = [
        {"id": i, "op": op, "level": network.levels[i], "channels": channels[i]}
        for i, (op, _) in enumerate(network.labels)
    ]
    edges = [{"source": p, "target": i} for i, ps in enumerate(network.preds) for p in ps]
    return {"nodes": nodes, "edges": edges}


def _features(body: bytes, options: Mapping[str, Any]) -> dict[str, Any]:
    """The key, and all that is said as JSON: writing a large graph would keep others waiting."""
    graph = from_node_link(parse_json(body))
    nodes, largest = len(graph), options["largest"]
    found = {"name": None, "key": None, "note": None, "nodes": nodes} | described(graph)
    if nodes > largest:
        found["note"] = f"no key: a graph of {nodes} nodes is in no table (at most {largest})"
    else:
        found |= {"name": name_of(graph), "key": canonical_key(graph)}
    return {"key": found["key"], "json": encoded(found).decode()}


def _key(body: bytes, options: Mapping[str, Any]) -> str:
    return _key_of(parse_json(body), options["largest"])


def _key_of(data: Any, largest: int) -> str:
    graph = from_node_link(data)
    nodes = len(check(graph).nodes)
    if nodes > largest:
        raise TooLarge(f"a graph of {nodes} nodes is in no table; the largest there has {largest}")
    return canonical_key(graph)


def _batch(body: bytes, options: Mapping[str, Any]) -> dict[str, Any]:
    """The same request with a key, or a problem, in the place of every graph."""
    asked = parse_json(body)
    if not isinstance(asked, dict) or not isinstance(asked.get("architectures"), list):
        raise ValueError("expected an object with 'architectures', a list of names, keys or graphs")
    unknown = sorted(set(asked) - set(MEMBERS))
    if unknown:
        raise ValueError(f"unknown member {unknown[0]!r}; expected one of {', '.join(MEMBERS)}")
    items = asked["architectures"]
    if len(items) > MAX_BATCH:
        raise ValueError(f"{len(items)} architectures; expected at most {MAX_BATCH}")
    asked["architectures"] = [_entry(item, options["largest"]) for item in items]
    return asked


def _entry(item: Any, largest: int) -> Any:
    if isinstance(item, str):
        return item
    try:
        return _key_of(item, largest)
    except ERRORS as error:
        return {"problem": _problem(error)}


def _predict(body: bytes, options: Mapping[str, Any]) -> dict[str, Any]:
    asked, of = options["architecture"], {name: options[name] for name in ("task", "space")}
    if asked is None:
        data = parse_json(body)
        key, graph = _key_of(data, options["largest"]), from_node_link(data)
        return {"key": key} | asdict(predict(graph, **of))
    return {"key": parsed(asked).key} | asdict(predict(asked, **of))


def _problem(error: Exception) -> dict[str, Any]:
    status = next((STATUS[kind] for kind in STATUS if isinstance(error, kind)), 400)
    return problem_of(status, str(error))


def main(requests: BinaryIO, answers: BinaryIO) -> None:
    """Say that it is ready, with an answer of no length, and serve until `requests` ends."""
    answer("features", SMALLEST, {"largest": 0})  # or the first request would wait for imports
    answers.write(bytes(HEADER_BYTES))
    answers.flush()
    while header := _part(requests):
        kind, options = parse_json(header)
        body = _part(requests) or b""
        content = encoded(answer(kind, body, options))
        answers.write(len(content).to_bytes(HEADER_BYTES, "big") + content)
        answers.flush()


def _part(stream: BinaryIO) -> bytes | None:
    length = stream.read(HEADER_BYTES)
    return stream.read(int.from_bytes(length, "big")) if len(length) == HEADER_BYTES else None


if __name__ == "__main__":
    # Ctrl-C reaches the whole group, and the parent ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    main(sys.stdin.buffer, sys.stdout.buffer)
