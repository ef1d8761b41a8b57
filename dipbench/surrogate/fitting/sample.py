"""The measured rows of a table as a surrogate reads them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.errors import NotInTable
from dipbench.lazy import lazy
from dipbench.spaces import Space
from dipbench.surrogate.description import COLUMNS, GROUPS, ORDERED, described, encoded
from dipbench.surrogate.interval import shape
from dipbench.surrogate.nominees import SCORES
from dipbench.surrogate.surrogate import TARGETS

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["LEAST_ROWS", "RUNS", "Sample", "measured_alike"]

Floats: TypeAlias = npt.NDArray[np.float64]
Run: TypeAlias = tuple[str, int, str | None]  # mode, seed, image

LEAST_ROWS = 40
NEARLY_ALL = 0.9  # of the architectures
# The mode and the column of runs that a score is the mean of.
RUNS: Mapping[str, tuple[str, str]] = {
    "supervised_rmse": ("supervised", "test_rmse"),
    "supervised_rmse_val": ("supervised", "val_rmse"),
    "dip_rmse": ("dip", "peak_rmse"),
    "dip_averaged_rmse": ("dip", "averaged_peak_rmse"),
}


@dataclass(frozen=True, eq=False)
class Sample:
    """Architectures with all targets measured.

    Attributes:
        space: their space.
        names: of the architectures, in the order of the space.
        drawn: whether they were drawn at random, and so speak for the space; those that a
            search named do not. Shape ``(rows,)``.
        description: shape ``(rows, columns)``.
        values: the targets, shape ``(rows, targets)``.
        centre, scale: that make the description's columns standard; shape ``(columns,)``.
    """

    space: str
    names: tuple[str, ...]
    drawn: npt.NDArray[np.bool_]
    description: Floats
    values: Floats
    centre: Floats
    scale: Floats

    @classmethod
    def of(cls, table: Table, task: str, added: Table | None = None) -> Sample:
        """The rows of a table.

        Args:
            added: architectures that were not drawn, measured in the same way.

        Raises:
            NotInTable: fewer than 40 architectures have all targets, or no space with a
                description is measured.
            ValueError: `added` was measured in another way.
        """
        space = table.space
        if space is None or space.name not in COLUMNS:
            raise NotInTable(
                f"{table.protocol} is of the space {table.space_name}, whose architectures have no "
                f"description; expected one of {', '.join(COLUMNS)}"
            )
        known = _rows(table, task, space)
        if len(known) < LEAST_ROWS:
            raise NotInTable(
                f"{table.protocol} has {len(known)} architectures with all runs and all of "
                f"{', '.join(TARGETS)} for {task}; expected at least {LEAST_ROWS}"
            )
        drawn = set(known)
        if added is not None:
            _check_alike(table, added)
            known = _rows(added, task, space) | known
        indices = sorted(known)
        description = described(space.name, encoded(space, indices))
        values = np.array([[known[i][target] for target in TARGETS] for i in indices])
        spread = description.std(axis=0)
        return cls(
            space.name,
            tuple(known[i]["name"] for i in indices),
            np.array([i in drawn for i in indices]),
            description,
            values,
            description.mean(axis=0),
            np.where(spread > 0, spread, 1.0),
        )

    def rows(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Sample:
        """Some of the rows; what makes columns standard stays."""
        names = tuple(np.array(self.names)[chosen].tolist())
        kept = self.drawn[chosen], self.description[chosen], self.values[chosen]
        return Sample(self.space, names, *kept, self.centre, self.scale)

    @lazy
    def inputs(self) -> Floats:
        """The standardised description."""
        return (self.description - self.centre) / self.scale

    @lazy
    def logarithms(self) -> Floats:
        """Of the values."""
        found: Floats = np.log(self.values)
        return found

    @lazy
    def groups(self) -> list[list[int]]:
        """The columns of each group that varies."""
        names = COLUMNS[self.space]
        varied = self.description.std(axis=0) > 0
        groups = [[names.index(c) for c in group] for group in GROUPS[self.space].values()]
        kept = [[column for column in group if varied[column]] for group in groups]
        return [group for group in kept if group]

    @lazy
    def ordered(self) -> list[int]:
        """The columns of `ORDERED`."""
        return [COLUMNS[self.space].index(name) for name in ORDERED]

    def column(self, name: str) -> Floats:
        """One column of the description."""
        return self.description[:, COLUMNS[self.space].index(name)]

    @lazy
    def shape(self) -> Floats:
        """What the size of errors depends on, see `dipbench.surrogate.interval.shape`."""
        return shape(*map(self.column, ORDERED))


def _rows(table: Table, task: str, space: Space[Any]) -> dict[int, dict[str, Any]]:
    """By index in the space, those with all targets, each of all runs."""
    rows = table.architectures.select(["name", "task", *TARGETS]).to_pylist()
    whole = measured_alike(table, table, task)
    return {
        space.index(row["name"]): row
        for row in rows
        if row["task"] == task
        and row["name"] in whole
        and all(_finite(row[target]) for target in TARGETS)
    }


def _check_alike(table: Table, added: Table) -> None:
    """Whether both differ in their architectures alone, and one clock timed both."""
    first, second = (
        t.manifest["protocol"] | {"clock": t.manifest.get("clock")} for t in (table, added)
    )
    first.setdefault("streams", table.protocol)
    for field in sorted((first.keys() | second.keys()) - {"name", "architectures"}):
        if first.get(field) != second.get(field):
            raise ValueError(
                f"{added.protocol} has {field} {second.get(field)!r}; expected "
                f"{first.get(field)!r}, as {table.protocol}, whose rows it is added to"
            )


def _finite(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value)) and value > 0


def measured_alike(fitted: Table, table: Table, task: str) -> dict[str, list[float]]:
    """By name the scores, one per `SCORES`, of the architectures of `table` that have all runs.

    These are the modes, seeds and images that nearly all architectures of `fitted` have: means
    over other runs are not to be compared, for seeds and images differ by more than architectures.
    """
    wanted = _shared(_by_name(fitted, task).values())
    if {mode for mode, _, _ in wanted} != {mode for mode, _ in RUNS.values()}:
        return {}
    return {
        name: [_mean([of[run] for run in wanted], *RUNS[score]) for score in SCORES]
        for name, of in sorted(_by_name(table, task).items())
        if wanted <= of.keys()
    }


def _shared(runs: Collection[Mapping[Run, object]]) -> Set[Run]:
    """The runs that nearly all architectures have, in the order of the table: that of a set of
    words differs from process to process, and with it the last digit of a mean."""
    counts = Counter(run for of in runs for run in of)
    return {run: count for run, count in counts.items() if count >= NEARLY_ALL * len(runs)}.keys()


def _by_name(table: Table, task: str) -> dict[str, dict[Run, Mapping[str, Any]]]:
    """The finished runs of a task."""
    found: dict[str, dict[Run, Mapping[str, Any]]] = defaultdict(dict)
    for row in _runs(table, task):
        if row["name"] is not None:
            found[row["name"]][row["mode"], row["seed"], row["image"]] = row
    return found


def _runs(table: Table, task: str) -> Iterable[Mapping[str, Any]]:
    columns = dict.fromkeys(column for _, column in RUNS.values())
    rows = table.runs.select(["name", "task", "mode", "seed", "image", "status", *columns])
    return (r for r in rows.to_pylist() if r["task"] == task and r["status"] == "ok")


def _mean(runs: Iterable[Mapping[str, Any]], mode: str, column: str) -> float:
    return float(np.mean([run[column] for run in runs if run["mode"] == mode]))
