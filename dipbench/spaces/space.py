"""`Space`: what a search needs of a set of architectures, whichever set it is.

A space is one file with one subclass. Members have an order that never changes, so an index
stands for an architecture; nothing lists them unless it is asked to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import index as as_index
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from dipbench.errors import InvalidArchitecture
from dipbench.spaces.architecture import BaseArchitecture

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from dipbench.graphs.dag import Graph

__all__ = ["SPACES", "Dimension", "Feature", "Space", "drawn", "named"]

A = TypeVar("A", bound=BaseArchitecture)
Method = TypeVar("Method", bound=Callable[..., Any])


def _abstract(method: Method) -> Method:
    """As `abc.abstractmethod`, after which type checkers would refuse ``Space("core64")``."""
    return abstractmethod(method)


@dataclass(frozen=True)
class Dimension:
    """One choice that makes an architecture, as search libraries describe it.

    Attributes:
        name: of the parameter.
        values: that it may take; the first one stands for it where the network lacks it.
        kind: ``integer``: all numbers from the first value to the last; ``switch``: False or
            True; ``ordered`` and ``choice``: one of the values, with or without an order.
        from_depth: networks of less depth lack it.
    """

    name: str
    values: tuple[Any, ...]
    kind: Literal["integer", "switch", "ordered", "choice"]
    from_depth: int = 0


@dataclass(frozen=True)
class Feature:
    """One column of `Space.encode`; `binary` if it is 0 or 1."""

    name: str
    binary: bool


class Space(ABC, Generic[A]):
    """A finite set of architectures, in a fixed order.

    ``Space("core64")`` has 372: see `dipbench.spaces.core64`. ``Space("unet64")`` has 8,002,872,
    of which none is made before it is asked for: see `dipbench.spaces.unet64`.

    Wherever a method takes an architecture it also takes its name, and an architecture of
    another space that has the same graph.

    Attributes:
        name: of the space.
        dimensions: the choices that make an architecture; none where members are a mere list.
        features: the columns of `encode`.

    Raises:
        ValueError: there is no space of this name.
    """

    name: str
    dimensions: tuple[Dimension, ...] = ()
    features: tuple[Feature, ...] = ()

    _known: ClassVar[dict[str, type[Space[Any]]]] = {}

    def __init_subclass__(cls, name: str | None = None):
        super().__init_subclass__()
        if name is not None:
            cls.name = name
            Space._known[name] = cls

    def __new__(cls, name: str = "core64", *_: Any) -> Space[Any]:
        """The space of this name, or a new object of a subclass."""
        if cls is not Space:
            return super().__new__(cls)
        if not isinstance(name, str) or name not in SPACES:
            raise ValueError(f"unknown space {name!r}; expected one of {', '.join(SPACES)}")
        return SPACES[name]()

    @_abstract
    def __len__(self) -> int:
        """How many architectures there are."""
        raise NotImplementedError

    @_abstract
    def at(self, index: int) -> A:
        """The architecture with this index, from 0 to ``len(self) - 1``."""
        raise NotImplementedError

    @_abstract
    def _index(self, member: A) -> int:
        """The index of a member."""
        raise NotImplementedError

    @_abstract
    def _neighbours(self, member: A) -> list[A]:
        """The neighbours of a member."""
        raise NotImplementedError

    @_abstract
    def parse(self, name: str) -> A:
        """The architecture of a name.

        Raises:
            InvalidArchitecture: the name is malformed, or names none of this space.
        """
        raise NotImplementedError

    @_abstract
    def from_graph(self, graph: Graph) -> A:
        """The architecture whose graph is isomorphic to `graph`.

        Raises:
            InvalidArchitecture: `graph` is not a valid network, or not in this space.
        """
        raise NotImplementedError

    @_abstract
    def _own(self, item: object) -> A | None:
        """`item` itself if it is a member, or its twin where fields tell which that is."""
        raise NotImplementedError

    def member(self, item: object) -> A:
        """The member that `item` is, names, or has the graph of.

        Raises:
            ValueError: there is none.
        """
        own = self._own(item)
        if own is not None:
            return own
        if isinstance(item, str):
            try:
                return self.parse(item)
            except InvalidArchitecture:
                other = named(item)
                if other is None:
                    raise
                item = other
        if isinstance(item, BaseArchitecture):
            try:
                return self.from_graph(item.graph)
            except InvalidArchitecture:
                pass
        raise ValueError(f"{item!r} is not in the space {self.name}")

    def index(self, architecture: object) -> int:
        """The index of an architecture: ``space[space.index(a)] == a``.

        Raises:
            ValueError: `architecture` is not in the space.
        """
        return self._index(self.member(architecture))

    def __getitem__(self, index: int) -> A:
        number, count = as_index(index), len(self)
        if not -count <= number < count:
            raise IndexError(f"index is {number}; the space {self.name} has {count} architectures")
        return self.at(number % count)

    def __iter__(self) -> Iterator[A]:
        return map(self.at, range(len(self)))

    def __contains__(self, item: object) -> bool:
        """Whether `item` is an architecture of the space, its name, or one with its graph."""
        try:
            self.member(item)
        except ValueError:
            return False
        return True

    def sample(self, rng: np.random.Generator) -> A:
        """One architecture, each as likely as any other.

        Raises:
            ValueError: `rng` is no numpy Generator.
        """
        return self.at(drawn(rng, len(self)))

    def neighbours(self, architecture: object) -> list[A]:
        """All architectures one edit away, each once, in a fixed order; which edits there are
        is said by the space. Being neighbours is mutual.

        Raises:
            ValueError: `architecture` is not in the space.
        """
        return self._neighbours(self.member(architecture))

    def mutate(self, architecture: object, rng: np.random.Generator) -> A:
        """One of the `neighbours`, each as likely as any other.

        Raises:
            ValueError: `architecture` is not in the space, or `rng` is no numpy Generator.
        """
        found = self.neighbours(architecture)
        return found[drawn(rng, len(found))]

    def encode(self, architecture: object) -> npt.NDArray[np.float64]:
        """The numbers that a learner reads, shape ``(len(features),)``.

        Raises:
            ValueError: `architecture` is not in the space.
        """
        encoded: npt.NDArray[np.float64] = self.encode_many([architecture])[0]
        return encoded

    def encode_many(self, architectures: Iterable[object]) -> npt.NDArray[np.float64]:
        """`encode` for each of `architectures`, shape ``(count, len(features))``.

        Raises:
            ValueError: naming the first that is not in the space.
        """
        import numpy as np

        rows = [self._numbers(self.member(a)) for a in architectures]
        return np.array(rows, np.float64).reshape(len(rows), len(self.features))

    def _numbers(self, member: A) -> list[float]:
        """The features of a member."""
        return []

    def parameters(self, architecture: object) -> dict[str, Any]:
        """The value of each of `dimensions` that the architecture has, by name.

        Raises:
            ValueError: `architecture` is not in the space.
        """
        member = self.member(architecture)
        present = [d.name for d in self.dimensions if d.from_depth <= member.depth]
        values = self._values(member)
        return {name: values[name] for name in present}

    def _values(self, member: A) -> Mapping[str, Any]:
        """The value of each dimension that a member has."""
        return {}

    def from_parameters(self, parameters: Mapping[str, Any]) -> A:
        """The architecture of `parameters`, Python's or numpy's values.

        Raises:
            InvalidArchitecture: a parameter is missing, unknown or out of range, or is one that
                a network of this depth lacks.
        """
        raise InvalidArchitecture(f"the space {self.name} has no parameters")

    def check_parameters(self, parameters: Mapping[str, Any], optional: Container[str]) -> None:
        """Whether all of `dimensions` but those `optional` are there, and nothing else.

        Raises:
            InvalidArchitecture: a parameter is unknown or missing.
        """
        names = [dimension.name for dimension in self.dimensions]
        for name in parameters:
            if name not in names:
                raise InvalidArchitecture(
                    f"unknown parameter {name!r}; expected {', '.join(names)}"
                )
        for name in names:
            if name not in parameters and name not in optional:
                raise InvalidArchitecture(f"parameter {name!r} is missing")

    def __repr__(self) -> str:
        return f"Space({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


SPACES: Mapping[str, type[Space[Any]]] = MappingProxyType(Space._known)


def named(name: str) -> BaseArchitecture | None:
    """The architecture of a name of any space; None if no space has the name."""
    try:
        return parsed(name)
    except InvalidArchitecture:
        return None


def parsed(name: str, like: str | None = None) -> BaseArchitecture:
    """The architecture of a name of any space.

    Args:
        like: the space whose names are named as an example if the name is like those of none.

    Raises:
        InvalidArchitecture: no space has it; the message is of the space whose names it is like.
    """
    # Names of unet64 begin with its first letter: the likely space is tried first, for the error
    # of a wrong one takes as long as parsing.
    errors = {}
    for space in sorted(SPACES, key=lambda space: not str(name).startswith(space[0])):
        try:
            found: BaseArchitecture = SPACES[space]().parse(name)
        except InvalidArchitecture as error:
            errors[space] = error
        else:
            return found
    example = errors.get(like or "") or next(iter(errors.values()))
    raise next((e for e in errors.values() if not str(e).startswith("malformed")), example)


def drawn(rng: np.random.Generator, count: int) -> int:
    """A number below `count`, each as likely as any other.

    Raises:
        ValueError: `rng` is no numpy Generator.
    """
    try:
        return int(rng.integers(count))
    except AttributeError:
        raise ValueError(f"rng is {rng!r}; expected a numpy Generator") from None
