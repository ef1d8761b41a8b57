"""What a study says of a search afterwards, and no search may ask: regret and difficulty."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.lazy import lazy
from dipbench.nas.choice import Data
from dipbench.nas.data import Member
from dipbench.nas.front import Front
from dipbench.nas.hardness import hardness, noise_share
from dipbench.nas.objectives import OBJECTIVES, counterpart
from dipbench.nas.predicted import Indices

if TYPE_CHECKING:
    from dipbench.table.difficulty import Difficulty

__all__ = ["Reported"]

Floats: TypeAlias = npt.NDArray[np.float64]


class Reported(ABC):
    """The part of a `Problem` that is for reporting, never for searching."""

    objectives: tuple[str, ...]
    report: str
    _data: Data
    _indices: Indices

    @abstractmethod
    def _index(self, architecture: object) -> int:
        """Where an architecture of the problem stands."""

    def regret(self, architecture: Member) -> float:
        """How much `report`, mean over the measured seeds, is above the least of all
        `architectures`, in its unit: for reporting, never for searching. NaN where it was not
        measured."""
        return self._reported(self.report, self._index(architecture)) - self._least_reported

    def front_regret(self, architectures: Iterable[Member]) -> float:
        """Of two objectives: the share of the hypervolume of all `architectures` that the front
        of these lacks (`dipbench.nas.front`); test RMSE stands for validation RMSE.

        Raises:
            ValueError: the problem has another number of objectives than two.
        """
        names = self._front_names()
        indices = [self._index(a) for a in architectures]
        return self._front.regret(
            np.array([[self._reported(name, index) for name in names] for index in indices])
        )

    def _front_names(self) -> list[str]:
        if len(self.objectives) != 2:
            raise ValueError(
                f"objectives are {', '.join(self.objectives)}; expected two for a hypervolume"
            )
        return [counterpart(name) for name in self.objectives]

    @lazy
    def _front(self) -> Front:
        names = self._front_names()
        return Front(np.stack([self._data.values(n, self._indices) for n in names], axis=1))

    @lazy
    def _front_line(self) -> float:
        shares = [noise_share(self._data, self._indices, name) for name in self._front_names()]
        return self._front.least_difference(shares, np.random.default_rng(0))

    @property
    def scores(self) -> Floats:
        """`report` of all `architectures`, in their order: for reporting, never for searching."""
        return self._data.values(self.report, self._indices)

    def _reported(self, name: str, index: int) -> float:
        mode = OBJECTIVES[name].mode
        runs = self._data.runs.get((index, mode, None))
        return math.nan if runs is None else runs.value(name)

    @lazy
    def difficulty(self) -> Difficulty | None:
        """How hard `report` is to search (`dipbench.table.difficulty`); None where fewer than
        two architectures have it of every seed."""
        return hardness(self._data, self._indices, self.report)

    @property
    def least_difference(self) -> float:
        """The line below which a regret means nothing: two scores nearer than this are not told
        apart, for seeds differ as much. Of two objectives it is of `front_regret`. NaN where one
        seed alone is known."""
        if len(self.objectives) == 2:
            return self._front_line
        return math.nan if self.difficulty is None else self.difficulty.least_difference

    @property
    def lacking(self) -> list[int]:
        """Where in `architectures` those stand that have no `report`."""
        return self._least_and_lacking[1]

    @property
    def _least_reported(self) -> float:
        return self._least_and_lacking[0]

    @lazy
    def _least_and_lacking(self) -> tuple[float, list[int]]:
        # Both from one look: of predictions for millions of architectures it takes seconds.
        scores = self.scores
        lacking = np.isnan(scores)
        least = math.nan if lacking.all() else float(np.nanmin(scores))
        return least, np.flatnonzero(lacking).tolist()
