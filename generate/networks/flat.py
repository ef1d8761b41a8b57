"""Networks with all weights in one tensor, as both engines of our own have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy as copy_of
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn.utils import vector_to_parameters

from dipbench.networks.module import GraphNetwork
from generate.networks.encoder_decoder import EncoderDecoder, batch_norms
from generate.networks.networks import Networks

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["FlatNetworks"]


class FlatNetworks(Networks):
    """`EncoderDecoder` in float32: the same weights, and what engines do not differ in.

    Attributes:
        weights: shape (copies, weights of a copy), in the order of a copy's parameters.
        running: means and then variances of each batch normalisation, one after the other; shape
            (copies, statistics of a copy).
        first: the first of the networks by itself, as it began.
    """

    def __init__(
        self,
        graph: Graph,
        in_channels: int,
        rngs: Sequence[np.random.Generator],
        device: torch.device,
    ):
        plain = EncoderDecoder(graph, in_channels, rngs)
        self.copies, self.in_channels, self.first = len(rngs), in_channels, plain.alone(0)
        apart = [p.detach().view(self.copies, -1) for p in plain.parameters()]
        self.weights = nn.Parameter(torch.cat(apart, 1).to(device))
        channels = [norm.num_features for norm in batch_norms(self.first)]
        begin = [part for n in channels for part in (torch.zeros(n), torch.ones(n))]
        self.running = torch.cat([torch.empty(0), *begin]).repeat(self.copies, 1).to(device)

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights as one tensor."""
        yield self.weights

    def alone(self, copy: int) -> GraphNetwork:
        """One copy as a network by itself, with its weights and statistics as they are now."""
        network = copy_of(self.first)
        vector_to_parameters(self.weights[copy].detach().cpu().clone(), network.parameters())
        norms = batch_norms(network)
        sizes = [norm.num_features for norm in norms for _ in range(2)]
        statistics = iter(self.running[copy].cpu().split(sizes))
        for norm, mean, var in zip(norms, statistics, statistics, strict=True):
            norm.load_state_dict({"running_mean": mean, "running_var": var}, strict=False)
        return network
