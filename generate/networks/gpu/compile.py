"""Compile the kernels that graphs need, in parallel, each once and before they run.

Triton compiles a kernel when it is first launched, and keeps it on disk. Left to itself a run would
compile one after the other.
"""

# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch

from generate.networks.gpu.networks import GpuNetworks
from generate.networks.gpu.plan import Step

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["compile_all", "steps_of"]

META = torch.device("meta")  # which has no memory


def steps_of(
    graph: Graph, images: int, in_channels: int, size: int, precision: str = "float32"
) -> list[Step]:
    """What networks of `graph` launch in training on batches of `images`."""
    rng = np.random.default_rng(0)
    plan = GpuNetworks(graph, in_channels, [rng], META, precision).plan(
        torch.Size((images, in_channels, size, size))
    )
    return plan.forward_steps + plan.backward_steps


def compile_all(steps: Iterable[Step]) -> int:
    """Compile what `steps` launch; return how many kernels those are.

    Kernels do not depend on numbers of channels, networks or pixels, so most steps share theirs.
    """
    from triton import AsyncCompileMode

    wanted = {(step.kernel.__name__, *sorted(step.options.items())): step for step in steps}
    # Triton's compiler lets other threads run.
    with ThreadPoolExecutor(os.cpu_count()) as threads, AsyncCompileMode(threads):
        for step in wanted.values():
            step.compile()
    return len(wanted)
