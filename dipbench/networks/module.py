"""The one description of a network in torch, for users and for the generator.

The generator runs K copies of a network side by side in the channels: convolutions are grouped,
and batch normalisation works channel by channel, so no copy sees another. With one copy this is
the plain network.

This is the only module of dipbench that imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.utils import skip_init

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import canonical_order
from dipbench.graphs.dag import check

if TYPE_CHECKING:
    import numpy as np

    from dipbench.graphs.dag import Graph, Network

__all__ = ["EPS", "MOMENTUM", "SLOPE", "Concat", "GraphNetwork"]

SLOPE = 0.2  # of LeakyReLU
EPS, MOMENTUM = 1e-5, 0.1  # of batch normalisation, torch's own


class GraphNetwork(nn.Module):
    """The network of a graph, or several copies of it side by side.

    Maps (batch, copies × in_channels, height, width) to (batch, copies, height, width), values in
    [0, 1]. Height and width are multiples of 2 to the power of the deepest level. Nodes run, and
    concatenations join their inputs, in canonical order, so isomorphic graphs become the same
    network with the same initial weights.

    Args:
        rngs: one numpy generator of initial weights per copy. None makes one copy whose weights
            torch draws in its own way, from its global generator.

    Attributes:
        nodes: the layers by the name of their node, in canonical order. A convolution is ``conv``,
            ``norm`` and ``activation``.
        ops: the op of each node, in the same order.
        inputs: per node, the numbers of the nodes that it reads.

    Raises:
        InvalidArchitecture: `graph` is not a network, or its output is not at full resolution.
    """

    def __init__(
        self,
        graph: Graph,
        in_channels: int,
        rngs: Sequence[np.random.Generator] | None = None,
    ):
        super().__init__()
        network = _full_size(check(graph))
        self.copies, self.in_channels = 1 if rngs is None else len(rngs), in_channels
        number = {node: i for i, node in enumerate(network.nodes)}
        order = [number[node] for node in canonical_order(graph)]
        position = {node: i for i, node in enumerate(order)}
        self.ops = [network.labels[i][0] for i in order]
        self.inputs = [sorted(position[p] for p in network.preds[i]) for i in order]
        self.multiple = 2 ** max(network.levels)
        self.nodes = nn.ModuleDict()
        channels = network.channels(in_channels)
        for i, op in zip(order, self.ops, strict=True):
            before = channels[network.preds[i][0]] if network.preds[i] else 0
            layer = _layer(op, before, channels[i], self.copies, drawn=rngs is not None)
            self.nodes[_free_name(network.nodes[i], self.nodes)] = layer
        self._last_use = [
            max((j for j, inputs in enumerate(self.inputs) if i in inputs), default=i)
            for i in range(len(order))
        ]
        if rngs is not None:
            self._draw(rngs)

    @property
    def layers(self) -> list[nn.Module]:
        """The layers of the nodes, in canonical order."""
        return list(self.nodes.values())

    @torch.no_grad()
    def _draw(self, rngs: Sequence[np.random.Generator]) -> None:
        """Uniform weights of torch's default bound, 1 / sqrt(fan-in), copy by copy."""
        for module in self.nodes.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                bound = 1 / math.sqrt(module.weight[0].numel())
                for values in (module.weight, module.bias):
                    if values is not None:
                        for part, rng in zip(values.chunk(self.copies), rngs, strict=True):
                            drawn = rng.uniform(-bound, bound, tuple(part.shape))
                            part.copy_(torch.from_numpy(drawn.astype("float32")))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Restore `x`.

        Raises:
            ValueError: height or width cannot be halved as often as the network does.
        """
        height, width = x.shape[-2:]
        if height % self.multiple or width % self.multiple:
            raise ValueError(f"size {height}×{width}; expected multiples of {self.multiple}")
        values: dict[int, torch.Tensor] = {}
        for i, (inputs, layer) in enumerate(zip(self.inputs, self.layers, strict=True)):
            values[i] = layer(*(values[j] for j in inputs)) if inputs else layer(x)
            for j in inputs:
                if self._last_use[j] == i:
                    del values[j]  # not needed any more; autograd keeps what it needs
        return values[len(self.ops) - 1]


class Concat(nn.Module):
    """The channels of several inputs, joined copy by copy."""

    def __init__(self, copies: int = 1):
        super().__init__()
        self.copies = copies

    def forward(self, *parts: torch.Tensor) -> torch.Tensor:
        """Join `parts`, each of shape (batch, copies × channels, height, width)."""
        if self.copies == 1:
            return torch.cat(parts, dim=1)
        apart = [part.unflatten(1, (self.copies, -1)) for part in parts]
        return torch.cat(apart, dim=2).flatten(1, 2)


def _full_size(network: Network) -> Network:
    level = network.levels[network.output]
    if level != 0:
        raise InvalidArchitecture(
            f"output {network.nodes[network.output]!r} is at level {level}; "
            "expected level 0, the size of the image"
        )
    return network


def _free_name(node: object, taken: nn.ModuleDict) -> str:
    """The name of `node` as torch allows it: no dots, and no name that the container has."""
    name = str(node).replace(".", "_") or "node"
    while hasattr(taken, name):
        name += "_"
    return name


def _layer(op: str, before: int, after: int, copies: int, drawn: bool) -> nn.Module:
    """The module of one node, from `before` to `after` channels per copy.

    Args:
        drawn: leave the weights unset, as they will be drawn; torch's global generator then stays
            as it is.
    """
    if op == "input":
        return nn.Identity()
    if op == "concat":
        return Concat(copies)
    if op in ("up-nearest", "up-bilinear"):
        return nn.Upsample(scale_factor=2, mode=op.removeprefix("up-"))
    before, after = before * copies, after * copies

    def make(kind: Callable[..., nn.Module], *sizes: int, **named: Any) -> nn.Module:
        arguments = (before, after, *sizes)
        if drawn:
            unset: nn.Module = skip_init(kind, *arguments, groups=copies, **named)
            return unset
        return kind(*arguments, groups=copies, **named)

    if op == "output":
        return _named([("conv", make(nn.Conv2d, 1)), ("activation", nn.Sigmoid())])
    # Batch normalisation takes the mean away, so a bias before it would do nothing.
    if op == "up-transposed":
        conv = make(nn.ConvTranspose2d, 2, 2, bias=False)
    else:
        kernel = 1 if op == "skip1" else 3
        conv = make(nn.Conv2d, kernel, 2 if op == "down" else 1, kernel // 2, bias=False)
    norm = nn.BatchNorm2d(after, EPS, MOMENTUM)
    return _named([("conv", conv), ("norm", norm), ("activation", nn.LeakyReLU(SLOPE))])


def _named(modules: Iterable[tuple[str, nn.Module]]) -> nn.Sequential:
    found = nn.Sequential()
    for name, module in modules:
        found.add_module(name, module)
    return found
