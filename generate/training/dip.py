"""Deep Image Prior: fit networks to single noisy images from a fixed random input."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.networks.engines import make_networks
from generate.photographs.images import Array
from generate.protocols.settings import Protocol
from generate.protocols.streams import numpy_stream
from generate.tasks import Observation
from generate.training.clock import timed
from generate.training.observed import observe
from generate.training.perturbation import perturbed
from generate.training.record import DipFits, Record
from generate.training.watch import Watch

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["Fit", "fit", "fits", "fixed_input"]


@dataclass(frozen=True)
class Fit:
    """What one copy of a network is fitted to: an image, by its id, as observed with a seed."""

    image: str
    clean: Array
    seed: int


def fit(
    protocol: Protocol,
    graph: Graph,
    key: str,
    images: dict[str, Array],
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    precision: str = "float32",
    watch: Watch | None = None,
) -> DipFits:
    """Fit one copy of `graph` to each of `images`, all at once, and time it; see `fits`."""
    wanted = [Fit(image, clean, seed) for image, clean in images.items()]
    return timed(fits(protocol, graph, key, wanted, device, dtype, precision, watch), device)


def fits(
    protocol: Protocol,
    graph: Graph,
    key: str,
    wanted: Sequence[Fit],
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    precision: str = "float32",
    watch: Watch | None = None,
) -> Generator[None, None, DipFits]:
    """Fit one copy of `graph` to each of `wanted`, as `protocol.dip` says.

    It yields once everything is set up, and after each iteration, which may still be running on the
    device: several can be run in turns.

    Args:
        key: canonical key of `graph`; with image and seed it names the random streams.
        dtype: precision of the arithmetic; random numbers are float32 in any case.
        precision: of the convolutions on a GPU, one of `generate.networks.engines.PRECISIONS`.
        watch: is told of each iteration, once its weights have been updated.
    """
    settings = protocol.dip
    names = [(protocol.stream, key, one.seed, one.image) for one in wanted]
    rngs = [numpy_stream(*name, "weights") for name in names]
    network = make_networks(graph, settings.input_channels, rngs, device, dtype, precision)
    optimiser = torch.optim.Adam(
        network.parameters(),
        lr=settings.learning_rate,
        fused=True,
        capturable=network.capturable,
    )
    observed = [observe(protocol, one.image, one.clean, one.seed) for one in wanted]
    seen = Observation.stack(observed).to(device, dtype)
    clean = torch.from_numpy(np.stack([one.clean for one in wanted])).to(device, dtype)
    record = Record(protocol, clean, seen)
    fixed = torch.cat([fixed_input(protocol, name) for name in names])[None].to(device)
    draw = perturbed(fixed, names, settings.perturbation, record.iteration, network.capturable)
    output = clean  # of the network, from the first step on; a captured step keeps its place

    def slope(output: torch.Tensor, copies: slice) -> torch.Tensor:
        return protocol.operator.misfit_gradient(output, seen[copies])

    def iterate() -> None:
        nonlocal output
        output = network.gradients(draw().to(dtype), slope)[0]
        optimiser.step()
        record.take(output)

    step = network.captured(iterate)
    keep = network.captured(lambda: record.keep(output))
    still = network.captured(
        lambda: record.keep_unperturbed(network.batch_output(fixed.to(dtype))[0])
    )
    recorded_steps = set(record.steps)
    yield
    for iteration in range(1, settings.iterations + 1):
        recorded = iteration in recorded_steps
        if recorded and record.wants_unperturbed:
            still()
        step()
        if recorded:
            keep()
        if watch is not None:
            watch(iteration, network, output)
        yield
    yield from network.done()
    return record.fits()


def fixed_input(protocol: Protocol, name: tuple[object, ...]) -> torch.Tensor:
    """The input of a fit before it is perturbed, shape (channels, size, size).

    Args:
        name: of the fit: protocol, key, seed and image, which name its random streams.
    """
    settings = protocol.dip
    shape = (settings.input_channels, protocol.size, protocol.size)
    drawn = numpy_stream(*name, "input").random(shape, dtype=np.float32)
    return torch.from_numpy(drawn) * settings.input_scale
