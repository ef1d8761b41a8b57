"""The seconds that a search is charged: those of one device for all architectures.

Rows of runs keep the seconds of whatever measured them. What a table says of an architecture is
the mean on the table's reference clock (`dipbench.table.aggregate.reference_clock`), and that is
charged for each of its runs. A table without a reference clock borrows the one of the embedded
table of its space.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dipbench.table.catalogue import Entry, embedded, entries

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["ClockSource", "Seconds", "run_seconds"]

COLUMNS = {"supervised": "supervised_seconds", "dip": "dip_seconds"}
STEPS = {"supervised": "steps", "dip": "iterations"}  # as protocols call them


@dataclass(frozen=True)
class ClockSource:
    """Whose seconds are charged.

    Attributes:
        protocol: the table that states them.
        device, engine: what measured them; None where that table does not say.
        borrowed: whether that is another table than the one searched.
        predicted: whether they are predictions.
    """

    protocol: str
    device: str | None
    engine: str | None
    borrowed: bool = False
    predicted: bool = False

    def __str__(self) -> str:
        measured = " with ".join(filter(None, (self.device, self.engine))) or "an unnamed device"
        how = "predicted from" if self.predicted else "of"
        return f"seconds on {measured}, {how} {self.protocol}"


@dataclass(frozen=True)
class Seconds:
    """The reference seconds of one run of each architecture.

    Attributes:
        source: where they are from; None if nowhere.
        of: by mode, one per row; NaN where there are none.
    """

    source: ClockSource | None
    of: Mapping[str, Sequence[float]]


def run_seconds(
    table: Table, rows: Sequence[Mapping[str, Any]], steps: Mapping[str, int]
) -> Seconds:
    """What one run of each architecture is charged.

    Args:
        table: that is searched.
        rows: of its architectures.
        steps: of a full run, by mode that the table has.
    """
    own = {mode: [_number(row[COLUMNS[mode]]) for row in rows] for mode in steps}
    if not steps or any(not math.isnan(value) for values in own.values() for value in values):
        stated = table.manifest.get("clock") or {}
        source = ClockSource(table.protocol, stated.get("device"), stated.get("engine"))
        return Seconds(source, own)
    lender = _lender(table)
    if lender is None:
        return Seconds(None, own)
    return _borrowed(embedded(lender), rows, steps)


def _lender(table: Table) -> Entry | None:
    """The first embedded table of the space, if it is a primary one with a clock."""
    for entry in entries():
        if entry.space == table.space_name and entry.primary and entry.protocol != table.protocol:
            return entry if embedded(entry).manifest.get("clock") else None
    return None


def _borrowed(
    lender: Table, rows: Sequence[Mapping[str, Any]], steps: Mapping[str, int]
) -> Seconds:
    """The seconds of the same graphs in another table, for as many steps as the runs have."""
    stated = lender.manifest
    known = {row["key"]: row for row in lender.architectures.to_pylist()}
    found = {}
    for mode, count in steps.items():
        share = count / stated["protocol"][mode][STEPS[mode]]
        column = COLUMNS[mode]
        lent = [known.get(row["key"], {}).get(column) for row in rows]
        found[mode] = [_number(value) * share for value in lent]
    clock = stated["clock"]
    source = ClockSource(lender.protocol, clock["device"], clock["engine"], borrowed=True)
    return Seconds(source, found)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
