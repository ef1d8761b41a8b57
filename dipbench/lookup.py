"""`query`: from an architecture, in any notation, to what was measured of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from dipbench.arguments import several
from dipbench.errors import NotInTable
from dipbench.graphs.canonical import dag_key, is_key
from dipbench.graphs.dag import as_integer, check
from dipbench.result import COLUMNS, MEASURED, Curve, Result, matches, restored
from dipbench.spaces import BaseArchitecture, named, parsed
from dipbench.table import catalogue
from dipbench.table.aggregate import summarise
from dipbench.table.catalogue import TASK, embedded, for_task
from dipbench.table.hub import load
from dipbench.table.table import Table, check_table

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from dipbench.graphs.dag import Graph

__all__ = ["Curve", "Queryable", "Result", "query", "query_many"]

Queryable: TypeAlias = "BaseArchitecture | str | Graph"
REMEMBERED = 100_000  # results
SECONDS = ("supervised_seconds", "dip_seconds")


def query(
    architecture: Queryable,
    task: str = TASK,
    seed: int | None = None,
    image: str | None = None,
    *,
    table: Table | None = None,
) -> Result:
    """What was measured of `architecture`.

    Args:
        architecture: an architecture of a space, a name, a canonical key, or a
            `networkx.DiGraph` (any graph isomorphic to a measured one).
        task: the restoration task.
        seed: one seed; by default the mean over those measured.
        image: one DIP image; by default the mean over those measured. Supervised scores are
            means over the test images and do not depend on it.
        table: by default the embedded ones of the task, space by space: see
            `dipbench.table.catalogue`.

    Raises:
        InvalidArchitecture: a malformed name, or a graph that is not a network.
        NotInTable: the architecture, task, seed or image was not measured.
        ValueError: an argument of another type.
    """
    seed, image = _checked(task, seed, image, table)
    if not isinstance(architecture, str):
        # A graph may change after it was asked for, so nothing about it is remembered.
        return _answer(table, architecture, task, seed, image)
    memory = _memory_of(table)
    asked = architecture, task, seed, image
    known = memory.get(asked)
    if known is None:
        known = _answer(table, architecture, task, seed, image)
        if len(memory) < REMEMBERED:
            memory[asked] = known
    return known


def query_many(
    architectures: Iterable[Queryable],
    task: str = TASK,
    seed: int | None = None,
    image: str | None = None,
    *,
    table: Table | None = None,
) -> pd.DataFrame:
    """`query` for each of `architectures`: a data frame of one row each, in their order.

    Raises:
        InvalidArchitecture, NotInTable, ValueError: as `query`, for the first that fails.
    """
    import pandas as pd

    seed, image = _checked(task, seed, image, table)
    wanted = several("architectures", architectures)
    if seed is not None or image is not None:
        results = [query(a, task, seed, image, table=table) for a in wanted]
        return pd.DataFrame([[getattr(r, c) for c in COLUMNS] for r in results], columns=COLUMNS)
    frames, places = [], []
    left = np.arange(len(wanted))
    for each in _tables(table, task):
        rows = _located(each, [wanted[i] for i in left.tolist()], task)
        found = rows >= 0
        frames.append(pd.DataFrame(each.architecture_rows.take(rows[found], MEASURED), copy=False))
        places.append(left[found])
        left = left[~found]
    if len(left):
        raise _not_measured(_tables(table, task), _read(wanted[int(left[0])]), task)
    frame = frames[0]
    if len(frames) > 1:
        order = np.argsort(np.concatenate(places))
        frame = pd.concat([f for f in frames if len(f)] or frames[:1]).iloc[order]
        frame = frame.reset_index(drop=True)
    frame.insert(COLUMNS.index("seed"), "seed", None)
    frame.insert(COLUMNS.index("image"), "image", None)
    return frame


_memories: WeakKeyDictionary[Table, dict[Any, Result]] = WeakKeyDictionary()


def _memory_of(table: Table | None) -> dict[Any, Result]:
    """The results given so far for names: of one table, or where none is named."""
    if table is None:
        return _unnamed(catalogue.DATA)
    return _memories.setdefault(table, {})


@cache
def _unnamed(_: Path) -> dict[Any, Result]:
    return {}


def _tables(table: Table | None, task: str) -> Sequence[Table]:
    """Where to look: in `table`, or else in the embedded ones of the task."""
    return [embedded(entry) for entry in for_task(task)] if table is None else [table]


def _answer(
    table: Table | None, architecture: Queryable, task: str, seed: int | None, image: str | None
) -> Result:
    asked = _read(architecture)
    tables = _tables_or_malformed(table, asked, task)
    for each in tables:
        number = _number(each, asked, task)
        if number is not None:
            return _result(each, number, seed, image)
    raise _not_measured(tables, asked, task)


def _result(table: Table, number: int, seed: int | None, image: str | None) -> Result:
    """What a row says; or the runs of one seed and image, of which the row is the mean."""
    measured = table.architecture_rows.values(number, MEASURED)
    row = dict(zip(MEASURED, measured, strict=True))
    if seed is not None or image is not None:
        found = summarise(_chosen(table, row, seed, image))
        # Seconds are the architecture's on the table's clock, whatever measured the chosen runs.
        row |= {name: value for name, value in found.items() if name not in SECONDS}
    return restored(row | {"seed": seed, "image": image}, table.source)


def _read(architecture: Queryable) -> str | BaseArchitecture:
    """An architecture or a string as it is, a graph as its key."""
    if isinstance(architecture, str | BaseArchitecture):
        return architecture
    return dag_key(check(architecture))


def _number(table: Table, asked: str | BaseArchitecture, task: str) -> int | None:
    """The row of an architecture, of a name or key, if it was measured."""
    if not isinstance(asked, str):
        return table.number(table.name_or_key(asked), task)
    number = table.number(asked, task)
    # A name of another space may stand for the same graph.
    other = None if number is not None or is_key(asked) or table.space is None else named(asked)
    if other is None or other.space == table.space_name:
        return number
    return table.number(other.key, task)


def _located(table: Table, wanted: Sequence[Queryable], task: str) -> npt.NDArray[np.int64]:
    """The rows of many architectures, -1 where one was not measured."""
    asked = [_read(a) for a in wanted]
    rows = table.locate([_called(table, a) for a in asked], task)
    for i in (rows < 0).nonzero()[0].tolist():
        number = _number(table, asked[i], task)
        rows[i] = -1 if number is None else number
    return rows


def _called(table: Table, asked: str | BaseArchitecture) -> str:
    return asked if isinstance(asked, str) else table.name_or_key(asked)


def _checked(
    task: str, seed: int | None, image: str | None, table: Table | None
) -> tuple[int | None, str | None]:
    """Seed and image as plain values.

    Raises:
        ValueError: an argument is of another type.
    """
    number = None if seed is None else as_integer(seed)
    if number is None and seed is not None:
        raise ValueError(f"seed is {seed!r}; expected an integer, or None for all")
    if not isinstance(image, str | None):
        raise ValueError(f"image is {image!r}; expected an id, or None for all")
    if not isinstance(task, str):
        raise ValueError(f"task is {task!r}; expected a name such as {TASK!r}")
    check_table(table)
    return number, image


def _tables_or_malformed(
    table: Table | None, asked: str | BaseArchitecture, task: str
) -> Sequence[Table]:
    """`_tables`; where the task is unknown and the name is none, the name is what is wrong."""
    try:
        return _tables(table, task)
    except NotInTable:
        if isinstance(asked, str):
            _check_name(load(), asked)
        raise


def _check_name(table: Table, asked: str) -> None:
    """Whether a name or key could be one in this table.

    Raises:
        InvalidArchitecture: the name is malformed.
    """
    if table.space is not None and not is_key(asked):
        parsed(asked, like=table.space.name)


def _not_measured(tables: Sequence[Table], asked: str | BaseArchitecture, task: str) -> NotInTable:
    """What to raise for an architecture that none of `tables` holds."""
    table = _missed_in(tables, asked)
    called = _called(table, asked)
    if called in table:
        tasks = ", ".join(sorted(table.tasks))
        return NotInTable(f"{called}: task {task!r} was not measured; expected one of {tasks}")
    _check_name(table, called)
    return NotInTable(
        f"{called} is not among the {len(table)} architectures of the table {table.protocol}"
    )


def _missed_in(tables: Sequence[Table], asked: str | BaseArchitecture) -> Table:
    """The first of `tables` of the architecture's own space, or else the first of all."""
    member = named(asked) if isinstance(asked, str) and not is_key(asked) else asked
    of = member.space if isinstance(member, BaseArchitecture) else None
    return next((table for table in tables if table.space_name == of), tables[0])


def _chosen(
    table: Table, row: Mapping[str, Any], seed: int | None, image: str | None
) -> list[dict[str, Any]]:
    """The runs of one architecture with this seed and, where DIP, this image."""
    runs = table.runs_of(row["key"], row["task"])
    for column, wanted in (("seed", seed), ("image", image)):
        measured = {run[column] for run in runs if run[column] is not None}
        if wanted is not None and wanted not in measured:
            listed = ", ".join(map(str, sorted(measured))) or "none"
            raise NotInTable(
                f"{row['name'] or row['key']}: {column} {wanted!r} was not measured; "
                f"expected one of {listed}"
            )
    return [run for run in runs if matches(run, seed, image)]
