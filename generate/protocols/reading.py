"""Find a protocol by its name, or read one that others wrote."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeAlias

from dipbench.graphs.canonical import is_key
from dipbench.graphs.dag import check
from dipbench.graphs.features import macs
from dipbench.spaces import SPACES, BaseArchitecture, Space
from generate.protocols.known import PROTOCOLS
from generate.protocols.settings import (
    MANIFESTS,
    Candidate,
    DipSettings,
    Protocol,
    SupervisedSettings,
)

__all__ = ["check_protocol", "get", "read_protocol"]

# Of a field and the value found, the value to use; ValueError for a wrong one.
Check: TypeAlias = Callable[[str, Any], Any]


def get(name: str) -> Protocol:
    """The protocol called `name`, or that of a JSON file whose path ends in ``.json``.

    Raises:
        ValueError: there is none, or the file does not describe one.
        OSError: the file, or one that it names, cannot be read.
    """
    if name.endswith(".json"):
        return read_protocol(Path(name))
    if name not in PROTOCOLS:
        choices = ", ".join(PROTOCOLS)
        raise ValueError(f"unknown protocol {name!r}; expected one of {choices} or a .json file")
    return PROTOCOLS[name]


def read_protocol(path: Path) -> Protocol:
    """A protocol from JSON with the fields of `Protocol`; what is left out has its default.

    The files that it names are looked for beside it, image manifests also among those that
    come with the generator.

    Raises:
        ValueError: naming the field, the value found and what was expected.
        OSError: a file cannot be read.
    """
    try:
        said = _object(json.loads(path.read_bytes()), "a protocol")
        for field in ("graphs", "manifest"):
            if isinstance(said.get(field), str) and said[field]:
                beside = path.parent.resolve() / said[field]
                known = field == "manifest" and (MANIFESTS / said[field]).exists()
                said[field] = said[field] if known and not beside.exists() else str(beside)
        sigma = said.pop("sigma", None)
        protocol: Protocol = _checked(Protocol, said, FIELDS)
        _check_sigma(protocol, sigma)
        check_protocol(protocol)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"protocol {path}: {error}") from None
    return protocol


def check_protocol(protocol: Protocol) -> None:
    """Whether a new protocol can be measured: its names, networks, sizes and images.

    Raises:
        ValueError: naming the field, the value found and what was expected.
        OSError: a file that it names cannot be read.
    """
    _check_names(protocol)
    if protocol.graphs:
        _check_graphs(protocol)
    _check_sizes(protocol)
    _check_fitted(protocol)  # reads the image manifest


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not {what}; expected a JSON object")
    return dict(value)


def _checked(kind: type[Any], said: dict[str, Any], checks: dict[str, Check]) -> Any:
    """A dataclass of settings from JSON; each value passes the check of its field."""
    for field in said:
        if field not in checks:
            raise ValueError(f"unknown field {field!r}; expected one of {', '.join(checks)}")
    for each in fields(kind):
        needed = each.default is MISSING and each.default_factory is MISSING
        if needed and each.name not in said:
            raise ValueError(f"has no field {each.name!r}; it has no default")
    return kind(**{field: checks[field](field, value) for field, value in said.items()})


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field!r} is {value!r}; expected a string that is not empty")
    return value


def _text_or_none(field: str, value: Any) -> str:
    """A string, which may be empty where a field has nothing to say."""
    return "" if value == "" else _text(field, value)


def _whole(least: int) -> Check:
    def check(field: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{field!r} is {value!r}; expected a whole number, at least {least}")
        return value

    return check


def _number(field: str, value: Any) -> float:
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not (right and math.isfinite(value) and value >= 0):
        raise ValueError(f"{field!r} is {value!r}; expected a number, not negative")
    return float(value)


def _several(check: Check, least: int = 0) -> Check:
    def check_all(field: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(set(map(str, value))) < len(value):
            raise ValueError(f"{field} is {value!r}; expected a list without repeats")
        if len(value) < least:
            raise ValueError(f"{field} is {value!r}; expected at least one")
        return tuple(check(field, item) for item in value)

    return check_all


def _settings(kind: type[Any], checks: dict[str, Check]) -> Check:
    return lambda field, value: _checked(kind, _object(value, field), checks)


def _check_sigma(protocol: Protocol, sigma: object) -> None:
    """`sigma` follows from the task; a file that states it must agree."""
    if sigma is not None and _number("sigma", sigma) != protocol.operator.sigma:
        raise ValueError(
            f"'sigma' is {sigma!r} and 'task' {protocol.task!r}; expected "
            f"{protocol.operator.sigma:g}, which the task says already"
        )


def _check_names(protocol: Protocol) -> None:
    name = protocol.name
    if name in PROTOCOLS or not name.replace("-", "").isalnum():
        raise ValueError(f"name is {name!r}; expected a new one of letters and digits")
    if (protocol.space in SPACES) == bool(protocol.graphs):
        raise ValueError(
            f"space is {protocol.space!r} and graphs is {Path(protocol.graphs).name!r}; expected "
            f"graphs for an own space, none for {', '.join(SPACES)}"
        )
    if protocol.graphs and protocol.architectures:
        raise ValueError("architectures beside graphs; expected one of them")
    by_architecture: dict[BaseArchitecture, str] = {}
    for listed in protocol.architectures:
        other = by_architecture.setdefault(Space(protocol.space).parse(listed), listed)
        if other != listed:
            raise ValueError(f"{other} and {listed} are one network; expected one name")


def _check_graphs(protocol: Protocol) -> None:
    """Every graph a network with an output at level 0, names fit for files, none twice."""
    file = Path(protocol.graphs).name
    if not protocol.candidates:
        raise ValueError(f"{file} holds no graphs; expected at least one")
    by_key: dict[str, str] = {}
    for candidate in protocol.candidates:
        name = candidate.name
        if not GRAPH_NAME.fullmatch(name) or is_key(name):
            raise ValueError(
                f"{file}: name {name!r}; expected letters, digits, dots and dashes, and no key"
            )
        try:
            network = check(candidate.graph)
        except ValueError as error:
            raise ValueError(f"{file}: graph {name!r}: {error}") from None
        if network.levels[network.output] != 0:
            level = network.levels[network.output]
            raise ValueError(f"{file}: {name} ends at level {level}; expected level 0")
        other = by_key.setdefault(candidate.key, name)
        if other != name:
            raise ValueError(f"{file}: {other} and {name} are one network; expected one name")


def _check_sizes(protocol: Protocol) -> None:
    """Images can be halved as often as each network asks."""
    chosen: Sequence[BaseArchitecture | Candidate] = protocol.candidates
    if protocol.architectures:
        chosen = [Space(protocol.space).parse(name) for name in protocol.architectures]
    for architecture in chosen:
        try:
            macs(architecture.graph, size=protocol.size)
        except ValueError as error:
            raise ValueError(f"{architecture.name}: {error}") from None
    if not chosen:
        dimensions = {d.name: d.values for d in Space(protocol.space).dimensions}
        deepest = max(dimensions["depth"])
        if protocol.size % 2**deepest:
            raise ValueError(
                f"'size' is {protocol.size}; expected a multiple of {2**deepest}, for networks of "
                f"{protocol.space} of depth {deepest}"
            )


def _check_fitted(protocol: Protocol) -> None:
    """There are as many DIP images as are to be fitted."""
    listed = len(protocol.images["dip"])
    if protocol.fitted > listed:
        raise ValueError(
            f"'fitted' is {protocol.fitted}; expected at most the {listed} DIP images of "
            f"{Path(protocol.manifest).name}"
        )


FIELDS: dict[str, Check] = {
    "name": _text,
    "space": _text,
    "manifest": _text,
    "task": _text,
    "size": _whole(1),
    "seeds": _several(_whole(0), least=1),
    "architectures": _several(_text),
    "graphs": _text_or_none,
    "modes": _several(_text, least=1),
    "fitted": _whole(0),
    "recording": _whole(1),
    "streams": _text_or_none,
    "supervised": _settings(
        SupervisedSettings,
        {
            "steps": _whole(1),
            "batch": _whole(1),
            "learning_rate": _number,
            "recorded": _whole(1),
        },
    ),
    "dip": _settings(
        DipSettings,
        {
            "iterations": _whole(1),
            "input_channels": _whole(1),
            "input_scale": _number,
            "perturbation": _number,
            "learning_rate": _number,
            "averaging": _number,
            "recorded": _whole(1),
            "stop_window": _whole(1),
            "stop_patience": _whole(1),
        },
    ),
}
GRAPH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
