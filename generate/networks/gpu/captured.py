"""A training step recorded once as a CUDA graph and then replayed.

A step of hundreds of networks is a hundred kernels and more, each short; a replay launches them all
at once, so that the processor that asks for them does not hold the GPU up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

__all__ = ["WARM_UP", "Captured", "own_stream"]

WARM_UP = 3  # steps; after the first, libraries and the memory allocator have all they need


class Captured:
    """A step that a GPU replays from its fourth call on; elsewhere it is just called.

    The first calls are steps like any other, so warming up changes nothing. Run all calls within
    one `own_stream`. The step must keep its state and its inputs in the same tensors, changed in
    place, must not wait for the GPU, and may return a tensor: a replay overwrites it.

    Args:
        replays: False calls the step each time, on a GPU too.
    """

    def __init__(
        self, step: Callable[[], torch.Tensor], device: torch.device, replays: bool = True
    ):
        self._step = step
        self._warm_up = WARM_UP if device.type == "cuda" and replays else None
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._output = torch.empty(0)

    def __call__(self) -> torch.Tensor:
        """Do one step and return its output: replayed once it has been captured."""
        self._calls += 1
        if self._warm_up is None or self._calls <= self._warm_up:
            return self._step()
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            # Capturing notes what is asked of the GPU, but does none of it.
            with torch.cuda.graph(self._graph, stream=torch.cuda.current_stream()):
                self._output = self._step()
        self._graph.replay()
        return self._output


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Work on a stream of its own, which capturing asks for, and in full precision.

    Library functions whose sums may come out different each time are left out, so the same batch
    gives the same bits.
    """
    if device.type != "cuda":
        yield
        return
    with torch.cuda.device(device):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        precise = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
        with precise, torch.cuda.stream(stream):
            yield
        torch.cuda.current_stream().wait_stream(stream)
