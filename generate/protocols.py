"""The protocols there are, and reading those that others write."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

from dipbench.graphs.canonical import is_key
from dipbench.graphs.dag import check
from dipbench.spaces import SPACES, Architecture
from generate.protocol import MANIFESTS, DipSettings, Protocol, SupervisedSettings

__all__ = ["PROTOCOLS", "get", "read_protocol"]

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(name="core64-v1", space="core64", manifest="bsds500.json"),
        Protocol(
            name="demo-v1",
            space="core64",
            manifest="demo.json",
            seeds=(0, 1),
            architectures=(
                "d1-s-bilinear-w8",
                "d2-s-bilinear-w8",
                "d3-s-bilinear-w8",
                "d4-s-bilinear-w8",
                "d5-s-bilinear-w8",
                "d2-s0-bilinear-w8",
                "d3-s0-bilinear-w16",
                "d3-s1-bilinear-w8",
                "d4-s2-bilinear-w8",
                "d5-s0-bilinear-w8",
                "d5-s1-bilinear-w8",
                "d5-s3-bilinear-w8",
            ),
            supervised=SupervisedSettings(steps=300, recorded=16),
            dip=DipSettings(iterations=800, recorded=40, stop_patience=300),
        ),
    )
}


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
        protocol: Protocol = _typed(Protocol, said)
        _check_names(protocol)
        if protocol.graphs:
            _check_graphs(protocol)
        _ = protocol.hash  # reads the image manifest
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError(f"protocol {path}: {error}") from None
    return protocol


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not {what}; expected a JSON object")
    return dict(value)


def _typed(kind: type[Any], said: dict[str, Any]) -> Any:
    """A dataclass of numbers, strings and lists of them, from JSON."""
    types = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    values = {}
    for field, value in said.items():
        if field not in types:
            raise ValueError(f"unknown field {field!r}; expected one of {', '.join(types)}")
        values[field] = _value(field, types[field], value)
    return kind(**values)


def _value(field: str, kind: str, value: Any) -> Any:
    if kind in SETTINGS:
        return _typed(SETTINGS[kind], _object(value, field))
    if kind.startswith("tuple"):
        if not isinstance(value, list) or len(set(map(str, value))) < len(value):
            raise ValueError(f"{field} is {value!r}; expected a list without repeats")
        if field == "seeds" and not value:
            raise ValueError("seeds is []; expected at least one")
        return tuple(_value(field, kind[6:].split(",")[0], item) for item in value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    least = 0 if kind == "float" or field == "seeds" else 1
    if kind == "str":
        right, expected = isinstance(value, str), "a string"
    elif kind == "int":
        right = number and isinstance(value, int) and value >= least
        expected = f"a whole number, at least {least}"
    else:
        right = number and math.isfinite(value) and value >= 0
        expected = "a number, not negative"
    if not right:
        raise ValueError(f"{field!r} is {value!r}; expected {expected}")
    return value


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
    for architecture in protocol.architectures:
        Architecture.parse(architecture)


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
        network = check(candidate.graph)
        if network.levels[network.output] != 0:
            level = network.levels[network.output]
            raise ValueError(f"{file}: {name} ends at level {level}; expected level 0")
        other = by_key.setdefault(candidate.key, name)
        if other != name:
            raise ValueError(f"{file}: {other} and {name} are one network; expected one name")


SETTINGS: dict[str, type[Any]] = {
    "SupervisedSettings": SupervisedSettings,
    "DipSettings": DipSettings,
}
GRAPH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
