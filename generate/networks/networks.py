"""K networks side by side: what training asks of an engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TypeAlias

import torch
from torch import nn

from dipbench.networks.module import GraphNetwork

__all__ = ["Networks", "Slope", "square_error"]

# Of outputs (batch, some copies, height, width), and which copies they are, the gradient of the
# loss by them, of the same shape.
Slope: TypeAlias = Callable[[torch.Tensor, slice], torch.Tensor]


class Networks(ABC):
    """Copies of networks that share no weight; an engine is one implementation.

    The values of all copies lie side by side in the channels: inputs have the shape
    (batch, copies × in_channels, height, width), outputs (batch, copies, height, width).

    Attributes:
        copies: how many.
        capturable: whether a step can be recorded and replayed: it must keep its state and its
            inputs in the same tensors, changed in place, and never wait for the device.
    """

    copies: int
    capturable: bool = False

    @abstractmethod
    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights, for an optimiser."""

    @abstractmethod
    def gradients(self, x: torch.Tensor, slope: Slope) -> torch.Tensor:
        """Set the gradients of all weights; return the output.

        Batch normalisation uses the statistics of `x`. Each copy gets the gradient of its own
        loss.

        Args:
            slope: the gradient of the loss by the output. An engine may run its copies one by one,
                so it is asked for some of them at a time.
        """

    @abstractmethod
    def batch_output(self, x: torch.Tensor) -> torch.Tensor:
        """The output with the statistics of `x`, as in training; nothing else changes."""

    @abstractmethod
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """The output with the running statistics of batch normalisation."""

    def alone(self, copy: int) -> GraphNetwork:
        """One copy by itself, with its weights, as the module that `dipbench.to_torch` makes.

        Raises:
            NotImplementedError: the engine cannot give it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not give its networks one by one")

    def captured(self, step: Callable[[], object]) -> Callable[[], object]:
        """`step`, to be called many times; an engine that is `capturable` may replay it."""
        return step

    def done(self) -> Iterator[None]:
        """Yield as long as a GPU is still at work on what this stream was asked so far."""
        if next(self.parameters()).is_cuda:
            event = torch.cuda.Event()
            event.record()
            while not event.query():
                yield


def square_error(target: torch.Tensor) -> Slope:
    """The slope of the mean square error of each copy to `target`.

    Args:
        target: shape (batch, copies, height, width), or with one channel for all copies.
    """
    scale = 2 / target[:, 0].numel()

    def slope(output: torch.Tensor, copies: slice) -> torch.Tensor:
        return (output - (target if target.shape[1] == 1 else target[:, copies])) * scale

    return slope
