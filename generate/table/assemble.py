"""From shards to a table: rows sorted, means taken, everything written deterministically."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dipbench.graphs.features import depth, macs, params, slc
from dipbench.graphs.nodelink import to_node_link
from dipbench.spaces import SPACES, Architecture, BaseArchitecture, Space
from dipbench.table.aggregate import Clock, reference_clock, summarise
from dipbench.table.schema import CURVES, RUNS
from dipbench.table.table import write_table
from generate.protocols.plan import make_plan, measured_architectures
from generate.protocols.settings import Candidate, Protocol
from generate.table.shards import Results

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
    for row in rows:
        if "unperturbed_rmse" in row.get("curve", {}):
            row["unperturbed_peak_rmse"] = min(row["curve"]["unperturbed_rmse"])
    clock = reference_clock(rows)
    tables = {
        "architectures.parquet": _architectures(protocol, rows, clock),
        "runs.parquet": [_pick(row, RUNS) for row in rows],
        "curves.parquet": [
            _pick(row | row["curve"], CURVES) for row in rows if row["status"] == "ok"
        ],
    }
    stated: dict[str, Any] = {
        "space": protocol.space,
        "protocol": protocol.as_dict(),
        "protocol_hash": protocol.hash,
        "clock": clock and asdict(clock),
        "images": {
            "source": protocol.images["source"],
            "citation": protocol.images["citation"],
            "dip": list(protocol.dip_images),
        },
    }
    if protocol.space in SPACES and not protocol.architectures:
        planned = len(measured_architectures(protocol))
        if planned < len(Space(protocol.space)):
            stated["planned"] = planned
    return write_table(out, tables, stated)


def _place(row: Row) -> tuple[str, str, str, int, str]:
    return row["key"], row["task"], row["mode"], row["seed"], row["image"] or ""


def _pick(row: Row, columns: tuple[Any, ...]) -> Row:
    return {column.name: row.get(column.name) for column in columns}


def _architectures(protocol: Protocol, rows: list[Row], clock: Clock | None) -> list[Row]:
    by_name: dict[str, list[Row]] = {}
    for row in rows:  # sorted by key, so the architectures are too
        by_name.setdefault(row["name"], []).append(row)
    measured = {a.name: a for a in measured_architectures(protocol)}
    return [
        _features(protocol, measured[name]) | summarise(runs, clock)
        for name, runs in by_name.items()
    ]


def _features(protocol: Protocol, a: BaseArchitecture | Candidate) -> Row:
    graph = a.graph
    notation: Row = {}  # a name says it all, but tables of core64 have columns for its parts
    if isinstance(a, Architecture):
        notation = {
            "skips": "".join(map(str, a.skips)),
            "upsample": a.upsample,
            "width": a.width,
        }
    elif isinstance(a, Candidate):
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
