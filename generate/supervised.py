"""Ordinary supervised training on noisy crops of the training images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.clock import clock
from generate.images import Array, Images
from generate.networks import Networks, make_networks
from generate.protocol import Protocol, SupervisedSettings, log_steps
from generate.streams import numpy_stream
from generate.tasks import add_noise, degrade, rmse

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["Training", "one_cycle", "pairs", "train", "training_batches", "weights_stream"]


@dataclass(frozen=True)
class Training:
    """One training, RMSE in grey levels.

    Attributes:
        step: the recorded steps; the network has been updated so many times.
        val_rmse: at those steps, mean over the validation images.
        test_rmse: after the last step, mean over the test images.
        seconds: by `generate.clock`, validation included.
    """

    step: tuple[int, ...]
    val_rmse: list[float]
    test_rmse: float
    seconds: float


def training_batches(
    protocol: Protocol, images: Images, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Noisy and clean batches, shape (batch, 1, size, size).

    Random images, positions, mirrorings and noise depend on the seed alone, so every
    architecture is trained on the very same batches.
    """
    rng = numpy_stream(protocol.name, "batches", seed)
    size = protocol.size
    while True:
        batch = np.empty((protocol.supervised.batch, 1, size, size), np.float32)
        for crop in batch[:, 0]:
            image = images.train[rng.integers(len(images.train))]
            top = rng.integers(image.shape[0] - size + 1)
            left = rng.integers(image.shape[1] - size + 1)
            down, across = rng.choice((1, -1), 2)
            crop[:] = image[top : top + size, left : left + size][::down, ::across]
        noisy = add_noise(protocol, batch, rng)
        yield torch.from_numpy(noisy), torch.from_numpy(batch)


def train(
    protocol: Protocol,
    graph: Graph,
    key: str,
    images: Images,
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> Training:
    """Train one network of `graph` as `protocol.supervised` says.

    Args:
        key: canonical key of `graph`; with the seed it names the stream of initial weights.
        dtype: precision of the arithmetic; random numbers are float32 in any case.
    """
    settings = protocol.supervised
    network = make_networks(graph, 1, [weights_stream(protocol, key, seed)], device, dtype)
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    schedule = one_cycle(optimiser, settings)
    val = [pair.to(device, dtype) for pair in pairs(protocol, images.val, seed)]
    test = [pair.to(device, dtype) for pair in pairs(protocol, images.test, seed)]
    step = log_steps(settings.steps, settings.recorded)
    val_rmse = []

    started = clock(device)
    batches = training_batches(protocol, images, seed)
    for done, (noisy, clean) in zip(range(1, settings.steps + 1), batches, strict=False):
        network.gradients(noisy.to(device, dtype), clean.to(device, dtype))
        optimiser.step()
        schedule.step()
        if done in step:
            val_rmse.append(_evaluate(network, *val))
    return Training(
        step=step,
        val_rmse=val_rmse,
        test_rmse=_evaluate(network, *test),
        seconds=clock(device) - started,
    )


def weights_stream(protocol: Protocol, key: str, seed: int) -> np.random.Generator:
    """From which the initial weights of a training are drawn."""
    return numpy_stream(protocol.name, key, seed, "supervised", "weights")


def one_cycle(
    optimiser: torch.optim.Optimizer, settings: SupervisedSettings
) -> torch.optim.lr_scheduler.OneCycleLR:
    """The schedule of the learning rate."""
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=settings.learning_rate,
        total_steps=settings.steps,
        cycle_momentum=False,
    )


def pairs(
    protocol: Protocol, images: dict[str, Array], seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """All of `images`, degraded and clean, shape (images, 1, size, size)."""
    noisy = np.stack([degrade(protocol, i, image, seed) for i, image in images.items()])
    clean = np.stack(list(images.values()))
    return torch.from_numpy(noisy[:, None]), torch.from_numpy(clean[:, None])


def _evaluate(network: Networks, noisy: torch.Tensor, clean: torch.Tensor) -> float:
    """Mean RMSE with the running statistics of batch normalisation."""
    parts = zip(noisy.split(50), clean.split(50), strict=True)
    errors = torch.cat([rmse(network.predict(given), wanted) for given, wanted in parts])
    return float(errors.mean(dtype=torch.float64))
