"""From shards to a table: rows sorted, means taken, everything written deterministically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dipbench.graphs.features import depth, macs, params, slc
from dipbench.graphs.nodelink import to_node_link
from dipbench.spaces import Architecture
from dipbench.table.aggregate import summarise
from dipbench.table.schema import CURVES, RUNS
from dipbench.table.table import write_table
from generate.plan import make_plan, measured_architectures
from generate.protocol import Candidate, Protocol
from generate.shards import Results

__all__ = ["assemble"]

Row = dict[str, Any]


def assemble(protocol: Protocol, results: Results, out: Path) -> Path:
    """Write the table of all `results` that belong to the plan into the folder `out`.

    Raises:
        ValueError: there are no results, or a shard holds a unit that the plan does not.
    """
    plan = {unit.id: unit for unit in make_plan(protocol)}
    foreign = sorted(set(results.units) - set(plan))
    if foreign:
        raise ValueError(f"unit {foreign[0]} is not in the plan of {protocol.name}")
    if not results.units:
        raise ValueError(f"no results of {protocol.name} to assemble; expected at least one shard")
    rows = sorted((row for unit in results.units.values() for row in unit), key=_place)
    tables = {
        "architectures.parquet": _architectures(protocol, rows),
        "runs.parquet": [_pick(row, RUNS) for row in rows],
        "curves.parquet": [
            _pick(row | row["curve"], CURVES) for row in rows if row["status"] == "ok"
        ],
    }
    stated = {
        "space": protocol.space,
        "protocol": protocol.as_dict(),
        "protocol_hash": protocol.hash,
        "images": {
            "source": protocol.images["source"],
            "citation": protocol.images["citation"],
            "dip": protocol.images["dip"],
        },
    }
    return write_table(out, tables, stated)


def _place(row: Row) -> tuple[str, str, str, int, str]:
    return row["key"], row["task"], row["mode"], row["seed"], row["image"] or ""


def _pick(row: Row, columns: tuple[Any, ...]) -> Row:
    return {column.name: row.get(column.name) for column in columns}


def _architectures(protocol: Protocol, rows: list[Row]) -> list[Row]:
    by_name: dict[str, list[Row]] = {}
    for row in rows:  # sorted by key, so the architectures are too
        by_name.setdefault(row["name"], []).append(row)
    measured = {a.name: a for a in measured_architectures(protocol)}
    return [_features(protocol, measured[name]) | summarise(by_name[name]) for name in by_name]


def _features(protocol: Protocol, a: Architecture | Candidate) -> Row:
    graph = a.graph
    if isinstance(a, Architecture):
        notation = {
            "skips": "".join(map(str, a.skips)),
            "upsample": a.upsample,
            "width": a.width,
        }
    else:
        notation = {"graph": json.dumps(to_node_link(graph))}
    return notation | {
        "key": a.key,
        "name": a.name,
        "task": protocol.task,
        "depth": depth(graph),
        "slc": slc(graph),
        "params": params(graph),
        "macs": macs(graph, size=protocol.size),
    }
