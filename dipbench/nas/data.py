"""What a table holds of one task, arranged so that a search looks it up in a microsecond."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from dipbench.errors import InvalidTable, NotInTable
from dipbench.nas.clock import ClockSource, Seconds, run_seconds
from dipbench.nas.objectives import FREE, OBJECTIVES, Objective
from dipbench.spaces import BaseArchitecture, Space

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Member", "RunMeans", "TaskData", "task_data"]

# How a space calls its members: by architecture in a named space, by key in any other.
Member: TypeAlias = "BaseArchitecture | str"
Which: TypeAlias = tuple[int, str, int | None]  # index, mode, seed or None for all seeds
Floats: TypeAlias = npt.NDArray[np.float64]
MODES = ("supervised", "dip")


@dataclass(frozen=True, slots=True)
class RunMeans:
    """The finished runs of one architecture and mode: those of one seed, or all of them.

    Attributes:
        seconds: what all of them together are charged; NaN where no clock says it.
        values: by objective, the mean over the runs: at every step of the learning curve
            where the objective has one, else the one value at its end.
    """

    seconds: float
    values: Mapping[str, tuple[float, ...]]

    def value(self, objective: str, position: int | None = None) -> float:
        """An objective at a position in the learning curve, by default that of the full run.

        What has one value alone has it everywhere.
        """
        series = self.values[objective]
        return series[-1] if position is None or len(series) == 1 else series[position]


@dataclass(frozen=True)
class TaskData:
    """One task of a table.

    Attributes:
        protocol, sha256: name and checksum of the table.
        space: the space whose edits lead from one member to the next; None for own graphs.
        members: in the order of the space; own graphs in that of their keys.
        rows: by index in `members`, the row of the table's architectures.
        runs: by index, mode and seed. MACs and parameters are there for every seed.
        seeds: by index and mode, the seeds with a finished run, ascending.
        steps: by mode, the steps of the learning curve, ascending; the last is the full run.
        clock: whose seconds runs are charged; None where no device measured all.
    """

    protocol: str
    sha256: str
    space: Space[Any] | None
    members: tuple[Member, ...]
    rows: tuple[dict[str, Any], ...]
    runs: Mapping[Which, RunMeans]
    seeds: Mapping[tuple[int, str], tuple[int, ...]]
    steps: Mapping[str, tuple[int, ...]]
    clock: ClockSource | None

    @property
    def macs(self) -> npt.NDArray[np.int64]:
        """Of every member."""
        return np.array([row["macs"] for row in self.rows], np.int64)

    def known(self, answered: Callable[[int], bool]) -> list[int]:
        """Where members stand of which a query is answered."""
        return [index for index in range(len(self.members)) if answered(index)]

    def values(self, objective: str, indices: Iterable[int]) -> Floats:
        """An objective of many members, means over seeds; NaN where there is none."""
        mode = OBJECTIVES[objective].mode
        found = (self.runs.get((int(index), mode, None)) for index in indices)
        return np.array([math.nan if runs is None else runs.value(objective) for runs in found])

    def names(self, indices: Iterable[int]) -> dict[object, int]:
        """The index of each architecture by all that it is called: itself, its name, its key."""
        names: dict[object, int] = {}
        for index in indices:
            row = self.rows[index]
            names |= {self.members[index]: index, row["key"]: index}
            if row["name"] is not None:
                names[row["name"]] = index
        return names


_known: WeakKeyDictionary[Table, dict[str, TaskData]] = WeakKeyDictionary()


def task_data(table: Table, task: str) -> TaskData:
    """What `table` holds of `task`; made once and kept as long as the table is.

    Raises:
        NotInTable: the table lacks the task.
        InvalidTable: a finished run has no seconds or no learning curve, or the curves of one
            mode have different steps.
    """
    known = _known.setdefault(table, {})
    if task not in known:
        known[task] = _read(table, task)
    return known[task]


def _read(table: Table, task: str) -> TaskData:
    if task not in table.tasks:
        listed = ", ".join(sorted(table.tasks)) or "none"
        raise NotInTable(f"task {task!r} was not measured; expected one of {listed}")
    space = table.space
    rows = _in_order(_rows(table.architectures, task), space)
    finished = [run for run in _rows(table.runs, task) if run["status"] == "ok"]
    runs = _free(rows, {run["seed"] for run in finished})
    steps: dict[str, tuple[int, ...]] = {FREE: (1,)}
    indices = {row["key"]: index for index, row in enumerate(rows)}
    by_mode = {mode: [run for run in finished if run["mode"] == mode] for mode in MODES}
    read = {m: _curves(table.curves, task, m, of_mode) for m, of_mode in by_mode.items() if of_mode}
    steps |= {mode: found for mode, (found, _) in read.items()}
    seconds = run_seconds(table, rows, {mode: found[-1] for mode, (found, _) in read.items()})
    for mode, (_, curves) in read.items():
        runs |= _means(indices, mode, by_mode[mode], curves, seconds)
    seeds: dict[tuple[int, str], list[int]] = defaultdict(list)
    for index, mode, seed in runs:
        if mode != FREE and seed is not None:
            seeds[index, mode].append(seed)
    members = [row["key"] if space is None else space.parse(row["name"]) for row in rows]
    return TaskData(
        protocol=table.protocol,
        sha256=table.sha256,
        space=space,
        members=tuple(members),
        rows=tuple(rows),
        runs=runs,
        seeds={of: tuple(sorted(found)) for of, found in seeds.items()},
        steps=steps,
        clock=seconds.source,
    )


def _rows(table: Any, task: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return [row for row in rows if row["task"] == task]


def _in_order(rows: list[dict[str, Any]], space: Space[Any] | None) -> list[dict[str, Any]]:
    return rows if space is None else sorted(rows, key=lambda row: space.index(row["name"]))


def _free(rows: list[dict[str, Any]], seeds: set[int]) -> dict[Which, RunMeans]:
    names = [objective.name for objective in OBJECTIVES.values() if objective.mode == FREE]
    known = [RunMeans(0.0, {name: (_number(row[name]),) for name in names}) for row in rows]
    return {(i, FREE, seed): runs for i, runs in enumerate(known) for seed in {None, *seeds}}


def _curves(
    curves: Any, task: str, mode: str, runs: list[dict[str, Any]]
) -> tuple[tuple[int, ...], Floats]:
    """The steps, and one row per run: the value of its objective at each step."""
    import pyarrow.compute as pc

    column = "rmse" if mode == "dip" else "val_rmse"
    chosen = pc.and_(pc.equal(curves["task"], task), pc.equal(curves["mode"], mode))
    curves = curves.select(["key", "seed", "image", "step", column]).filter(chosen)
    named = curves.select(["key", "seed", "image"]).to_pylist()
    indices = {tuple(called.values()): index for index, called in enumerate(named)}
    order = [indices.get((run["key"], run["seed"], run["image"]), -1) for run in runs]
    if -1 in order:
        raise InvalidTable(f"{_called(runs[order.index(-1)])} has no learning curve; expected one")
    steps, values = (_matrix(curves[name]) for name in ("step", column))
    if steps is None or values is None or np.any(steps != steps[0]) or values.shape != steps.shape:
        raise InvalidTable(f"{mode} curves of {task} have different steps; expected the same")
    values = values[order].astype(np.float64)
    # A fit is judged by its peak: the least RMSE recorded up to that iteration.
    judged = np.minimum.accumulate(values, axis=1) if mode == "dip" else values
    return tuple(steps[0].tolist()), judged


def _matrix(lists: Any) -> Any:
    """A column of lists as a two-dimensional array, None where they are not of one length."""
    import pyarrow.compute as pc

    lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
    if len(lengths) != 1 or not lengths[0]:
        return None
    return pc.list_flatten(lists).to_numpy().reshape(-1, lengths[0])


def _means(
    indices: Mapping[str, int],
    mode: str,
    runs: list[dict[str, Any]],
    curves: Floats,
    charged: Seconds,
) -> dict[Which, RunMeans]:
    groups: dict[Which, list[int]] = defaultdict(list)
    for number, run in enumerate(runs):
        for seed in (run["seed"], None):
            groups[indices[run["key"]], mode, seed].append(number)
    objectives = [objective for objective in OBJECTIVES.values() if objective.mode == mode]
    columns = {o.name: [_number(run[o.column]) for run in runs] for o in objectives}
    for run in runs:
        _check_seconds(run)

    def series(objective: Objective, numbers: list[int]) -> tuple[float, ...]:
        column = columns[objective.name]
        end = math.fsum(column[n] for n in numbers) / len(numbers)
        if objective.curve is None:
            return (end,)
        # A curve is rounded to single precision; at its end is the run's own number.
        return (*curves[numbers, :-1].mean(axis=0).tolist(), end)

    return {
        which: RunMeans(
            charged.of[mode][which[0]] * len(numbers),
            {o.name: series(o, numbers) for o in objectives},
        )
        for which, numbers in groups.items()
    }


def _check_seconds(run: Mapping[str, Any]) -> None:
    seconds = _number(run["seconds"])
    if not 0 <= seconds < math.inf:
        raise InvalidTable(f"{_called(run)} took {seconds} seconds; expected 0 or more")


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _called(run: Mapping[str, Any]) -> str:
    image = "" if run["image"] is None else f", image {run['image']}"
    return f"{run['name'] or run['key']}: {run['mode']} run of seed {run['seed']}{image}"
