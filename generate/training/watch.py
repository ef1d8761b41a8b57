"""Who watches a training or a fit while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

from generate.networks.networks import Networks

__all__ = ["Watch"]

# Of a step or iteration, counted from 1: its number, the networks with their weights after it, and
# the output before it.
Watch: TypeAlias = Callable[[int, Networks, torch.Tensor], None]
