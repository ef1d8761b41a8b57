"""Which implementation runs the networks: the fastest that the device and precision allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.networks.cpu import CpuNetworks, library
from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.networks import Networks

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["engine", "make_networks"]


def engine(device: torch.device, dtype: torch.dtype = torch.float32) -> str:
    """What runs the networks: ``kernel``, our own for CPUs, or ``torch``."""
    fits = device.type == "cpu" and dtype == torch.float32 and library() is not None
    return "kernel" if fits else "torch"


def make_networks(
    graph: Graph,
    in_channels: int,
    rngs: Sequence[np.random.Generator],
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> Networks:
    """One network of `graph` per generator of initial weights, side by side."""
    if engine(device, dtype) == "kernel":
        return CpuNetworks(graph, in_channels, rngs)
    return EncoderDecoder(graph, in_channels, rngs).to(device, dtype)
