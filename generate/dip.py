"""Deep Image Prior: fit networks to single noisy images from a fixed random input."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.images import Array
from generate.network import EncoderDecoder
from generate.protocol import Protocol, log_steps
from generate.stopping import StoppingRule
from generate.streams import numpy_stream, torch_stream
from generate.tasks import degrade, rmse

if TYPE_CHECKING:
    from dipbench.dag import Graph

__all__ = ["DipFits", "fit"]

CURVES = ("rmse", "rmse_noisy", "averaged_rmse", "averaged_rmse_noisy")


@dataclass(frozen=True)
class DipFits:
    """Curves of K fits, RMSE in grey levels.

    Attributes:
        step: the recorded iterations; 1 is the untrained network's output.
        curves: per name of `CURVES`, shape (K, len(step)).
        stopped_rmse, stopped_iteration: shape (K,), the raw output that ES-WMV chooses.
        seconds: wall time of all K together.
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
) -> DipFits:
    """Fit one copy of `graph` to each of `images`, all at once, as `protocol.dip` says.

    Args:
        key: canonical key of `graph`; with image and seed it names the random streams.
        images: clean images by id, shape (size, size); they are degraded here.
    """
    settings = protocol.dip
    ids = list(images)
    clean = torch.from_numpy(np.stack([images[i] for i in ids])).to(device)
    noisy = torch.from_numpy(np.stack([degrade(protocol, i, images[i], seed) for i in ids])).to(
        device
    )
    name = (protocol.name, key, seed)
    network = EncoderDecoder(
        graph, settings.input_channels, [numpy_stream(*name, i, "weights") for i in ids]
    ).to(device)
    shape = (settings.input_channels, protocol.size, protocol.size)
    drawn = [numpy_stream(*name, i, "input").random(shape, dtype=np.float32) for i in ids]
    fixed = torch.from_numpy(np.concatenate(drawn)[None]).to(device) * settings.input_scale
    streams = [torch_stream(device, *name, i, "perturbation") for i in ids]
    perturbed = torch.empty_like(fixed)

    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    rule = StoppingRule(
        len(ids), protocol.size**2, settings.stop_window, settings.stop_patience, device
    )
    step = log_steps(settings.iterations, settings.recorded)
    recorded = torch.full((len(CURVES), len(ids), len(step)), torch.nan, device=device)
    averaged = torch.zeros_like(noisy)

    started = time.perf_counter()
    point = 0
    for iteration in range(1, settings.iterations + 1):
        for part, stream in zip(perturbed.chunk(len(ids), dim=1), streams, strict=True):
            part.normal_(generator=stream)
        output = network(torch.add(fixed, perturbed, alpha=settings.perturbation))[0]
        # Copies share no weight, so the sum's gradient is each copy's own.
        loss = (output - noisy).square().mean(dim=(1, 2)).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            output = output.detach()
            averaged.lerp_(output, 1 if iteration == 1 else 1 - settings.averaging)
            error = rmse(output, clean)
            rule.update(iteration, output.flatten(1), error)
            if iteration == step[point]:
                recorded[:, :, point] = torch.stack(
                    [error, rmse(output, noisy), rmse(averaged, clean), rmse(averaged, noisy)]
                )
                point = min(point + 1, len(step) - 1)
    curves = recorded.cpu().numpy()  # waits for the device, so the clock is read after it
    return DipFits(
        step=step,
        curves=dict(zip(CURVES, curves, strict=True)),
        stopped_rmse=rule.score.tolist(),
        stopped_iteration=rule.iteration.tolist(),
        seconds=time.perf_counter() - started,
    )
