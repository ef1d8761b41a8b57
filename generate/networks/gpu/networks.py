"""K networks of one graph on a GPU: the engine that `generate.training` is given there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.networks.encoder_decoder import MOMENTUM
from generate.networks.flat import FlatNetworks
from generate.networks.gpu.plan import NO_BATCH, UNCHANGED, Launch, Plan
from generate.networks.networks import Slope

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["WARM_UP", "Captured", "GpuNetworks", "launches_of"]

PROGRAMS = 512  # at least so many for the gradient of the weights, to fill a GPU
MOST_SPLITS = 16
WARM_UP = 3  # steps; after the first, kernels are compiled and all memory is there


class GpuNetworks(FlatNetworks):
    """`FlatNetworks` on a GPU, all side by side.

    Outputs and gradients stay in the same memory, so that steps can be captured and replayed: the
    next call overwrites them.

    Args:
        precision: ``float32``, or ``tf32``, which rounds the factors of convolutions to ten bits.

    Attributes:
        parts: kernels sum the gradient of the weights in so many parts, (splits, *weights).
        exact: whether products have the precision of float32.
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
        super().__init__(graph, in_channels, rngs, device)
        splits = min(MOST_SPLITS, max(1, PROGRAMS // (3 * self.copies)))
        # Scales, shifts and biases are in the first part alone; the others stay zero.
        self.parts = torch.zeros(splits, *self.weights.shape, device=device)
        self.weights.grad = self._gradient = torch.zeros_like(self.weights)
        self.exact = {"float32": True, "tf32": False}[precision]
        self._plans: dict[torch.Size, Plan] = {}  # by shape of the input, each with its memory

    @torch.no_grad()
    def gradients(self, x: torch.Tensor, slope: Slope) -> torch.Tensor:
        """As `EncoderDecoder.gradients`; raises ValueError as `Layout` does."""
        output, plan = self._forward(x, MOMENTUM), self._plans[x.shape]
        of_output = slope(output, slice(0, self.copies)) * output * (1 - output)
        plan.of_output.copy_(of_output)
        torch.sum(of_output, (0, 2, 3), out=self.parts[0, :, -1])  # of the bias, the last weight
        for launch in plan.backward:
            launch()
        torch.sum(self.parts, 0, out=self._gradient)
        return output

    @torch.no_grad()
    def batch_output(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.batch_output`."""
        return self._forward(x, UNCHANGED)

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.predict`."""
        return self._forward(x, NO_BATCH)

    def captured(self, step: Callable[[], object]) -> Callable[[], object]:
        """`step`, replayed from its fourth call on."""
        return Captured(step, self.weights.device)

    def plan(self, shape: torch.Size) -> Plan:
        """The plan for inputs of `shape`."""
        if shape not in self._plans:
            self._plans[shape] = Plan(self, shape)
        return self._plans[shape]

    def _forward(self, x: torch.Tensor, momentum: float) -> torch.Tensor:
        plan = self.plan(x.shape)
        if momentum != NO_BATCH:
            plan.layout.check_trainable(len(x))
        plan.input.copy_(x)
        for launch in plan.forward[momentum]:
            launch()
        return plan.output.add_(self.weights[:, -1, None, None]).sigmoid_()


class Captured:
    """A step recorded once as a CUDA graph; elsewhere than on a GPU it is just called.

    A step is a hundred short kernels, and a replay launches all at once. The first calls are steps
    like any other. Call it on a stream other than the default one. The step must keep its state and
    its inputs in the same tensors, changed in place, and must not wait for the GPU.
    """

    def __init__(self, step: Callable[[], object], device: torch.device):
        self._call, self._warm_up = step, WARM_UP if device.type == "cuda" else -1

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
            self._call()
        finally:
            graph.capture_end()
        return graph


def launches_of(
    graph: Graph, images: int, in_channels: int, size: int, precision: str = "float32"
) -> list[Launch]:
    """What networks of `graph` launch in training on batches of `images`, to be compiled."""
    rngs, nowhere = [np.random.default_rng(0)], torch.device("meta")  # it has no memory
    networks = GpuNetworks(graph, in_channels, rngs, nowhere, precision)
    plan = networks.plan(torch.Size((images, in_channels, size, size)))
    return plan.forward[MOMENTUM] + plan.backward
