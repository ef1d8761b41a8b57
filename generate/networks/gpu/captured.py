"""A training step recorded once as a CUDA graph and then replayed.

A step is a hundred kernels and more, each short; a replay launches them all at once, so that the
GPU does not wait for the processor that asks for them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

__all__ = ["WARM_UP", "Captured"]

WARM_UP = 3  # steps; after the first, kernels are compiled and all memory is there


class Captured:
    """A step that a GPU replays from its fourth call on; elsewhere it is just called.

    The first calls are steps like any other, so warming up changes nothing. Call it on a stream
    other than the default one. The step must keep its state and its inputs in the same tensors,
    changed in place, and must not wait for the GPU.
    """

    def __init__(self, step: Callable[[], object], device: torch.device):
        self._call, self._step = step, step
        self._warm_up = WARM_UP if device.type == "cuda" else -1

    def __call__(self) -> None:
        """Do one step: replayed once it has been captured."""
        if self._warm_up == 0:
            self._call = self._capture().replay
        self._warm_up -= 1
        self._call()

    def _capture(self) -> torch.cuda.CUDAGraph:
        """Note what the step asks of the GPU; none of it is done.

        `torch.cuda.graph` would wait for all streams first, and so stop what runs beside this.
        """
        graph = torch.cuda.CUDAGraph()
        graph.capture_begin(capture_error_mode="thread_local")
        try:
            self._step()
        finally:
            graph.capture_end()
        return graph
