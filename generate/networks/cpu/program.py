"""A network as the kernel reads it: nodes, their places in the parameters and in the memory."""

from __future__ import annotations

import ctypes
from collections import Counter

import torch
from torch import nn

from generate.networks.cpu.build import Network, Node, library
from generate.networks.encoder_decoder import EPS, SLOPE, EncoderDecoder

__all__ = ["Program"]

# `Op` of network.cpp; what is not named here is a convolution.
OPS = {"input": 0, "up-transposed": 2, "up-nearest": 3, "up-bilinear": 4, "concat": 5, "output": 6}
CONVOLUTION = 1
NORM = 5  # floats in a `Norm`


class Program:
    """One network for inputs of one shape, with the memory that it runs in.

    Attributes:
        output, change: the last output, and where its gradient goes; shape (images, height, width).
    """

    def __init__(self, network: EncoderDecoder, shape: torch.Size):
        kernel = library()
        if kernel is None:
            raise RuntimeError("no C++ compiler found; expected g++ or clang++")
        self._kernel = kernel
        self._nodes = (Node * len(network.ops))()
        self._shape = shape
        weights = running = 0
        for i, (op, layer) in enumerate(zip(network.ops, network.layers, strict=True)):
            node = self._nodes[i]
            node.first_input = sum(map(len, network.inputs[:i]))
            node.inputs = len(network.inputs[i])
            self._size(node, op, layer, [self._nodes[j] for j in network.inputs[i]])
            node.weights, node.running = weights, running
            weights += sum(p.numel() for p in layer.parameters())
            running += 2 * node.channels if self._is_layer(node) else 0
        self._memory = torch.zeros(self._place(network.inputs))
        flat = [j for of_node in network.inputs for j in of_node]
        self._network = Network(
            self._nodes,
            len(self._nodes),
            (ctypes.c_int * len(flat))(*flat),
            (ctypes.c_int * len(flat))(*_adds(network.inputs)),
            shape[0],
            EPS,
            SLOPE,
        )
        places = (self._nodes[-1].stored, self._nodes[-1].gradient)
        count = shape[0] * shape[2] * shape[3]
        self.output, self.change = (
            self._memory[at : at + count].view(shape[0], *shape[2:]) for at in places
        )

    def forward(
        self, weights: torch.Tensor, running: torch.Tensor, x: torch.Tensor, momentum: float
    ) -> None:
        """Compute `output`; batch normalisation as network.cpp says of `momentum`."""
        places = [weights.data_ptr(), running.data_ptr()]
        after = [x.data_ptr(), self._memory.data_ptr()]
        self._kernel.network_forward(self._network, *places, momentum, *after)

    def backward(self, weights: torch.Tensor, x: torch.Tensor, gradient: torch.Tensor) -> None:
        """Compute the `gradient` of the weights from `change`, which is used up."""
        tensors = (weights, x, self._memory, gradient)
        self._kernel.network_backward(self._network, *(t.data_ptr() for t in tensors))

    def check_trainable(self) -> None:
        """Raises ValueError where batch normalisation would see a single value."""
        for node in self._nodes:
            if self._is_layer(node) and self._shape[0] * node.height * node.width == 1:
                raise ValueError(
                    f"size {tuple(self._shape[2:])}: a layer would see one value; "
                    "batch normalisation expects more than 1 value per channel"
                )

    def _size(self, node: Node, op: str, layer: nn.Module, inputs: list[Node]) -> None:
        """Channels, height and width of `node`, and of its convolution."""
        node.op = OPS.get(op, CONVOLUTION)
        first = inputs[0] if inputs else None
        node.channels, node.height, node.width = (
            (first.channels, first.height, first.width) if first else self._shape[1:]
        )
        if op == "concat":
            node.channels = sum(part.channels for part in inputs)
        if op == "down" and (node.height % 2 or node.width % 2):
            raise ValueError(
                f"size {tuple(self._shape[2:])} cannot be halved as often as the network does"
            )
        if op == "down":
            node.height, node.width = node.height // 2, node.width // 2
        if op.startswith("up-"):
            node.height, node.width = 2 * node.height, 2 * node.width
        if isinstance(layer, nn.Sequential):
            conv = layer[0]
            assert isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
            node.channels, node.kernel = conv.out_channels, conv.kernel_size[0]
            node.stride, node.padding = conv.stride[0], int(conv.padding[0])

    def _place(self, inputs: list[list[int]]) -> int:
        """Give all nodes their places in the memory; return how long it is.

        What is read by one concatenation and by nothing else lies within it, so that nothing is
        copied.
        """
        readers = Counter(j for of_node in inputs for j in of_node)
        end = 0
        for node, of_node in zip(reversed(self._nodes), reversed(inputs), strict=True):
            if node.op == OPS["input"]:
                node.step = node.size
            elif not node.step:
                length = self._shape[0] * node.size
                node.stored, node.gradient, node.step = end, end + length, node.size
                end += 2 * length
            node.norms = end
            end += NORM * node.channels
            if node.op != OPS["concat"]:
                continue
            at = 0
            for j in of_node:
                part = self._nodes[j]
                if readers[j] == 1 and part.op != OPS["input"]:
                    part.stored, part.gradient = node.stored + at, node.gradient + at
                    part.step = node.step
                at += part.size
        return end

    @staticmethod
    def _is_layer(node: Node) -> bool:
        """Whether it has batch normalisation."""
        return node.op in (CONVOLUTION, OPS["up-transposed"])


def _adds(inputs: list[list[int]]) -> list[int]:
    """Per edge, whether a later node has already given its input a gradient."""
    seen: set[int] = set()
    adds: list[int] = []
    for of_node in reversed(inputs):
        adds[:0] = [int(j in seen) for j in of_node]
        seen.update(of_node)
    return adds
