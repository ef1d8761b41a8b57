"""What every architecture has, whatever space it is of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import canonical_key
from dipbench.graphs.dag import as_integer
from dipbench.lazy import lazy

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = [
    "BaseArchitecture",
    "checked_choice",
    "checked_levels",
    "checked_name",
    "checked_number",
]


class BaseArchitecture(ABC):
    """One network of a space.

    Attributes:
        space: name of the space whose notation this is; empty for graphs of one's own.
        depth: greatest level that any path visits.
    """

    space: ClassVar[str] = ""
    depth: int

    @property
    @abstractmethod
    def name(self) -> str:
        """The one name that the space's `parse` reads back."""

    @property
    @abstractmethod
    def slc(self) -> int:
        """Shallowest level of connection: the least level that a path reaches."""

    @property
    @abstractmethod
    def graph(self) -> Graph:
        """A new `networkx.DiGraph` of the network."""

    @lazy
    def key(self) -> str:
        """The canonical key of `graph`."""
        return canonical_key(self.graph)

    def __str__(self) -> str:
        return self.name


def checked_number(field: str, value: object, allowed: tuple[int, ...] | range) -> int:
    """`value` as a plain integer.

    Raises:
        InvalidArchitecture: it is none of `allowed`.
    """
    number = as_integer(value)
    if number is None or number not in allowed:
        choices = ", ".join(map(str, allowed))
        raise InvalidArchitecture(f"{field} is {value!r}; expected one of {choices}")
    return number


def checked_choice(field: str, value: object, allowed: tuple[str, ...]) -> str:
    """`value`, one of the words `allowed`.

    Raises:
        InvalidArchitecture: it is none of them.
    """
    if not isinstance(value, str) or value not in allowed:
        raise InvalidArchitecture(f"{field} is {value!r}; expected one of {', '.join(allowed)}")
    return str.__str__(value)


def checked_levels(
    field: str, plural: str, values: Iterable[object], below: int
) -> tuple[int, ...]:
    """Different levels from 0 to `below` - 1, in ascending order.

    Raises:
        InvalidArchitecture: `values` are no such levels, or one is given twice.
    """
    try:
        levels = [checked_number(field, value, range(below)) for value in values]
    except TypeError:
        raise InvalidArchitecture(
            f"{plural} is {values!r}; expected levels from 0 to {below - 1}"
        ) from None
    if len(set(levels)) < len(levels):
        raise InvalidArchitecture(f"{plural} is {tuple(levels)}; expected each level once")
    return tuple(sorted(levels))


A = TypeVar("A", bound=BaseArchitecture)


def checked_name(name: str, make: Callable[[], A]) -> A:
    """The architecture that `make` reads from the parts of `name`.

    Raises:
        InvalidArchitecture: a part is impossible, or `name` is not the one that the architecture
            has.
    """
    try:
        made = make()
    except InvalidArchitecture as error:
        raise InvalidArchitecture(f"name {name!r}: {error}") from None
    if made.name != name:
        raise InvalidArchitecture(f"name {name!r} is not canonical; expected {made.name!r}")
    return made
