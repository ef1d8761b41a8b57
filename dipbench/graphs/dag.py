"""The grammar of a network: a `networkx.DiGraph` whose nodes carry an `op`.

Nodes have any hashable name and the attribute ``op``; the ops that learn a chosen number of
filters also carry ``channels``. `labelled_dag` reads any labelled acyclic graph into plain
tuples; `check` reads one that must be a network, and says which node breaks which rule.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias

from dipbench.errors import InvalidArchitecture

if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.DiGraph[Any]

__all__ = ["MAX_NODES", "OPS", "Dag", "Network", "check", "labelled_dag"]

MAX_NODES = 512

OPS = (
    "input",
    "conv3",
    "down",
    "up-nearest",
    "up-bilinear",
    "up-transposed",
    "skip1",
    "concat",
    "output",
)
WITH_CHANNELS = frozenset({"conv3", "down", "up-transposed", "skip1"})
WITHOUT_CHANNELS = frozenset(OPS) - WITH_CHANNELS
LEVEL_STEP = {"down": 1, "up-nearest": -1, "up-bilinear": -1, "up-transposed": -1}


@dataclass(frozen=True)
class Dag:
    """A labelled acyclic graph on 0..n-1, numbered in topological order.

    Attributes:
        nodes: the graph's own node names, in that order.
        labels: per node, ``(op, channels)``; channels is 0 for an op that takes none.
        preds: per node, the numbers of the nodes it reads.
        succs: per node, the numbers of the nodes that read it.
        generation: per node, the length of the longest path that ends in it.
    """

    nodes: tuple[Hashable, ...]
    labels: tuple[tuple[str, int], ...]
    preds: tuple[tuple[int, ...], ...]
    succs: tuple[tuple[int, ...], ...]
    generation: tuple[int, ...]


@dataclass(frozen=True)
class Network(Dag):
    """A `Dag` that obeys the grammar.

    Attributes:
        levels: per node, down-samplings minus up-samplings on the way from the input.
    """

    levels: tuple[int, ...]

    @property
    def input(self) -> int:
        """The number of the node with the op ``input``."""
        return next(i for i, (op, _) in enumerate(self.labels) if op == "input")

    @property
    def output(self) -> int:
        """The number of the node with the op ``output``."""
        return next(i for i, (op, _) in enumerate(self.labels) if op == "output")

    def channels(self, in_channels: int) -> tuple[int, ...]:
        """Channels that each node puts out, for an input of `in_channels`."""
        out: list[int] = []
        for (op, chosen), preds in zip(self.labels, self.preds, strict=True):
            if op == "input":
                out.append(in_channels)
            elif op == "output":
                out.append(1)
            else:
                out.append(chosen or sum(out[p] for p in preds))
        return tuple(out)


def _label(node: Hashable, attributes: dict[str, Any]) -> tuple[str, int]:
    op = attributes.get("op")
    if not isinstance(op, str):
        raise InvalidArchitecture(f"node {node!r} has op {op!r}; expected one of {', '.join(OPS)}")
    op = str.__str__(op)  # of a subclass of str, such as an enumeration, keep the text alone
    channels = attributes.get("channels")
    if channels is None or op in WITHOUT_CHANNELS:
        return op, 0
    return op, _positive(node, op, channels)


def _positive(node: Hashable, op: str, channels: object) -> int:
    number = as_integer(channels)
    if number is None or number < 1:
        raise InvalidArchitecture(
            f"node {node!r} ({op}) has channels {channels!r}; expected a positive integer"
        )
    return number


def as_integer(value: object) -> int | None:
    """`value` as an int if it is an integer of any kind, numpy's included, and no bool."""
    kind = type(value)
    if kind is bool or (kind.__module__ == "numpy" and kind.__name__.startswith("bool")):
        return None  # numpy before 2 takes its own bool for an integer
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def labelled_dag(graph: Graph) -> Dag:
    """Read any acyclic `graph` whose nodes have an ``op``, whether a network or not.

    The label of a node is its op, with ``channels`` where the op uses them; every other
    attribute is ignored.

    Raises:
        InvalidArchitecture: not a simple directed graph, more than 512 nodes, a node without
            an op, channels that are no positive integer, or a cycle (a node on it is named).
    """
    if not (hasattr(graph, "adjacency") and hasattr(graph, "is_multigraph")):
        raise InvalidArchitecture(
            f"expected a networkx.DiGraph, found {type(graph).__module__}.{type(graph).__name__}"
        )
    if graph.is_multigraph() or not graph.is_directed():
        raise InvalidArchitecture(
            f"expected a networkx.DiGraph, found a networkx.{type(graph).__name__}"
        )
    labels = {node: _label(node, attributes) for node, attributes in graph.nodes(data=True)}
    if not 1 <= len(labels) <= MAX_NODES:
        raise InvalidArchitecture(f"graph has {len(labels)} nodes; expected 1 to {MAX_NODES}")

    readers = dict(graph.adjacency())
    waiting = dict.fromkeys(labels, 0)
    for targets in readers.values():
        for target in targets:
            waiting[target] += 1
    order: list[Hashable] = []
    generation: list[int] = []
    ready = [node for node, count in waiting.items() if not count]
    depth = 0
    while ready:
        order += ready
        generation += [depth] * len(ready)
        depth += 1
        following = []
        for node in ready:
            for target in readers[node]:
                waiting[target] -= 1
                if not waiting[target]:
                    following.append(target)
        ready = following
    if len(order) < len(labels):
        # A node left waiting may only lie behind a cycle; walking back always ends on one.
        raise InvalidArchitecture(
            f"node {_on_cycle(graph, waiting)!r} lies on a cycle; expected an acyclic graph"
        )

    number = {node: i for i, node in enumerate(order)}
    preds: list[list[int]] = [[] for _ in order]
    succs = []
    for i, node in enumerate(order):
        after = [number[target] for target in readers[node]]
        succs.append(tuple(after))
        for j in after:
            preds[j].append(i)
    return Dag(
        nodes=tuple(order),
        labels=tuple([labels[node] for node in order]),
        preds=tuple([tuple(before) for before in preds]),
        succs=tuple(succs),
        generation=tuple(generation),
    )


