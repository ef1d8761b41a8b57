"""The canonical key: equal for two DAGs if and only if they are isomorphic.

Labels count: a node is its op and, where the op has them, its channels. The method is colour
refinement, then individualisation and refinement with automorphism pruning (McKay, Piperno,
"Practical graph isomorphism, II", 2014). The canonical graph is written out as bytes, labels
included, and hashed with SHA-256, so a key depends on nothing but the graph.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from dipbench.errors import SearchLimitExceeded
from dipbench.graphs.dag import Dag, labelled_dag

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["KEY_LENGTH", "canonical_key", "canonical_order", "dag_key", "is_key"]

KEY_VERSION = b"dipbench-key-1\n"
KEY_LENGTH = 64
KEY = re.compile(f"[0-9a-f]{{{KEY_LENGTH}}}", re.ASCII)
# Edges and nodes looked at, in refinement and in the search: about half a second, on any machine
# the same graphs. The largest architecture of a space needs less than a thousandth of it.
WORK_LIMIT = 3_000_000

Edges: TypeAlias = tuple[tuple[int, int], ...]


def canonical_key(graph: Graph) -> str:
    """The SHA-256, as 64 hexadecimal digits, of the canonical form of `graph`.

    Any acyclic `networkx.DiGraph` of at most 512 nodes that have an ``op`` is accepted, also
    one that is no valid network.

    Raises:
        InvalidArchitecture: not such a graph; the message names the node.
        SearchLimitExceeded: the graph is too symmetric for an exact answer within the limit,
            which counts work and not seconds, so it is the same on every machine.
    """
    return dag_key(labelled_dag(graph))


def is_key(text: str) -> bool:
    """Whether `text` has the form of a key."""
    return KEY.fullmatch(text) is not None


def canonical_order(graph: Graph) -> tuple[Hashable, ...]:
    """The nodes of `graph` in canonical order, which is also a topological order.

    Two isomorphic graphs, read in this order, are the same labelled graph.

    Raises:
        InvalidArchitecture, SearchLimitExceeded: as `canonical_key`.
    """
    dag = labelled_dag(graph)
    return tuple(dag.nodes[i] for i in _canonical_numbering(dag))


def dag_key(dag: Dag) -> str:
    """`canonical_key` of a graph that has been read already."""
    order = _canonical_numbering(dag)
    position = {node: i for i, node in enumerate(order)}
    lines = []
    for node in order:
        op, channels = dag.labels[node]
        before = sorted([position[p] for p in dag.preds[node]])
        # repr of the op is quoted and escaped, so no two lists of nodes are written alike.
        lines.append(f"{op!a} {channels} {before}")
    return hashlib.sha256(KEY_VERSION + "\n".join(lines).encode("ascii")).hexdigest()


class _Work:
    """How many edges and nodes may still be looked at for one key."""

    def __init__(self, nodes: int):
        self.nodes = nodes
        self.left = WORK_LIMIT

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise SearchLimitExceeded(
                f"no exact key within {WORK_LIMIT} steps of work; a graph of {self.nodes} nodes "
                "has too much symmetry"
            )


def _canonical_numbering(dag: Dag, work: _Work | None = None) -> list[int]:
    work = work or _Work(len(dag.nodes))
    partition = _Partition.of(dag, work)
    if partition.open:
        partition.refine(list(partition.cells))
    if not partition.open:
        return [cell[0] for _, cell in sorted(partition.cells.items())]
    components = _components(partition)
    if len(components) == 1 and len(components[0]) == len(dag.nodes):
        return _Search(dag, partition).best_order
    return _joined(partition, components)


def _components(partition: _Partition) -> list[list[int]]:
    """Groups of nodes in open cells that can be numbered independently of each other.

    After refinement all that joins two cells is either edges or, where most pairs have one,
    missing edges. Nodes that neither joins are told apart by their cells alone. Identical
    parallel branches fall apart like this, whatever their number.
    """
    dag, cell_of, cells = partition.dag, partition.cell_of, partition.cells
    joined: dict[int, set[int]] = {node: set() for start in partition.open for node in cells[start]}
    for start in partition.open:
        for other in {cell_of[p] for node in cells[start] for p in dag.preds[node]}:
            if other in partition.open:
                dense = 2 * sum(cell_of[p] == other for p in dag.preds[cells[start][0]]) > len(
                    cells[other]
                )
                partition.work.spend(len(cells[start]) * len(cells[other]))
                for node in cells[start]:
                    before = {p for p in dag.preds[node] if cell_of[p] == other}
                    for p in set(cells[other]) - before if dense else before:
                        joined[node].add(p)
                        joined[p].add(node)
    components = []
    left = set(joined)
    while left:
        component, waiting = set(), [left.pop()]
        while waiting:
            node = waiting.pop()
            component.add(node)
            waiting += joined[node] & left
            left -= joined[node]
        components.append(sorted(component))
    return components


def _joined(partition: _Partition, components: list[list[int]]) -> list[int]:
    """The numbering that orders each cell by component, components by their canonical form."""
    ranked = []
    for component in components:
        part = _induced(partition, component)
        order = _canonical_numbering(part, partition.work)
        form = [part.labels[i] for i in order], _edges(part, order)
        ranked.append((form, [component[i] for i in order]))
    ranked.sort(key=lambda pair: pair[0])
    cells: dict[int, list[int]] = {start: [] for start in partition.open} | {
        start: cell for start, cell in partition.cells.items() if start not in partition.open
    }
    for _, nodes in ranked:
        for node in nodes:
            cells[partition.cell_of[node]].append(node)
    return [node for _, cell in sorted(cells.items()) for node in cell]


def _induced(partition: _Partition, component: list[int]) -> Dag:
    """The graph of `component` alone, every node labelled with its cell."""
    dag = partition.dag
    number = {node: i for i, node in enumerate(component)}

    def within(neighbours: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        return tuple(
            tuple(number[other] for other in neighbours[node] if other in number)
            for node in component
        )

    return Dag(
        nodes=tuple(component),
        labels=tuple(("", partition.cell_of[node]) for node in component),
        preds=within(dag.preds),
        succs=within(dag.succs),
        generation=tuple(dag.generation[node] for node in component),
    )


def _edges(dag: Dag, order: list[int]) -> Edges:
    """The edges between places in `order`."""
    place = {node: i for i, node in enumerate(order)}
    return tuple(sorted((place[p], place[i]) for i, ps in enumerate(dag.preds) for p in ps))


class _Partition:
    """An ordered partition of the nodes; a cell is named by how many nodes come before it."""

    def __init__(
        self,
        dag: Dag,
        work: _Work,
        cells: dict[int, list[int]],
        cell_of: list[int],
        open: set[int],
    ):
        self.dag = dag
        self.work = work
        self.cells = cells
        self.cell_of = cell_of
        self.open = open  # the cells of more than one node

    @classmethod
    def of(cls, dag: Dag, work: _Work) -> _Partition:
        """Nodes grouped by generation and label; generation makes every order topological."""
        colours = list(zip(dag.generation, dag.labels, strict=True))
        cells: dict[int, list[int]] = {}
        cell_of = [0] * len(colours)
        start = -1
        previous = None
        for rank, node in enumerate(sorted(range(len(colours)), key=colours.__getitem__)):
            if colours[node] != previous:
                previous, start = colours[node], rank
                cells[start] = []
            cells[start].append(node)
            cell_of[node] = start
        return cls(dag, work, cells, cell_of, {s for s, cell in cells.items() if len(cell) > 1})

    def copy(self) -> _Partition:
        self.work.spend(len(self.cell_of))
        return _Partition(self.dag, self.work, dict(self.cells), list(self.cell_of), set(self.open))

    def individualise(self, start: int, node: int) -> None:
        """Put `node` before the rest of its cell, and refine."""
        rest = [other for other in self.cells[start] if other != node]
        self.refine(self._split(start, [[node], rest]))

    def refine(self, waiting: list[int]) -> None:
        """Split cells until the nodes of a cell have as many neighbours in every other cell.

        What is split and when depends on counts and cell names alone, never on the numbers of
        the nodes, so isomorphic graphs are refined alike.
        """
        queue = sorted(waiting)
        for start in queue:  # grows as cells are split
            if not self.open:
                return
            for neighbours in (self.dag.preds, self.dag.succs):
                hits: dict[int, int] = {}
                for node in self.cells[start]:
                    for other in neighbours[node]:
                        hits[other] = hits.get(other, 0) + 1
                touched = {self.cell_of[other] for other in hits} & self.open
                steps = sum(hits.values()) + sum(len(self.cells[cell]) for cell in touched)
                self.work.spend(1 + len(self.cells[start]) + steps)
                for cell in sorted(touched):
                    groups: dict[int, list[int]] = {}
                    for node in self.cells[cell]:
                        groups.setdefault(hits.get(node, 0), []).append(node)
                    if len(groups) > 1:
                        queue += self._split(cell, [groups[count] for count in sorted(groups)])

    def _split(self, start: int, groups: Iterable[list[int]]) -> list[int]:
        self.open.discard(start)
        starts = []
        for group in groups:
            self.cells[start] = group
            for node in group:
                self.cell_of[node] = start
            if len(group) > 1:
                self.open.add(start)
            starts.append(start)
            start += len(group)
        return starts


class _Search:
    """The least leaf of the tree of individualisations.

    Leaves are compared by their trace (the cells after each refinement) and then by their
    edges. Leaves with equal edges give an automorphism; a branch that an automorphism maps
    onto an explored one is skipped, which keeps symmetric graphs cheap.
    """

    def __init__(self, dag: Dag, root: _Partition):
        self.dag = dag
        self.work = root.work
        self.best_trace: list[tuple[int, ...]] = []
        self.best_edges: Edges | None = None
        self.best_order: list[int] = []
        self.best_path: list[int] = []
        self.automorphisms: list[list[int]] = []
        self._explore(root, [], [])

    def _explore(self, partition: _Partition, path: list[int], trace: list[tuple[int, ...]]) -> int:
        """Explore below `path`; return the length of path to go back to."""
        self.work.spend(len(self.dag.nodes) + len(path))
        if not partition.open:
            return self._leaf(partition, path, trace)
        start = min(partition.open)
        orbits = _Orbits(len(self.dag.nodes), path)
        explored: list[int] = []
        for node in partition.cells[start]:
            news = len(self.automorphisms) - orbits.seen
            self.work.spend(len(explored) + news * len(self.dag.nodes))
            if explored and orbits.join(self.automorphisms, node, explored):
                continue
            explored.append(node)
            child = partition.copy()
            child.individualise(start, node)
            longer = [*trace, tuple(sorted(child.cells))]
            if self.best_edges is not None and longer > self.best_trace[: len(longer)]:
                continue
            back = self._explore(child, [*path, node], longer)
            if back < len(path):
                return back
        return len(path)

    def _leaf(self, partition: _Partition, path: list[int], trace: list[tuple[int, ...]]) -> int:
        self.work.spend(sum(map(len, self.dag.preds)))
        order = [partition.cells[i][0] for i in range(len(partition.cells))]
        edges = _edges(self.dag, order)
        if self.best_edges is None or (trace, edges) < (self.best_trace, self.best_edges):
            self.best_trace, self.best_edges = trace, edges
            self.best_order, self.best_path = order, path
        elif (trace, edges) == (self.best_trace, self.best_edges):
            image = [0] * len(order)
            for node, other in zip(self.best_order, order, strict=True):
                image[node] = other
            self.automorphisms.append(image)
            # Below the fork this branch is a mirror image of the best one: leave it.
            return _common_length(path, self.best_path)
        return len(path)


class _Orbits:
    """Which nodes the automorphisms that fix `path` carry onto each other."""

    def __init__(self, size: int, path: list[int]):
        self.root = list(range(size))
        self.path = path
        self.seen = 0  # automorphisms are only ever appended

    def _find(self, x: int) -> int:
        root = self.root
        while root[x] != x:
            root[x] = root[root[x]]
            x = root[x]
        return x

    def join(self, automorphisms: list[list[int]], node: int, explored: list[int]) -> bool:
        """Take in the automorphisms found since; is `node` the image of an explored node?"""
        for image in automorphisms[self.seen :]:
            if all(image[fixed] == fixed for fixed in self.path):
                for x, y in enumerate(image):
                    if x != y:
                        self.root[self._find(x)] = self._find(y)
        self.seen = len(automorphisms)
        return self._find(node) in {self._find(x) for x in explored}


def _common_length(path: list[int], other: list[int]) -> int:
    length = 0
    for a, b in zip(path, other, strict=False):
        if a != b:
            break
        length += 1
    return length
