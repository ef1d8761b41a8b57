"""The clock that measures the seconds of a run."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any, TypeVar

import torch

from generate.networks.stream import own_stream

__all__ = ["clock", "timed"]

Result = TypeVar("Result", bound=Any)


def clock(device: torch.device) -> float:
    """Seconds, from a fixed but unknown start.

    On a CPU this is the time that the process was computing, which for one thread is what an
    idle core would take: other programs, and pauses, do not count. On a GPU, wall time, once
    all that was asked of it is done.
    """
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


def timed(run: Generator[None, None, Result], device: torch.device) -> Result:
    """Run a training to its end; its result with the seconds since it was set up."""
    with own_stream(device):
        next(run)
        started = clock(device)
        while True:
            try:
                next(run)
            except StopIteration as end:
                found: Result = replace(end.value, seconds=clock(device) - started)
                return found
