"""What each route says: functions of the table, the parameters and the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from dipbench import (
    Architecture,
    NotInTable,
    Result,
    Table,
    canonical_key,
    depth,
    macs,
    params,
    query,
    slc,
)
from dipbench.graphs.nodelink import from_node_link, parse_json

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = [
    "BadRequest",
    "Parameters",
    "architectures",
    "curve_of",
    "features_of",
    "page",
    "result_of",
    "table_summary",
]

HERE = Path(__file__).parent
TASK = "denoise25"
INTEGER = re.compile(r"-?[0-9]{1,18}")
LISTED = [
    "name",
    "key",
    "task",
    "depth",
    "slc",
    "skips",
    "upsample",
    "width",
    "params",
    "macs",
    "supervised_rmse",
    "supervised_std",
    "dip_rmse",
    "dip_std",
    "n_seeds",
    "n_images",
    "n_fits",
    "n_censored",
    "n_failed",
]

SCRIPT = '<script src="explorer.js"></script>'
PAGE = (
    (HERE / "explorer.html")
    .read_text("utf-8")
    .replace(SCRIPT, f"<script>\n{(HERE / 'explorer.js').read_text('utf-8')}</script>")
)

Parameters: TypeAlias = Mapping[str, str]
Values: TypeAlias = dict[str, Any]


class BadRequest(ValueError):
    """A parameter that is missing, unknown, given twice or malformed."""


def page(table: Table, parameters: Parameters, body: bytes | None) -> str:
    """The explorer as one HTML page, its script inside."""
    return PAGE


def table_summary(table: Table, parameters: Parameters, body: bytes | None) -> Values:
    return {
        "protocol": table.protocol,
        "protocol_hash": table.manifest["protocol_hash"],
        "space": table.manifest["space"],
        "tasks": sorted(table.tasks),
        "architectures": len(set(table.architectures["key"].to_pylist())),
    }


def architectures(table: Table, parameters: Parameters, body: bytes | None) -> list[Values]:
    task = parameters.get("task", TASK)
    if task not in table.tasks:
        expected = ", ".join(sorted(table.tasks))
        raise NotInTable(f"task {task!r} was not measured; expected one of {expected}")
    rows = table.architectures.select(LISTED).to_pylist()
    return [row for row in rows if row["task"] == task]


def result_of(table: Table, parameters: Parameters, body: bytes | None) -> Values:
    result = _result(table, parameters, body)
    public = [f.name for f in fields(result) if not f.name.startswith("_")]
    return {name: getattr(result, name) for name in public}


def curve_of(table: Table, parameters: Parameters, body: bytes | None) -> Values:
    mode = _required(parameters, "mode")
    if mode not in ("dip", "supervised"):
        raise BadRequest(f"mode is {mode!r}; expected 'dip' or 'supervised'")
    result = _result(table, parameters, body)
    asked = {name: getattr(result, name) for name in ("name", "key", "task", "seed", "image")}
    curve = result.curve(mode)
    return asked | {"mode": mode} | {f.name: getattr(curve, f.name) for f in fields(curve)}


def features_of(table: Table, parameters: Parameters, body: bytes | None) -> Values:
    if body is None:
        graph = Architecture.parse(_required(parameters, "architecture")).graph
    else:
        graph = _graph(body)
    found: Values = {"depth": depth(graph), "slc": slc(graph), "params": params(graph)}
    try:
        found["macs"] = macs(graph)
    except ValueError as error:  # deeper than an image of 64 × 64 can be halved
        raise BadRequest(str(error)) from None
    key = canonical_key(graph)
    return {"key": key, "in_table": key in table} | found


def _result(table: Table, parameters: Parameters, body: bytes | None) -> Result:
    asked = _required(parameters, "architecture") if body is None else _graph(body)
    task, image = parameters.get("task", TASK), parameters.get("image")
    return query(asked, task, _seed(parameters), image, table=table)


def _graph(body: bytes) -> Graph:
    return from_node_link(parse_json(body))


def _required(parameters: Parameters, name: str) -> str:
    if name not in parameters:
        raise BadRequest(f"parameter {name!r} is missing")
    return parameters[name]


def _seed(parameters: Parameters) -> int | None:
    seed = parameters.get("seed")
    if seed is not None and not INTEGER.fullmatch(seed):
        raise BadRequest(f"seed is {seed!r}; expected an integer")
    return None if seed is None else int(seed)