def _on_cycle(graph: Graph, waiting: dict[Hashable, int]) -> Hashable:
    node = next(node for node, count in waiting.items() if count)
    seen: set[Hashable] = set()
    while node not in seen:
        seen.add(node)
        node = next(before for before in graph.predecessors(node) if waiting[before])
    return node


def check(graph: Graph) -> Network:
    """Read `graph` as a network.

    Raises:
        InvalidArchitecture: naming the node and what was expected, for whatever breaks the
            grammar: all that `labelled_dag` refuses, an unknown op, missing channels, other
            than one input and one output, a wrong number of inputs to a node, a dead node,
            or levels that disagree where paths meet.
    """
    dag = labelled_dag(graph)
    for node, (op, channels) in zip(dag.nodes, dag.labels, strict=True):
        if op in WITH_CHANNELS:
            if not channels:
                raise InvalidArchitecture(
                    f"node {node!r} ({op}) has no channels; expected a positive integer"
                )
        elif op not in WITHOUT_CHANNELS:
            raise InvalidArchitecture(
                f"node {node!r} has op {op!r}; expected one of {', '.join(OPS)}"
            )
    _check_one(dag, "input")
    _check_one(dag, "output")
    _check_arity(dag)
    _check_alive(dag)
    return Network(
        nodes=dag.nodes,
        labels=dag.labels,
        preds=dag.preds,
        succs=dag.succs,
        generation=dag.generation,
        levels=_levels(dag),
    )


def _check_one(dag: Dag, kind: str) -> None:
    found = [node for node, (op, _) in zip(dag.nodes, dag.labels, strict=True) if op == kind]
    if len(found) != 1:
        named = f": {', '.join(map(repr, found))}" if found else ""
        raise InvalidArchitecture(f"graph has {len(found)} {kind} nodes{named}; expected one")


def _check_arity(dag: Dag) -> None:
    # An input that reads something needs no rule: a node without inputs stands before it.
    for node, (op, _), preds in zip(dag.nodes, dag.labels, dag.preds, strict=True):
        count = len(preds)
        wrong = count < 2 if op == "concat" else count != 1 and op != "input"
        if wrong:
            plural = "" if count == 1 else "s"
            expected = "two or more" if op == "concat" else "one"
            raise InvalidArchitecture(
                f"node {node!r} ({op}) has {count} input{plural}; expected {expected}"
            )


def _check_alive(dag: Dag) -> None:
    # With arities right, every node but the input reads something, so in an acyclic graph
    # each is reached from the input; dead can only mean that the output is out of reach.
    for node, (op, _), succs in zip(dag.nodes, dag.labels, dag.succs, strict=True):
        if not succs and op != "output":
            raise InvalidArchitecture(
                f"node {node!r} ({op}) is dead: nothing reads it; "
                "expected a path from every node to the output"
            )
        if succs and op == "output":
            raise InvalidArchitecture(
                f"node {node!r} (output) is read by {dag.nodes[succs[0]]!r}; "
                "expected the output to be last"
            )


def _levels(dag: Dag) -> tuple[int, ...]:
    levels: list[int] = []
    for node, (op, _), preds in zip(dag.nodes, dag.labels, dag.preds, strict=True):
        if not preds:
            levels.append(0)
            continue
        level = levels[preds[0]]
        for other in preds[1:]:
            if levels[other] != level:
                raise InvalidArchitecture(
                    f"node {node!r} ({op}) joins levels that disagree: "
                    f"{dag.nodes[preds[0]]!r} is at level {level} and {dag.nodes[other]!r} "
                    f"at level {levels[other]}; expected one level"
                )
        levels.append(level + LEVEL_STEP.get(op, 0))
    return tuple(levels)
