"""What every executor is given and gives back."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from generate.photographs.images import Images
from generate.protocols.plan import Unit
from generate.protocols.settings import Protocol
from generate.table.shards import Row

if TYPE_CHECKING:
    import torch

__all__ = [
    "ATTEMPTS",
    "Attempts",
    "Executor",
    "Finished",
    "Job",
    "Problem",
    "compile_ahead",
    "measure_side_by_side",
    "measure_unit",
]

ATTEMPTS = 3
COMPILED_AHEAD = 64  # architectures; others need few kernels more


@dataclass(frozen=True)
class Job:
    """What every worker needs to know.

    Attributes:
        device: as torch names it.
        workers: how many units to measure at once; None leaves it to the executor.
        precision: of the convolutions on a GPU, ``float32`` or ``tf32``.
    """

    protocol: Protocol
    images: Images
    device: str = "cpu"
    workers: int | None = None
    precision: str = "float32"


Finished: TypeAlias = tuple[Unit, list[Row]]

# Job, units, and the time by `time.monotonic` at which what is still running is dropped. Raises
# RuntimeError where a unit fails, or its worker dies `ATTEMPTS` times; the unit is named.
Executor: TypeAlias = Callable[[Job, Sequence[Unit], float | None], Generator[Finished, None, None]]


class Attempts:
    """Counts how often the worker of each unit died."""

    def __init__(self) -> None:
        self._deaths: Counter[str] = Counter()

    def died(self, unit: Unit) -> None:
        """Count one death.

        Raises:
            RuntimeError: it was the last that is put up with.
        """
        self._deaths[unit.id] += 1
        if self._deaths[unit.id] == ATTEMPTS:
            raise RuntimeError(f"unit {unit.id}: its worker died {ATTEMPTS} times")


@dataclass(frozen=True)
class Problem:
    """What a worker raised, as text: not every exception can be sent to another process.

    Attributes:
        said: type and message.
        trace: the traceback there.
    """

    said: str
    trace: str

    @staticmethod
    def of(error: BaseException) -> Problem:
        """What an error says, and its traceback."""
        trace = "".join(traceback.format_exception(error))
        return Problem(f"{type(error).__name__}: {error}", trace)

    def raised(self, unit: Unit | None = None) -> RuntimeError:
        """The error to raise here; its notes keep the traceback of the worker."""
        error = RuntimeError(self.said if unit is None else f"unit {unit.id}: {self.said}")
        error.add_note(f"In the worker:\n{self.trace}")
        return error


def measure_unit(job: Job, unit: Unit) -> list[Row]:
    """Measure one unit in this process, with one thread."""
    from generate.measure.rows import measure

    return measure(job.protocol, unit, job.images, _device(job))


def measure_side_by_side(job: Job, units: Sequence[Unit]) -> Iterator[Finished]:
    """Measure `units` in this process, those of several architectures at once."""
    from generate.measure.side_by_side import measure_all

    yield from measure_all(job.protocol, units, job.images, _device(job), job.precision)


def compile_ahead(job: Job, units: Sequence[Unit]) -> None:
    """Compile what the first of `units` need on a GPU, in parallel; the others need little more."""
    if not job.device.startswith("cuda"):
        return
    _device(job)  # before anything asks the GPU for something
    from generate.measure.side_by_side import compile_for

    first = list({unit.architecture.name: unit.architecture for unit in units}.values())
    compile_for(job.protocol, first[:COMPILED_AHEAD], (job.precision,))


def _device(job: Job) -> torch.device:
    """Where to measure, by a process that from now on has one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is first imported
    # Queues of a GPU, for the streams of architectures in turns; it is used from then on.
    os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")
    import torch

    from generate.networks.stream import made_current

    torch.set_num_threads(1)
    return made_current(torch.device(job.device))
