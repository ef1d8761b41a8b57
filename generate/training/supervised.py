"""Ordinary supervised training on degraded crops of the training images."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

import dipbench.streams
from generate.networks.engines import make_networks
from generate.networks.networks import Networks, square_error
from generate.photographs.images import Array, Images
from generate.protocols.settings import Protocol, log_steps
from generate.tasks import rmse
from generate.training.batches import Batches
from generate.training.clock import timed
from generate.training.observed import observe_all
from generate.training.watch import Watch

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = [
    "Examples",
    "Training",
    "Trainings",
    "examples",
    "train",
    "trainings",
    "weights_stream",
]

MOST_AT_ONCE = 50  # images to evaluate on


@dataclass(frozen=True)
class Training:
    """One training, RMSE in grey levels.

    Attributes:
        step: the recorded steps; the network has been updated so many times.
        val_rmse: at those steps, mean over the validation images.
        test_rmse: after the last step, mean over the test images.
        test_errors: the same for each of them.
    """

    step: tuple[int, ...]
    val_rmse: list[float]
    test_rmse: float
    test_errors: list[float]


@dataclass(frozen=True)
class Trainings:
    """Trainings done together, one per seed; `seconds` are those of all, NaN until known.

    Validation is included.
    """

    each: list[Training]
    seconds: float = math.nan


def train(
    protocol: Protocol,
    graph: Graph,
    key: str,
    images: Images,
    seed: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    precision: str = "float32",
    watch: Watch | None = None,
) -> Trainings:
    """Train one network of `graph` and time it; see `trainings`."""
    where = (device, dtype, precision, watch)
    return timed(trainings(protocol, graph, key, images, [seed], Batches(), *where), device)


def trainings(
    protocol: Protocol,
    graph: Graph,
    key: str,
    images: Images,
    seeds: Sequence[int],
    batches: Batches,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    precision: str = "float32",
    watch: Watch | None = None,
) -> Generator[None, None, Trainings]:
    """Train one network of `graph` per seed as `protocol.supervised` says.

    It yields once everything is set up, and after each step, which may still be running on the
    device: several can be run in turns.

    Args:
        key: canonical key of `graph`; with the seed it names the stream of initial weights.
        batches: shared by trainings that run in turns.
        dtype: precision of the arithmetic; random numbers are float32 in any case.
        precision: of the convolutions on a GPU, one of `generate.networks.engines.PRECISIONS`.
        watch: is told of each step, once the weights have been updated.
    """
    settings = protocol.supervised
    rngs = [weights_stream(protocol, key, seed) for seed in seeds]
    network = make_networks(graph, 1, rngs, device, dtype, precision)
    rate = settings.learning_rate
    optimiser = torch.optim.Adam(
        network.parameters(),
        # A captured step reads the rate from the device, where the schedule changes it.
        lr=torch.tensor(rate, device=device) if network.capturable else rate,
        fused=True,
        capturable=network.capturable,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=rate, total_steps=settings.steps, cycle_momentum=False
    )
    val, test = (
        examples(protocol, of, seeds).to(device, dtype) for of in (images.val, images.test)
    )
    shape = (settings.batch, len(seeds), protocol.size, protocol.size)
    given, clean = torch.empty(2, *shape, device=device, dtype=dtype)
    drawn = batches.of(protocol, images, seeds)
    output = given  # of the network, from the first step on; a captured step keeps its place

    def update() -> None:
        nonlocal output
        output = network.gradients(given, square_error(clean))
        optimiser.step()

    val_errors = torch.empty(len(images.val), len(seeds), device=device, dtype=dtype)
    step = network.captured(update)
    look = network.captured(lambda: val_errors.copy_(_evaluate(network, val)))
    recorded = log_steps(settings.steps, settings.recorded)
    looked = []
    yield
    for done in range(1, settings.steps + 1):
        for k, one in enumerate(drawn):
            for buffer, values in zip((given, clean), next(one), strict=True):
                buffer[:, k : k + 1].copy_(values, non_blocking=True)
        step()
        schedule.step()
        if watch is not None:
            watch(done, network, output)
        if done in recorded:  # which may use the place of the output
            look()
            looked.append(val_errors.clone())
        yield
    errors = _evaluate(network, test)
    yield from network.done()
    curves = [_means(at) for at in looked]
    return Trainings(
        [
            Training(recorded, [at[k] for at in curves], mean, errors[:, k].tolist())
            for k, mean in enumerate(_means(errors))
        ]
    )


def weights_stream(protocol: Protocol, key: str, seed: int) -> np.random.Generator:
    """From which the initial weights of a training are drawn."""
    return dipbench.streams.weights_stream(protocol.stream, key, seed)


@dataclass(frozen=True)
class Examples:
    """Images to evaluate on, of shape (images, copies, size, size).

    Attributes:
        given: what the networks are given.
        clean: the same for all copies, so of shape (images, 1, size, size).
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


def examples(protocol: Protocol, images: dict[str, Array], seeds: Sequence[int]) -> Examples:
    """All of `images`, degraded with each seed, clean, and where RMSE counts."""
    seen = [observe_all(protocol, images, seed) for seed in seeds]
    clean = torch.from_numpy(np.stack(list(images.values())))
    scored = [part for one in seen if (part := protocol.operator.scored(one)) is not None]
    given = [protocol.operator.network_input(one) for one in seen]
    return Examples(
        torch.stack(given, 1), clean[:, None], torch.stack(scored, 1) if scored else None
    )


def _evaluate(network: Networks, wanted: Examples) -> torch.Tensor:
    """RMSE with the running statistics of batch normalisation, shape (images, copies)."""
    parts = wanted.split(MOST_AT_ONCE)
    errors = [rmse(network.predict(part.given), part.clean, part.scored) for part in parts]
    return torch.cat(errors)


def _means(errors: torch.Tensor) -> list[float]:
    """Per copy."""
    return [float(errors[:, k].mean(dtype=torch.float64)) for k in range(errors.shape[1])]
