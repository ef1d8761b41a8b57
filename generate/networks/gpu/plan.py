"""A network's forward and backward as kernels to be launched one after the other.

Where several nodes read one, the last of them, which comes first on the way back, writes its
gradient and the others add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from dipbench.networks.module import SLOPE
from generate.networks.gpu.convolution import convolve, products
from generate.networks.gpu.layers import Layer, Place, layers_of, places_of
from generate.networks.gpu.pointwise import normalise_back, resample, settle

if TYPE_CHECKING:
    from generate.networks.gpu.networks import GpuNetworks

__all__ = ["Plan", "Planner", "Step"]

CHUNK, TILE = 16, 16  # as in the kernels
PIXELS, FEW_PIXELS = 64, 16  # of a program; few for the deepest levels
POINTS = 512  # values of a program that is no product of matrices


@dataclass(frozen=True)
class Step:
    """One launch of a kernel.

    Attributes:
        grid: how many programs, in three dimensions at most.
        arguments: by name; the names "x", "slope" and "momentum" stand for what is given then.
        options: constants that the kernel is compiled for.
    """

    kernel: Any
    grid: tuple[int, ...]
    arguments: dict[str, Any]
    options: dict[str, Any]

    def launch(self, **given: Any) -> None:
        """Ask the GPU for it; nothing waits."""
        self.kernel[self.grid](**self._filled(given))

    def compile(self) -> None:
        """Compile the kernel, for any values."""
        nothing = torch.empty(1, device="meta")
        given = {"x": nothing, "slope": nothing, "momentum": 0.0}
        self.kernel.warmup(grid=self.grid, **self._filled(given))

    def _filled(self, given: dict[str, Any]) -> dict[str, Any]:
        filled = {k: given[v] if isinstance(v, str) else v for k, v in self.arguments.items()}
        # A product and a sum become one instruction; Triton's default is to change.
        return filled | self.options | {"enable_fp_fusion": True}


@dataclass(frozen=True)
class Plan:
    """All launches of K networks side by side, for inputs of one shape.

    Attributes:
        output: shape (images, K, height, width).
        sees_one_value: whether there is a layer that has a single value per channel.
    """

    output: torch.Tensor
    forward_steps: list[Step]
    backward_steps: list[Step]
    sees_one_value: bool

    def forward(self, x: torch.Tensor, momentum: float) -> torch.Tensor:
        """Compute `output` of a contiguous `x`.

        Args:
            momentum: of the running statistics; if negative, they are used and not changed.

        Raises:
            ValueError: batch normalisation would see a single value.
        """
        if self.sees_one_value and momentum >= 0:
            raise ValueError(
                f"shape {tuple(x.shape)}: a layer would see one value; "
                "batch normalisation expects more than 1 value per channel"
            )
        for step in self.forward_steps:
            step.launch(x=x, momentum=momentum)
        return self.output

    def backward(self, x: torch.Tensor, slope: torch.Tensor) -> None:
        """Compute the gradients of the weights from that of `output`; `forward` came before."""
        for step in self.backward_steps:
            step.launch(x=x, slope=slope, momentum=0.0)


class Planner:
    """Makes the plan of `networks` for inputs of `shape`: (images, K x in_channels, height, width).

    Raises:
        ValueError: height or width cannot be halved as often as the networks do.
    """

    def __init__(self, networks: GpuNetworks, shape: torch.Size):
        self.networks, self.images, self.copies = networks, shape[0], networks.copies
        self.layers = layers_of(networks.first, shape[2], shape[3])
        begin = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0], device=networks.weights.device)
        self.norms = begin.repeat(self.copies, sum(layer.channels for layer in self.layers), 1)
        self._norms_used = 0
        self.places = places_of(self.layers, self._new_place)
        for layer, place in zip(self.layers, self.places, strict=True):
            if layer.normalised:
                place.norms[..., 2] = SLOPE
        blocks = max(self._blocks(layer) * layer.channels for layer in self.layers)
        self.partial = torch.empty(blocks * self.copies * 3, device=begin.device)

    def plan(self) -> Plan:
        """All steps, with the memory that they work in."""
        output = self.places[-1].values.unflatten(0, (self.images, self.copies)).squeeze(2)
        normalised = [layer for layer in self.layers if layer.normalised]
        one = any(self.images * layer.height * layer.width == 1 for layer in normalised)
        return Plan(output, list(self._forward()), list(self._backward()), one)

    def _new_place(self, layer: Layer) -> Place:
        is_input = layer.op == "input"
        shape = (self.images * self.copies, layer.channels, layer.height, layer.width)
        device = torch.device("meta") if is_input else self.norms.device
        first, self._norms_used = self._norms_used, self._norms_used + layer.channels
        norms = self.norms[:, first : self._norms_used]
        values, gradient = torch.empty(2, *shape, device=device)
        return Place(values, gradient, norms, is_input)

    def _forward(self) -> Iterator[Step]:
        for layer, out in zip(self.layers, self.places, strict=True):
            for j, part in self._read(layer, out):
                if not layer.kernel:
                    yield self._resample(layer, self.places[j], part, back=False)
                    continue
                several = layer.normalised and self._blocks(layer) > 1
                end = "parts" if several else "settled" if layer.normalised else "logistic"
                yield self._convolve(layer, self.places[j], out, back=False, end=end)
                if several:
                    yield self._settle(layer, out)

    def _backward(self) -> Iterator[Step]:
        written: set[int] = set()
        for layer, out in reversed(list(zip(self.layers, self.places, strict=True))):
            for j, part in self._read(layer, out):
                given, added = self.places[j], j in written
                if layer.kernel:
                    yield self._normalise_back(layer, out)
                    yield self._products(layer, given, out)
                if not given.is_input:
                    step = self._convolve if layer.kernel else self._resample
                    yield step(layer, part, given, back=True, added=added)
                written.add(j)

    def _read(self, layer: Layer, out: Place) -> Iterator[tuple[int, Place]]:
        """What a layer reads, and which part of `out` it becomes; not what lies there already."""
        first = 0
        for j in layer.inputs:
            channels = self.layers[j].channels
            if layer.op != "concat":
                yield j, out
            elif not self.places[j].in_concat:
                yield j, out.part(first, channels)
            first += channels

    # Steps: what a kernel is given under which name.

    def _convolve(
        self, layer: Layer, given: Place, out: Place, back: bool, added: bool = False, end: str = ""
    ) -> Step:
        """The convolution of a layer, or the gradient of its input from that of its output."""
        turned = (layer.op == "up-transposed") != back
        spread = turned and layer.stride == 2
        columns = out.channels * (4 if spread else 1)
        at_once = min(32 if back or spread else 16, max(8, _power(columns)))
        pixels, block, advance = self._blocked(layer)
        grid = (-(-pixels // advance), self.copies * -(-columns // at_once), self.images)
        options = {
            "KERNEL": layer.kernel, "STRIDE": layer.stride, "TURNED": turned, "BACK": back,
            "END": end, "COLUMNS": at_once, "BLOCK": block, "num_warps": max(1, block // 32),
            "num_stages": 1,
        }  # fmt: skip
        return self._step(
            convolve, grid, layer, options,
            **_at("given", given, back), **_at("out", out, back),
            before=given.channels, after=out.channels, advance=advance, added=int(added),
        )  # fmt: skip

    def _settle(self, layer: Layer, out: Place) -> Step:
        """What ends the batch normalisation of a layer."""
        total = self.images * layer.height * layer.width
        return self._step(
            settle, (self.copies, -(-layer.channels // TILE)), layer, {}, **_at("out", out),
            parts=self._blocks(layer), total=total, after=layer.channels,
        )  # fmt: skip

    def _normalise_back(self, layer: Layer, out: Place) -> Step:
        """The gradient by what a layer had before its activation, and of its scale and shift."""
        logistic = layer.op == "output"
        options = {"LOGISTIC": logistic, "BLOCK": 1024 if layer.height * layer.width > 64 else 64}
        return self._step(
            normalise_back, (layer.channels, self.copies), layer, options, **_at("out", out),
            of_out="slope" if logistic else out.gradient, gradient=out.gradient,
            channels=layer.channels, area=layer.height * layer.width,
        )  # fmt: skip

    def _products(self, layer: Layer, given: Place, out: Place) -> Step:
        """The gradient of the weights of a convolution."""
        rows, columns = (given, out) if layer.op == "up-transposed" else (out, given)
        tiles = -(-rows.channels // CHUNK) * -(-columns.channels // CHUNK)
        grid = (layer.kernel * tiles, self.copies, len(self.networks.parts))
        options = {"KERNEL": layer.kernel, "STRIDE": layer.stride, "BLOCK": PIXELS, "num_warps": 1}
        return self._step(
            products, grid, layer, options | {"num_stages": 2},
            **_at("rows", rows, rows is out), **_at("columns", columns, columns is out),
            before=columns.channels, after=rows.channels,
        )  # fmt: skip

    def _resample(
        self, layer: Layer, given: Place, out: Place, back: bool, added: bool = False
    ) -> Step:
        """Up-sampling, a copy, or the gradient of either."""
        points = out.values.shape[2] * out.values.shape[3]
        grid = (-(-points // POINTS), self.copies * out.channels, self.images)
        kind = "copy" if layer.op == "concat" else layer.op
        return self._step(
            resample, grid, layer, {"KIND": kind, "BACK": back, "BLOCK": POINTS},
            **_at("given", given, back), **_at("out", out, back),
            channels=out.channels, added=int(added),
        )  # fmt: skip

    def _step(
        self, kernel: Any, grid: tuple[int, ...], layer: Layer, options: dict[str, Any], **own: Any
    ) -> Step:
        """A launch with what its kernel asks for: `own`, or what any kernel may ask for."""
        ours, (height, width) = self.networks, layer.small_size
        weights = ours.weights.detach()
        known = own | {
            "weight": weights[:, layer.weights :], "scale": weights[:, layer.scale :],
            "of_weight": ours.parts[0, :, layer.weights :],
            "of_scale": ours.parts[0, :, layer.scale :], "split": ours.parts.stride(0),
            "running": ours.running[:, :, layer.running :], "partial": self.partial,
            "weight_count": weights.shape[1], "normalised": ours.running.shape[2],
            "norm_channels": self.norms.shape[1], "networks": self.copies, "images": self.images,
            "height": height, "width": width, "momentum": "momentum",
            "ALIGNED": width % 16 == 0, "EXACT": ours.exact,
        }  # fmt: skip
        asked = {name: known[name] for name in kernel.arg_names if name not in options}
        constants = {name: asked.pop(name) for name in list(asked) if name.isupper()}
        return Step(kernel, grid, asked, options | constants)

    # How a layer is divided among programs.

    def _blocked(self, layer: Layer) -> tuple[int, int, int]:
        """Pixels of an image; rows of a program's matrix; how many of them are pixels.

        Those are whole rows of the image.
        """
        height, width = layer.small_size
        block = FEW_PIXELS if height * width <= FEW_PIXELS else max(PIXELS, _power(width))
        return height * width, block, min(block // width, height) * width

    def _blocks(self, layer: Layer) -> int:
        """How many blocks' statistics a channel has."""
        pixels, _, advance = self._blocked(layer)
        return self.images * -(-pixels // advance) * (4 if layer.op == "up-transposed" else 1)


def _at(name: str, place: Place, gradient: bool = False) -> dict[str, Any]:
    """What kernels are told of the values at a place, or of their gradient."""
    memory = place.gradient if gradient else "x" if place.is_input else place.values
    norms = {f"{name}_norms": place.norms}
    return norms | {name: memory, f"{name}_stride": place.values.stride(0)}


def _power(n: int) -> int:
    """The least power of two that is not less."""
    return 1 << (n - 1).bit_length()
