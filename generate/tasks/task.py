"""What a restoration task is: a linear operator A and a noise.

Of a clean image x, y = A x + n is observed. A DIP fit minimises the mean square of A(output) - y
over what was observed; supervised training is given an image of full size made of y, and the clean
image as target. All that differs between tasks stands in one subclass of `Task`, in a file of its
own; networks, engines and training loops are the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch  # imported when something is observed: names of tasks are known without it

__all__ = ["Array", "Observation", "Task", "psnr", "rmse"]

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Observation:
    """What was observed of one image or of several.

    Attributes:
        values: y, shape (..., height, width) of the observation, 0 where nothing was observed.
        mask: 1 where `values` was observed and 0 elsewhere, shape of `values`; None stands for
            everywhere.
    """

    values: torch.Tensor
    mask: torch.Tensor | None = None

    @cached_property
    def count(self) -> float | torch.Tensor:
        """How many values of each image were observed; a tensor broadcasts against `values`."""
        if self.mask is None:
            return float(self.values.shape[-2] * self.values.shape[-1])
        return self.mask.sum((-2, -1), keepdim=True)

    def to(self, device: torch.device, dtype: torch.dtype) -> Observation:
        """A copy on `device`, of precision `dtype`."""
        mask = None if self.mask is None else self.mask.to(device, dtype)
        return Observation(self.values.to(device, dtype), mask)

    def __getitem__(self, part: slice) -> Observation:
        """Some of the images, by the first axis."""
        return Observation(self.values[part], None if self.mask is None else self.mask[part])

    @staticmethod
    def of(values: Array, mask: Array | None = None) -> Observation:
        """The tensors of two arrays."""
        import torch

        return Observation(
            torch.from_numpy(values), None if mask is None else torch.from_numpy(mask)
        )

    @staticmethod
    def stack(parts: Sequence[Observation]) -> Observation:
        """Several observations of one shape along a new first axis."""
        import torch

        masks = [part.mask for part in parts if part.mask is not None]
        return Observation(
            torch.stack([part.values for part in parts]), torch.stack(masks) if masks else None
        )


class Task(ABC):
    """One restoration task; frozen, and equal by value.

    A subclass states `PATTERN`, a regular expression for the names of its tasks, whose groups are
    the arguments of `parse`, and the abstract methods.

    Attributes:
        sigma: standard deviation of the Gaussian noise n, in grey levels on 0-255; 0 without noise.
    """

    PATTERN: ClassVar[str]
    EXAMPLE: ClassVar[str]  # of a name, for messages
    sigma: float

    @property
    @abstractmethod
    def name(self) -> str:
        """As protocols, rows and queries say it, such as ``denoise25``."""

    @classmethod
    @abstractmethod
    def parse(cls, *groups: str) -> Task:
        """The task of a name that matches `PATTERN`.

        Raises:
            ValueError: the numbers in the name are of no use.
        """

    @abstractmethod
    def observe(self, clean: Array, rng: np.random.Generator) -> Observation:
        """Draw one observation of `clean`, shape (..., height, width), values in [0, 1]."""

    @abstractmethod
    def network_input(self, seen: Observation) -> torch.Tensor:
        """What a supervised network is given: full size, shape (..., height, width)."""

    @abstractmethod
    def forward(self, image: torch.Tensor, seen: Observation) -> torch.Tensor:
        """A applied to `image`, shape (..., height, width), as `seen` was observed."""

    @abstractmethod
    def adjoint(self, residual: torch.Tensor, seen: Observation) -> torch.Tensor:
        """The transpose of A applied to `residual`, of the shape of ``seen.values``."""

    def scored(self, seen: Observation) -> torch.Tensor | None:
        """Where RMSE counts: 1 there and 0 elsewhere, full size; None stands for all pixels."""
        return None

    def check_size(self, height: int, width: int) -> None:
        """Raises ValueError where the task cannot take images of this size."""
        return

    def misfit_rmse(self, image: torch.Tensor, seen: Observation) -> torch.Tensor:
        """Root mean square of A(image) - y over what was observed, grey levels, per image."""
        return rmse(self.forward(image, seen), seen.values, seen.mask)

    def misfit_gradient(self, image: torch.Tensor, seen: Observation) -> torch.Tensor:
        """Gradient by `image` of the mean square of A(image) - y over what was observed.

        Args:
            image: shape (..., height, width); the mean is of each image by itself.
        """
        residual = self.forward(image, seen) - seen.values
        return self.adjoint(residual * (2 / seen.count), seen)


def rmse(
    image: torch.Tensor, target: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Root mean square error per image, in grey levels: shape (..., height, width) to (...).

    Args:
        mask: 1 where the error counts and 0 elsewhere; None counts all pixels.
    """
    squares = (image - target).square()
    if mask is None:
        return 255 * squares.mean(dim=(-2, -1)).sqrt()
    return 255 * ((squares * mask).sum((-2, -1)) / mask.sum((-2, -1))).sqrt()


def psnr(error: torch.Tensor) -> torch.Tensor:
    """Peak signal-to-noise ratio in dB of an RMSE in grey levels: 20 log10(255 / RMSE)."""
    return 20 * (255 / error).log10()
