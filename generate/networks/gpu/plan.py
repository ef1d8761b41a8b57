"""A graph as kernels to be launched one after the other, with the memory that they work in.

Nodes with weights store what they compute before batch normalisation. What is read by one
concatenation and by nothing else lies within it, so a concatenation copies nothing; up-sampled
values are written there directly. A gradient lies as the values do. Where several nodes read one,
the last of them, which comes first on the way back, writes its gradient and the others add.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from generate.networks.encoder_decoder import SLOPE, EncoderDecoder
from generate.networks.gpu import convolution, pointwise

__all__ = ["Call", "Plan", "Structure"]

CHUNK, NORM, TILE = 16, 5, 16  # as in the kernels
PIXELS, FEW_PIXELS = 64, 16  # of a program; few for the deepest levels
FUSED = {"enable_fp_fusion": True}  # of a product and a sum: Triton's default is to change
POINTS = 512  # values of a program that is no product of matrices
INPUT, SLOPE_OF_LOSS = object(), object()  # what a call is given when it is launched


@dataclass(frozen=True)
class Call:
    """One launch of a kernel; among its arguments may be `INPUT` and `SLOPE_OF_LOSS`.

    Attributes:
        grid: how many programs, in three dimensions at most.
        options: constants that the kernel is compiled for.
    """

    kernel: Any
    grid: tuple[int, ...]
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    def launch(self, x: torch.Tensor, slope: torch.Tensor | None = None) -> None:
        """Ask the GPU for it; nothing waits."""
        given = [x if a is INPUT else slope if a is SLOPE_OF_LOSS else a for a in self.arguments]
        self.kernel[self.grid](*given, **self.options, **FUSED)


@dataclass(frozen=True)
class Layer:
    """A node: its convolution, if it has one, and where its parameters begin.

    Attributes:
        weights: place among the weights of a copy; scale and shift, or a bias, follow the kernel.
        running: place among the running statistics.
    """

    op: str
    inputs: tuple[int, ...]
    channels: int
    kernel: int
    stride: int
    weights: int
    scale: int
    running: int

    @property
    def normalised(self) -> bool:
        return self.kernel > 0 and self.op != "output"


class Structure:
    """The layers of a network in the order in which they run, read off an `EncoderDecoder`."""

    def __init__(self, network: EncoderDecoder):
        self.layers: list[Layer] = []
        self.weights = self.running = 0
        nodes = zip(network.ops, network.inputs, network.layers, strict=True)
        for op, inputs, module in nodes:
            before = [self.layers[j].channels for j in inputs]
            channels, kernel, stride, scale = sum(before), 0, 1, self.weights
            if isinstance(module, nn.Sequential):
                conv = module[0]
                assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
                channels = conv.out_channels // network.copies
                kernel, stride = conv.kernel_size[0], conv.stride[0]
                scale += conv.weight.numel() // network.copies
            elif op == "input":
                channels = network.in_channels
            layer = Layer(
                op, tuple(inputs), channels, kernel, stride, self.weights, scale, self.running
            )
            self.layers.append(layer)
            self.weights += sum(p.numel() for p in module.parameters()) // network.copies
            self.running += 2 * channels if layer.normalised else 0

    def running_statistics(self) -> torch.Tensor:
        """As batch normalisation begins: per layer means of 0, then variances of 1."""
        parts = [torch.tensor([0.0, 1.0]).repeat_interleave(a.channels) for a in self.layers
                 if a.normalised]  # fmt: skip
        return torch.cat(parts) if parts else torch.empty(0)


@dataclass(frozen=True)
class Values:
    """Where the values of a node lie.

    Attributes:
        at: shape (images, copies, channels, height, width), a slice of what may be larger; for the
            network's input an empty tensor of that shape.
        gradient: of the same shape.
        norms: shape (copies, channels, NORM).
    """

    at: torch.Tensor
    gradient: torch.Tensor
    norms: torch.Tensor
    is_input: bool = False

    @property
    def pointer(self) -> Any:
        return INPUT if self.is_input else self.at

    @property
    def strides(self) -> tuple[int, int]:
        """From image to image, and from network to network."""
        return self.at.stride(0), self.at.stride(1)

    @property
    def size(self) -> tuple[int, int]:
        return self.at.shape[3], self.at.shape[4]

    @property
    def channels(self) -> int:
        return self.at.shape[2]

    def part(self, first: int, channels: int) -> Values:
        one = slice(first, first + channels)
        return Values(self.at[:, :, one], self.gradient[:, :, one], self.norms[:, one])


class Plan:
    """All launches of a network for inputs of one shape.

    Args:
        shape: (images, copies x in_channels, height, width).
        weights: of all copies, shape (copies, weights of a copy).
        parts: where their gradients go, shape (splits, copies, weights of a copy); they are summed
            elsewhere.
        running: statistics of batch normalisation, shape (copies, statistics of a copy).

    Attributes:
        output: shape (images, copies, height, width).
    """

    def __init__(
        self,
        structure: Structure,
        shape: torch.Size,
        weights: torch.Tensor,
        parts: torch.Tensor,
        running: torch.Tensor,
        exact: bool,
    ):
        self.layers = structure.layers
        self.weights, self.parts, self.running, self.exact = weights, parts, running, exact
        self.images, self.copies = shape[0], len(weights)
        self.input_size = (shape[2], shape[3])
        self.output = weights.new_empty(self.images, self.copies, *self.input_size)
        self._within: set[int] = set()  # nodes that lie within a concatenation
        self._sizes = self._all_sizes()
        self._values = self._place()
        count = max(map(self._partial_count, range(len(self.layers))))
        self._partial = weights.new_empty(count)
        self._forward: dict[float | None, list[Call]] = {}
        self._backward: list[Call] | None = None

    def forward(self, x: torch.Tensor, momentum: float | None) -> None:
        """Compute `output` of a contiguous `x`.

        Args:
            momentum: of the running statistics; None normalises by them.
        """
        if momentum not in self._forward:
            self._check_trainable(momentum)
            self._forward[momentum] = list(self._forward_calls(momentum))
        for call in self._forward[momentum]:
            call.launch(x)

    def backward(self, x: torch.Tensor, slope: torch.Tensor) -> None:
        """Compute the gradients of the weights from that of `output`; `forward` came before."""
        if self._backward is None:
            self._backward = list(self._backward_calls())
        for call in self._backward:
            call.launch(x, slope)

    def calls(self) -> Iterator[Call]:
        """Every launch of a training."""
        yield from self._forward_calls(0.1)
        yield from self._backward_calls()
        yield from self._forward_calls(None)

    def _all_sizes(self) -> list[tuple[int, int]]:
        """Height and width of each node."""
        sizes: list[tuple[int, int]] = []
        for layer in self.layers:
            height, width = sizes[layer.inputs[0]] if layer.inputs else self.input_size
            if layer.op == "down":
                if height % 2 or width % 2:
                    raise ValueError(
                        f"size {self.input_size} cannot be halved as often as the network does"
                    )
                height, width = height // 2, width // 2
            elif layer.op.startswith("up-"):
                height, width = 2 * height, 2 * width
            sizes.append((height, width))
        return sizes

    def _check_trainable(self, momentum: float | None) -> None:
        for layer, (height, width) in zip(self.layers, self._sizes, strict=True):
            if layer.normalised and momentum is not None and self.images * height * width == 1:
                raise ValueError(
                    f"size {self.input_size}: a layer would see one value; "
                    "batch normalisation expects more than 1 value per channel"
                )

    def _place(self) -> list[Values]:
        """Memory for every node."""
        readers = Counter(j for layer in self.layers for j in layer.inputs)
        found: dict[int, Values] = {}
        for i in reversed(range(len(self.layers))):
            layer = self.layers[i]
            if i not in found:
                found[i] = self._new(layer, self._sizes[i])
            if layer.normalised:
                found[i].norms[..., 2] = SLOPE
            first = 0
            for j in layer.inputs if layer.op == "concat" else ():
                part = self.layers[j]
                if readers[j] == 1 and part.op != "input":
                    self._within.add(j)
                    found[j] = found[i].part(first, part.channels)
                first += part.channels
        return [found[i] for i in range(len(self.layers))]

    def _new(self, layer: Layer, size: tuple[int, int]) -> Values:
        norms = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0], device=self.weights.device)
        norms = norms.repeat(self.copies, layer.channels, 1)
        shape = (self.images, self.copies, layer.channels, *size)
        if layer.op == "input":  # the caller's memory; only an output would write a gradient
            empty = torch.empty(shape, device="meta")
            read_by_output = self.layers[self.layers[-1].inputs[0]] is layer
            gradient = self.weights.new_empty(shape) if read_by_output else empty
            return Values(empty, gradient, norms, is_input=True)
        if layer.op == "output":
            return Values(self.output[:, :, None], self.output[:, :, None], norms)
        values, gradient = self.weights.new_empty(2, *shape)
        return Values(values, gradient, norms)

    # Launches of single nodes, forward.

    def _forward_calls(self, momentum: float | None) -> Iterator[Call]:
        for i, layer in enumerate(self.layers):
            if layer.op == "output":
                yield self._output_call(i)
            elif layer.normalised:
                yield from self._layer_calls(i, momentum)
            elif layer.op.startswith("up-"):
                yield self._resample_call(layer.inputs[0], self._values[i], layer.op)
            elif layer.op == "concat":
                for j, part in self._copied(i):
                    yield self._resample_call(j, part, "copy")

    def _copied(self, i: int) -> Iterator[tuple[int, Values]]:
        """The inputs of a concatenation that lie elsewhere, and their places within it."""
        first = 0
        for j in self.layers[i].inputs:
            if j not in self._within:
                yield j, self._values[i].part(first, self.layers[j].channels)
            first += self.layers[j].channels

    def _layer_calls(self, i: int, momentum: float | None) -> Iterator[Call]:
        """A convolution, and what settles its batch normalisation."""
        layer, out = self.layers[i], self._values[i]
        scale, running = self.weights[:, layer.scale :], self.running[:, layer.running :]
        strides = (self.weights.stride(0), self.running.stride(0), out.norms.stride(0))
        tiles = -(-layer.channels // TILE)
        if momentum is None:
            recalled = (scale, running, out.norms, *strides, layer.channels)
            yield Call(pointwise.recall, (self.copies, tiles), recalled, {})
        statistics = 0 if momentum is None else self._statistics(i)
        yield self._convolution(i, statistics, momentum or 0.0)
        if statistics == 1:
            pixels, advance = self._blocked(i)
            blocks, each = -(-pixels // advance), 4 if layer.op == "up-transposed" else 1
            arguments = (
                self._partial, scale, running, out.norms, *strides, blocks * self.images, blocks,
                each * advance, each * (pixels - (blocks - 1) * advance),
                each * pixels * self.images, layer.channels, self.copies, momentum,
            )  # fmt: skip
            yield Call(pointwise.settle, (self.copies, tiles), arguments, {})

    def _convolution(self, i: int, statistics: int, momentum: float) -> Call:
        layer, out = self.layers[i], self._values[i]
        given = self._values[layer.inputs[0]]
        kernel2 = layer.kernel**2
        by_before, by_after = kernel2, given.channels * kernel2
        if layer.op == "up-transposed":  # its weights are (before, after, 2, 2)
            by_before, by_after = layer.channels * kernel2, kernel2
        return self._product_call(
            layer, given, out, (given.channels, layer.channels), (by_before, by_after),
            transposed=layer.op == "up-transposed", back=False, add=False,
            statistics=(statistics, momentum),
        )  # fmt: skip

    def _product_call(
        self,
        layer: Layer,
        given: Values,
        out: Values,
        channels: tuple[int, int],
        by: tuple[int, int],
        transposed: bool,
        back: bool,
        add: bool,
        statistics: tuple[int, float] = (0, 0.0),
    ) -> Call:
        """`convolution.convolve`, or `spread` where `transposed`, of `given` to `out`."""
        from_, to = (given.gradient, out.gradient) if back else (given.pointer, out.at)
        block, advance = _block(*(given.size if transposed else out.size))
        pixels = _area(given.size if transposed else out.size)
        columns = min(32 if back else 16, max(8, _power(channels[1])))
        grid = (-(-pixels // advance), self.copies * -(-channels[1] // columns), self.images)
        kind, momentum = statistics
        sizes = given.size if transposed else (*given.size, *out.size)
        arguments = (
            from_, given.norms, self.weights[:, layer.weights :], to, self._partial,
            self.weights[:, layer.scale :], self.running[:, layer.running :], out.norms,
            *given.strides, given.norms.stride(0), self.weights.stride(0), *out.strides,
            self.running.stride(0), out.norms.stride(0), *sizes, advance, *channels, *by,
            self.copies, pixels * add, momentum,
        )  # fmt: skip
        options = {
            "KERNEL": layer.kernel, "STATISTICS": kind, "COLUMNS": columns, "BLOCK": block,
            "ALIGNED": _aligned(given, out, advance), "EXACT": self.exact,
            "num_warps": max(1, block // 32), "num_stages": 1,
        }  # fmt: skip
        if transposed:
            return Call(convolution.spread, grid, arguments, options)
        options |= {"STRIDE": layer.stride, "BACK": back}
        return Call(convolution.convolve, grid, arguments, options)

    def _resample_call(self, j: int, out: Values, op: str) -> Call:
        given, options = self._values[j], _resampling(op)
        area = _area(out.size)
        grid = (-(-area // POINTS), self.copies * given.channels, self.images)
        arguments = (
            given.pointer, given.norms, out.at, *given.strides, given.norms.stride(0),
            *out.strides, *given.size, given.channels,
        )  # fmt: skip
        return Call(pointwise.resample, grid, arguments, options)

    def _output_call(self, i: int) -> Call:
        layer = self.layers[i]
        given = self._values[layer.inputs[0]]
        area = _area(given.size)
        arguments = (
            given.pointer, given.norms, self.weights[:, layer.weights :], self.output,
            *given.strides, given.norms.stride(0), self.weights.stride(0), self.output.stride(0),
            area, given.channels,
        )  # fmt: skip
        grid = (-(-area // POINTS), self.copies, self.images)
        return Call(pointwise.output, grid, arguments, {"BLOCK": POINTS})

    # Launches of single nodes, back.

    def _backward_calls(self) -> Iterator[Call]:
        written: set[int] = set()
        for i in reversed(range(len(self.layers))):
            layer = self.layers[i]
            if layer.op == "concat":
                for j, part in self._copied(i):
                    if not self._values[j].is_input:
                        yield self._resample_back_call(part, j, "copy", j in written)
                        written.add(j)
                continue
            for j in layer.inputs:
                add, last = j in written, self._values[j].is_input
                if layer.op == "output":
                    yield self._output_back_call(i, add)
                elif layer.normalised:
                    yield from self._layer_back_calls(i, add)
                elif not last:
                    yield self._resample_back_call(self._values[i], j, layer.op, add)
                written.add(j)

    def _layer_back_calls(self, i: int, add: bool) -> Iterator[Call]:
        layer, out = self.layers[i], self._values[i]
        given = self._values[layer.inputs[0]]
        area = _area(out.size)
        arguments = (
            out.at, out.gradient, out.norms, self.parts[0, :, layer.scale :], *out.strides,
            out.norms.stride(0), self.weights.stride(0), self.images, layer.channels, area,
        )  # fmt: skip
        grid = (layer.channels, self.copies)
        yield Call(pointwise.normalise_back, grid, arguments, {"BLOCK": 1024 if area > 64 else 64})
        yield self._weights_call(layer, given, out)
        if given.is_input:
            return
        kernel2, channels = layer.kernel**2, (layer.channels, given.channels)
        by = (given.channels * kernel2, kernel2)
        if layer.op == "up-transposed":
            by = (kernel2, layer.channels * kernel2)
        yield self._product_call(
            layer, out, given, channels, by, transposed=layer.op == "down", back=True, add=add
        )

    def _weights_call(self, layer: Layer, given: Values, out: Values) -> Call:
        rows, columns = (out.gradient, out), (given.pointer, given)
        if layer.op == "up-transposed":
            rows, columns = (given.pointer, given), (out.gradient, out)
        pixels, after, before = _area(rows[1].size), rows[1].channels, columns[1].channels
        blocks = -(-pixels // PIXELS)
        tiles = -(-after // CHUNK) * -(-before // CHUNK)
        splits = min(len(self.parts), self.images * blocks)
        arguments = (
            rows[0], rows[1].norms, columns[0], columns[1].norms,
            self.parts[0, :, layer.weights :],
            *rows[1].strides, rows[1].norms.stride(0),
            *columns[1].strides, columns[1].norms.stride(0),
            self.parts.stride(1), self.parts.stride(0), *columns[1].size, *rows[1].size,
            self.images, before, after,
        )  # fmt: skip
        options = {
            "KERNEL": layer.kernel, "STRIDE": layer.stride, "SIDE": CHUNK, "BLOCK": PIXELS,
            "ALIGNED": _aligned(given, out), "EXACT": self.exact, "num_warps": 1, "num_stages": 2,
        }  # fmt: skip
        grid = (layer.kernel * tiles, self.copies, splits)
        return Call(convolution.products, grid, arguments, options)

    def _resample_back_call(self, out: Values, j: int, op: str, add: bool) -> Call:
        given, options = self._values[j], _resampling(op)
        area = _area(given.size)
        grid = (-(-area // POINTS), self.copies * given.channels, self.images)
        arguments = (
            out.gradient, given.gradient, *out.strides, *given.strides, *given.size,
            given.channels, area * add,
        )  # fmt: skip
        return Call(pointwise.resample_back, grid, arguments, options)

    def _output_back_call(self, i: int, add: bool) -> Call:
        layer = self.layers[i]
        given = self._values[layer.inputs[0]]
        area = _area(given.size)
        arguments = (
            SLOPE_OF_LOSS, self.output, given.pointer, given.norms,
            self.weights[:, layer.weights :], given.gradient,
            self.parts[0, :, layer.weights :], *given.strides,
            given.norms.stride(0), self.weights.stride(0), self.output.stride(0),
            self.images, area, given.channels, area * add,
        )  # fmt: skip
        grid = (given.channels, self.copies)
        return Call(pointwise.output_back, grid, arguments, {"BLOCK": POINTS})

    # How a layer is divided among programs.

    def _blocked(self, i: int) -> tuple[int, int]:
        """Pixels of an image that the programs of a layer share, and how many one has."""
        layer = self.layers[i]
        size = self._sizes[layer.inputs[0] if layer.op == "up-transposed" else i]
        return _area(size), _block(*size)[1]

    def _statistics(self, i: int) -> int:
        pixels, advance = self._blocked(i)
        return 2 if self.images == 1 and pixels <= advance else 1

    def _partial_count(self, i: int) -> int:
        layer = self.layers[i]
        if not layer.normalised:
            return 1
        pixels, advance = self._blocked(i)
        return -(-pixels // advance) * self.images * self.copies * layer.channels * 2


def _block(height: int, width: int) -> tuple[int, int]:
    """Rows of a matrix, and how many of them are pixels: whole rows of the image."""
    block = FEW_PIXELS if height * width <= FEW_PIXELS else max(PIXELS, _power(width))
    return block, min(block // width, height) * width


def _aligned(given: Values, out: Values, advance: int = 0) -> bool:
    """Whether all rows of pixels begin at multiples of 16 values."""
    sizes = (*given.strides, *out.strides, given.size[1], out.size[1], advance)
    return all(size % 16 == 0 for size in sizes)


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _power(n: int) -> int:
    """The least power of two that is not less."""
    return 1 << (n - 1).bit_length()


def _resampling(op: str) -> dict[str, Any]:
    return {"FACTOR": 1 if op == "copy" else 2, "BILINEAR": op == "up-bilinear", "BLOCK": POINTS}
