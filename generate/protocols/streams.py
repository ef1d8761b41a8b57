"""Random numbers of a run: `dipbench.streams`, and torch's generators from the same keys.

Initial weights, fixed inputs, noise and training batches come from numpy on the CPU, so that
every device starts from the same numbers. Only the perturbation of the DIP input, drawn anew
each iteration, comes from the device's own generator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dipbench.streams import numpy_stream, stream_seed

if TYPE_CHECKING:
    import torch

__all__ = ["numpy_stream", "torch_stream"]


def torch_stream(device: torch.device, *key: object) -> torch.Generator:
    """A torch generator of `device` that depends on `key`, and on nothing else."""
    import torch  # names of architectures are drawn without it

    generator = torch.Generator(device=device)
    generator.manual_seed(stream_seed(*key))
    return generator
