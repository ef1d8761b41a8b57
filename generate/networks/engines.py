"""Which implementation runs the networks: the fastest that the device and precision allow."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.networks.cpu import CpuNetworks, library
from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.networks import Networks

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["PRECISIONS", "engine", "make_networks"]

PRECISIONS = ("float32", "tf32")  # of the convolutions on a GPU; elsewhere there is no choice
TRITON = (3, 6)  # the least version; torch brings it from 2.11 on


def engine(
    device: torch.device, dtype: torch.dtype = torch.float32, precision: str = "float32"
) -> str:
    """What runs the networks.

    ``kernel``, our own for CPUs; ``triton-float32`` or ``triton-tf32``, our own for GPUs; where
    neither runs, ``torch``.
    """
    if device.type == "cuda" and dtype == torch.float32 and _has_triton():
        return f"triton-{precision}"
    fits = device.type == "cpu" and dtype == torch.float32 and library() is not None
    return "kernel" if fits else "torch"


def _has_triton() -> bool:
    """Whether there is a Triton that compiles our kernels. Old ones may not even import."""
    try:
        found = version("triton")
    except PackageNotFoundError:
        return False
    return tuple(map(int, found.split(".")[:2])) >= TRITON


def make_networks(
    graph: Graph,
    in_channels: int,
    rngs: Sequence[np.random.Generator],
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    precision: str = "float32",
) -> Networks:
    """One network of `graph` per generator of initial weights, side by side."""
    chosen = engine(device, dtype, precision)
    if chosen == "kernel":
        return CpuNetworks(graph, in_channels, rngs)
    if chosen.startswith("triton"):
        from generate.networks.gpu.networks import GpuNetworks

        return GpuNetworks(graph, in_channels, rngs, device, precision)
    return EncoderDecoder(graph, in_channels, rngs).to(device, dtype)
