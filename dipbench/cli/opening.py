"""Which table a command reads, and what it needs before it computes anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dipbench.errors import NotInTable
from dipbench.extras import require
from dipbench.files import check_writable
from dipbench.program import Options
from dipbench.table.catalogue import TASK, embedded, for_task, tables
from dipbench.table.hub import load

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["check_drawing", "named_table", "opened", "table_and_task", "task_of", "whole_table"]


def opened(place: str) -> Table:
    """The table in a folder, or an embedded one by name.

    Raises:
        NotInTable: there is neither.
    """
    if Path(place).exists():
        return load(place)
    if place not in tables():
        raise NotInTable(f"no folder {place!r}; expected one, or one of {', '.join(tables())}")
    return load(protocol=place)


def named_table(options: Options) -> Table | None:
    """The table of ``--table`` or ``--protocol``; None where neither is given."""
    if options.protocol is not None:
        return load(protocol=options.protocol)
    return None if options.table is None else opened(options.table)


def whole_table(options: Options) -> Table:
    """The table that is named, or the embedded one of the task, for what is said of all of it.

    Raises:
        NotInTable: the task that is asked for was not measured.
    """
    table = named_table(options)
    if table is None or options.task is not None:
        return table_and_task(options)[0]
    return table


def table_and_task(options: Options) -> tuple[Table, str]:
    """The table that is named, or the embedded one of the task; and its task.

    Raises:
        NotInTable: the task was not measured; the message lists those that were.
    """
    table = named_table(options)
    if table is None:
        task = TASK if options.task is None else options.task
        return embedded(for_task(task)[0]), task
    task = options.task or task_of(table)
    if task not in table.tasks and (table.tasks or options.task):
        known = ", ".join(sorted(table.tasks)) or "none"
        raise NotInTable(f"task {task!r} was not measured; expected one of {known}")
    return table, task


def task_of(table: Table | None) -> str:
    """What is asked for where no task is named: the table's only one, or else `TASK`."""
    (first, *others) = sorted(table.tasks) if table is not None and table.tasks else [TASK]
    return TASK if others else first


def check_drawing(out: Path) -> None:
    """What a report needs, asked before it is computed.

    Raises:
        ImportError: matplotlib is not installed.
        OSError: `out` cannot be written.
    """
    require("plot", "matplotlib")
    check_writable(out)
