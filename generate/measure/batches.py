"""Units in batches: those of one program are measured at once, as many as the GPU has room for.

A program is what networks must have in common to run side by side: depth, up-sampling and width;
for supervised training also the seed, and so the batches of images. Batches come in the order of
the plan, by the first unit in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from dipbench.spaces import Architecture
from generate.measure.rows import Row, dip_rows, measure, supervised_rows
from generate.networks.gpu.captured import WARM_UP
from generate.networks.gpu.memory import Memory, is_out_of_memory
from generate.photographs.images import Images
from generate.protocols.plan import Unit
from generate.protocols.settings import Protocol
from generate.training.gated_dip import Fit, GatedDip
from generate.training.gated_supervised import GatedTraining

__all__ = ["ENGINE", "MOST", "Program", "divide", "measure_batch", "next_batch", "program_of"]

ENGINE = "gated"
MOST = 512  # networks at once: beyond, a GPU has long been full and a batch only takes longer
MOST_ON_CPU = 8
TRIED = 16  # networks, to see how much memory each takes
STEPS = WARM_UP + 2
SHARE = 0.8  # of the free memory to be used: the rest is for what does not grow in proportion

Measured = tuple[Unit, list[Row]]


@dataclass(frozen=True)
class Program:
    """What units must have in common to be measured together; `seed` is None for DIP."""

    mode: str
    depth: int
    upsample: str
    width: int
    seed: int | None


def program_of(unit: Unit) -> Program | None:
    """The program that measures `unit`; None for a network of an own space, which has none."""
    a = unit.architecture
    if not isinstance(a, Architecture):
        return None
    seed = unit.seed if unit.mode == "supervised" else None
    return Program(unit.mode, a.depth, a.upsample, a.width, seed)


def measure_batch(
    protocol: Protocol,
    units: Sequence[Unit],
    images: Images,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    most: int | None = None,
    memory: Memory | None = None,
) -> Iterator[Measured]:
    """Measure all of `units`, in batches; yield each unit with its rows as `measure` gives them.

    Rows do not depend on what else is in the batch, but for rounding and for the seconds, which
    are the batch's in equal shares. Where memory runs out the batch is halved and tried again.

    Args:
        dtype: precision of the networks.
        most: networks at once; by default what fits, up to a number from where more is no faster.
        memory: stands in for the GPU's.

    Raises:
        RuntimeError: a unit does not fit even by itself.
    """
    if memory is None and device.type == "cuda":
        memory = Memory(device)
    if most is None:
        most = MOST if memory else MOST_ON_CPU
    measurer = _Measurer(protocol, images, device, dtype)
    room: dict[Program, int] = {}
    waiting = list(units)
    while waiting:
        program = program_of(waiting[0])
        if program is None:
            unit = waiting.pop(0)
            yield unit, measure(protocol, unit, images, device)
            continue
        if program not in room:
            found = [unit for unit in waiting if program_of(unit) == program]
            room[program] = measurer.room(found, most, memory)
        batch = next_batch(waiting, room[program])
        rows = measurer.attempt(batch)
        if memory:
            memory.free()
        if rows is None:
            if len(batch) == 1:
                raise RuntimeError(f"unit {batch[0].id} by itself is too large for {device}")
            room[program] = _networks(batch) // 2
            continue
        done = set(batch)
        waiting = [unit for unit in waiting if unit not in done]
        yield from rows


def next_batch(waiting: Sequence[Unit], most: int) -> list[Unit]:
    """The first unit and others of its program, in order, with at most `most` networks in all.

    Where there are more, batches are made about equally large. A unit is never divided, so the
    first is there whatever `most` says.
    """
    program = program_of(waiting[0])
    found = [unit for unit in waiting if program_of(unit) == program]
    total = _networks(found)
    share = math.ceil(total / math.ceil(total / most))
    batch = found[:1]
    for unit in found[1:]:
        if _networks([*batch, unit]) > share:
            break
        batch.append(unit)
    return batch


def divide(units: Sequence[Unit], most: int) -> list[list[Unit]]:
    """All of `units` as `next_batch` divides them, in the order of their first units."""
    programs: dict[Program | str, list[Unit]] = {}
    for unit in units:
        programs.setdefault(program_of(unit) or unit.id, []).append(unit)
    found = []
    for waiting in programs.values():
        while waiting:
            found.append(next_batch(waiting, most))
            waiting = waiting[len(found[-1]) :]
    place = {unit: i for i, unit in enumerate(units)}
    return sorted(found, key=lambda batch: place[batch[0]])


def _networks(units: Sequence[Unit]) -> int:
    return sum(len(unit.images) if unit.mode == "dip" else 1 for unit in units)


@dataclass(frozen=True)
class _Measurer:
    """Measures batches, each of one program."""

    protocol: Protocol
    images: Images
    device: torch.device
    dtype: torch.dtype

    def room(self, units: Sequence[Unit], most: int, memory: Memory | None) -> int:
        """How many networks of the program of `units` to run at once."""
        tried = next_batch(units, TRIED)
        if memory is None or len(tried) == len(units):
            return most
        # As few steps as take all that a whole run takes.
        settings = self.protocol
        short = replace(
            settings,
            supervised=replace(settings.supervised, steps=STEPS, recorded=1),
            dip=replace(settings.dip, iterations=max(settings.dip.stop_window, STEPS)),
        )
        done: list[object] = []
        taken = memory.taken(lambda: done.append(replace(self, protocol=short).attempt(tried)))
        if done == [None]:
            return max(1, _networks(tried) // 2)
        return max(1, min(most, int(SHARE * memory.free() * _networks(tried) / taken)))

    def attempt(self, batch: Sequence[Unit]) -> list[Measured] | None:
        """The rows of `batch`; None where memory ran out. The memory is nobody's then."""
        try:
            return self._supervised(batch) if batch[0].mode == "supervised" else self._dip(batch)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _supervised(self, batch: Sequence[Unit]) -> list[Measured]:
        architectures = [_architecture(unit) for unit in batch]
        training = GatedTraining(
            self.protocol, architectures, batch[0].seed, self.images, self.device, self.dtype
        )
        return [
            (unit, supervised_rows(self.protocol, unit, found, self.device, ENGINE))
            for unit, found in zip(batch, training.run(), strict=True)
        ]

    def _dip(self, batch: Sequence[Unit]) -> list[Measured]:
        wanted = [Fit(_architecture(u), u.seed, image) for u in batch for image in u.images]
        fits = GatedDip(self.protocol, wanted, self.images, self.device, self.dtype).run()
        measured, first = [], 0
        for unit in batch:
            rows = dip_rows(self.protocol, unit, fits, first, self.device, ENGINE)
            measured.append((unit, rows))
            first += len(unit.images)
        return measured


def _architecture(unit: Unit) -> Architecture:
    assert isinstance(unit.architecture, Architecture)
    return unit.architecture
