"""Random numbers keyed by what they are for, so that no run depends on another.

Initial weights, fixed inputs, noise and training batches come from numpy on the CPU, so that
every device starts from the same numbers. Only the perturbation of the DIP input, drawn anew
each iteration, comes from the device's own generator.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["numpy_stream", "torch_stream"]


def _seed(*key: object) -> int:
    text = "\n".join(map(str, key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_stream(*key: object) -> np.random.Generator:
    """A numpy generator that depends on `key`, and on nothing else."""
    return np.random.Generator(np.random.PCG64(_seed(*key)))


def torch_stream(device: torch.device, *key: object) -> torch.Generator:
    """A torch generator of `device` that depends on `key`, and on nothing else."""
    import torch  # names of architectures are drawn without it

    generator = torch.Generator(device=device)
    generator.manual_seed(_seed(*key))
    return generator
