"""Where a GPU is asked for something: which of them, and a stream other than the default one."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

__all__ = ["made_current", "own_stream"]


def made_current(device: torch.device) -> torch.device:
    """`device`; if it is a GPU with a number, this process launches kernels there from now on."""
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    return device


def own_stream(device: torch.device) -> AbstractContextManager[object]:
    """A stream for what is done inside, on the GPU `device`; elsewhere nothing changes.

    It can be entered again and again. On the default stream nothing can be captured.
    """
    if device.type != "cuda":
        return nullcontext()
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    return torch.cuda.stream(stream)
