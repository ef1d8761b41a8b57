"""The nodes of a graph in the order in which they run, and where their values and gradients lie.

Nodes with weights store what they compute before batch normalisation. What is read by one
concatenation and by nothing else lies within it, so a concatenation copies nothing; up-sampled
values are written there directly. A gradient lies as the values do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from dipbench.networks.module import GraphNetwork

__all__ = ["Layer", "Place", "layers_of", "places_of"]


@dataclass(frozen=True)
class Layer:
    """A node: its convolution, if it has one, and where its parameters begin.

    Attributes:
        kernel: size of the convolution; 0 if there is none.
        weights: place among the weights of a network.
        scale: place of scale and shift, or of a bias, which follow the kernel.
        running: place among the running means, and among the variances, of a network.
    """

    op: str
    inputs: Sequence[int]
    channels: int
    height: int
    width: int
    kernel: int
    stride: int
    weights: int
    scale: int
    running: int

    @property
    def normalised(self) -> bool:
        """Whether batch normalisation and LeakyReLU follow."""
        return self.kernel > 0 and self.op != "output"

    @property
    def small_size(self) -> tuple[int, int]:
        """Height and width of the smaller of the images that it reads and writes."""
        factor = 2 if self.op.startswith("up-") else 1
        return self.height // factor, self.width // factor


def layers_of(network: GraphNetwork, height: int, width: int) -> list[Layer]:
    """The layers of a network, of which there is one copy, for inputs of this size.

    Raises:
        ValueError: the size cannot be halved as often as the network does.
    """
    if height % network.multiple or width % network.multiple:
        raise ValueError(f"size {height}x{width} cannot be halved as often as the network does")
    layers: list[Layer] = []
    weights = running = 0
    for op, inputs, module in zip(network.ops, network.inputs, network.layers, strict=True):
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
        layers.append(Layer(op, inputs, channels, *size, kernel, stride, weights, scale, running))
        weights += sum(parameter.numel() for parameter in module.parameters())
        running += channels if layers[-1].normalised else 0
    return layers


@dataclass(frozen=True)
class Place:
    """Where the values of a node lie.

    Attributes:
        values: shape (images x networks, channels, height, width), maybe a slice of more channels;
            of the input only the shape counts, for its values are the caller's.
        gradient: of the same shape.
        norms: shape (networks, channels, 5), as kernels need them; a slice of more channels.
    """

    values: torch.Tensor
    gradient: torch.Tensor
    norms: torch.Tensor
    is_input: bool = False
    in_concat: bool = False

    @property
    def channels(self) -> int:
        """How many."""
        return self.values.shape[1]

    def part(self, first: int, channels: int) -> Place:
        """Some of the channels."""
        one = slice(first, first + channels)
        parts = self.values[:, one], self.gradient[:, one], self.norms[:, one]
        return Place(*parts, in_concat=True)


def places_of(layers: Sequence[Layer], new: Callable[[Layer], Place]) -> list[Place]:
    """A place for every layer; `new` makes one that is no part of another."""
    readers = Counter(j for layer in layers for j in layer.inputs)
    found: dict[int, Place] = {}
    for i, layer in reversed(list(enumerate(layers))):
        if i not in found:
            found[i] = new(layer)
        first = 0
        for j in layer.inputs if layer.op == "concat" else ():
            if readers[j] == 1 and layers[j].op != "input":
                found[j] = found[i].part(first, layers[j].channels)
            first += layers[j].channels
    return [found[i] for i in range(len(layers))]
