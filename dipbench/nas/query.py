"""What one evaluation asks of the measurements: which objectives, of which seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dipbench.errors import NotInTable
from dipbench.nas.data import TaskData
from dipbench.nas.objectives import FREE, checked
from dipbench.nas.predicted import PredictedData

__all__ = ["Query", "Seed"]

# None: the mean over all seeds measured; "random": one of them, drawn for each evaluation.
Seed: TypeAlias = int | Literal["random"] | None


@dataclass(frozen=True)
class Query:
    """Objectives and seeds, for any architecture.

    Attributes:
        objectives: their names.
        columns: of each objective its mode and name.
        modes: kinds of runs to be paid for, each with its last step; `FREE` where none is.
        fidelities: the steps at which all objectives are known, ascending.
        seed: which seeds are asked for.
    """

    objectives: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    modes: tuple[tuple[str, int], ...]
    fidelities: tuple[int, ...]
    seed: Seed
    data: TaskData | PredictedData

    @classmethod
    def of(cls, names: tuple[str, ...], seed: Seed, data: TaskData | PredictedData) -> Query:
        """The query for the objectives of these names.

        Raises:
            ValueError: an objective is unknown.
            NotInTable: none of its runs is in the table.
        """
        objectives = checked(names)
        if isinstance(data, PredictedData):
            data.check(objectives)
        modes = {o.mode: None for o in objectives if o.mode != FREE} or {FREE: None}
        for mode in modes:
            if mode not in data.steps:
                raise NotInTable(f"no {mode} run is in the table; it has {_runs_of(data)}")
        lasts = {mode: data.steps[mode][-1] for mode in modes}
        fidelities: tuple[int, ...] = (max(lasts.values()),)
        if len(modes) == 1 and all(o.curve or o.mode == FREE for o in objectives):
            fidelities = data.steps[next(iter(modes))]
        columns = tuple((o.mode, o.name) for o in objectives)
        return cls(names, columns, tuple(lasts.items()), fidelities, seed, data)

    @property
    def free(self) -> bool:
        """Whether no run is needed."""
        return self.modes[0][0] == FREE

    def position(self, fidelity: int | None) -> int | None:
        """Where in the learning curve `fidelity` stands; None for the full run.

        Raises:
            ValueError: it is not one of `fidelities`.
        """
        if fidelity is None or fidelity == self.fidelities[-1]:
            return None
        try:
            return self.fidelities.index(fidelity)
        except ValueError:
            raise ValueError(
                f"fidelity is {fidelity!r}; {' and '.join(self.objectives)} can be judged at step "
                f"{', '.join(map(str, self.fidelities))}"
            ) from None

    def seeds(self, index: int) -> tuple[int | None, ...]:
        """The seeds that an evaluation of one architecture draws from."""
        if self.free:
            return (None,)
        if self.seed != "random":
            return (self.seed,)
        first, *others = (self.data.seeds.get((index, mode), ()) for mode, _ in self.modes)
        return tuple(seed for seed in first if all(seed in other for other in others))

    def answered(self, index: int) -> bool:
        """Whether all objectives of one architecture are known, whatever seed is drawn."""
        seeds = self.seeds(index)
        return bool(seeds) and all(self._known(index, seed) for seed in seeds)

    def _known(self, index: int, seed: int | None) -> bool:
        runs = [self.data.runs.get((index, mode, seed)) for mode, _ in self.columns]
        return all(
            known is not None and math.isfinite(known.value(name))
            for known, (_, name) in zip(runs, self.columns, strict=True)
        )


def _runs_of(data: TaskData | PredictedData) -> str:
    return " and ".join(mode for mode in data.steps if mode != FREE) or "none"
