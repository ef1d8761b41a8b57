"""A table as a blackbox of Syne Tune's repository format.

Syne Tune reads the folder with ``blackbox_tabular.deserialize``. It holds the objectives of every
architecture for each seed and each step of the run, with the seconds up to there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dipbench.errors import NotInTable
from dipbench.nas.adapters.parameters import Choices, stepwise, switched, to_parameters
from dipbench.nas.adapters.syne_tune import ELAPSED, STEP, SearchBlackbox
from dipbench.nas.problem import Problem

if TYPE_CHECKING:
    from dipbench.spaces import BaseArchitecture
    from dipbench.table.table import Table

__all__ = ["write_blackbox"]

MOST_SETTINGS = 100_000


def write_blackbox(
    table: Table,
    folder: Path,
    objectives: Sequence[str] = ("supervised_rmse_val", "macs", "params"),
) -> list[Path]:
    """Write `table` to `folder` as a blackbox; return the files.

    Syne Tune always sets every parameter. In a small space such as ``core64`` the settings that
    mean the same network, which differ at levels that it does not have, are all written. In
    others each network is written once, with idle parameters at their first value.

    Values of seeds and steps that were not measured are NaN; nothing is filled in. Floating-point
    numbers are float32, as the format has it.

    Args:
        objectives: of `dipbench.nas.OBJECTIVES`; all of one mode, or known without a run, where
            several steps are wanted.

    Raises:
        ValueError: an unknown objective, or a table of graphs of one's own.
        NotInTable: no architecture has all objectives.
    """
    import pandas as pd
    from syne_tune.blackbox_repository.serialize import serialize_configspace

    (task,) = sorted(table.tasks)
    problem = Problem(objectives, table=table, task=task)
    blackbox = SearchBlackbox(problem)
    seeds = sorted({run["seed"] for run in table.runs.select(["seed"]).to_pylist()})
    architectures = [a for a in problem.architectures if not isinstance(a, str)]
    values = np.stack([_of_seed(table, task, objectives, seed, problem) for seed in seeds], axis=1)
    rows, numbers = _settings(problem, architectures)

    folder.mkdir(parents=True, exist_ok=True)
    serialize_configspace(folder, blackbox.configuration_space, blackbox.fidelity_space)
    pd.DataFrame(rows).to_parquet(
        folder / "hyperparameters.parquet", index=False, compression="gzip", engine="pyarrow"
    )
    with (folder / "objectives_evaluations.npy").open("wb") as file:
        np.save(file, values[numbers][None].astype(np.float32), allow_pickle=False)
    with (folder / "fidelities_values.npy").open("wb") as file:
        np.save(file, np.array(problem.fidelities), allow_pickle=False)
    said = {
        "objectives_names": [*problem.objectives, ELAPSED],
        "task_names": [task],
        "metric_elapsed_time": ELAPSED,
        "resource_attr": STEP,
        "default_metric": problem.objectives[0],
        "protocol": table.protocol,
        "table_sha256": table.sha256,
        "seeds": seeds,
    }
    (folder / "metadata.json").write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    return sorted(folder.iterdir())


def _of_seed(
    table: Table, task: str, objectives: Sequence[str], seed: int, every: Problem
) -> npt.NDArray[np.float64]:
    """Shape (architectures, steps, objectives and seconds), NaN where `seed` was not measured."""
    steps = every.fidelities
    found = np.full((len(every.architectures), len(steps), len(objectives) + 1), math.nan)
    try:
        problem = Problem(objectives, table=table, task=task, seed=seed)
    except NotInTable:
        return found
    measured = set(problem.architectures)
    for number, architecture in enumerate(every.architectures):
        if architecture in measured:
            run = stepwise(problem.fresh(), architecture, steps)
            found[number] = [[*evaluation.values, evaluation.clock] for evaluation in run]
    return found


def _settings(
    problem: Problem, architectures: Sequence[BaseArchitecture]
) -> tuple[list[dict[str, Any]], list[int]]:
    """The settings of all architectures, and to which architecture each belongs."""
    choices = Choices.of(problem)
    names = [d.name for d in choices.dimensions]
    first = {d.name: d.values[0] for d in choices.dimensions}

    def canonical(setting: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(switched(setting, choices.space)[name] for name in names)

    known = {canonical(first | to_parameters(a)): i for i, a in enumerate(architectures)}
    if math.prod(len(d.values) for d in choices.dimensions) > MOST_SETTINGS:
        return [dict(zip(names, setting, strict=True)) for setting in known], list(known.values())
    rows, numbers = [], []
    for chosen in product(*(d.values for d in choices.dimensions)):
        setting = dict(zip(names, chosen, strict=True))
        number = known.get(canonical(setting))
        if number is not None:
            rows.append(setting)
            numbers.append(number)
    return rows, numbers
