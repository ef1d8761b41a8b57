"""Super-resolution: means over blocks are observed; the full size is to be restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generate.tasks.task import Array, Observation, Task

if TYPE_CHECKING:
    import torch

__all__ = ["SuperResolution"]


@dataclass(frozen=True)
class SuperResolution(Task):
    """A is the mean over blocks of `factor` × `factor` pixels: ``sr2``. No noise."""

    PATTERN = r"sr(\d+)"
    EXAMPLE = "sr2"
    factor: int
    sigma = 0.0

    def __post_init__(self) -> None:
        if self.factor < 2:
            raise ValueError(f"sr{self.factor} does not reduce the image; expected sr2 or more")

    @property
    def name(self) -> str:
        """As `Task.name`."""
        return f"sr{self.factor}"

    @classmethod
    def parse(cls, *groups: str) -> SuperResolution:
        """As `Task.parse`; the group is `factor`."""
        return cls(int(groups[0]))

    def check_size(self, height: int, width: int) -> None:
        """As `Task.check_size`: blocks must fill the image."""
        if height % self.factor or width % self.factor:
            raise ValueError(
                f"{self.name}: size {height} × {width} cannot be divided by {self.factor}"
            )

    def observe(self, clean: Array, rng: np.random.Generator) -> Observation:
        """The mean of each block, shape (..., height / factor, width / factor)."""
        self.check_size(*clean.shape[-2:])
        height, width = (length // self.factor for length in clean.shape[-2:])
        blocks = clean.reshape(*clean.shape[:-2], height, self.factor, width, self.factor)
        return Observation.of(blocks.mean((-3, -1), dtype=np.float32))

    def network_input(self, seen: Observation) -> torch.Tensor:
        """Each value, repeated over its block."""
        return self._repeat(seen.values)

    def forward(self, image: torch.Tensor, seen: Observation) -> torch.Tensor:
        """The mean of each block."""
        # (..., height, factor, width, factor)
        rows = image.unflatten(-1, (-1, self.factor))
        blocks: torch.Tensor = rows.unflatten(-3, (-1, self.factor))
        return blocks.mean((-3, -1))

    def adjoint(self, residual: torch.Tensor, seen: Observation) -> torch.Tensor:
        """Each value divided by the pixels of a block, and repeated over it."""
        return self._repeat(residual / self.factor**2)

    def _repeat(self, small: torch.Tensor) -> torch.Tensor:
        """Each value over its whole block."""
        return small.repeat_interleave(self.factor, -2).repeat_interleave(self.factor, -1)
