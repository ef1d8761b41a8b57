"""K networks of one graph on a GPU: the engine that `generate.training` is given there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy as copy_of
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn.utils import vector_to_parameters

from generate.networks.encoder_decoder import MOMENTUM, EncoderDecoder, batch_norms
from generate.networks.gpu.captured import Captured
from generate.networks.gpu.plan import Plan, Planner
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

    Attributes:
        weights: shape (copies, weights of a copy).
        parts: kernels sum the gradient of the weights in so many parts, (splits, *weights).
        running: means, then variances of batch normalisation, shape (copies, 2, channels).
        exact: whether products have the precision of float32.
        first: the first of the networks by itself, as it began.
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
        self.copies, self.in_channels, self.first = len(rngs), in_channels, plain.alone(0)
        apart = [p.detach().view(self.copies, -1) for p in plain.parameters()]
        self.weights = nn.Parameter(torch.cat(apart, 1).to(device))
        splits = min(MOST_SPLITS, max(1, PROGRAMS // (3 * self.copies)))
        # Scales, shifts and biases are in the first part alone; the others stay zero.
        self.parts = torch.zeros(splits, *self.weights.shape, device=device)
        self.weights.grad = torch.zeros_like(self.weights) if splits > 1 else self.parts[0]
        channels = sum(norm.num_features for norm in batch_norms(self.first))
        begin = torch.tensor([[0.0], [1.0]], device=device)
        self.running = begin.repeat(self.copies, 1, channels)
        self.exact = {"float32": True, "tf32": False}[precision]
        self._plans: dict[torch.Size, Plan] = {}

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights as one tensor."""
        yield self.weights

    @torch.no_grad()
    def gradients(self, x: torch.Tensor, slope: Slope) -> torch.Tensor:
        """As `EncoderDecoder.gradients`.

        Raises:
            ValueError: batch normalisation would see a single value, or the size of `x` cannot
                be halved as often as the network does.
        """
        x, plan = x.contiguous(), self.plan(x.shape)
        output = plan.forward(x, MOMENTUM)
        plan.backward(x, slope(output, slice(0, self.copies)).contiguous())
        if len(self.parts) > 1:
            assert self.weights.grad is not None
            torch.sum(self.parts, 0, out=self.weights.grad)
        return output

    @torch.no_grad()
    def batch_output(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.batch_output`."""
        return self.plan(x.shape).forward(x.contiguous(), 0.0)

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.predict`."""
        return self.plan(x.shape).forward(x.contiguous(), -1.0)

    def alone(self, copy: int) -> GraphNetwork:
        """One copy as a network by itself, with its weights and statistics as they are now."""
        network = copy_of(self.first)
        vector_to_parameters(self.weights[copy].detach().cpu().clone(), network.parameters())
        used = 0
        for norm in batch_norms(network):
            mean, var = self.running[copy, :, used : used + norm.num_features]
            norm.load_state_dict({"running_mean": mean, "running_var": var}, strict=False)
            used += norm.num_features
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
            self._plans[shape] = Planner(self, shape).plan()
        return self._plans[shape]
