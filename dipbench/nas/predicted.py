"""A space of architectures on a surrogate's predictions, in the shape of `TaskData`.

Nothing is listed: members, sizes and predictions of an architecture are made when it is asked
for, so that a space of millions costs what a search looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import index as as_index
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.errors import NoSurrogate
from dipbench.lazy import lazy
from dipbench.nas.clock import ClockSource
from dipbench.nas.data import RunMeans, Which
from dipbench.nas.objectives import FREE, Objective
from dipbench.spaces import Architecture, BaseArchitecture, Space, UNet
from dipbench.spaces.sizes import all_macs, sizes
from dipbench.surrogate.description import describe, encoded
from dipbench.surrogate.surrogate import TARGETS, Surrogate

__all__ = ["Indices", "Members", "PredictedData"]

Floats: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = Sequence[int] | npt.NDArray[np.int64]  # of architectures

LISTED = 100_000  # architectures of a space whose predictions are made all at once


class Members(Sequence[Any]):
    """Architectures of a space by index, each made when it is asked for."""

    def __init__(self, space: Space[Any], indices: Indices):
        self.space, self.indices = space, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return Members(self.space, self.indices[number])
        return self.space[int(self.indices[as_index(number)])]

    def __iter__(self) -> Iterator[Any]:
        return (self.space.at(int(index)) for index in self.indices)

    def __contains__(self, item: object) -> bool:
        try:
            index = self.space.index(item)
        except ValueError:
            return False
        if isinstance(self.indices, range):
            return index in self.indices
        place = int(np.searchsorted(self.indices, index))
        return place < len(self.indices) and int(self.indices[place]) == index

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Members)
            and self.space == other.space
            and np.array_equal(self.indices, other.indices)
        )

    def __hash__(self) -> int:
        return hash((self.space, len(self)))


class _Names(Mapping[object, int]):
    """The index of each of some members by itself or its name."""

    def __init__(self, members: Members):
        self.members = members

    def __getitem__(self, item: object) -> int:
        if not isinstance(item, BaseArchitecture | str) or item not in self.members:
            raise KeyError(item)
        return self.members.space.index(item)

    def __iter__(self) -> Iterator[object]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)


class PredictedData:
    """What a surrogate says of all architectures of its space.

    Attributes:
        surrogate: that predicts.
        protocol: of the table it was fitted to, and that these are predictions.
        sha256: what it is made of.
        space, members, steps, clock: as in `dipbench.nas.data.TaskData`; there is the full run
            alone.
        rows, runs, seeds: mappings that make what is asked for.
    """

    def __init__(self, surrogate: Surrogate):
        self.surrogate = surrogate
        about = surrogate.about
        self.protocol = f"{about['protocol']} (predicted)"
        self.sha256 = surrogate.identity
        self.space: Space[Any] = surrogate.space
        self.members = Members(self.space, range(len(self.space)))
        self.steps = {FREE: (1,)} | {mode: (int(n),) for mode, n in about["steps"].items()}
        self.seeds: Mapping[tuple[int, str], tuple[int, ...]] = {}
        clock = about["clock"] or {}
        self.clock = ClockSource(
            about["protocol"], clock.get("device"), clock.get("engine"), predicted=True
        )
        self._made: dict[int, tuple[Floats, dict[str, Any]]] = {}
        self._scored: dict[str, tuple[Indices, Floats]] = {}

    @property
    def rows(self) -> PredictedData:
        """Depth, SLC, parameters and MACs by index."""
        return self

    @property
    def runs(self) -> _Runs:
        """The predicted run of each member and mode."""
        return _Runs(self)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Depth, SLC, parameters and MACs of one member: a row of a table."""
        return self._known(index)[1]

    def targets(self, index: int) -> Floats:
        """The predictions for one member, one per target."""
        return self._known(index)[0]

    def _known(self, index: int) -> tuple[Floats, dict[str, Any]]:
        if index not in self._made:
            member = self.space.at(index)
            twin = UNet.of(member) if isinstance(member, Architecture) else member
            assert isinstance(twin, UNet)
            description, macs, params = describe(self.space.name, twin)
            row = {"depth": member.depth, "slc": member.slc, "params": params, "macs": macs}
            known = (self.surrogate.means(description)[0], row | {"name": member.name})
            if len(self._made) >= LISTED:
                self._made.clear()
            self._made[index] = known
        return self._made[index]

    def values(self, objective: str, indices: Indices) -> Floats:
        """An objective of many members; of millions it is kept, for it takes many seconds."""
        kept, found = self._scored.get(objective, (None, None))
        if kept is indices and found is not None:
            return found
        found = self._values(objective, indices)
        if len(indices) > LISTED:
            self._scored[objective] = indices, found
        return found

    def _values(self, objective: str, indices: Indices) -> Floats:
        if objective == "macs":
            return self.macs[indices].astype(np.float64)
        wanted = np.asarray(indices, np.int64)
        if objective == "params":
            return sizes(encoded(self.space, wanted)).params.astype(np.float64)
        return self.surrogate.predict_only(objective, wanted)

    @lazy
    def macs(self) -> npt.NDArray[np.integer[Any]]:
        """Of every member."""
        if self.space.name == "unet64":
            return all_macs()
        return sizes(encoded(self.space, range(len(self.space)))).macs

    def check(self, objectives: Iterable[Objective]) -> None:
        """Whether all objectives are predicted, or known without a run.

        Raises:
            NoSurrogate: naming the first that is not.
        """
        for objective in objectives:
            if objective.mode != FREE and objective.name not in TARGETS:
                raise NoSurrogate(
                    f"{objective.name} is not predicted; expected one of "
                    f"{', '.join(TARGETS[:4])}, macs, params"
                )

    def known(self, answered: Callable[[int], bool]) -> range:
        """Where members stand of which a query is answered: all."""
        return range(len(self.members))

    def names(self, indices: Indices) -> _Names:
        """The index of each of some architectures by itself or its name."""
        return _Names(Members(self.space, indices))

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made again when it is asked for."""
        return {**self.__dict__, "_made": {}, "_scored": {}, "macs": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        del state["macs"]
        self.__dict__.update(state)


class _Runs(Mapping[Which, RunMeans]):
    """The one predicted run of each member and mode: a training, or a fit of every image."""

    def __init__(self, data: PredictedData):
        self.data = data

    def __getitem__(self, which: Which) -> RunMeans:
        index, mode, _ = which
        data = self.data
        if mode == FREE:
            row = data[index]
            return RunMeans(0.0, {"macs": (row["macs"],), "params": (row["params"],)})
        if mode not in data.steps:
            raise KeyError(which)
        found = dict(zip(TARGETS, data.targets(index).tolist(), strict=True))
        count = 1 if mode == "supervised" else int(data.surrogate.about["images"])
        values = {name: (value,) for name, value in found.items() if name.startswith(mode)}
        return RunMeans(found[f"{mode}_seconds"] * count, values)

    def __iter__(self) -> Iterator[Which]:
        modes = [mode for mode in self.data.steps if mode != FREE]
        return ((index, mode, None) for index in range(len(self)) for mode in modes)

    def __len__(self) -> int:
        return len(self.data.members)
