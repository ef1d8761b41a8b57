"""A network's forward and backward as kernels to be launched one after the other."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from triton import AsyncCompileMode, cdiv, next_power_of_2

from dipbench.networks.module import MOMENTUM, SLOPE
from generate.networks.gpu.convolution import convolve, products
from generate.networks.gpu.pointwise import normalise_back, resample, settle
from generate.networks.layers import Layer, Layout

if TYPE_CHECKING:
    from generate.networks.gpu.networks import GpuNetworks

__all__ = ["NO_BATCH", "UNCHANGED", "Launch", "Plan", "compile_all"]

UNCHANGED, NO_BATCH = 0.0, -1.0  # of running statistics; they are used instead of a batch's
CHUNK, TILE = 16, 16  # as in the kernels
PIXELS, FEW_PIXELS = 64, 16  # of a program; few for the deepest levels
POINTS = 512  # values of a program that is no product of matrices


@dataclass(frozen=True)
class Launch:
    """One launch of a kernel, in `grid`: how many programs, in three dimensions at most."""

    kernel: Any
    grid: tuple[int, ...]
    arguments: dict[str, Any]

    def __call__(self) -> None:
        """Ask the GPU for it; nothing waits."""
        self.kernel[self.grid](**self.arguments)

    @property
    def kind(self) -> tuple[object, ...]:
        """The kernel, and all that it is compiled for."""
        named = self.arguments.items()
        return self.kernel.__name__, *(x for x in named if x[0].isupper() or x[0].startswith("num"))


def compile_all(launches: Iterable[Launch]) -> int:
    """Compile what `launches` need, each kernel once and in parallel; return how many those are.

    Left to itself, Triton compiles when a kernel is launched, one after the other.
    """
    wanted = {launch.kind: launch for launch in launches}.values()
    with ThreadPoolExecutor(os.cpu_count()) as threads, AsyncCompileMode(threads):
        for launch in wanted:
            launch.kernel.warmup(grid=launch.grid, **launch.arguments)
    return len(wanted)


class Plan:
    """All launches of K networks for inputs of `shape`: (images, K x in_channels, height, width).

    Attributes:
        input, output: where they lie; the output without its bias and logistic function.
        of_output: where the gradient of that output goes.
        forward: what to launch in order, by the momentum of running statistics.
        backward: what to launch after that with `MOMENTUM`.

    Raises:
        ValueError: height or width cannot be halved as often as the networks do.
    """

    def __init__(self, networks: GpuNetworks, shape: torch.Size):
        self.weights, self.parts = networks.weights.detach(), networks.parts
        self.running, self.exact = networks.running, networks.exact
        self.images, self.copies, device = shape[0], networks.copies, networks.weights.device
        self.layout = Layout(networks.first, self.images * self.copies, *shape[2:])
        self.layers = self.layout.layers
        self.memory = torch.empty(self.layout.size, device=device)
        norm = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0], device=device)
        self.norms = norm.repeat(self.copies, self.layout.channels, 1)
        for layer in self.layers:
            if layer.normalised:
                self.norms[:, layer.norms : layer.norms + layer.channels, 2] = SLOPE
        blocks = max(self._blocks(layer) * layer.channels for layer in self.layers)
        self.partial = torch.empty(blocks * self.copies * 2, dtype=torch.float64, device=device)
        first, last, one = self.layers[0], self.layers[-1], (self.copies, *shape[2:])
        self.input = self._images(first.stored, shape[1:])
        self.output = self._images(last.stored, one)
        self.of_output = self._images(last.gradient, one)
        self.forward = {m: list(self._forward(m)) for m in (MOMENTUM, UNCHANGED, NO_BATCH)}
        self.backward = list(self._backward())

    def _images(self, at: int, shape: Sequence[int]) -> torch.Tensor:
        return self.memory[at : at + self.images * math.prod(shape)].view(self.images, *shape)

    def _forward(self, momentum: float) -> Iterator[Launch]:
        for layer in self.layers:
            for given, part, _ in self.layout.reads(layer):
                if not layer.kernel:
                    yield self._resample(layer, given, part)
                    continue
                yield self._convolve(layer, given, layer)
                if layer.normalised:
                    yield self._settle(layer, momentum)

    def _backward(self) -> Iterator[Launch]:
        for layer in reversed(self.layers):
            for given, part, added in self.layout.reads(layer):
                if layer.normalised:
                    yield self._normalise_back(layer)
                if layer.kernel:
                    yield self._products(layer, given)
                if given.op != "input":
                    launch = self._convolve if layer.kernel else self._resample
                    yield launch(layer, part, given, back=True, added=added)

    # Launches: what a kernel is given under which name.

    def _convolve(
        self, layer: Layer, given: Layer, out: Layer, back: bool = False, added: bool = False
    ) -> Launch:
        """The convolution of a layer, or the gradient of its input from that of its output."""
        turned = (layer.op == "up-transposed") != back
        spread = turned and layer.stride == 2
        columns = out.channels * (4 if spread else 1)
        at_once: int = min(32 if spread or back else 16, max(8, next_power_of_2(columns)))
        pixels, block, advance = self._blocked(layer)
        grid = (cdiv(pixels, advance), self.copies * cdiv(columns, at_once), self.images)
        own = self._at("given", given, back) | self._at("out", out, back) | {
            "KERNEL": layer.kernel, "STRIDE": layer.stride, "TURNED": turned, "BACK": back,
            "COLUMNS": at_once, "BLOCK": block, "num_warps": max(1, block // 32), "num_stages": 1,
            "advance": advance, "added": int(added),
        }  # fmt: skip
        return self._launch(convolve, grid, layer, own)

    def _settle(self, layer: Layer, momentum: float) -> Launch:
        """What ends the batch normalisation of a layer."""
        grid = (self.copies, cdiv(layer.channels, TILE))
        parts, total = self._blocks(layer), self.images * layer.area
        own = self._at("out", layer) | {"parts": parts, "total": total, "momentum": momentum}
        return self._launch(settle, grid, layer, own)

    def _normalise_back(self, layer: Layer) -> Launch:
        """The gradient by what a layer had before its activation, and of its scale and shift."""
        own = self._at("out", layer) | {"gradient": self.memory[layer.gradient :]}
        own |= {"BLOCK": 1024 if layer.area > 64 else 64, "area": layer.area}
        return self._launch(normalise_back, (layer.channels, self.copies), layer, own)

    def _products(self, layer: Layer, given: Layer) -> Launch:
        """The gradient of the weights of a convolution."""
        rows, columns = (given, layer) if layer.op == "up-transposed" else (layer, given)
        tiles = cdiv(rows.channels, CHUNK) * cdiv(columns.channels, CHUNK)
        grid = (layer.kernel * tiles, self.copies, len(self.parts))
        own = self._at("rows", rows, rows is layer) | self._at("columns", columns, columns is layer)
        own |= {"KERNEL": layer.kernel, "STRIDE": layer.stride, "BLOCK": PIXELS}
        return self._launch(products, grid, layer, own | {"num_warps": 1, "num_stages": 2})

    def _resample(
        self, layer: Layer, given: Layer, out: Layer, back: bool = False, added: bool = False
    ) -> Launch:
        """Up-sampling, a copy, or the gradient of either."""
        grid = (cdiv(out.area, POINTS), self.copies * out.channels, self.images)
        own = self._at("given", given, back) | self._at("out", out, back) | {"added": int(added)}
        own |= {"KIND": layer.op, "BACK": back, "BLOCK": POINTS}
        return self._launch(resample, grid, layer, own)

    def _launch(
        self, kernel: Any, grid: tuple[int, ...], layer: Layer, own: dict[str, Any]
    ) -> Launch:
        """A launch with what its kernel asks for, its own or what any may ask for."""
        height, width = layer.small_size
        known = own | {
            "weight": self.weights[:, layer.weights :], "scale": self.weights[:, layer.scale :],
            "of_weight": self.parts[0, :, layer.weights :], "split": self.parts.stride(0),
            "of_scale": self.parts[0, :, layer.scale :], "weight_count": self.weights.shape[1],
            "running": self.running[:, layer.running :], "statistics": self.running.shape[1],
            "partial": self.partial, "norm_channels": self.layout.channels, "EXACT": self.exact,
            "networks": self.copies, "images": self.images, "height": height, "width": width,
        }  # fmt: skip
        asked = {k: v for k, v in known.items() if k in kernel.arg_names or k.startswith("num_")}
        # A product and a sum become one instruction; Triton's default is to change.
        return Launch(kernel, grid, asked | {"enable_fp_fusion": True})

    def _at(self, name: str, layer: Layer, gradient: bool = False) -> dict[str, Any]:
        """What kernels are told of the values of a layer, or of their gradient."""
        place = self.memory[layer.gradient if gradient else layer.stored :]
        norms = self.norms[:, layer.norms :]
        channels = {"after" if name in ("out", "rows") else "before": layer.channels}
        return {name: place, f"{name}_stride": layer.step, f"{name}_norms": norms} | channels

    # How a layer is divided among programs.

    def _blocked(self, layer: Layer) -> tuple[int, int, int]:
        """Pixels of the smaller image; rows of a program's matrix, and how many it uses."""
        height, width = layer.small_size
        block = FEW_PIXELS if height * width <= FEW_PIXELS else max(PIXELS, next_power_of_2(width))
        return height * width, block, min(block // width, height) * width

    def _blocks(self, layer: Layer) -> int:
        """How many blocks' statistics a channel has."""
        pixels, _, advance = self._blocked(layer)
        blocks: int = cdiv(pixels, advance) * (4 if layer.op == "up-transposed" else 1)
        return self.images * blocks
