"""A GPU: one worker process that measures many units at once and sends them back as they come.

Such a worker cannot be given units one by one: it chooses what to run side by side.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from generate.measure.executors.job import (
    Attempts,
    Finished,
    Job,
    Problem,
    compile_ahead,
    measure_side_by_side,
)
from generate.protocols.plan import Unit

__all__ = ["run_units"]


def run_units(
    job: Job, units: Sequence[Unit], deadline: float | None = None
) -> Generator[Finished, None, None]:
    """An `Executor` of one process, which is given all units and sends back those that are done."""
    waiting = list(units)
    attempts = Attempts()
    context = multiprocessing.get_context("spawn")
    while waiting:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(theirs, job, waiting))
        process.start()
        theirs.close()  # so that the end of the process closes the pipe
        try:
            while waiting:
                patience = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not ours.poll(patience):
                    return
                unit, rows, problem = ours.recv()
                if problem is not None:
                    raise problem.raised()
                waiting.remove(unit)
                yield unit, rows
        except (EOFError, ConnectionResetError):
            attempts.died(waiting[0])  # the first unit was among those that were lost
        finally:
            process.kill()  # it has written nothing, so nothing is torn
            process.join()
            ours.close()


def _work(connection: Connection, job: Job, units: Sequence[Unit]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    with suppress(BrokenPipeError):  # the parent is gone
        try:
            compile_ahead(job, units)
            for unit, rows in measure_side_by_side(job, units):
                connection.send((unit, rows, None))
        except BrokenPipeError:
            raise
        except Exception as error:
            connection.send((None, None, Problem.of(error)))
