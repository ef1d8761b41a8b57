"""Ordinary supervised training on degraded crops of the training images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

import dipbench.streams
from generate.networks.engines import make_networks
from generate.networks.networks import Networks, square_error
from generate.photographs.images import Array, Images
from generate.protocols.settings import Protocol, SupervisedSettings, log_steps
from generate.protocols.streams import numpy_stream
from generate.tasks import rmse
from generate.training.clock import clock
from generate.training.observed import observe_all
from generate.training.watch import Watch

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = [
    "Examples",
    "Training",
    "examples",
    "one_cycle",
    "train",
    "training_batches",
    "weights_stream",
]


@dataclass(frozen=True)
class Training:
    """One training, RMSE in grey levels.

    Attributes:
        step: the recorded steps; the network has been updated so many times.
        val_rmse: at those steps, mean over the validation images.
        test_rmse: after the last step, mean over the test images.
        test_errors: the same for each of them.
        seconds: by `generate.training.clock`, validation included.
    """

    step: tuple[int, ...]
    val_rmse: list[float]
    test_rmse: float
    test_errors: list[float]
    seconds: float


def training_batches(
    protocol: Protocol, images: Images, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Degraded and clean batches, shape (batch, 1, size, size).

    Random images, positions, mirrorings and observations depend on the seed alone, so every
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
        seen = protocol.operator.observe(batch, rng)
        yield protocol.operator.network_input(seen), torch.from_numpy(batch)


def train(
    protocol: Protocol,
    graph: Graph,
    key: str,
    images: Images,
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    watch: Watch | None = None,
) -> Training:
    """Train one network of `graph` as `protocol.supervised` says.

    Args:
        key: canonical key of `graph`; with the seed it names the stream of initial weights.
        dtype: precision of the arithmetic; random numbers are float32 in any case.
        watch: is told of each step, once the weights have been updated.
    """
    settings = protocol.supervised
    network = make_networks(graph, 1, [weights_stream(protocol, key, seed)], device, dtype)
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    schedule = one_cycle(optimiser, settings)
    val = examples(protocol, images.val, seed).to(device, dtype)
    test = examples(protocol, images.test, seed).to(device, dtype)
    step = log_steps(settings.steps, settings.recorded)
    val_rmse = []

    started = clock(device)
    batches = training_batches(protocol, images, seed)
    for done, (given, clean) in zip(range(1, settings.steps + 1), batches, strict=False):
        output = network.gradients(given.to(device, dtype), square_error(clean.to(device, dtype)))
        optimiser.step()
        schedule.step()
        if done in step:
            val_rmse.append(_mean(_evaluate(network, val)))
        if watch is not None:
            watch(done, network, output)
    errors = _evaluate(network, test)
    return Training(
        step=step,
        val_rmse=val_rmse,
        test_rmse=_mean(errors),
        test_errors=errors.tolist(),
        seconds=clock(device) - started,
    )


def weights_stream(protocol: Protocol, key: str, seed: int) -> np.random.Generator:
    """From which the initial weights of a training are drawn."""
    return dipbench.streams.weights_stream(protocol.name, key, seed)


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


@dataclass(frozen=True)
class Examples:
    """Images to evaluate on, each of shape (images, 1, size, size).

    Attributes:
        given: what the network is given.
        scored: where RMSE counts; None stands for all pixels.
    """

    given: torch.Tensor
    clean: torch.Tensor
    scored: torch.Tensor | None

    def to(self, device: torch.device, dtype: torch.dtype) -> Examples:
        """A copy on `device`, of precision `dtype`."""
        scored = None if self.scored is None else self.scored.to(device, dtype)
        return Examples(self.given.to(device, dtype), self.clean.to(device, dtype), scored)

    def split(self, count: int) -> Iterator[Examples]:
        """In parts of at most `count` images."""
        for first in range(0, len(self.given), count):
            part = slice(first, first + count)
            scored = None if self.scored is None else self.scored[part]
            yield Examples(self.given[part], self.clean[part], scored)


def examples(protocol: Protocol, images: dict[str, Array], seed: int) -> Examples:
    """All of `images`, degraded, clean, and where RMSE counts."""
    seen = observe_all(protocol, images, seed)
    clean = torch.from_numpy(np.stack(list(images.values())))
    scored = protocol.operator.scored(seen)
    given = protocol.operator.network_input(seen)
    return Examples(given[:, None], clean[:, None], None if scored is None else scored[:, None])


def _evaluate(network: Networks, given: Examples) -> torch.Tensor:
    """RMSE per image with the running statistics of batch normalisation, shape (images,)."""
    errors = [
        rmse(network.predict(part.given), part.clean, part.scored) for part in given.split(50)
    ]
    return torch.cat(errors)[:, 0]


def _mean(errors: torch.Tensor) -> float:
    return float(errors.mean(dtype=torch.float64))
