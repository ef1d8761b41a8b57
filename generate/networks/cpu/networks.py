"""K networks of one graph, each run on its own by the kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from dipbench.networks.module import GraphNetwork
from generate.networks.cpu.program import Program
from generate.networks.encoder_decoder import MOMENTUM, EncoderDecoder, batch_norms
from generate.networks.networks import Networks, Slope

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["CpuNetworks"]


class CpuNetworks(Networks):
    """`EncoderDecoder` in float32 on a CPU: the same weights and answers, and these methods."""

    def __init__(self, graph: Graph, in_channels: int, rngs: Sequence[np.random.Generator]):
        plain = [EncoderDecoder(graph, in_channels, [rng]) for rng in rngs]
        weights = torch.stack([parameters_to_vector(network.parameters()) for network in plain])
        self.weights = nn.Parameter(weights.detach())
        self.weights.grad = self._gradient = torch.zeros_like(self.weights)
        self.copies, self.in_channels = len(rngs), in_channels
        self._plain = plain[0]
        self._running = _running_statistics(plain[0]).repeat(self.copies, 1)
        self._programs: dict[torch.Size, Program] = {}

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights as one tensor, shape (copies, weights of a copy)."""
        yield self.weights

    @torch.no_grad()
    def gradients(self, x: torch.Tensor, slope: Slope) -> torch.Tensor:
        """As `EncoderDecoder.gradients`; one copy after another, in one cache.

        Raises:
            ValueError: batch normalisation would see a single value, or the size of `x` cannot
                be halved as often as the network does.
        """
        program = self._program(x)
        program.check_trainable()
        output = torch.empty(x.shape[0], self.copies, *x.shape[2:])
        for k, given in enumerate(self._inputs(x)):
            program.forward(self.weights[k], self._running[k], given, MOMENTUM)
            output[:, k] = program.output
            program.change.copy_(slope(program.output[:, None], slice(k, k + 1))[:, 0])
            program.backward(self.weights[k], given, self._gradient[k])
        return output

    @torch.no_grad()
    def batch_output(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.batch_output`."""
        program = self._program(x)
        outputs = []
        for k, given in enumerate(self._inputs(x)):
            unused = self._running[k].clone()
            program.forward(self.weights[k], unused, given, MOMENTUM)
            outputs.append(program.output.clone())
        return torch.stack(outputs, dim=1)

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.predict`."""
        program = self._program(x)
        outputs = []
        for k, given in enumerate(self._inputs(x)):
            program.forward(self.weights[k], self._running[k], given, momentum=0)
            outputs.append(program.output.clone())
        return torch.stack(outputs, dim=1)

    def alone(self, copy: int) -> GraphNetwork:
        """One copy as a network by itself, with its weights and statistics as they are now."""
        network = self._plain.alone(0)
        vector_to_parameters(self.weights[copy].detach().clone(), network.parameters())
        used = 0
        for norm in batch_norms(network):
            for values in (norm.running_mean, norm.running_var):
                assert values is not None
                values.copy_(self._running[copy, used : used + len(values)])
                used += len(values)
        return network

    def _inputs(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [part.contiguous() for part in x.chunk(self.copies, dim=1)]

    def _program(self, x: torch.Tensor) -> Program:
        shape = torch.Size((x.shape[0], self.in_channels, *x.shape[2:]))
        if shape not in self._programs:
            self._programs[shape] = Program(self._plain, shape)
        return self._programs[shape]


def _running_statistics(network: GraphNetwork) -> torch.Tensor:
    """Running mean and variance of each batch normalisation, one after the other, as set up."""
    both = [
        values for norm in batch_norms(network) for values in (norm.running_mean, norm.running_var)
    ]
    return torch.cat([values for values in both if values is not None] or [torch.empty(0)])
