"""The clock that measures the seconds of a run."""

from __future__ import annotations

import time

import torch

__all__ = ["clock"]


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
