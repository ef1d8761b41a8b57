"""Units on a GPU: those of one architecture run as one training, several trainings in turns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from dipbench.spaces import BaseArchitecture
from generate.measure.rows import Row, dip_rows, supervised_rows
from generate.networks.engines import engine
from generate.networks.gpu.in_flight import AT_ONCE, Run, in_flight
from generate.photographs.images import Images
from generate.protocols.plan import Unit
from generate.protocols.settings import Candidate, Protocol
from generate.training.batches import BatchesAhead
from generate.training.dip import Fit, fits
from generate.training.record import DipFits
from generate.training.supervised import Trainings, trainings

__all__ = ["NETWORKS", "Group", "compile_for", "divide", "groups", "in_turns", "measure_all"]

NETWORKS = 512  # of a task of a cluster: enough to fill a GPU from beginning to end
IN_TURNS = 192  # networks: `AT_ONCE` architectures with the 24 fits of a full protocol
MOST_IN_TURNS = 48  # architectures: one thread asks for all their steps


@dataclass(frozen=True)
class Group:
    """Units of one mode and architecture, whose networks run side by side."""

    units: tuple[Unit, ...]

    def __str__(self) -> str:
        return f"unit {self.units[0].id}"

    @property
    def networks(self) -> int:
        """How many run side by side."""
        return sum(max(1, len(unit.images)) for unit in self.units)

    def halves(self) -> tuple[Group, ...]:
        """Two groups; none if there is but one unit."""
        if len(self.units) == 1:
            return ()
        middle = len(self.units) // 2
        return Group(self.units[:middle]), Group(self.units[middle:])


def groups(units: Sequence[Unit]) -> list[Group]:
    """All of `units`, in the order of the first unit of each group."""
    found: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        found.setdefault((unit.mode, unit.architecture.name), []).append(unit)
    return [Group(tuple(group)) for group in found.values()]


def divide(units: Sequence[Unit], most: int = NETWORKS) -> list[list[Unit]]:
    """Whole groups in parts of at most `most` networks, or of one group."""
    parts: list[list[Unit]] = []
    count = most
    for group in groups(units):
        count += group.networks
        if count > most:
            parts.append([])
            count = group.networks
        parts[-1] += group.units
    return parts


def in_turns(found: Sequence[Group]) -> int:
    """How many groups run in turns: with few networks in each, more of them fill a GPU."""
    largest = max((group.networks for group in found), default=1)
    return max(AT_ONCE, min(MOST_IN_TURNS, IN_TURNS // largest))


def compile_for(
    protocol: Protocol,
    architectures: Iterable[BaseArchitecture | Candidate],
    precisions: Iterable[str] = ("float32",),
) -> int:
    """Compile what `measure_all` will launch, in parallel; return how many kernels that are."""
    from generate.networks.gpu.networks import launches_of
    from generate.networks.gpu.plan import compile_all

    size, launches = protocol.size, []
    for a, precision in itertools.product(architectures, precisions):
        launches += launches_of(a.graph, 1, protocol.dip.input_channels, size, precision)
        launches += launches_of(a.graph, protocol.supervised.batch, 1, size, precision)
    return compile_all(launches)


def measure_all(
    protocol: Protocol,
    units: Sequence[Unit],
    images: Images,
    device: torch.device,
    precision: str = "float32",
    dtype: torch.dtype = torch.float32,
    at_once: int | None = None,
) -> Iterator[tuple[Unit, list[Row]]]:
    """Measure all of `units`; yield each with its rows, once its group is done.

    A row does not depend on what runs beside it, but for rounding and for the seconds, which are
    what the network cost among the others.

    Args:
        precision: of the convolutions on a GPU.
        dtype: of the networks.
        at_once: how many groups run in turns; by default as `in_turns` says.

    Raises:
        RuntimeError: a unit does not fit even by itself.
    """
    batches = BatchesAhead(pinned=device.type == "cuda")

    def start(group: Group) -> Run:
        first = group.units[0]
        a = first.architecture
        where = (device, dtype, precision)
        if first.mode == "supervised":
            seeds = [unit.seed for unit in group.units]
            return trainings(protocol, a.graph, a.key, images, seeds, batches, *where)
        wanted = [Fit(i, images.val[i], unit.seed) for unit in group.units for i in unit.images]
        return fits(protocol, a.graph, a.key, wanted, *where)

    name, found = engine(device, dtype, precision), groups(units)
    most = in_turns(found) if at_once is None else at_once
    try:
        for group, result, seconds in in_flight(found, start, Group.halves, device, most):
            yield from _rows(protocol, group, replace(result, seconds=seconds), device, name)
    finally:
        batches.close()


def _rows(
    protocol: Protocol,
    group: Group,
    result: DipFits | Trainings,
    device: torch.device,
    engine: str,
) -> Iterator[tuple[Unit, list[Row]]]:
    first = 0
    for number, unit in enumerate(group.units):
        if isinstance(result, Trainings):
            yield unit, supervised_rows(protocol, unit, result, number, device, engine)
        else:
            yield unit, dip_rows(protocol, unit, result, first, device, engine)
        first += len(unit.images)
