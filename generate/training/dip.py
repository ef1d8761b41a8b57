"""Deep Image Prior: fit networks to single noisy images from a fixed random input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.networks.engines import make_networks
from generate.photographs.images import Array
from generate.protocols.settings import Protocol
from generate.protocols.streams import numpy_stream, torch_stream
from generate.training.clock import clock
from generate.training.observed import observe_all
from generate.training.record import DipFits, Record
from generate.training.watch import Watch

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["fit", "fixed_input"]


def fit(
    protocol: Protocol,
    graph: Graph,
    key: str,
    images: dict[str, Array],
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    watch: Watch | None = None,
) -> DipFits:
    """Fit one copy of `graph` to each of `images`, all at once, as `protocol.dip` says.

    Args:
        key: canonical key of `graph`; with image and seed it names the random streams.
        images: clean images by id, shape (size, size); they are degraded here.
        dtype: precision of the arithmetic; random numbers are float32 in any case.
        watch: is told of each iteration, once its weights have been updated.
    """
    settings = protocol.dip
    names = [(protocol.name, key, seed, image) for image in images]
    rngs = [numpy_stream(*name, "weights") for name in names]
    network = make_networks(graph, settings.input_channels, rngs, device, dtype)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    seen = observe_all(protocol, images, seed).to(device, dtype)
    clean = torch.from_numpy(np.stack(list(images.values()))).to(device, dtype)
    record = Record(protocol, clean, seen)
    fixed = torch.cat([fixed_input(protocol, name) for name in names])[None].to(device)

    def slope(output: torch.Tensor, copies: slice) -> torch.Tensor:
        return protocol.operator.misfit_gradient(output, seen[copies])

    started = clock(device)
    inputs = _inputs(protocol, names, fixed)
    for iteration in range(1, settings.iterations + 1):
        unperturbed = None
        if record.wants_unperturbed(iteration):
            unperturbed = network.batch_output(fixed.to(dtype))[0]
        output = network.gradients(next(inputs).to(dtype), slope)[0]
        optimiser.step()
        record.take(iteration, output, unperturbed)
        if watch is not None:
            watch(iteration, network, output)
    return record.fits(clock(device) - started)


def _inputs(
    protocol: Protocol, names: Sequence[tuple[object, ...]], fixed: torch.Tensor
) -> Iterator[torch.Tensor]:
    """`fixed`, the inputs of all fits side by side, perturbed anew each time, in one place."""
    while protocol.dip.perturbation == 0:
        yield fixed
    streams = [torch_stream(fixed.device, *name, "perturbation") for name in names]
    perturbed = torch.empty_like(fixed)
    while True:
        for part, stream in zip(perturbed.chunk(len(names), dim=1), streams, strict=True):
            part.normal_(generator=stream)
        yield perturbed.mul_(protocol.dip.perturbation).add_(fixed)


def fixed_input(protocol: Protocol, name: tuple[object, ...]) -> torch.Tensor:
    """The input of a fit before it is perturbed, shape (channels, size, size).

    Args:
        name: of the fit: protocol, key, seed and image, which name its random streams.
    """
    settings = protocol.dip
    shape = (settings.input_channels, protocol.size, protocol.size)
    drawn = numpy_stream(*name, "input").random(shape, dtype=np.float32)
    return torch.from_numpy(drawn) * settings.input_scale
