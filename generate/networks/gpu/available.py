"""Where kernels of our own run."""

from __future__ import annotations

import os
from importlib.util import find_spec

import torch

__all__ = ["triton_runs"]


def triton_runs(device: torch.device) -> bool:
    """Whether Triton is there for `device`: a GPU's compiler, or, where asked for, an interpreter.

    Set ``TRITON_INTERPRET=1`` to try the kernels on a CPU, at the pace of a snail.
    """
    interpreted = os.environ.get("TRITON_INTERPRET") == "1"
    return (device.type == "cuda" or interpreted) and find_spec("triton") is not None
