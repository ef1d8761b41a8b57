"""Worker processes that survive the death of one: each measures one unit at a time.

Every worker is its own process with one thread of its own, which on a CPU is several times
faster than threads that share a process. A worker that dies is replaced and its unit is tried
again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from generate.measure.executors.job import Attempts, Finished, Job, Problem, measure_unit
from generate.protocols.plan import Unit
from generate.table.shards import Row

__all__ = ["run_units"]


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    unit: Unit | None = None


def run_units(
    job: Job, units: Sequence[Unit], deadline: float | None = None
) -> Generator[Finished, None, None]:
    """An `Executor`; without a number of workers, one per core."""
    waiting = deque(units)
    attempts = Attempts()
    context = multiprocessing.get_context("spawn")
    workers = job.workers or os.cpu_count() or 1
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
                rows = _rows(worker)
                if rows is not None:
                    worker.unit = None
                    yield unit, rows
                    continue
                attempts.died(unit)
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


def _rows(worker: _Worker) -> list[Row] | None:
    """The rows of the worker's unit; None if the worker died."""
    try:
        rows, problem = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        return None
    if problem is not None:
        assert worker.unit is not None
        raise problem.raised(worker.unit)
    found: list[Row] = rows
    return found


def _stop(pool: list[_Worker]) -> None:
    for worker in pool:
        worker.process.kill()  # it has written nothing, so nothing is torn
    for worker in pool:
        worker.process.join()
        worker.connection.close()


def _work(connection: Connection, job: Job) -> None:
    """The life of a worker: units in, rows or what went wrong out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    with suppress(EOFError, BrokenPipeError):  # the parent is gone
        while True:
            unit = connection.recv()
            rows, problem = None, None
            try:
                rows = measure_unit(job, unit)
            except Exception as error:
                problem = Problem.of(error)
            connection.send((rows, problem))
