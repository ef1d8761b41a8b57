"""From a graph to a torch module that runs K independent networks at once.

The K copies share one structure and lie side by side in the channels: convolutions are
grouped, and batch normalisation works channel by channel, so no copy ever sees another. With
``copies=1`` this is the plain network. Nodes run, and concatenations join their inputs, in
canonical order, so isomorphic graphs become the same network with the same initial weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import skip_init

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import canonical_order
from dipbench.graphs.dag import check
from generate.networks.networks import Networks, Slope

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["EncoderDecoder", "SideBySide"]

SLOPE = 0.2  # of LeakyReLU
EPS, MOMENTUM = 1e-5, 0.1  # of batch normalisation, torch's own


class SideBySide(nn.Module, Networks):
    """Networks of torch modules that lie side by side in the channels and share no weight."""

    def gradients(self, x: torch.Tensor, slope: Slope) -> torch.Tensor:
        """As `Networks.gradients`, by torch's automatic differentiation."""
        output: torch.Tensor = self(x)
        self.zero_grad()
        found = output.detach()
        output.backward(slope(found, slice(0, self.copies)))
        return found

    @torch.no_grad()
    def batch_output(self, x: torch.Tensor) -> torch.Tensor:
        """As `Networks.batch_output`."""
        norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.track_running_stats = False
        output: torch.Tensor = self(x)
        for norm in norms:
            norm.track_running_stats = True
        return output

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """As `Networks.predict`."""
        self.eval()
        output: torch.Tensor = self(x)
        self.train()
        return output

    def concat(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Join `parts` network by network."""
        if self.copies == 1:
            return torch.cat(list(parts), dim=1)
        apart = [part.unflatten(1, (self.copies, -1)) for part in parts]
        return torch.cat(apart, dim=2).flatten(1, 2)


class EncoderDecoder(SideBySide):
    """`copies` networks of `graph`, with initial weights from one generator per copy.

    Maps (batch, copies × in_channels, height, width) to (batch, copies, height, width),
    values in [0, 1].

    Raises:
        InvalidArchitecture: `graph` is no network, or its output is not at full resolution.
    """

    def __init__(self, graph: Graph, in_channels: int, rngs: Sequence[np.random.Generator]):
        super().__init__()
        network = check(graph)
        if network.levels[network.output] != 0:
            raise InvalidArchitecture(
                f"output {network.nodes[network.output]!r} is at level "
                f"{network.levels[network.output]}; expected level 0, the size of the image"
            )
        self.copies = len(rngs)
        number = {node: i for i, node in enumerate(network.nodes)}
        order = [number[node] for node in canonical_order(graph)]
        position = {node: i for i, node in enumerate(order)}
        channels = network.channels(in_channels)
        self.ops = [network.labels[i][0] for i in order]
        self.inputs = [sorted(position[p] for p in network.preds[i]) for i in order]
        self.layers = nn.ModuleList(
            _layer(
                network.labels[i][0],
                channels[network.preds[i][0]] if network.preds[i] else 0,
                channels[i],
                self.copies,
            )
            for i in order
        )
        self._last_use = [
            max((j for j, inputs in enumerate(self.inputs) if i in inputs), default=i)
            for i in range(len(order))
        ]
        self._initialise(rngs)

    @torch.no_grad()
    def _initialise(self, rngs: Sequence[np.random.Generator]) -> None:
        """Uniform weights of torch's default bound, 1 / sqrt(fan-in), copy by copy."""
        for layer in self.layers:
            for module in layer.modules():
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                    bound = 1 / math.sqrt(module.weight[0].numel())
                    for values in (module.weight, module.bias):
                        if values is not None:
                            for part, rng in zip(values.chunk(self.copies), rngs, strict=True):
                                drawn = rng.uniform(-bound, bound, tuple(part.shape))
                                part.copy_(torch.from_numpy(drawn.astype(np.float32)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output, shape (batch, copies, height, width)."""
        values: dict[int, torch.Tensor] = {}
        for i, (op, inputs, layer) in enumerate(
            zip(self.ops, self.inputs, self.layers, strict=True)
        ):
            if op == "input":
                values[i] = x
            elif op == "concat":
                values[i] = self.concat([values[j] for j in inputs])
            else:
                values[i] = layer(values[inputs[0]])
            for j in inputs:
                if self._last_use[j] == i:
                    del values[j]  # not needed any more; autograd keeps what it needs
        return values[len(self.ops) - 1]


def _layer(op: str, before: int, after: int, copies: int) -> nn.Module:
    """The module of one node; an op without a computation of its own is an `Identity`.

    Weights are left unset: torch would draw them from its global generator.
    """
    if op in ("input", "concat"):
        return nn.Identity()
    if op == "up-nearest":
        return _Upsample(mode="nearest")
    if op == "up-bilinear":
        return _Upsample(mode="bilinear")
    before, after = before * copies, after * copies
    if op == "output":
        return nn.Sequential(skip_init(nn.Conv2d, before, after, 1, groups=copies), nn.Sigmoid())
    # Batch normalisation takes the mean away, so a bias before it would do nothing.
    if op == "up-transposed":
        conv = skip_init(nn.ConvTranspose2d, before, after, 2, 2, groups=copies, bias=False)
    else:
        kernel = 1 if op == "skip1" else 3
        stride = 2 if op == "down" else 1
        conv = skip_init(
            nn.Conv2d, before, after, kernel, stride, kernel // 2, groups=copies, bias=False
        )
    return nn.Sequential(conv, nn.BatchNorm2d(after, EPS, MOMENTUM), nn.LeakyReLU(SLOPE))


class _Upsample(nn.Module):
    def __init__(self, mode: str):
        super().__init__()
        self.mode = mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output, shape (batch, copies, height, width)."""
        return functional.interpolate(x, scale_factor=2, mode=self.mode)
