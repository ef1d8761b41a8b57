"""The plain way: one network, one image, eager float32, default Adam, as DIP's own code does it.

Here for comparison alone: `rate` times it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from generate.networks.encoder_decoder import EncoderDecoder
from generate.protocols.settings import Protocol
from generate.training.clock import clock

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["plain_dip", "plain_training", "rate"]


def plain_dip(
    protocol: Protocol, graph: Graph, noisy: torch.Tensor, rng: np.random.Generator
) -> Iterator[torch.Tensor]:
    """Fit one network to `noisy`, shape (1, 1, size, size); yield each iteration's output."""
    settings, device = protocol.dip, noisy.device
    network = EncoderDecoder(graph, settings.input_channels, [rng]).to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    drawn = rng.random((1, settings.input_channels, *noisy.shape[2:]), dtype=np.float32)
    fixed = torch.from_numpy(drawn).to(device) * settings.input_scale
    noise = torch.empty_like(fixed)
    own = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
    averaged = None
    while True:
        optimiser.zero_grad()
        output = network(fixed + noise.normal_(generator=own) * settings.perturbation)
        if averaged is None:
            averaged = output.detach()
        averaged = averaged * settings.averaging + output.detach() * (1 - settings.averaging)
        functional.mse_loss(output, noisy).backward()
        optimiser.step()
        yield output.detach()


def plain_training(
    graph: Graph,
    batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
    device: torch.device,
    rng: np.random.Generator,
) -> Iterator[None]:
    """Train one network on noisy and clean `batches`; yield after each step."""
    network = EncoderDecoder(graph, 1, [rng]).to(device)
    optimiser = torch.optim.Adam(network.parameters())
    for noisy, clean in batches:
        optimiser.zero_grad()
        functional.mse_loss(network(noisy.to(device)), clean.to(device)).backward()
        optimiser.step()
        yield


def rate(steps: Iterator[object], count: int, device: torch.device, warm_up: int = 1) -> float:
    """How many of `steps` a second takes, over `count` of them that follow `warm_up`."""
    for _ in range(warm_up):
        next(steps)
    started = clock(device)
    for _ in range(count):
        next(steps)
    return count / (clock(device) - started)
