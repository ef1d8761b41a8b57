"""Where a GPU is asked for something: a stream other than the default one."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

__all__ = ["own_stream"]


def own_stream(device: torch.device) -> AbstractContextManager[object]:
    """A stream for what is done inside, on the GPU `device`; elsewhere nothing changes.

    It can be entered again and again. On the default stream nothing can be captured.
    """
    if device.type != "cuda":
        return nullcontext()
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    return torch.cuda.stream(stream)
