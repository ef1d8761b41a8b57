"""How much memory a GPU has left, and how much a piece of work takes."""

from __future__ import annotations

import gc
from collections.abc import Callable

import torch

__all__ = ["Memory", "is_out_of_memory"]


class Memory:
    """The memory of one GPU, in bytes."""

    def __init__(self, device: torch.device):
        self.device = device

    def free(self) -> int:
        """What is left, once all that nobody holds any more has been given back."""
        gc.collect()
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(self.device)[0]

    def taken(self, work: Callable[[], object]) -> int:
        """Do `work`; return the most that it took, with what a CUDA graph keeps for itself."""
        self.free()
        before = torch.cuda.memory_reserved(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        work()
        return torch.cuda.max_memory_reserved(self.device) - before


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
