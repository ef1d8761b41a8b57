"""The restoration task: what a network is given, and how far off its answer is."""

from __future__ import annotations

import numpy as np
import torch

from generate.images import Array
from generate.protocol import Protocol
from generate.streams import numpy_stream

__all__ = ["add_noise", "degrade", "rmse"]


def degrade(protocol: Protocol, image_id: str, clean: Array, seed: int) -> Array:
    """`clean` with additive Gaussian noise, not clipped.

    One draw per (image, seed), the same for every architecture and both modes.
    """
    return add_noise(protocol, clean, numpy_stream(protocol.name, "noise", image_id, seed))


def add_noise(protocol: Protocol, clean: Array, rng: np.random.Generator) -> Array:
    """`clean`, of any shape, plus noise of the protocol's sigma."""
    noise = rng.standard_normal(clean.shape, dtype=np.float32)
    return clean + noise * np.float32(protocol.sigma / 255)


def rmse(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Root mean square error per image, in grey levels: shape (..., height, width) to (...)."""
    return 255 * (output - target).square().mean(dim=(-2, -1)).sqrt()
