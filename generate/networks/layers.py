"""The nodes of a network in the order in which they run, and where their numbers lie.

Both engines of our own read it. Nodes with weights store what they compute before batch
normalisation, and each channel has a norm, what its readers need to apply it. What is read by one
concatenation and by nothing else lies within it, so a concatenation copies nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torch import nn

from dipbench.networks.module import GraphNetwork

__all__ = ["Layer", "Layout"]

ALIGNED = 64  # numbers; what lies alone begins at a multiple of them


@dataclass(frozen=True)
class Layer:
    """A node: its convolution, if it has one, and where its numbers begin.

    Attributes:
        inputs: the numbers of the nodes that it reads.
        adds: for each of them, whether a later node has given it a gradient already.
        kernel: size of the convolution; 0 if there is none.
        weights: place among the weights of a network.
        scale: place of scales and then shifts, or of a bias, which follow the kernel.
        running: place among the running statistics of a network: means, then variances.
        norms: number of its first channel among all that have a norm.
        stored, gradient: places in the memory.
        step: from image to image there; of more channels if it lies within a concatenation.
    """

    op: str
    inputs: Sequence[int]
    adds: Sequence[bool]
    channels: int
    height: int
    width: int
    kernel: int
    stride: int
    weights: int
    scale: int
    running: int
    norms: int = 0
    stored: int = 0
    gradient: int = 0
    step: int = 0

    @property
    def area(self) -> int:
        """Pixels of an image."""
        return self.height * self.width

    @property
    def small_size(self) -> tuple[int, int]:
        """Height and width of the smaller of the images that it reads and writes."""
        factor = 2 if self.op.startswith("up-") else 1
        return self.height // factor, self.width // factor

    @property
    def normalised(self) -> bool:
        """Whether batch normalisation and LeakyReLU follow."""
        return self.kernel > 0 and self.op != "output"

    def part(self, first: int, channels: int) -> Layer:
        """Some of its channels."""
        at = first * self.area
        return replace(
            self,
            channels=channels,
            norms=self.norms + first,
            stored=self.stored + at,
            gradient=self.gradient + at,
        )


class Layout:
    """The layers of one network, in canonical order, and the memory that they need.

    Attributes:
        layers: as they run.
        size: how many numbers the memory has.
        channels: how many norms there are.

    Raises:
        ValueError: height or width cannot be halved as often as the network does.
    """

    def __init__(self, network: GraphNetwork, images: int, height: int, width: int):
        if height % network.multiple or width % network.multiple:
            raise ValueError(
                f"size {height}x{width} cannot be halved as often as the network does; "
                f"expected multiples of {network.multiple}"
            )
        self.layers, self.size, self.channels = _layers(network, height, width), 0, 0
        readers = Counter(j for layer in self.layers for j in layer.inputs)
        within: dict[int, Layer] = {}
        for i, layer in reversed(list(enumerate(self.layers))):
            placed = self.layers[i] = self._placed(layer, images, within.get(i))
            for j, part in zip(layer.inputs, self._parts(placed), strict=True):
                if layer.op == "concat" and readers[j] == 1 and self.layers[j].op != "input":
                    within[j] = part

    def reads(self, layer: Layer) -> Iterator[tuple[Layer, Layer, bool]]:
        """What a layer reads, the part of it that comes of that, and whether gradients are added.

        But not what lies in the layer already.
        """
        for j, part, added in zip(layer.inputs, self._parts(layer), layer.adds, strict=True):
            if self.layers[j].stored != part.stored:
                yield self.layers[j], part, added

    def check_trainable(self, images: int) -> None:
        """Raises ValueError where batch normalisation would see a single value."""
        if any(layer.normalised and images * layer.area == 1 for layer in self.layers):
            raise ValueError(
                f"size {self.layers[0].height}x{self.layers[0].width}: a layer would see one "
                "value; batch normalisation expects more than 1 value per channel"
            )

    def _parts(self, layer: Layer) -> list[Layer]:
        """What comes of each input."""
        if layer.op != "concat":
            return [layer] * len(layer.inputs)
        channels = [self.layers[j].channels for j in layer.inputs]
        return [layer.part(sum(channels[:k]), n) for k, n in enumerate(channels)]

    def _placed(self, layer: Layer, images: int, within: Layer | None) -> Layer:
        """`layer` with its places: its own, or those of `within`."""
        if within is None:
            step = layer.channels * layer.area
            length = -(-images * step // ALIGNED) * ALIGNED
            within = replace(
                layer, norms=self.channels, stored=self.size, gradient=self.size + length, step=step
            )
            self.channels += layer.channels
            self.size += 2 * length
        places = ("norms", "stored", "gradient", "step")
        return replace(layer, **{name: getattr(within, name) for name in places})


def _layers(network: GraphNetwork, height: int, width: int) -> list[Layer]:
    """The layers, without their places in the memory."""
    layers: list[Layer] = []
    weights = running = 0
    adds = _adds(network.inputs)
    for i, (op, inputs) in enumerate(zip(network.ops, network.inputs, strict=True)):
        module = network.layers[i]
        before = [layers[j] for j in inputs]
        size = (before[0].height, before[0].width) if before else (height, width)
        if op == "down":
            size = size[0] // 2, size[1] // 2
        elif op.startswith("up-"):
            size = size[0] * 2, size[1] * 2
        channels = sum(one.channels for one in before) if before else network.in_channels
        kernel, stride, scale = 0, 1, weights
        if isinstance(module, nn.Sequential):
            conv = module[0]
            assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
            channels, kernel, stride = conv.out_channels, conv.kernel_size[0], conv.stride[0]
            scale += conv.weight.numel()
        own = (channels, *size, kernel, stride, weights, scale, running)
        layers.append(Layer(op, inputs, adds[i], *own))
        weights += sum(parameter.numel() for parameter in module.parameters())
        running += 2 * channels if layers[-1].normalised else 0
    return layers


def _adds(inputs: Sequence[Sequence[int]]) -> list[list[bool]]:
    """`Layer.adds` of all nodes; gradients go back from the last to the first."""
    seen: set[int] = set()
    adds: list[list[bool]] = []
    for of_node in reversed(inputs):
        adds.append([j in seen for j in of_node])
        seen.update(of_node)
    return adds[::-1]
