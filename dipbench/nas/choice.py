"""What a problem is made of: its arguments checked, and the architectures to search among."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np

from dipbench.arguments import several
from dipbench.errors import NotInTable
from dipbench.graphs.canonical import is_key
from dipbench.graphs.dag import as_integer
from dipbench.nas.data import Member, TaskData, task_data
from dipbench.nas.objectives import FREE, OBJECTIVES, checked, counterpart
from dipbench.nas.predicted import Indices, PredictedData
from dipbench.nas.query import Query, Seed
from dipbench.spaces import BaseArchitecture, named
from dipbench.surrogate.surrogate import Surrogate, find
from dipbench.table.catalogue import embedded, for_task
from dipbench.table.table import Table, check_table

__all__ = [
    "Data",
    "check_clock",
    "checked_noise",
    "checked_report",
    "checked_seed",
    "checked_table",
    "chosen_indices",
    "generator",
    "limit",
    "outside",
    "source",
]

Data: TypeAlias = "TaskData | PredictedData"


def chosen_indices(
    data: Data, query: Query, within: Iterable[Member] | None, max_macs: float
) -> Indices:
    """Where the architectures to search among stand, ascending.

    Raises:
        NotInTable: no architecture is measured, or one of `within` is not.
        ValueError: none is left.
    """
    known = data.known(query.answered)
    if not len(known):
        judged = " and ".join(query.objectives)
        measured_seeds = sorted({seed for seeds in data.seeds.values() for seed in seeds})
        listed = ", ".join(map(str, measured_seeds)) or "none"
        of_seed = "" if query.seed is None else f" of seed {query.seed!r}"
        raise NotInTable(
            f"no architecture has {judged}{of_seed} measured; the table has seeds {listed}"
        )
    if within is None:
        return _affordable(data, known, max_macs)
    names, chosen = data.names(known), set()
    for architecture in several("within", within):
        try:
            chosen.add(names[architecture])
        except (KeyError, TypeError):
            raise outside(architecture, data, query, len(known)) from None
    if not chosen:
        raise ValueError("within is empty; expected architectures to search among")
    return _affordable(data, sorted(chosen), max_macs)


def _affordable(data: Data, indices: Indices, max_macs: float) -> Indices:
    """Those of some architectures that do not need more MACs."""
    if math.isinf(max_macs):
        return indices
    kept = np.asarray(indices, np.int64)
    kept = kept[data.macs[kept] <= max_macs]
    if not len(kept):
        least = int(data.macs[np.asarray(indices, np.int64)].min())
        raise ValueError(f"max_macs is {max_macs:g}; expected at least {least}, the minimum")
    return kept


def check_clock(data: Data, query: Query, indices: Iterable[int]) -> None:
    """Whether the runs of all these architectures have seconds to be charged.

    Raises:
        NotInTable: no one device measured them, nor the same graphs in an embedded table.
    """
    if isinstance(data, PredictedData):
        return
    modes = [mode for mode, _ in query.modes if mode != FREE]
    for index, mode in product(indices, modes):
        seeds = query.seeds(index)
        if seeds and math.isnan(data.runs[index, mode, seeds[0]].seconds):
            clock = f"{data.clock.protocol} has none" if data.clock else "no reference clock"
            raise NotInTable(
                f"{data.protocol}: no seconds to charge for {mode} runs of {data.members[index]}: "
                f"{clock}; expected one device that measured all, or an embedded table of the "
                "space that has the architecture"
            )


def outside(architecture: object, data: Data, query: Query, count: int) -> Exception:
    """What to raise for something that is not among the architectures of the problem."""
    if not isinstance(architecture, BaseArchitecture | str):
        return ValueError(
            f"architecture is {architecture!r}; expected one of problem.architectures, "
            "its name or its key"
        )
    elsewhere = isinstance(architecture, str) and named(architecture) is not None
    if (
        isinstance(architecture, str)
        and data.space is not None
        and not elsewhere
        and not is_key(architecture)
    ):
        try:
            data.space.parse(architecture)
        except ValueError as error:
            return error
    said = "predicted" if isinstance(data, PredictedData) else "measured"
    return NotInTable(
        f"{architecture} is not among the {count} architectures with "
        f"{' and '.join(query.objectives)} {said}; expected one of problem.architectures"
    )


def checked_table(table: Table | None, task: str) -> Table:
    """`table` itself, by default the embedded one of the task.

    Raises:
        ValueError: it is no table.
    """
    if table is None:
        return embedded(for_task(task)[0])
    check_table(table)
    return table


def source(
    table: Table | None, task: str, space: str | None, surrogate: Surrogate | None, seed: Seed
) -> Data:
    """What answers: a table, or a surrogate.

    Raises:
        ValueError: both are given, or seeds of predictions are asked for.
        NoSurrogate: the space has none.
    """
    if space is None and surrogate is None:
        return task_data(checked_table(table, task), task)
    if table is not None:
        raise ValueError("table and space are given; expected one of them")
    if seed is not None:
        raise ValueError(f"seed is {seed!r}; expected None: a prediction has no seed")
    found = surrogate or find(str(space), task)
    if (found.about["space"], found.about["task"]) != (space or found.about["space"], task):
        raise ValueError(f"surrogate is {found!r}; expected one of {space}, {task}")
    return PredictedData(found)


def checked_noise(
    noise: np.random.Generator | None, data: Data, objectives: Sequence[str]
) -> np.random.Generator | None:
    """`noise` itself.

    Raises:
        ValueError: it is no generator, or nothing tells how far seeds lie apart.
    """
    if noise is None:
        return None
    if not isinstance(noise, np.random.Generator):
        raise ValueError(f"noise is {noise!r}; expected a numpy Generator")
    known = data.surrogate.about["noise"] if isinstance(data, PredictedData) else {}
    lacking = [o for o in objectives if OBJECTIVES[o].mode != FREE and o not in known]
    if lacking:
        raise ValueError(
            f"noise of {lacking[0]} is not known; expected a problem on predictions whose table "
            "has several seeds (measured problems draw seeds: seed='random')"
        )
    return noise


def checked_report(report: str | None, objectives: Sequence[str], data: Data) -> str:
    """What regret is of.

    Raises:
        ValueError: there is no such objective.
    """
    if report is not None:
        checked(report)
        return report
    first = counterpart(objectives[0])
    predicted = isinstance(data, PredictedData)
    return first if predicted and OBJECTIVES[first].mode != FREE else "supervised_rmse"


def limit(name: str, value: float | None, whole: bool = False) -> float:
    """The limit of this name; infinite where there is none.

    Raises:
        ValueError: it is no number of at least 0, or no `whole` one.
    """
    if value is None:
        return math.inf
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not value >= 0 or (whole and math.isfinite(value) and value % 1):
        expected = f"a {'whole ' if whole else ''}number of at least 0, or None"
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    return float(value)


def checked_seed(value: object) -> Seed:
    """Which seeds are asked for.

    Raises:
        ValueError: `value` says none.
    """
    if value is None or value == "random":
        return None if value is None else "random"
    number = as_integer(value)
    if number is None:
        raise ValueError(f"seed is {value!r}; expected an integer, 'random', or None for the mean")
    return number


def generator(rng: np.random.Generator | None, seed: Seed) -> np.random.Generator | None:
    """What draws the seeds.

    Raises:
        ValueError: it is missing where they are drawn, or is no generator.
    """
    if rng is None and seed == "random":
        raise ValueError("seed is 'random' and rng is None; expected a numpy Generator to draw it")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng is {rng!r}; expected a numpy Generator")
    return rng
