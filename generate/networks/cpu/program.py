"""A network as the kernel reads it: nodes, their places in the parameters and in the memory."""

from __future__ import annotations

import ctypes

import torch

from dipbench.networks.module import EPS, SLOPE, GraphNetwork
from generate.networks.cpu.build import Network, Node, library
from generate.networks.layers import Layer, Layout

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

    def __init__(self, network: GraphNetwork, shape: torch.Size):
        kernel = library()
        if kernel is None:
            raise RuntimeError("no C++ compiler found; expected g++ or clang++")
        self._kernel, self._images = kernel, shape[0]
        self._layout = layout = Layout(network, shape[0], shape[2], shape[3])
        layers = layout.layers
        self._memory = torch.zeros(layout.size + NORM * layout.channels)
        inputs = [j for layer in layers for j in layer.inputs]
        adds = [added for layer in layers for added in layer.adds]
        first = [sum(len(layer.inputs) for layer in layers[:i]) for i in range(len(layers))]
        self._network = Network(
            (Node * len(layers))(*map(self._node, layers, first)),
            len(layers),
            (ctypes.c_int * len(inputs))(*inputs),
            (ctypes.c_int * len(adds))(*adds),
            shape[0],
            EPS,
            SLOPE,
        )
        count = shape[0] * layers[-1].area
        self.output, self.change = (
            self._memory[at : at + count].view(shape[0], *shape[2:])
            for at in (layers[-1].stored, layers[-1].gradient)
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
        self._layout.check_trainable(self._images)

    def _node(self, layer: Layer, first_input: int) -> Node:
        """A layer as the kernel reads it; norms lie behind all values."""
        padded = layer.kernel == 3
        return Node(
            *(OPS.get(layer.op, CONVOLUTION), layer.kernel, layer.stride, int(padded)),
            *(layer.channels, layer.height, layer.width, first_input, len(layer.inputs)),
            *(layer.weights, layer.running, layer.stored, layer.gradient, layer.step),
            self._layout.size + NORM * layer.norms,
        )
