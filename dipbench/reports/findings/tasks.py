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
        psnr: of the best network, dB, by column; without those that the table lacks.
        images, seeds, seeds_trained: how many images and seeds of fits, and seeds of trainings.
        censored: share of the fits whose peak is their last iteration.
        sha256: of the table's manifest.
    """

    task: str
    protocol: str
    count: int
    claims: tuple[Claim, ...]
    missing: str
    best: Mapping[str, float]
    median: Mapping[str, float]
    psnr: Mapping[str, float]
    images: int
    seeds: int
    seeds_trained: int
    censored: float
    sha256: str


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
    own: tuple[str, Table, Panel, tuple[Claim, ...]],
    without: Panel | None,
    others: Sequence[Table],
    rng: np.random.Generator,
    effort: Effort,
) -> OverTasks:
    """Judge the claims in the other tasks and compare all scores.

    Args:
        own: task, the table that the findings are of, its panel and claims.
        without: its panel with the DIP fits without perturbation, if there is one.
        others: tables of other tasks.
    """
    task, mine, panel, claims = own
    found = [_in_task(task, mine, panel, claims, "")]
    scores = _scores(task, panel)
    if without is not None:
        scores.append(scored(task, "DIP not perturbed", without, DIP))
    for table, stream in zip(others, rng.spawn(len(others)), strict=True):
        name, missing = task_of(table), unfinished(table)
        try:
            each = make_panel(table, name)
        except ValueError as error:
            why = missing or str(error)
            found.append(_unjudged(name, table, why))
            continue
        decided: tuple[Claim, ...] = ()
        if not missing:
            decided, _ = judged({PERTURBED: each}, (), stream, effort)
        found.append(_in_task(name, table, each, decided, missing))
        scores += _scores(name, each)
    return OverTasks(tuple(found), tuple(scores), agreements_of(scores))


def _in_task(
    task: str, table: Table, panel: Panel, claims: tuple[Claim, ...], missing: str
) -> InTask:
    scores = {column: panel.score(column) for column in HEADLINE}
    fits = len(panel) * len(panel.images) * len(panel.dip_seeds)
    return InTask(
        task=task,
        protocol=table.protocol,
        count=len(panel),
        claims=claims,
        missing=missing,
        best={column: float(score.min()) for column, score in scores.items()},
        median={column: float(np.median(score)) for column, score in scores.items()},
        psnr=_psnr(table, task, {c: panel.feature("key")[s.argmin()] for c, s in scores.items()}),
        images=len(panel.images),
        seeds=len(panel.dip_seeds),
        seeds_trained=len(panel.supervised_seeds),
        censored=panel.censored / fits,
        sha256=table.sha256,
    )


def _unjudged(task: str, table: Table, why: str) -> InTask:
    return InTask(task, table.protocol, 0, (), why, {}, {}, {}, 0, 0, 0, 0.0, table.sha256)


def _psnr(table: Table, task: str, keys: Mapping[str, str]) -> dict[str, float]:
    """The PSNR of one architecture per headline column, where the table has it."""
    columns = dict(zip(HEADLINE, ("dip_psnr", "supervised_psnr"), strict=True))
    rows = table.architectures.select(["key", "task", *columns.values()]).to_pylist()
    by_key = {row["key"]: row for row in rows if row["task"] == task}
    found = {column: by_key[key][columns[column]] for column, key in keys.items()}
    return {column: value for column, value in found.items() if value is not None}


def _scores(task: str, panel: Panel) -> list[Scored]:
    return [scored(task, "DIP", panel, DIP), scored(task, "supervised", panel, TEST)]
