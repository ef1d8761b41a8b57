"""K independent networks of one graph as a torch module, with what training asks of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from dipbench.networks.module import EPS, MOMENTUM, SLOPE, Concat, GraphNetwork
from generate.networks.networks import Networks, Slope

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["EPS", "MOMENTUM", "SLOPE", "EncoderDecoder", "SideBySide", "batch_norms"]


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
        joined: torch.Tensor = Concat(self.copies)(*parts)
        return joined


class EncoderDecoder(SideBySide, GraphNetwork):
    """`dipbench.to_torch`'s network, one copy per generator of initial weights."""

    def __init__(self, graph: Graph, in_channels: int, rngs: Sequence[np.random.Generator]):
        GraphNetwork.__init__(self, graph, in_channels, rngs)
        self._graph = graph

    def alone(self, copy: int) -> GraphNetwork:
        """One copy as a network by itself, with its weights and statistics as they are now."""
        # The values of a copy are one part of each tensor; counters are the same for all.
        own = {
            name: values.chunk(self.copies)[copy] if values.ndim else values
            for name, values in self.state_dict().items()
        }
        network = GraphNetwork(self._graph, self.in_channels, [np.random.default_rng(0)])
        network.load_state_dict(own)
        return network


def batch_norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    """The batch normalisations of a network, in the order in which it holds them."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
