"""The rows of one task of a table, filtered and sorted as numbers, written out once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from api.encoding import encoded
from api.problems import Problem
from dipbench import Table
from dipbench.table.schema import FILES, Column

__all__ = ["ARCHITECTURES", "NUMBER", "Rows", "role"]

ARCHITECTURES = FILES["architectures.parquet"]
IDENTITY = ("key", "name", "task", "graph")
MEASURED = ("supervised_", "dip_", "n_")

NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)
CONDITION = re.compile(r"(?P<column>\w+)(?P<operator><=|>=|!=|=|<|>)(?P<value>.*)", re.ASCII)
MAX_CONDITIONS = 20

Values: TypeAlias = npt.NDArray[Any]
OPERATORS: dict[str, Callable[[Values, Any], Values]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def role(column: Column) -> str:
    """``identity``, ``feature`` (of the graph), ``score`` (measured) or ``count``."""
    if column.name in IDENTITY:
        return "identity"
    if column.name.startswith("n_"):
        return "count"
    return "score" if column.name.startswith(MEASURED) else "feature"


@dataclass(frozen=True)
class Rows:
    """Rows in the order of the table.

    Attributes:
        values: the rows themselves, by column name.
        columns: per column, numbers (NaN where there is none) or strings ("" where none).
        missing: per column, where there is no value.
        json, csv: each row written out.
    """

    protocol: str
    task: str
    values: list[dict[str, Any]]
    columns: dict[str, Values]
    missing: dict[str, npt.NDArray[np.bool_]]
    json: list[bytes]
    csv: list[str]

    @classmethod
    def of(cls, table: Table, task: str) -> Rows:
        """The rows of `table` for `task`, in the order of the table."""
        names = [column.name for column in ARCHITECTURES]
        found = table.architectures.select(names).to_pylist()
        rows = [row for row in found if row["task"] == task]
        columns, missing = {}, {}
        for column in ARCHITECTURES:
            values = [row[column.name] for row in rows]
            if column.kind == "string":
                columns[column.name] = np.array(["" if v is None else v for v in values], str)
                missing[column.name] = np.array([v is None for v in values], bool)
            else:
                numbers = np.array([np.nan if v is None else v for v in values], float)
                columns[column.name], missing[column.name] = numbers, np.isnan(numbers)
        return cls(
            protocol=table.protocol,
            task=task,
            values=rows,
            columns=columns,
            missing=missing,
            json=[encoded(row) for row in rows],
            csv=[_csv_line(row.values()) for row in rows],
        )

    @cached_property
    def by_key(self) -> dict[str, dict[str, Any]]:
        """The rows by canonical key."""
        return {row["key"]: row for row in self.values}

    def __len__(self) -> int:
        return len(self.values)

    def selected(self, where: str, sort: str) -> npt.NDArray[np.intp]:
        """The numbers of the rows that meet all conditions of `where`, in the order of `sort`.

        Raises:
            Problem: 400, a malformed condition, or a column that there is not.
        """
        keep = np.ones(len(self), bool)
        conditions = where.split(",") if where else []
        if len(conditions) > MAX_CONDITIONS:
            raise Problem(400, f"{len(conditions)} conditions; expected at most {MAX_CONDITIONS}")
        for condition in conditions:
            keep &= self._meets(condition)
        numbers = np.flatnonzero(keep)
        for column in reversed(sort.split(",") if sort else []):
            numbers = self._sorted(numbers, column.removeprefix("-"), column.startswith("-"))
        return numbers

    def _meets(self, condition: str) -> npt.NDArray[np.bool_]:
        found = CONDITION.fullmatch(condition)
        if found is None:
            raise Problem(400, f"condition {condition!r}; expected one like depth<=3")
        name, operator, text = found["column"], found["operator"], found["value"]
        column = self._column(name)
        value: str | float = text
        if column.kind != "string":
            if not NUMBER.fullmatch(text):
                raise Problem(400, f"condition {condition!r}; expected a number after {operator}")
            value = float(text)
        elif operator not in ("=", "!="):
            raise Problem(400, f"condition {condition!r}; {name} is text, expected = or !=")
        met: npt.NDArray[np.bool_] = OPERATORS[operator](self.columns[name], value)
        return met & ~self.missing[name]

    def _sorted(
        self, numbers: npt.NDArray[np.intp], name: str, descending: bool
    ) -> npt.NDArray[np.intp]:
        """Stable, and what is missing comes last either way."""
        self._column(name)
        _, ranks = np.unique(self.columns[name][numbers], return_inverse=True)
        ranks = -ranks if descending else ranks
        ranks = np.where(self.missing[name][numbers], len(numbers), ranks)
        return numbers[np.argsort(ranks, kind="stable")]

    def _column(self, name: str) -> Column:
        for column in ARCHITECTURES:
            if column.name == name:
                return column
        known = ", ".join(column.name for column in ARCHITECTURES)
        raise Problem(400, f"unknown column {name!r}; expected one of {known}")

    def written(self, numbers: npt.NDArray[np.intp]) -> bytes:
        """These rows as a JSON list."""
        return b"[" + b",".join([self.json[i] for i in numbers.tolist()]) + b"]"

    def as_csv(self, numbers: npt.NDArray[np.intp]) -> str:
        """These rows as CSV with a line of names, empty where nothing was measured."""
        names = _csv_line(column.name for column in ARCHITECTURES)
        return names + "".join([self.csv[i] for i in numbers.tolist()])


def _csv_line(values: Any) -> str:
    """RFC 4180; numbers as Python writes them, which read back are the same numbers."""
    text = io.StringIO()
    # `v != v` is a NaN: not measured.
    csv.writer(text).writerow(["" if v is None or v != v else v for v in values])
    return text.getvalue()
