"""The convolutions of K networks side by side, in several ways that give the same answer.

Which is the fastest on a GPU is for a measurement to say: ``python -m generate.bench.tune``. A way
is one function, (x, weight, stride) to output, with the shapes of `grouped`, and one line of
`CONVOLUTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import torch
from torch.nn import functional

from generate.networks.gpu.available import triton_runs

__all__ = [
    "CONVOLUTIONS",
    "DEFAULT",
    "Convolution",
    "grouped",
    "on_device",
    "up_bilinear",
    "up_nearest",
    "up_transposed",
]

Convolution: TypeAlias = Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor]


def grouped(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """One grouped convolution, a group per network, zero padding of kernel // 2.

    Args:
        x: shape (batch, K × before, height, width).
        weight: shape (K, after, before, kernel, kernel).

    Returns:
        Shape (batch, K × after, height / stride, width / stride).
    """
    padding = weight.shape[-1] // 2
    return functional.conv2d(
        x, weight.flatten(0, 1), stride=stride, padding=padding, groups=len(weight)
    )


def grouped_channels_last(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """`grouped`, with all channels of a pixel side by side in memory."""
    return grouped(x.contiguous(memory_format=torch.channels_last), weight, stride)


def products(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """Products of two matrices per network, its kernels and the patches of its input."""
    copies, after, before, kernel, _ = weight.shape
    batch, _, height, width = x.shape
    patches = x
    if kernel > 1:
        patches = functional.unfold(x, kernel, padding=kernel // 2, stride=stride)
    patches = patches.reshape(batch, copies, before * kernel**2, -1)
    output = weight.flatten(2) @ patches
    return output.view(batch, copies * after, height // stride, width // stride)


def own_kernels(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """Kernels of our own, in Triton."""
    from generate.networks.gpu.convolution_triton import convolve

    return convolve(x, weight, stride)


CONVOLUTIONS: dict[str, Convolution] = {
    "grouped": grouped,
    "channels-last": grouped_channels_last,
    "products": products,
    "triton": own_kernels,
}
DEFAULT = grouped  # until a GPU has been measured


def on_device(device: torch.device) -> list[str]:
    """The names of those of `CONVOLUTIONS` that run on `device`."""
    return [name for name in CONVOLUTIONS if name != "triton" or triton_runs(device)]


def up_transposed(x: torch.Tensor, weight: torch.Tensor, convolve: Convolution) -> torch.Tensor:
    """Transposed convolution, kernel 2 and stride 2: four 1×1 convolutions, interleaved.

    Args:
        weight: shape (K, before, after, 2, 2).
    """
    copies, before, after, _, _ = weight.shape
    four = weight.permute(0, 2, 3, 4, 1).reshape(copies, 4 * after, before, 1, 1)
    return functional.pixel_shuffle(convolve(x, four, 1), 2)


def up_nearest(x: torch.Tensor) -> torch.Tensor:
    """×2 up-sampling that repeats each value in a square."""
    return functional.interpolate(x, scale_factor=2)


def up_bilinear(x: torch.Tensor) -> torch.Tensor:
    """Bilinear ×2 up-sampling as two matrix products.

    On a GPU the gradient of torch's `interpolate` adds up in a different order each time, so it
    would not give the same row twice.
    """
    batch, _, height, width = x.shape
    rows, columns = (_interpolation(n, x.device, x.dtype) for n in (height, width))
    wide = (x @ columns.T).flatten(0, 1)
    doubled = torch.bmm(rows.expand(len(wide), -1, -1), wide)
    return doubled.view(batch, -1, 2 * height, 2 * width)


@cache
def _interpolation(n: int, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """The matrix that doubles a line of n values, shape (2n, n)."""
    unit = torch.eye(n, dtype=dtype)[None]
    return functional.interpolate(unit, scale_factor=2, mode="linear")[0].T.contiguous().to(device)
