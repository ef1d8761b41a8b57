"""Running out of the memory of a GPU."""

from __future__ import annotations

import gc

import torch

__all__ = ["free_memory", "is_out_of_memory"]


def free_memory(device: torch.device) -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether running out of memory is what `error` says, or what brought it about.

    In the middle of capturing, the end of the capture fails too, and its error comes last.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, torch.cuda.OutOfMemoryError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
