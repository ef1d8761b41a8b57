"""A space that is a list of graphs: networks of one's own, each under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import canonical_key
from dipbench.graphs.dag import check
from dipbench.graphs.features import reaches
from dipbench.lazy import lazy
from dipbench.spaces.architecture import BaseArchitecture
from dipbench.spaces.space import Space

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["OwnArchitecture", "OwnSpace"]


class OwnArchitecture(BaseArchitecture):
    """A graph under a name; two are equal if the names are and the graphs are isomorphic.

    Raises:
        InvalidArchitecture: the graph is not a valid network.
    """

    def __init__(self, name: str, graph: Graph):
        self._name = name
        try:
            self.depth, self._slc = reaches(check(graph))
        except InvalidArchitecture as error:
            raise InvalidArchitecture(f"graph {name!r}: {error}") from None
        self._graph = graph.copy()

    @property
    def name(self) -> str:
        """The name that it was given."""
        return self._name

    @property
    def slc(self) -> int:
        """Shallowest level of connection: the least level that a path reaches."""
        return self._slc

    @property
    def graph(self) -> Graph:
        """A copy of the graph."""
        return self._graph.copy()

    def __repr__(self) -> str:
        return f"OwnArchitecture({self.name!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OwnArchitecture):
            return NotImplemented
        return (self.name, self.key) == (other.name, other.key)

    def __hash__(self) -> int:
        return hash((self.name, self.key))


class OwnSpace(Space[OwnArchitecture]):
    """The graphs of a mapping, in its order; every other one is a neighbour.

    Args:
        name: of the space.
        graphs: networks by name, no two isomorphic.

    Raises:
        InvalidArchitecture: a graph is not a valid network, or is given under two names.
    """

    def __init__(self, name: str, graphs: Mapping[str, Graph]):
        self.name = name
        self._members = tuple(OwnArchitecture(called, graph) for called, graph in graphs.items())
        twins: dict[str, str] = {}
        for member in self._members:
            first = twins.setdefault(member.key, member.name)
            if first != member.name:
                raise InvalidArchitecture(
                    f"graphs {first!r} and {member.name!r} are isomorphic; expected different ones"
                )

    @lazy
    def _by_name(self) -> dict[str, int]:
        return {member.name: index for index, member in enumerate(self._members)}

    @lazy
    def _by_key(self) -> dict[str, int]:
        return {member.key: index for index, member in enumerate(self._members)}

    def __len__(self) -> int:
        return len(self._members)

    def at(self, index: int) -> OwnArchitecture:
        """As `Space.at`."""
        return self._members[index]

    def parse(self, name: str) -> OwnArchitecture:
        """As `Space.parse`."""
        if name not in self._by_name:
            raise InvalidArchitecture(f"{name!r} is not the name of a graph of {self.name}")
        return self._members[self._by_name[name]]

    def from_graph(self, graph: Graph) -> OwnArchitecture:
        """As `Space.from_graph`."""
        key = canonical_key(graph)
        if key not in self._by_key:
            raise InvalidArchitecture(
                f"graph of {len(graph)} nodes is not isomorphic to any of the space {self.name}"
            )
        return self._members[self._by_key[key]]

    def _own(self, item: object) -> OwnArchitecture | None:
        if isinstance(item, OwnArchitecture) and item.key in self._by_key:
            return self._members[self._by_key[item.key]]
        return None

    def _index(self, member: OwnArchitecture) -> int:
        return self._by_key[member.key]

    def _neighbours(self, member: OwnArchitecture) -> list[OwnArchitecture]:
        return [other for other in self._members if other != member]

    def __repr__(self) -> str:
        return f"<space {self.name}: {len(self)} graphs>"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, OwnSpace)
            and self.name == other.name
            and self._members == other._members
        )

    def __hash__(self) -> int:
        return hash((self.name, self._members))

    def __reduce__(self) -> tuple[Any, ...]:
        return OwnSpace, (self.name, {member.name: member.graph for member in self._members})
