"""The tables that are served: which one answers, and all that is made once of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dipbench
from api import spaces
from api.rows import Rows
from api.work import described
from dipbench import NotInTable, Table, load
from dipbench.graphs.nodelink import from_node_link, parse_json
from dipbench.spaces import BaseArchitecture, parsed

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["TASK", "Catalogue", "Known", "read_tables"]

TASK = "denoise25"
KEY = re.compile("[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Known:
    """An architecture that was found by its name or its key; `architecture` if a space has it."""

    architecture: BaseArchitecture | None
    key: str
    graph: Graph


def read_tables(folder: Path | None) -> tuple[Table, ...]:
    """The table in `folder`, or all that the package holds, with their files parsed.

    So a bad one is found before anything is served. Parsing is also nothing that two requests
    may do at once.

    Raises:
        InvalidTable: as `dipbench.load`.
    """
    names = dipbench.tables() if folder is None else ()
    tables = tuple(load(protocol=name) for name in names) or (load(folder),)
    for table in tables:
        _ = table.runs, table.curves
    return tables


class Catalogue:
    """Tables by the name of their protocol, in the order in which they are asked."""

    def __init__(self, tables: Iterable[Table]):
        self.tables = {table.protocol: table for table in tables}

    @property
    def first(self) -> Table:
        """The first table, whose space is the default."""
        return next(iter(self.tables.values()))

    def table(self, protocol: str) -> Table:
        """The table of this protocol.

        Raises:
            NotInTable: there is none.
        """
        if protocol not in self.tables:
            known = ", ".join(self.tables)
            raise NotInTable(f"no table of the protocol {protocol!r}; expected one of {known}")
        return self.tables[protocol]

    def choose(self, name_or_key: str, task: str, protocol: str | None) -> Table:
        """The table to ask: of `protocol`, else the first with that task and architecture.

        Raises:
            NotInTable: no table has this protocol, or this task.
        """
        if protocol is not None:
            return self.table(protocol)
        with_task = self.of_task(task)
        for table in with_task:
            if name_or_key in table:
                return table
        if len(with_task) > 1 and not KEY.fullmatch(name_or_key):
            a = parsed(name_or_key)  # perhaps in a table of another space, by its key there
            own = (table for table in with_task if table.space_name == a.space)
            return next((t for t in with_task if a.key in t), next(own, with_task[0]))
        return with_task[0]

    def of_task(self, task: str) -> list[Table]:
        """Where a task is looked up: of each space the first table that has it, as `query` does.

        Raises:
            NotInTable: there is none.
        """
        first: dict[str, Table] = {}
        for table in self.tables.values():
            if task in table.tasks:
                first.setdefault(table.space_name, table)
        found = list(first.values())
        if not found:
            known = ", ".join(
                sorted({task for table in self.tables.values() for task in table.tasks})
            )
            raise NotInTable(f"task {task!r} was not measured; expected one of {known}")
        return found

    def find(self, name_or_key: str) -> Known:
        """The architecture of a name, measured or not, or of a key that a table has.

        Raises:
            InvalidArchitecture: neither a key nor a name of any space.
            NotInTable: a key that no table has.
        """
        if not KEY.fullmatch(name_or_key):
            a = parsed(name_or_key)
            return Known(a, a.key, a.graph)
        for rows in self.all_rows.values():
            row = rows.by_key.get(name_or_key)
            if row is None:
                continue
            if row["graph"]:
                return Known(None, name_or_key, from_node_link(parse_json(row["graph"])))
            a = parsed(row["name"])
            return Known(a, name_or_key, a.graph)
        raise NotInTable(f"no table has an architecture with the key {name_or_key}")

    def described(self, known: Known) -> dict[str, Any]:
        """What is known of an architecture besides its scores."""
        a = known.architecture
        return {
            "name": None if a is None else a.name,
            "key": known.key,
            "spaces": [] if a is None else spaces.spaces_of(a),
            "fields": None if a is None else spaces.fields_of(a.space, a),
            "measured": self.measured(known.key),
        } | described(known.graph)

    def measured(self, key: str | None) -> list[dict[str, str]]:
        """The protocols and tasks in which the architecture of this key was measured."""
        if key is None:
            return []
        return [
            {"protocol": protocol, "task": task}
            for protocol, table in self.tables.items()
            for task in sorted(table.tasks)
            if table.number(key, task) is not None
        ]

    def rows(self, protocol: str | None, task: str) -> Rows:
        """The rows of one task of one table.

        Raises:
            NotInTable: there are none.
        """
        table = self.of_task(task)[0] if protocol is None else self.table(protocol)
        if task not in table.tasks:
            known = ", ".join(sorted(table.tasks))
            raise NotInTable(
                f"task {task!r} was not measured in {table.protocol}; expected one of {known}"
            )
        return self.all_rows[table.protocol, task]

    @cached_property
    def all_rows(self) -> dict[tuple[str, str], Rows]:
        """All rows, made ready to be filtered, sorted and written."""
        return {
            (protocol, task): Rows.of(table, task)
            for protocol, table in self.tables.items()
            for task in sorted(table.tasks)
        }

    @cached_property
    def largest(self) -> int:
        """How many nodes the largest graph has that a table or a named space can hold."""
        graphs = (
            text
            for table in self.tables.values()
            for text in table.architectures["graph"].to_pylist()
            if text
        )
        return max([spaces.largest(), *(len(json.loads(text)["nodes"]) for text in graphs)])

    @cached_property
    def summaries(self) -> list[dict[str, Any]]:
        """What each table holds."""
        return [_summary(table) for table in self.tables.values()]


def _summary(table: Table) -> dict[str, Any]:
    def distinct(column: str) -> list[Any]:
        found = table.runs[column].unique().to_pylist()
        return sorted(value for value in found if value is not None)

    return {
        "protocol": table.protocol,
        "space": table.space_name,
        "tasks": sorted(table.tasks),
        "architectures": len(table),
        "runs": table.runs.num_rows,
        "modes": distinct("mode"),
        "seeds": distinct("seed"),
        "images": distinct("image"),
        "protocol_hash": table.manifest["protocol_hash"],
        "sha256": table.sha256,
    }
