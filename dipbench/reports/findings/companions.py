"""Other tables that the findings need: found by their settings, not by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dipbench.table.coverage import plan

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Companions", "companions", "embedded_companions", "task_of", "unfinished"]

TASK = "denoise25"


@dataclass(frozen=True)
class Companions:
    """The tables beside the one that the findings are of.

    Attributes:
        still: the same task, DIP fitted without perturbation of the input.
        longer: the same task, more steps of supervised training.
        sampled: the same task, a random sample of another space.
        tasks: other tasks, in the order of their names; of several tables of one task, that
            whose runs are most like the own ones.
    """

    still: Table | None = None
    longer: Table | None = None
    sampled: Table | None = None
    tasks: tuple[Table, ...] = ()


def companions(table: Table, others: Iterable[Table]) -> Companions:
    """Which of `others` serve `table`; all else is left out."""
    others = tuple(others)
    mine = [each for each in others if each.space_name == table.space_name and each != table]
    same = [each for each in mine if task_of(each) == task_of(table)]
    fits = [each for each in same if not _setting(each, "dip", "perturbation", 1.0)]
    steps = _setting(table, "supervised", "steps", 0)
    longer = [each for each in same if _setting(each, "supervised", "steps", 0) > steps]
    tasks: dict[str, Table] = {}
    for each in sorted(mine, key=lambda t: (task_of(t), _unlike(t, table))):
        if task_of(each) != task_of(table):
            tasks.setdefault(task_of(each), each)
    elsewhere = [
        each
        for each in others
        if each.space_name != table.space_name
        and "planned" in each.manifest  # its plan is a part of the space, drawn at random
        and task_of(each) == task_of(table)
        and all(_measured(each, mode) for mode in ("dip", "supervised"))
    ]
    return Companions(
        next(iter(fits), None),
        next(iter(longer), None),
        next(iter(elsewhere), None),
        tuple(tasks.values()),
    )


def _unlike(each: Table, table: Table) -> int:
    """How many settings differ: modes, perturbation, steps of training."""
    settings = [
        {mode: _measured(t, mode) for mode in ("dip", "supervised")}
        | {"perturbed": bool(_setting(t, "dip", "perturbation", 1.0))}
        | {"steps": _setting(t, "supervised", "steps", 0)}
        for t in (each, table)
    ]
    return sum(settings[0][name] != settings[1][name] for name in settings[0])


def embedded_companions(table: Table) -> tuple[Table, ...]:
    """All embedded tables if `table` is one of them; else none, for it may be anybody's."""
    from dipbench.table.catalogue import embedded, entries

    known = tuple(embedded(entry) for entry in entries())
    return known if table in known else ()


def task_of(table: Table) -> str:
    """The task that a table's protocol states."""
    return str(table.manifest["protocol"].get("task", TASK))


def unfinished(table: Table) -> str:
    """How much of a table's plan is missing, in words; empty if it is complete or unknown."""
    planned = plan(table.manifest)
    if planned is None:
        return ""
    runs = table.runs.to_pandas()
    counts = runs["mode"].value_counts()
    said = []
    for mode, whole, noun in (
        ("supervised", planned.trainings, "trainings"),
        ("dip", planned.fits, "fits"),
    ):
        done = int(counts.get(mode, 0))
        if done < whole:
            said.append(f"{done} of {whole} {noun}")
    return f"`{table.protocol}` is not complete ({' and '.join(said)})" if said else ""


def _measured(table: Table, mode: str) -> bool:
    return mode in table.manifest["protocol"].get("modes", ("dip", "supervised"))


def _setting(table: Table, part: str, name: str, default: float) -> float:
    if not _measured(table, part):
        return default  # its settings are there, but nothing was measured by them
    settings = table.manifest["protocol"].get(part)
    value = settings.get(name, default) if isinstance(settings, dict) else default
    return float(value)
