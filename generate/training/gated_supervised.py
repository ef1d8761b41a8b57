"""Supervised training of many architectures on the same batches.

Weights and batches are those of `generate.training.supervised`; the batches depend on the seed
alone, so architectures of one seed are trained together.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from dipbench.spaces import Architecture
from generate.networks.gpu.captured import Captured, own_stream
from generate.networks.gpu.convolutions import DEFAULT, Convolution
from generate.networks.gpu.gated import GatedNetworks
from generate.networks.networks import square_error
from generate.photographs.images import Images
from generate.protocols.settings import Protocol, log_steps
from generate.tasks import rmse
from generate.training.clock import clock
from generate.training.supervised import (
    Examples,
    Training,
    examples,
    one_cycle,
    training_batches,
    weights_stream,
)

__all__ = ["GatedTraining"]


class GatedTraining:
    """Trainings that share one program and one seed, and so differ in `skips` alone.

    Args:
        dtype: precision of the networks; random numbers are float32 in any case.
    """

    def __init__(
        self,
        protocol: Protocol,
        architectures: Sequence[Architecture],
        seed: int,
        images: Images,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        convolution: Convolution = DEFAULT,
    ):
        settings = protocol.supervised
        self.protocol, self.device = protocol, device
        rngs = [weights_stream(protocol, a.key, seed) for a in architectures]
        self.networks = GatedNetworks(architectures, 1, rngs, convolution).to(device, dtype)
        self.optimiser = torch.optim.Adam(
            self.networks.parameters(),
            # A captured step reads the rate from the GPU, and the fused kernel wants float32
            # whatever the weights are; the schedule changes it in place.
            lr=torch.tensor(settings.learning_rate, device=device, dtype=torch.float32),
            fused=True,
            capturable=device.type == "cuda",
        )
        self.schedule = one_cycle(self.optimiser, settings)
        self.val, self.test = (
            examples(protocol, part, seed).to(device, dtype) for part in (images.val, images.test)
        )
        self.batches = training_batches(protocol, images, seed)
        shape = (settings.batch, 1, protocol.size, protocol.size)
        self.noisy, self.clean = torch.empty(2, *shape, device=device, dtype=dtype)

    def step(self) -> torch.Tensor:
        """One step on the batch that `load` left; return its outputs, (batch, K, size, size)."""
        x = self.noisy.expand(-1, self.networks.copies, -1, -1)
        output = self.networks.gradients(x, square_error(self.clean))
        self.optimiser.step()
        return output

    def load(self) -> None:
        """Put the next batch where `step` reads it."""
        for buffer, values in zip((self.noisy, self.clean), next(self.batches), strict=True):
            on_gpu = buffer.is_cuda
            buffer.copy_(values.pin_memory() if on_gpu else values, non_blocking=on_gpu)

    def run(self, replays: bool = True) -> list[Training]:
        """Train; one `Training` per architecture, each with an equal share of the seconds.

        Args:
            replays: as for `Captured`.
        """
        settings = self.protocol.supervised
        steps = log_steps(settings.steps, settings.recorded)
        val = []
        started = clock(self.device)
        with own_stream(self.device):
            step = Captured(self.step, self.device, replays)
            for done in range(1, settings.steps + 1):
                self.load()
                step()
                self.schedule.step()
                if done in steps:
                    val.append(self._evaluate(self.val).mean(0, dtype=torch.float64))
            errors = self._evaluate(self.test)
            test = errors.mean(0, dtype=torch.float64).tolist()
            curves = torch.stack(val, dim=1).tolist()
        seconds = (clock(self.device) - started) / self.networks.copies
        return [
            Training(steps, curve, end, each, seconds)
            for curve, end, each in zip(curves, test, errors.T.tolist(), strict=True)
        ]

    def _evaluate(self, wanted: Examples) -> torch.Tensor:
        """RMSE, shape (images, K), with the running statistics of batch normalisation."""
        most = self.protocol.supervised.batch  # so that it takes less memory than a step
        errors = [
            rmse(
                self.networks.predict(part.given.expand(-1, self.networks.copies, -1, -1)),
                part.clean,
                part.scored,
            )
            for part in wanted.split(most)
        ]
        return torch.cat(errors)
