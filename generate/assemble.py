"""From shards to a table: rows sorted, means taken, everything written deterministically."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dipbench.aggregate import summarise
from dipbench.features import macs, params
from dipbench.schema import CURVES, RUNS
from dipbench.space import Architecture
from dipbench.table import write_table
from generate.plan import make_plan
from generate.protocol import Protocol
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
    return [_features(protocol, name) | summarise(runs) for name, runs in by_name.items()]


def _features(protocol: Protocol, name: str) -> Row:
    a = Architecture.parse(name)
    graph = a.graph
    return {
        "key": a.key,
        "name": name,
        "task": protocol.task,
        "depth": a.depth,
        "slc": a.slc,
        "skips": "".join(map(str, a.skips)),
        "upsample": a.upsample,
        "width": a.width,
        "params": params(graph),
        "macs": macs(graph, size=protocol.size),
    }
