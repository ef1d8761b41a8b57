"""Running out of the memory of a GPU."""

from __future__ import annotations

import gc

import torch

__all__ = ["free_memory", "is_out_of_memory"]


def free_memory(device: torch.device) -> None:
    """Give back what nobody holds any more."""
    if device.type == "cuda":
        gc.collect()
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether running out of memory is what `error` says, or what brought it about.

    In the middle of capturing, the end of the capture fails too, and its error comes last.
    """
    if error is None or isinstance(error, torch.cuda.OutOfMemoryError):
        return error is not None
    return is_out_of_memory(error.__cause__ or error.__context__)
