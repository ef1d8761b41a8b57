"""Deep Image Prior: fit networks to single noisy images from a fixed random input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.clock import clock
from generate.images import Array
from generate.networks import make_networks
from generate.protocol import Protocol, log_steps
from generate.stopping import StoppingRule
from generate.streams import numpy_stream, torch_stream
from generate.tasks import degrade, rmse

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["DipFits", "Record", "fit", "fixed_input"]

CURVES = ("rmse", "rmse_noisy", "averaged_rmse", "averaged_rmse_noisy")


@dataclass(frozen=True)
class DipFits:
    """Curves of K fits, RMSE in grey levels.

    Attributes:
        step: the recorded iterations; 1 is the untrained network's output.
        curves: per name of `CURVES`, shape (K, len(step)).
        stopped_rmse, stopped_iteration: shape (K,), the raw output that ES-WMV chooses.
        seconds: by `generate.clock`, all K together.
    """

    step: tuple[int, ...]
    curves: dict[str, np.ndarray[tuple[int, int], np.dtype[np.float32]]]
    stopped_rmse: list[float]
    stopped_iteration: list[int]
    seconds: float


def fit(
    protocol: Protocol,
    graph: Graph,
    key: str,
    images: dict[str, Array],
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> DipFits:
    """Fit one copy of `graph` to each of `images`, all at once, as `protocol.dip` says.

    Args:
        key: canonical key of `graph`; with image and seed it names the random streams.
        images: clean images by id, shape (size, size); they are degraded here.
        dtype: precision of the arithmetic; random numbers are float32 in any case.
    """
    settings = protocol.dip
    names = [(protocol.name, key, seed, image) for image in images]
    rngs = [numpy_stream(*name, "weights") for name in names]
    network = make_networks(graph, settings.input_channels, rngs, device, dtype)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    clean = np.stack(list(images.values()))
    noisy = np.stack([degrade(protocol, i, image, seed) for i, image in images.items()])
    target = torch.from_numpy(noisy).to(device, dtype)
    record = Record(protocol, torch.from_numpy(clean).to(device, dtype), target)

    started = clock(device)
    inputs = _inputs(protocol, names, device)
    for iteration in range(1, settings.iterations + 1):
        output = network.gradients(next(inputs).to(dtype), target[None])[0]
        optimiser.step()
        record.take(iteration, output)
    return record.fits(clock(device) - started)


def _inputs(
    protocol: Protocol, names: Sequence[tuple[object, ...]], device: torch.device
) -> Iterator[torch.Tensor]:
    """The fixed inputs of all fits, side by side, perturbed anew each time, in one place."""
    fixed = torch.cat([fixed_input(protocol, name) for name in names])[None].to(device)
    streams = [torch_stream(device, *name, "perturbation") for name in names]
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


class Record:
    """Averages the outputs, watches the stopping rule, and keeps the curves."""

    def __init__(self, protocol: Protocol, clean: torch.Tensor, noisy: torch.Tensor):
        settings = protocol.dip
        copies, device = len(clean), clean.device
        self.clean, self.noisy = clean, noisy
        self.averaging = settings.averaging
        self.averaged = torch.zeros_like(noisy)
        self.step = log_steps(settings.iterations, settings.recorded)
        self.points = iter(enumerate(self.step))
        self.point, self.due = next(self.points)
        self.curves = torch.full((len(CURVES), copies, len(self.step)), torch.nan, device=device)
        self.rule = StoppingRule(
            copies, protocol.size**2, settings.stop_window, settings.stop_patience, device
        )

    def take(self, iteration: int, output: torch.Tensor) -> None:
        """Take in the outputs of one iteration, shape (copies, size, size)."""
        self.averaged.lerp_(output, 1 if iteration == 1 else 1 - self.averaging)
        error = rmse(output, self.clean)
        self.rule.update(iteration, output.flatten(1), error)
        if iteration == self.due:
            others = [
                (output, self.noisy),
                (self.averaged, self.clean),
                (self.averaged, self.noisy),
            ]
            self.curves[:, :, self.point] = torch.stack([error, *(rmse(*pair) for pair in others)])
            self.point, self.due = next(self.points, (0, 0))

    def fits(self, seconds: float) -> DipFits:
        return DipFits(
            step=self.step,
            curves=dict(zip(CURVES, self.curves.cpu().numpy(), strict=True)),
            stopped_rmse=self.rule.score.tolist(),
            stopped_iteration=self.rule.iteration.tolist(),
            seconds=seconds,
        )
