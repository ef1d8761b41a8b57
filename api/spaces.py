"""The spaces of the library as a form to fill in: fields, choices, and what an edit changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from dipbench import Architecture, InvalidArchitecture, Space

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = [
    "SPACES",
    "Field",
    "build",
    "edit",
    "fields_of",
    "graph_of",
    "largest",
    "named",
    "parse",
    "spaces_of",
]


@dataclass(frozen=True)
class Field:
    """One thing to choose.

    Attributes:
        kind: ``one`` value, or ``per_level``: a list with one value for each of `levels`.
        levels: which those are, in terms of the field ``depth``.
    """

    name: str
    kind: str
    choices: tuple[Any, ...]
    meaning: str
    levels: str | None = None


SPACES = {
    "core64": (
        Field("depth", "one", (1, 2, 3, 4, 5), "how many times the encoder halves the image"),
        Field(
            "skips",
            "per_level",
            (False, True),
            "whether a skip connection joins encoder and decoder at the level",
            "0..depth-1",
        ),
        Field("upsample", "one", ("nearest", "bilinear", "transposed"), "how the decoder doubles"),
        Field("width", "one", (8, 16), "channels at every level"),
    ),
}


def parse(name: str) -> Architecture:
    """The architecture of a name.

    Raises:
        InvalidArchitecture: no space has it.
    """
    return Architecture.parse(name)


def graph_of(name: str) -> Graph:
    return parse(name).graph


def named(graph: Graph) -> str | None:
    """The name of a network, if a space has it."""
    try:
        return Architecture.from_graph(graph).name
    except InvalidArchitecture:
        return None


def spaces_of(architecture: Architecture) -> list[str]:
    """The spaces that hold it."""
    return [name for name in SPACES if architecture in _space(name)]


@cache
def _space(name: str) -> Space:
    return Space(name)


def fields_of(architecture: Architecture) -> dict[str, Any]:
    """What was chosen, as `build` takes it."""
    a = architecture
    skips = [level in a.skips for level in range(a.depth)]
    return {"depth": a.depth, "skips": skips, "upsample": a.upsample, "width": a.width}


def build(space: str, chosen: Mapping[str, Any]) -> Architecture:
    """The architecture of these choices.

    Raises:
        InvalidArchitecture: a field is missing, unknown, or not one of its choices.
    """
    expected = [field.name for field in SPACES[space]]
    for name in [*chosen, *expected]:
        if name not in expected or name not in chosen:
            wrong = "is missing" if name in expected else "is unknown"
            raise InvalidArchitecture(f"{name!r} {wrong}; expected {', '.join(expected)}")
    depth, skips = chosen["depth"], chosen["skips"]
    if not isinstance(skips, list) or not all(isinstance(skip, bool) for skip in skips):
        raise InvalidArchitecture(f"skips is {skips!r}; expected a list of true and false")
    if isinstance(depth, int) and len(skips) != depth:
        raise InvalidArchitecture(f"skips has {len(skips)} values; expected {depth}, one per level")
    levels = tuple(level for level, skip in enumerate(skips) if skip)
    return Architecture(depth, levels, chosen["upsample"], chosen["width"])


def edit(before: Architecture, after: Architecture) -> str:
    """What differs, in words: ``depth 3 to 4``, or ``skips at level 2: no to yes``."""
    old, new = fields_of(before), fields_of(after)
    if old["depth"] != new["depth"]:
        return f"depth {old['depth']} to {new['depth']}"
    changes = []
    for name in old:
        if not isinstance(old[name], list):
            if old[name] != new[name]:
                changes.append(f"{name} {_word(old[name])} to {_word(new[name])}")
            continue
        for level, (one, other) in enumerate(zip(old[name], new[name], strict=True)):
            if one != other:
                changes.append(f"{name} at level {level}: {_word(one)} to {_word(other)}")
    return ", ".join(changes)


def largest() -> int:
    """How many nodes the largest architecture of any space has."""
    return max(len(Architecture(5, (0, 1, 2, 3, 4), u).graph) for u in ("nearest", "transposed"))


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
