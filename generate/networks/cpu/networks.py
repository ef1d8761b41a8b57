"""K networks of one graph, each run on its own by the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.networks.cpu.program import Program
from generate.networks.encoder_decoder import MOMENTUM
from generate.networks.flat import FlatNetworks
from generate.networks.networks import Slope

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["CpuNetworks"]


class CpuNetworks(FlatNetworks):
    """`FlatNetworks` on a CPU, one copy after another, each in one cache."""

    def __init__(self, graph: Graph, in_channels: int, rngs: Sequence[np.random.Generator]):
        super().__init__(graph, in_channels, rngs, torch.device("cpu"))
        self.weights.grad = self._gradient = torch.zeros_like(self.weights)
        self._programs: dict[torch.Size, Program] = {}

    @torch.no_grad()
    def gradients(self, x: torch.Tensor, slope: Slope) -> torch.Tensor:
        """As `EncoderDecoder.gradients`.

        Raises:
            ValueError: batch normalisation would see a single value, or the size of `x` cannot
                be halved as often as the network does.
        """
        program = self._program(x)
        program.check_trainable()
        output = torch.empty(x.shape[0], self.copies, *x.shape[2:])
        for k, given in enumerate(self._inputs(x)):
            program.forward(self.weights[k], self.running[k], given, MOMENTUM)
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
            unused = self.running[k].clone()
            program.forward(self.weights[k], unused, given, MOMENTUM)
            outputs.append(program.output.clone())
        return torch.stack(outputs, dim=1)

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """As `EncoderDecoder.predict`."""
        program = self._program(x)
        outputs = []
        for k, given in enumerate(self._inputs(x)):
            program.forward(self.weights[k], self.running[k], given, momentum=0)
            outputs.append(program.output.clone())
        return torch.stack(outputs, dim=1)

    def _inputs(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [part.contiguous() for part in x.chunk(self.copies, dim=1)]

    def _program(self, x: torch.Tensor) -> Program:
        shape = torch.Size((x.shape[0], self.in_channels, *x.shape[2:]))
        if shape not in self._programs:
            self._programs[shape] = Program(self.first, shape)
        return self._programs[shape]
