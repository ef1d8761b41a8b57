"""The same claims in every task, and what the tasks and modes have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dipbench.reports.findings.claims import Claim
from dipbench.reports.findings.companions import task_of, unfinished
from dipbench.reports.findings.effort import Effort
from dipbench.reports.findings.judging import judged
from dipbench.reports.findings.panel import HEADLINE, Panel, make_panel
from dipbench.reports.findings.settings import PERTURBED
from dipbench.reports.findings.transfer import Agreement, Scored, agreements_of, scored

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["InTask", "OverTasks", "over_tasks"]

DIP, TEST = HEADLINE


@dataclass(frozen=True)
class InTask:
    """One task.

    Attributes:
        count: architectures compared.
        claims: judged by the rules; empty if the table is not complete.
        missing: why not all of it is judged; empty if it is.
        best, median: of the DIP peak and of supervised test RMSE, by column; empty with `count` 0.
    """

    task: str
    protocol: str
    count: int
    claims: tuple[Claim, ...]
    missing: str
    best: Mapping[str, float]
    median: Mapping[str, float]


@dataclass(frozen=True)
class OverTasks:
    """All tasks, the table's own first, and all pairs of tasks and modes.

    Attributes:
        scores: what is paired: per task DIP and supervised, and DIP without perturbation.
        pairs: of them.
    """

    tasks: tuple[InTask, ...]
    scores: tuple[Scored, ...]
    pairs: tuple[Agreement, ...]


def over_tasks(
    own: tuple[str, str, Panel, tuple[Claim, ...]],
    without: Panel | None,
    others: Sequence[Table],
    rng: np.random.Generator,
    effort: Effort,
) -> OverTasks:
    """Judge the claims in the other tasks and compare all scores.

    Args:
        own: task, protocol, panel and claims of the table that the findings are of.
        without: its panel with the DIP fits without perturbation, if there is one.
        others: tables of other tasks.
    """
    task, protocol, panel, claims = own
    found = [_in_task(task, protocol, panel, claims, "")]
    scores = _scores(task, panel)
    if without is not None:
        scores.append(scored(task, "DIP not perturbed", without, DIP))
    for table, stream in zip(others, rng.spawn(len(others)), strict=True):
        name, missing = task_of(table), unfinished(table)
        try:
            each = make_panel(table, name)
        except ValueError as error:
            why = missing or str(error)
            found.append(InTask(name, table.protocol, 0, (), why, {}, {}))
            continue
        decided: tuple[Claim, ...] = ()
        if not missing:
            decided, _ = judged({PERTURBED: each}, (), stream, effort)
        found.append(_in_task(name, table.protocol, each, decided, missing))
        scores += _scores(name, each)
    return OverTasks(tuple(found), tuple(scores), agreements_of(scores))


def _in_task(
    task: str, protocol: str, panel: Panel, claims: tuple[Claim, ...], missing: str
) -> InTask:
    scores = {column: panel.score(column) for column in HEADLINE}
    return InTask(
        task,
        protocol,
        len(panel),
        claims,
        missing,
        {column: float(score.min()) for column, score in scores.items()},
        {column: float(np.median(score)) for column, score in scores.items()},
    )


def _scores(task: str, panel: Panel) -> list[Scored]:
    return [scored(task, "DIP", panel, DIP), scored(task, "supervised", panel, TEST)]
