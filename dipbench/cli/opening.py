"""Which table a command reads, and what it needs before it computes anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dipbench.errors import NotInTable
from dipbench.extras import require
from dipbench.files import check_writable
from dipbench.program import Options
from dipbench.table.catalogue import embedded, for_task, tables
from dipbench.table.hub import load

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["check_drawing", "opened", "table_of_task"]


def opened(place: str | None) -> Table:
    """The table in a folder, an embedded one by name, or by default `core64-v1`."""
    if place is not None and place in tables() and not Path(place).exists():
        return load(protocol=place)
    return load(place)


def table_of_task(options: Options) -> Table:
    """The table that is named, or the embedded one of the task; either has the task.

    Raises:
        NotInTable: the task was not measured; the message lists those that were.
    """
    if options.table is None:
        return embedded(for_task(options.task)[0])
    table = opened(options.table)
    if options.task not in table.tasks:
        known = ", ".join(sorted(table.tasks))
        raise NotInTable(f"task {options.task!r} was not measured; expected one of {known}")
    return table


def check_drawing(out: Path) -> None:
    """What a report needs, asked before it is computed.

    Raises:
        ImportError: matplotlib is not installed.
        OSError: `out` cannot be written.
    """
    require("plot", "matplotlib")
    check_writable(out)
