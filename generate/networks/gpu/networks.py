"""K networks of one graph on a GPU: the engine that `generate.training` is given there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy as copy_of
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn.utils import vector_to_parameters

from generate.networks.encoder_decoder import MOMENTUM, EncoderDecoder
from generate.networks.gpu.captured import Captured
from generate.networks.gpu.plan import Plan, Structure
from generate.networks.networks import Networks, Slope

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph
    from dipbench.networks.module import GraphNetwork

__all__ = ["GpuNetworks"]

PROGRAMS = 512  # at least so many for the gradient of the weights, to fill a GPU
MOST_SPLITS = 16


class GpuNetworks(Networks):
    """`EncoderDecoder` in float32: the same weights and answers, and these methods.

    Outputs and gradients stay in the same memory, so that steps can be captured and replayed: the
    next call overwrites them.

    Args:
        precision: ``float32``, or ``tf32``, which rounds the factors of convolutions to ten bits.
    """

    capturable = True

    def __init__(
        self,
        graph: Graph,
        in_channels: int,
        rngs: Sequence[np.random.Generator],
        device: torch.device,
        precision: str = "float32",
    ):
        plain = EncoderDecoder(graph, in_channels, rngs)
        self.copies, self.in_channels = len(rngs), in_channels
        self.structure = Structure(plain)
        self._first = plain.alone(0)
        apart = [p.detach().view(self.copies, -1) for p in plain.parameters()]
        self.weights = nn.Parameter(torch.cat(apart, 1).to(device))
        # Kernels sum a gradient in so many parts; where a layer has fewer, the others stay zero.
        splits = min(MOST_SPLITS, max(1, PROGRAMS // (3 * self.copies)))
        self.parts = torch.zeros(splits, *self.weights.shape, device=device)
        self.weights.grad = torch.zeros_like(self.weights) if splits > 1 else self.parts[0]
        self.running = self.structure.running_statistics().to(device).repeat(self.copies, 1)
        self.exact = {"float32": True, "tf32": False}[precision]
        self._plans: dict[torch.Size, Plan] = {}

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights as one tensor, shape (copies, weights of a copy)."""
        yield self.weights

    @torch.no_grad()
    def gradients(self, x: torch.Tensor, slope: Slope) -> torch.Tensor:
        """As `EncoderDecoder.gradients`.

        Raises:
            ValueError: batch normalisation would see a single value, or the size of `x` cannot
                be halved as often as the network does.
        """
        plan = self.plan(x.shape)
        x = x.contiguous()
        plan.forward(x, MOMENTUM)
        plan.backward(x, slope(plan.output, slice(0, self.copies)).contiguous())
        if len(self.parts) > 1:
            assert self.weights.grad is not None
            torch.sum(self.parts, 0, out=self.weights.grad)
        return plan.output

    @torch.no_grad()
    def batch_output(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.batch_output`."""
        plan = self.plan(x.shape)
        plan.forward(x.contiguous(), 0.0)
        return plan.output

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.predict`."""
        plan = self.plan(x.shape)
        plan.forward(x.contiguous(), None)
        return plan.output

    def alone(self, copy: int) -> GraphNetwork:
        """One copy as a network by itself, with its weights and statistics as they are now."""
        network = copy_of(self._first)
        vector_to_parameters(self.weights[copy].detach().cpu().clone(), network.parameters())
        used = 0
        for norm in network.modules():
            if isinstance(norm, nn.BatchNorm2d):
                for values in (norm.running_mean, norm.running_var):
                    assert values is not None
                    values.copy_(self.running[copy, used : used + len(values)])
                    used += len(values)
        return network

    def captured(self, step: Callable[[], object]) -> Callable[[], object]:
        """`step`, replayed from its fourth call on."""
        return Captured(step, self.weights.device)

    def done(self) -> Iterator[None]:
        """As `Networks.done`, for the stream that this is called on."""
        if self.weights.is_cuda:
            event = torch.cuda.Event()
            event.record()
            while not event.query():
                yield

    def plan(self, shape: torch.Size) -> Plan:
        """The plan for inputs of `shape`, with its memory."""
        if shape not in self._plans:
            self._plans[shape] = Plan(
                self.structure, shape, self.weights.detach(), self.parts, self.running, self.exact
            )
        return self._plans[shape]
