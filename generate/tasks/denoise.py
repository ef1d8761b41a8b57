"""Denoising: A is the identity, the noise is Gaussian and not clipped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generate.tasks.task import Array, Observation, Task

if TYPE_CHECKING:
    import torch

__all__ = ["Denoise"]


@dataclass(frozen=True)
class Denoise(Task):
    """Additive Gaussian noise of standard deviation `sigma` grey levels: ``denoise25``."""

    PATTERN = r"denoise(\d+(?:\.\d+)?)"
    EXAMPLE = "denoise25"
    sigma: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma) and self.sigma >= 0):
            raise ValueError(f"sigma is {self.sigma!r}; expected a number, not negative")

    @property
    def name(self) -> str:
        """As `Task.name`."""
        return f"denoise{self.sigma:g}"

    @classmethod
    def parse(cls, *groups: str) -> Denoise:
        """As `Task.parse`; the group is `sigma`."""
        return cls(float(groups[0]))

    def observe(self, clean: Array, rng: np.random.Generator) -> Observation:
        """The clean image plus noise."""
        noise = rng.standard_normal(clean.shape, dtype=np.float32)
        return Observation.of(clean + noise * np.float32(self.sigma / 255))

    def network_input(self, seen: Observation) -> torch.Tensor:
        """The noisy image."""
        return seen.values

    def forward(self, image: torch.Tensor, seen: Observation) -> torch.Tensor:
        """The image itself."""
        return image

    def adjoint(self, residual: torch.Tensor, seen: Observation) -> torch.Tensor:
        """The residual itself."""
        return residual
