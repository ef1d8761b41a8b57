"""Units as tasks of a Ray cluster that is running already.

The driver, which is this process, holds the plan; the job is put into the object store once. Ray
starts workers on any node of the cluster, and rows come back to the driver. A task is one unit, or
on GPUs a batch of units to be measured side by side; if its worker or node dies it is tried again.
"""

from __future__ import annotations

import hashlib
import logging
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Generator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import ray
from ray._private.services import canonicalize_bootstrap_address_or_die
from ray.exceptions import RayError, RayTaskError

from generate.measure.executors.job import (
    Attempts,
    Finished,
    Job,
    measure_side_by_side,
    measure_unit,
)
from generate.protocols.plan import Unit

__all__ = ["run_units"]

CHECKOUT = Path(__file__).parents[3]
CODE = {".py", ".cpp", ".hpp"}
LOOK = 1.0  # seconds between two looks at the clock and at the size of the cluster


def run_units(
    job: Job,
    units: Sequence[Unit],
    deadline: float | None = None,
    *,
    address: str = "auto",
    num_gpus: float = 0,
) -> Generator[Finished, None, None]:
    """An `Executor`; without a number of workers, as many as the cluster has room for.

    Args:
        address: of the cluster's head, ``host:port``, or ``auto`` for that of this machine.
        num_gpus: what a worker takes beside one CPU; half a GPU lets two workers share one.

    Raises:
        OSError: there is no cluster at `address`.
        RuntimeError: as every executor.
    """
    waiting = deque(_tasks(units, num_gpus))
    running: dict[Any, list[Unit]] = {}
    attempts = Attempts()
    _connect(address)
    try:
        # Ray's own retries are off: it does not count them by our rule, nor tell of them.
        task = ray.remote(num_cpus=1, num_gpus=num_gpus, max_retries=0)(_measure)
        # In a list, for a task's own arguments stay in the memory of its node for ever where its
        # driver is killed. Once they are 0.7 of it, Ray starts no task any more and says nothing.
        shared, code = [ray.put(job)], _code()
        if not _places(num_gpus):
            needs = f"a CPU and {num_gpus:g} GPUs" if num_gpus else "a CPU"
            print(f"waiting for a node with {needs}", file=sys.stderr)
        while waiting or running:
            # Twice what fits, so that no worker waits for the driver; nodes come and go. At least
            # one is always asked for: by that an autoscaler sees that nodes are wanted.
            most = job.workers or max(1, 2 * _places(num_gpus))
            while waiting and len(running) < most:
                batch = waiting.popleft()
                running[task.remote(shared, batch, code, num_gpus > 0)] = batch
            done, _ = ray.wait(list(running), timeout=_patience(deadline))
            for reference in done:
                batch = running.pop(reference)
                finished = _finished(reference, batch)
                if finished is not None:
                    yield from finished
                    continue
                attempts.died(batch[0])
                waiting.appendleft(batch)
            if deadline is not None and time.monotonic() >= deadline:
                return
    finally:
        for reference in running:
            ray.cancel(reference, force=True)
        ray.shutdown()


def _connect(address: str) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    try:
        found = canonicalize_bootstrap_address_or_die(address)
        host, _, port = found.rpartition(":")
        # If nothing listens there, Ray retries for minutes and ignores signals.
        socket.create_connection((host, int(port)), timeout=5).close()
        ray.init(found, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise OSError(
            f"no Ray cluster at {address!r}; expected auto or host:port ({reason})"
        ) from None
    finally:
        signal.signal(signal.SIGTERM, handler)  # Ray's own may end the process in mid-write


def _tasks(units: Sequence[Unit], num_gpus: float) -> list[list[Unit]]:
    if not num_gpus:
        return [[unit] for unit in units]
    from generate.measure.side_by_side import divide

    return divide(units)


def _places(num_gpus: float) -> int:
    """How many tasks the cluster can run at once."""
    has = ray.cluster_resources()
    places = has.get("CPU", 0.0)
    if num_gpus:
        places = min(places, has.get("GPU", 0.0) / num_gpus)
    return int(places)


def _patience(deadline: float | None) -> float:
    return LOOK if deadline is None else min(LOOK, max(0.0, deadline - time.monotonic()))


def _finished(reference: Any, batch: list[Unit]) -> list[Finished] | None:
    """The rows of each unit; None if their worker or node died, or they were lost with it."""
    who = f"unit {batch[0].id}" + (f" and {len(batch) - 1} more" if len(batch) > 1 else "")
    try:
        finished: list[Finished] = ray.get(reference)
    except RayTaskError as error:
        problem = f"{type(error.cause).__name__}: {error.cause}".partition("\n")[0]
        raise RuntimeError(f"{who}: {problem}") from error  # which holds the worker's traceback
    except RayError as error:
        print(f"{who}: {type(error).__name__}, to be tried again", file=sys.stderr)
        return None
    return finished


def _measure(
    shared: Sequence[Any], batch: list[Unit], code: str, side_by_side: bool
) -> list[Finished]:
    if _code() != code:
        node = ray.util.get_node_ip_address()
        raise RuntimeError(f"the checkout on node {node} differs from the driver's")
    job: Job = ray.get(shared[0])
    if side_by_side:
        return list(measure_side_by_side(job, batch))
    return [(unit, measure_unit(job, unit)) for unit in batch]


@cache
def _code() -> str:
    """SHA-256 of the code that rows depend on: nodes with other code would invent rows."""
    digest = hashlib.sha256()
    for package in ("dipbench", "generate"):
        for path in sorted((CHECKOUT / package).rglob("*")):
            if path.suffix not in CODE:
                continue
            digest.update(f"{path.relative_to(CHECKOUT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
