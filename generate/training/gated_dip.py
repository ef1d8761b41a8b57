"""Deep Image Prior of many architectures, images and seeds at once.

Weights, fixed inputs and observations are those of `generate.training.dip`. The perturbation has
the same distribution, but `generate.networks.gpu.philox` draws it: the numbers of a fit do not
depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dipbench.spaces import Architecture
from generate.networks.gpu.captured import Captured, own_stream
from generate.networks.gpu.convolutions import DEFAULT, Convolution
from generate.networks.gpu.gated import GatedNetworks
from generate.networks.gpu.philox import perturb
from generate.photographs.images import Images
from generate.protocols.settings import Protocol
from generate.protocols.streams import numpy_stream, torch_stream
from generate.tasks import Observation
from generate.training.clock import clock
from generate.training.dip import fixed_input
from generate.training.observed import observe
from generate.training.record import DipFits, Record

__all__ = ["Fit", "GatedDip"]

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Fit:
    """One network to be fitted to one image; `image` is its id."""

    architecture: Architecture
    seed: int
    image: str


class GatedDip:
    """Fits that share one program, and so differ in `skips`, seed and image alone.

    Args:
        images: where the clean images are, among those for validation.
        dtype: precision of the networks; random numbers are float32 in any case.
    """

    def __init__(
        self,
        protocol: Protocol,
        fits: Sequence[Fit],
        images: Images,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        convolution: Convolution = DEFAULT,
    ):
        settings = protocol.dip
        self.protocol, self.device, self.dtype = protocol, device, dtype
        names = [(protocol.name, fit.architecture.key, fit.seed, fit.image) for fit in fits]
        rngs = [numpy_stream(*name, "weights") for name in names]
        architectures = [fit.architecture for fit in fits]
        self.networks = GatedNetworks(architectures, settings.input_channels, rngs, convolution).to(
            device, dtype
        )
        self.optimiser = torch.optim.Adam(
            self.networks.parameters(),
            lr=settings.learning_rate,
            fused=True,
            capturable=device.type == "cuda",
        )
        clean = [images.val[fit.image] for fit in fits]
        self.clean = torch.from_numpy(np.stack(clean)).to(device, dtype)
        seen = [
            observe(protocol, fit.image, image, fit.seed)
            for fit, image in zip(fits, clean, strict=True)
        ]
        self.seen = Observation.stack(seen).to(device, dtype)
        drawn = [fixed_input(protocol, name) for name in names]
        self.fixed = torch.stack(drawn).to(device).flatten(1)
        seeds = [torch_stream(CPU, *name, "perturbation").initial_seed() for name in names]
        self.seeds = torch.tensor(seeds, device=device)
        self.iteration = torch.zeros((), dtype=torch.int64, device=device)
        self.inputs = torch.empty_like(self.fixed)

    def step(self) -> torch.Tensor:
        """One iteration; return the outputs before it, shape (K, size, size)."""
        self.iteration += 1
        perturb(self.inputs, self.fixed, self.seeds, self.iteration, self.protocol.dip.perturbation)
        size = self.protocol.size
        x = self.inputs.view(1, -1, size, size).to(self.dtype)
        output = self.networks.gradients(x, self._slope)[0]
        self.optimiser.step()
        return output

    def _unperturbed(self) -> torch.Tensor:
        size = self.protocol.size
        x = self.fixed.view(1, -1, size, size).to(self.dtype)
        return self.networks.batch_output(x)[0]

    def _slope(self, output: torch.Tensor, copies: slice) -> torch.Tensor:
        return self.protocol.operator.misfit_gradient(output, self.seen[copies])

    def run(self, replays: bool = True) -> DipFits:
        """Fit; nothing waits for the GPU before the end.

        Args:
            replays: as for `Captured`.
        """
        started = clock(self.device)
        with own_stream(self.device):
            record = Record(self.protocol, self.clean, self.seen)
            step = Captured(self.step, self.device, replays)
            for iteration in range(1, self.protocol.dip.iterations + 1):
                still = self._unperturbed() if record.wants_unperturbed(iteration) else None
                record.take(iteration, step(), still)
        return record.fits(clock(self.device) - started)
