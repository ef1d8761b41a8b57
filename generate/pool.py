"""Worker processes that survive the death of one: each measures one unit at a time.

Every worker is its own process with one thread of its own, which on a CPU is several times
faster than threads that share a process. A worker that dies is replaced and its unit is tried
again; a unit that kills three workers stops the run.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from generate.images import Images
from generate.plan import Unit
from generate.protocol import Protocol
from generate.shards import write_shard

__all__ = ["Job", "run_units"]

ATTEMPTS = 3


@dataclass(frozen=True)
class Job:
    """What every worker needs to know."""

    protocol: Protocol
    images: Images
    results: Path
    device: str


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    unit: Unit | None = None


def run_units(
    job: Job, units: list[Unit], workers: int, deadline: float | None = None
) -> Iterator[Unit]:
    """Measure `units` in order; yield each once its shard is on disk.

    Args:
        deadline: in seconds of `time.monotonic`; then running units are dropped and the
            iteration ends. Dropped units leave nothing behind.

    Raises:
        RuntimeError: a unit failed, or killed its worker three times; the cause is named.
    """
    waiting = deque(units)
    attempts: dict[str, int] = {}
    context = multiprocessing.get_context("spawn")
    pool = [_start(context, job) for _ in range(min(workers, len(units)))]
    try:
        while waiting or any(worker.unit for worker in pool):
            for worker in pool:
                if worker.unit is None and waiting:
                    worker.unit = waiting.popleft()
                    with suppress(BrokenPipeError):  # dead already, which is seen below
                        worker.connection.send(worker.unit)
            for worker in _ready(pool, deadline):
                unit = worker.unit
                assert unit is not None
                if _finished(worker):
                    worker.unit = None
                    yield unit
                    continue
                attempts[unit.id] = attempts.get(unit.id, 0) + 1
                if attempts[unit.id] == ATTEMPTS:
                    raise RuntimeError(f"unit {unit.id} killed its worker {ATTEMPTS} times")
                waiting.appendleft(unit)
                _stop([worker])
                pool[pool.index(worker)] = _start(context, job)
            if deadline is not None and time.monotonic() >= deadline:
                return
    finally:
        _stop(pool)


def _start(context: multiprocessing.context.SpawnContext, job: Job) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, job), daemon=True)
    process.start()
    theirs.close()  # so that the end of the process closes the pipe
    return _Worker(process, ours)


def _ready(pool: list[_Worker], deadline: float | None) -> list[_Worker]:
    busy = {worker.connection: worker for worker in pool if worker.unit}
    patience = None if deadline is None else max(0.0, deadline - time.monotonic())
    return [busy[connection] for connection in wait(list(busy), patience)]  # type: ignore[index]


def _finished(worker: _Worker) -> bool:
    """Whether the unit is done; False if the worker died."""
    try:
        error = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        return False
    if error is not None:
        assert worker.unit is not None
        raise RuntimeError(f"unit {worker.unit.id}: {error}")
    return True


def _stop(pool: list[_Worker]) -> None:
    for worker in pool:
        worker.process.kill()  # shards are written whole or not at all, so nothing is torn
    for worker in pool:
        worker.process.join()
        worker.connection.close()


def _work(connection: Connection, job: Job) -> None:
    """The life of a worker: units in, an error text or None out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    from generate.measure import measure

    torch.set_num_threads(1)
    device = torch.device(job.device)
    with suppress(EOFError, BrokenPipeError):  # the parent is gone
        while True:
            unit = connection.recv()
            problem = None
            try:
                rows = measure(job.protocol, unit, job.images, device)
                write_shard(job.results, job.protocol, {unit.id: rows})
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
            connection.send(problem)
