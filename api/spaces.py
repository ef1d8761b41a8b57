"""The spaces of the library as a form to fill in: fields, choices, and what an edit changes.

A space says its dimensions one by one, ``skip0`` to ``skip4``; a form has one field for them
all, with a value for each level that the network has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from dipbench import InvalidArchitecture, Space
from dipbench.spaces import SPACES, BaseArchitecture

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = [
    "Field",
    "build",
    "edit",
    "fields_of",
    "form",
    "largest",
    "name_of",
    "spaces",
    "spaces_of",
]

PER_LEVEL = re.compile(r"(?P<name>[a-z]+)(?P<level>\d)", re.ASCII)
PLURAL = {"skip": "skips", "upsample": "upsamples", "cross": "crossings"}
MEANING = {
    "depth": "how many times the encoder halves the resolution",
    "skips": "the skip connection that joins encoder and decoder at the level",
    "upsample": "how the decoder doubles the resolution, at every level",
    "upsamples": "how the decoder doubles the resolution into the level",
    "crossings": "whether the encoder stage one level deeper joins the decoder at the level",
    "convs": "3×3 convolutions per stage",
    "width": "channels at level 0; at every level unless they grow",
    "growing": "whether level l has 1 + l / 2 times the channels of level 0",
}


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


@cache
def spaces() -> Mapping[str, Space[Any]]:
    """All spaces that have a name, by name."""
    return {name: Space(name) for name in SPACES}


@cache
def form(space: str) -> tuple[Field, ...]:
    """The fields of a space, in the order in which they are best chosen."""
    fields: dict[str, Field] = {}
    for dimension in spaces()[space].dimensions:
        found = PER_LEVEL.fullmatch(dimension.name)
        name = PLURAL[found["name"]] if found else dimension.name
        if name in fields:
            continue
        levels = f"0..depth-{dimension.from_depth}" if found else None
        kind = "per_level" if found else "one"
        fields[name] = Field(name, kind, tuple(dimension.values), MEANING[name], levels)
    return tuple(fields.values())


def name_of(graph: Graph) -> str | None:
    """The name of a network in the first space that has it."""
    for space in spaces().values():
        try:
            return str(space.from_graph(graph).name)
        except InvalidArchitecture:
            continue
    return None


def spaces_of(architecture: BaseArchitecture) -> list[str]:
    """The spaces that hold it, that of its own notation first."""
    own = architecture.space
    others = [name for name, space in spaces().items() if name != own and architecture in space]
    return [own, *others]


def fields_of(space: str, architecture: BaseArchitecture) -> dict[str, Any]:
    """What was chosen, as `build` takes it."""
    fields: dict[str, Any] = {field.name: [] for field in form(space)}
    for name, value in spaces()[space].parameters(architecture).items():
        if found := PER_LEVEL.fullmatch(name):
            fields[PLURAL[found["name"]]].append(value)
        else:
            fields[name] = value
    return fields


def build(space: str, chosen: Mapping[str, Any]) -> BaseArchitecture:
    """The architecture of these choices.

    Raises:
        InvalidArchitecture: a field is missing, unknown, or not one of its choices.
    """
    expected = [field.name for field in form(space)]
    for name in [*chosen, *expected]:
        if name not in expected or name not in chosen:
            wrong = "is missing" if name in expected else "is unknown"
            raise InvalidArchitecture(f"{name!r} {wrong}; expected {', '.join(expected)}")
    parameters: dict[str, Any] = {}
    for field in form(space):
        value = chosen[field.name]
        if field.kind == "one":
            parameters[field.name] = _checked(field, field.name, value)
        else:
            parameters |= _per_level(field, value, parameters["depth"])
    built: BaseArchitecture = spaces()[space].from_parameters(parameters)
    return built


def _per_level(field: Field, values: Any, depth: int) -> dict[str, Any]:
    singular = next(name for name, plural in PLURAL.items() if plural == field.name)
    count = depth - int(str(field.levels)[-1]) + 1
    if not isinstance(values, list) or len(values) != count:
        raise InvalidArchitecture(
            f"{field.name} is {values!r}; expected a list of {count}, for the levels {field.levels}"
        )
    return {
        f"{singular}{level}": _checked(field, f"{field.name} at level {level}", value)
        for level, value in enumerate(values)
    }


def _checked(field: Field, place: str, value: Any) -> Any:
    """`value` if it is one of the choices; 1 is not true, and 8.0 is not 8."""
    for choice in field.choices:
        if type(value) is type(choice) and value == choice:
            return choice
    expected = ", ".join(map(_word, field.choices))
    raise InvalidArchitecture(f"{place} is {value!r}; expected one of {expected}")


def edit(space: str, before: BaseArchitecture, after: BaseArchitecture) -> str:
    """What differs, in words: ``depth 3 to 4``, or ``skips at level 2: none to wide``."""
    old, new = fields_of(space, before), fields_of(space, after)
    changes = []
    if old["depth"] != new["depth"]:
        changes.append(f"depth {old['depth']} to {new['depth']}")
    for name, value in old.items():
        if not isinstance(value, list):
            if value != new[name] and name != "depth":
                changes.append(f"{name} {_word(value)} to {_word(new[name])}")
            continue
        pairs = zip(value, new[name], strict=False)  # a level more or less: the depth says so
        for level, (one, other) in enumerate(pairs):
            if one != other:
                changes.append(f"{name} at level {level}: {_word(one)} to {_word(other)}")
        for level in range(len(value), len(new[name])):
            if new[name][level] not in (False, "none"):
                changes.append(f"{name} at level {level}: {_word(new[name][level])}")
    return ", ".join(changes)


@cache
def largest() -> int:
    """How many nodes the largest architecture of any space has.

    Values of a dimension stand in the order of what they cost, so the last of all are largest.
    """
    return max(
        len(space.from_parameters({d.name: d.values[-1] for d in space.dimensions}).graph)
        for space in spaces().values()
    )


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
