"""Compile the kernels that graphs need, in parallel, each by one process and before they run.

Triton compiles a kernel when it is first launched, and keeps it on disk. Left to itself a run would
compile one after the other. This needs no GPU, only to know for which kind to compile.
"""

# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.gpu.plan import FUSED, Call, Plan, Structure

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["HOPPER", "Kernel", "compile_kernels", "kernels_of"]

Target: TypeAlias = tuple[str, int, int]  # as `triton.backends.compiler.GPUTarget` has it
HOPPER: Target = ("cuda", 90, 32)
META = torch.device("meta")

# Name, type of each argument (None is a pointer), and constants: hashable, for other processes.
Kernel: TypeAlias = tuple[str, tuple[Any, ...], tuple[tuple[str, Any], ...]]


def kernels_of(
    graph: Graph,
    images: int,
    in_channels: int,
    size: int,
    precisions: Iterable[str] = ("float32",),
) -> set[Kernel]:
    """What any number of networks of `graph` launch in training on batches of `images`."""
    plain = EncoderDecoder(graph, in_channels, [np.random.default_rng(0)])
    structure = Structure(plain)
    weights = torch.empty(1, structure.weights, device=META)
    running = torch.empty(1, structure.running, device=META)
    shape = torch.Size((images, in_channels, size, size))
    return {
        _kernel(call)
        for precision in precisions
        for call in Plan(
            structure, shape, weights, weights[None], running, precision == "float32"
        ).calls()
    }


def _kernel(call: Call) -> Kernel:
    """What matters of a launch; no kernel depends on the value of an integer."""
    arguments = tuple(type(value) if isinstance(value, int | float) else None
                      for value in call.arguments)  # fmt: skip
    return call.kernel.__name__, arguments, tuple(sorted(call.options.items()))


def compile_kernels(
    kernels: Iterable[Kernel], target: Target | None = None, processes: int | None = None
) -> int:
    """Compile `kernels`, but for those that are on disk already; return how many there are.

    Args:
        target: for which GPU; by default for that of this machine.
    """
    wanted = sorted(kernels, key=repr)
    if target is None:
        from triton.runtime import driver

        found = driver.active.get_current_target()
        target = (found.backend, found.arch, found.warp_size)
    count = min(processes or os.cpu_count() or 1, len(wanted))
    with ProcessPoolExecutor(count, get_context("spawn"), _set_target, (target,)) as pool:
        return sum(pool.map(_compile, wanted))


def _set_target(target: Target) -> None:
    """Let Triton believe that there is such a GPU; nothing is launched on it."""
    os.environ.pop("TRITON_INTERPRET", None)
    from triton.backends.compiler import GPUTarget
    from triton.runtime import driver

    class Driver:
        def get_current_target(self) -> Any:
            return GPUTarget(*target)

        def get_current_device(self) -> int:
            return 0

        def get_current_stream(self, device: int) -> int:
            return 0

    driver.set_active(Driver())


def _compile(kernel: Kernel) -> int:
    from generate.networks.gpu import convolution, pointwise

    name, arguments, options = kernel
    function = getattr(convolution, name, None) or getattr(pointwise, name)
    stand_in = {None: torch.float32, int: 2, float: 0.5}
    given = [stand_in[kind] for kind in arguments]
    function.warmup(*given, grid=(1,), **dict(options), **FUSED)
    return 1
