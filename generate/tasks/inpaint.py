"""Inpainting: each pixel is observed with a fixed probability; the rest is to be filled in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generate.tasks.task import Array, Observation, Task

if TYPE_CHECKING:
    import torch

__all__ = ["Inpaint"]

UNLIKELY = 1e-12  # for one mask


@dataclass(frozen=True)
class Inpaint(Task):
    """Pixels are missing at random, `missing` percent of them: ``inpaint50``. No noise.

    RMSE counts the missing pixels alone.
    """

    PATTERN = r"inpaint(\d+)"
    EXAMPLE = "inpaint50"
    missing: int
    sigma = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.missing < 100:
            raise ValueError(
                f"inpaint{self.missing} misses {self.missing} % of the pixels; expected 1 to 99"
            )

    @property
    def name(self) -> str:
        """As `Task.name`."""
        return f"inpaint{self.missing}"

    @classmethod
    def parse(cls, *groups: str) -> Inpaint:
        """As `Task.parse`; the group is `missing`."""
        return cls(int(groups[0]))

    def check_size(self, height: int, width: int) -> None:
        """As `Task.check_size`: masks are drawn, and none may observe nothing or everything.

        A training draws tens of thousands, so that one that does must be as good as impossible.
        """
        alike = max(self.missing, 100 - self.missing) / 100  # of a pixel to be like the rest
        least = math.ceil(math.log(UNLIKELY, alike))
        if height * width < least:
            raise ValueError(
                f"{self.name}: size {height} × {width} is too small, a mask may observe none or "
                f"all of the pixels; expected at least {least} pixels"
            )

    def observe(self, clean: Array, rng: np.random.Generator) -> Observation:
        """As `Task.observe`.

        Raises:
            ValueError: an image has no observed pixel, or no missing one.
        """
        mask = (rng.random(clean.shape, np.float32) >= self.missing / 100).astype(np.float32)
        share = mask.mean((-2, -1))
        if not np.all((share > 0) & (share < 1)):
            raise ValueError(
                f"{self.name}: a mask of {clean.shape[-2]} × {clean.shape[-1]} pixels observes "
                "none or all of them; expected a larger image"
            )
        return Observation.of(clean * mask, mask)

    def network_input(self, seen: Observation) -> torch.Tensor:
        """The image, 0 where a pixel is missing."""
        return seen.values

    def forward(self, image: torch.Tensor, seen: Observation) -> torch.Tensor:
        """The image, 0 where a pixel is missing."""
        assert seen.mask is not None
        return image * seen.mask

    def adjoint(self, residual: torch.Tensor, seen: Observation) -> torch.Tensor:
        """The residual, 0 where a pixel is missing."""
        assert seen.mask is not None
        return residual * seen.mask

    def scored(self, seen: Observation) -> torch.Tensor | None:
        """The missing pixels."""
        assert seen.mask is not None
        return 1 - seen.mask
