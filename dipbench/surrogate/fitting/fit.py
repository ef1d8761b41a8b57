"""From a table to a surrogate: validate the candidates, choose, fit to all rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dipbench.errors import NotInTable
from dipbench.surrogate.fitting.sample import RUNS, Sample
from dipbench.surrogate.fitting.validation import (
    CANDIDATES,
    Validation,
    cross_validated,
    fitted,
)
from dipbench.surrogate.interval import Distance, Spread
from dipbench.surrogate.surrogate import TARGETS, Surrogate
from dipbench.table.catalogue import TASK
from dipbench.table.difficulty import difficulty
from dipbench.table.difficulty import seed_noise as pooled

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["best_noise", "fit_surrogate", "seed_noise"]


def fit_surrogate(
    table: Table,
    task: str = TASK,
    seed: int = 0,
    *,
    candidates: Sequence[str] = CANDIDATES,
    noise_table: Table | None = None,
    added: Table | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Surrogate, Validation]:
    """The surrogate of a table's space and task, and the cross-validation that chose it.

    Args:
        seed: of the folds.
        noise_table: tells how far seeds lie apart, where `table` has one seed alone.
        added: architectures that search named, measured as those of `table` were: they are
            fitted to, and no figure of the cross-validation counts them.

    Raises:
        NotInTable: the table lacks the task, or has too few rows.
        ValueError: `added` was measured in another way.
    """
    if task not in table.tasks:
        known = ", ".join(sorted(table.tasks))
        raise NotInTable(f"task {task!r} was not measured; expected one of {known}")
    sample = Sample.of(table, task, added)
    validation = cross_validated(sample, np.random.default_rng(seed), candidates, progress)
    models = []
    for kind in dict.fromkeys(validation.chosen):
        targets = [t for t, chosen in enumerate(validation.chosen) if chosen == kind]
        progress(f"{kind}, all rows")
        models.append((targets, fitted(kind, sample, targets)[0]))
    distance = Distance.of(sample.inputs)
    errors = sample.logarithms - validation.of_chosen(validation.predicted)
    drawn = sample.drawn
    spread = Spread.of(sample.shape[drawn], validation.distance[drawn], errors[drawn])
    about = _about(table, task, validation, noise_table)
    if added is not None:
        count = len(sample.names) - int(sample.drawn.sum())
        about |= {"added": {"protocol": added.protocol, "sha256": added.sha256, "rows": count}}
    return Surrogate(about, sample.centre, sample.scale, models, distance, spread), validation


def _about(
    table: Table, task: str, validation: Validation, noise_table: Table | None
) -> dict[str, Any]:
    images = _image_names(table, task)
    noise, source = seed_noise(table, task), table
    if not noise and noise_table is not None:
        noise, source = seed_noise(noise_table, task, images), noise_table
    protocol, chosen = table.manifest["protocol"], validation.chosen
    figures = {
        target: {"model": kind, **asdict(validation.scores[kind][number])}
        for number, (target, kind) in enumerate(zip(TARGETS, chosen, strict=True))
    }
    values = validation.sample.values
    ranges = {t: [float(v.min()), float(v.max())] for t, v in zip(TARGETS, values.T, strict=True)}
    return {
        "space": validation.sample.space,
        "task": task,
        "protocol": table.protocol,
        "sha256": table.sha256,
        "rows": int(validation.sample.drawn.sum()),
        "sample": list(validation.sample.names),
        "clock": table.manifest.get("clock"),
        "noise": noise,
        "noise_best": best_noise(source, task, images) if noise else {},
        "noise_from": source.protocol if noise else None,
        "seeds": len(_scores(table, task)["supervised_rmse"]["seeds"]),
        "steps": {
            "supervised": protocol.get("supervised", {}).get("steps", 1),
            "dip": protocol.get("dip", {}).get("iterations", 1),
        },
        "images": max(1, len(images)),
        "ranges": ranges,
        "figures": figures,
    }


def _image_names(table: Table, task: str) -> frozenset[str]:
    """The images that a seed's fits are of."""
    rows = table.runs.select(["task", "image"]).to_pylist()
    return frozenset(row["image"] for row in rows if row["task"] == task and row["image"])


def seed_noise(
    table: Table, task: str, images: Collection[str] | None = None
) -> Mapping[str, float]:
    """Standard deviation, between seeds, of the logarithm of a score; {} with one seed alone.

    It is pooled over the architectures; a DIP score is the mean over the images of one seed.

    Args:
        images: fits of these alone; a mean over fewer images differs more between seeds.
    """
    found = _scores(table, task, images)
    return {target: pooled(np.log(of["scores"])) for target, of in found.items() if _several(of)}


def best_noise(
    table: Table, task: str, images: Collection[str] | None = None
) -> Mapping[str, float]:
    """The same in the score's unit, in the best quarter alone, where it matters to a search."""
    found = _scores(table, task, images)
    return {t: difficulty(of["scores"], {}).noise for t, of in found.items() if _several(of)}


def _several(of: Mapping[str, Any]) -> bool:
    return len(of["seeds"]) > 1 and len(of["scores"]) > 1


def _scores(
    table: Table, task: str, images: Collection[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Per target the seeds, and the scores of those with all of them, shape ``(A, K)``."""
    rows = table.runs.to_pylist()
    rows = [row for row in rows if row["task"] == task and row["status"] == "ok"]
    if images is not None:
        rows = [row for row in rows if row["image"] is None or row["image"] in images]
    found = {}
    for target, (mode, column) in RUNS.items():
        values: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            if row["mode"] == mode:
                values[row["key"]][row["seed"]].append(row[column])
        seeds = sorted({seed for of in values.values() for seed in of})
        full = [of for of in values.values() if len(of) == len(seeds)]
        scores = np.array([[float(np.mean(of[seed])) for seed in seeds] for of in full])
        found[target] = {"seeds": seeds, "scores": scores.reshape(len(full), len(seeds))}
    return found
