"""Networks of many architectures as one program: all skip connections, some of them shut.

Architectures of ``core64`` that differ in `skips` alone run side by side, in the channels, each
with a skip connection at every level. Where an architecture has none, all weights of that skip
connection are zero: its kernel, the scale of its batch normalisation, and the part of the next
kernel that reads it. It then passes on zeros and all its gradients are exactly zero, and Adam does
not move a weight whose gradients were all zero. So it stays shut, and the rest computes what the
network without it computes; the tests hold this to 1e-10.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dipbench.graphs.canonical import canonical_order
from dipbench.spaces import Architecture
from dipbench.spaces.core64 import SKIP_CHANNELS
from generate.networks.encoder_decoder import SLOPE, EncoderDecoder, SideBySide
from generate.networks.gpu.convolutions import (
    DEFAULT,
    Convolution,
    up_bilinear,
    up_nearest,
    up_transposed,
)

__all__ = ["GatedNetworks"]


class GatedNetworks(SideBySide):
    """One network per architecture given, side by side; they may differ in `skips`.

    Maps (batch, K × in_channels, height, width) to (batch, K, height, width), values in [0, 1].
    Every parameter has K as its first dimension.

    Args:
        rngs: per network, the generator from which `EncoderDecoder` would draw its weights.
        convolution: one of `CONVOLUTIONS`.

    Raises:
        ValueError: the architectures differ in more than `skips`.
    """

    def __init__(
        self,
        architectures: Sequence[Architecture],
        in_channels: int,
        rngs: Sequence[np.random.Generator],
        convolution: Convolution = DEFAULT,
    ):
        super().__init__()
        kinds = sorted({(a.depth, a.upsample, a.width) for a in architectures})
        if len(kinds) != 1:
            raise ValueError(f"networks of {kinds} (depth, upsample, width); expected one kind")
        self.depth, self.upsample, width = kinds[0]
        self.copies = copies = len(architectures)
        self.layers = nn.ModuleDict()  # named as the nodes of `Architecture.graph`
        self.layers["stem"] = _Conv(convolution, copies, in_channels, width)
        for level in range(self.depth):
            self.layers[f"down{level + 1}"] = _Conv(convolution, copies, width, width, stride=2)
            self.layers[f"skip{level}"] = _Conv(convolution, copies, width, SKIP_CHANNELS, 1)
            if self.upsample == "transposed":
                self.layers[f"up{level}"] = _UpConv(convolution, copies, width)
            self.layers[f"conv{level}"] = _Conv(convolution, copies, width + SKIP_CHANNELS, width)
        self.layers["output"] = _Output(convolution, copies, width)
        self._initialise(architectures, in_channels, rngs)

    @torch.no_grad()
    def _initialise(
        self,
        architectures: Sequence[Architecture],
        in_channels: int,
        rngs: Sequence[np.random.Generator],
    ) -> None:
        """Copy in the weights of each architecture's own network; the others stay zero."""
        for architecture in dict.fromkeys(architectures):
            members = [k for k, a in enumerate(architectures) if a == architecture]
            given = [rngs[k] for k in members]
            for name, parameters in _own_weights(architecture, in_channels, given):
                for mine, own in zip(self.layers[name].parameters(), parameters, strict=True):
                    mine[members] = own

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output, shape (batch, copies, height, width)."""
        encoded = [self.layers["stem"](x)]
        for level in range(1, self.depth + 1):
            encoded.append(self.layers[f"down{level}"](encoded[-1]))
        x = encoded.pop()
        for level in reversed(range(self.depth)):
            skipped = self.layers[f"skip{level}"](encoded.pop())
            x = self.layers[f"conv{level}"](self.concat([self._up(level, x), skipped]))
        output: torch.Tensor = self.layers["output"](x)
        return output

    def _up(self, level: int, x: torch.Tensor) -> torch.Tensor:
        if self.upsample == "transposed":
            learnt: torch.Tensor = self.layers[f"up{level}"](x)
            return learnt
        return {"nearest": up_nearest, "bilinear": up_bilinear}[self.upsample](x)


def _own_weights(
    architecture: Architecture, in_channels: int, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[str, list[torch.Tensor]]]:
    """Per layer, the initial parameters of the ungated networks, one network per generator.

    They are drawn as for any graph, in canonical order, which depends on `skips`. So does the
    order of the inputs of a concatenation; here up-sampled channels come first, and zero kernels
    stand for the skip connection that is not there.
    """
    own = EncoderDecoder(architecture.graph, in_channels, rngs)
    names = [str(name) for name in canonical_order(architecture.graph)]
    inputs = {
        name: [names[i] for i in before] for name, before in zip(names, own.inputs, strict=True)
    }
    width = architecture.width
    for name, layer in zip(names, own.layers, strict=True):
        values = [p.view(len(rngs), -1, *p.shape[1:]) for p in layer.parameters()]
        if name.startswith("conv"):
            (before,) = inputs[name]
            channels: list[int] = []
            for part in inputs[before] if before.startswith("concat") else [before]:
                skip = part.startswith("skip")
                channels += range(width, width + SKIP_CHANNELS) if skip else range(width)
            kernels = torch.zeros(len(rngs), width, width + SKIP_CHANNELS, 3, 3)
            kernels[:, :, channels] = values[0]
            values[0] = kernels
        if values:
            yield name, values


class _Normalised(nn.Module):
    """Batch normalisation and LeakyReLU; subclasses convolve before it."""

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, weight: tuple[int, ...], after: int):
        super().__init__()
        copies = weight[0]
        self.weight = nn.Parameter(torch.zeros(weight))
        self.scale = nn.Parameter(torch.zeros(copies, after))
        self.shift = nn.Parameter(torch.zeros(copies, after))
        self.register_buffer("running_mean", torch.zeros(copies * after))
        self.register_buffer("running_var", torch.ones(copies * after))

    def normalise(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.scale.flatten(),
            self.shift.flatten(),
            training=self.training,
        )
        return functional.leaky_relu_(x, SLOPE)  # in place: nobody else needs what came before


class _Conv(_Normalised):
    def __init__(
        self,
        convolution: Convolution,
        copies: int,
        before: int,
        after: int,
        kernel: int = 3,
        stride: int = 1,
    ):
        super().__init__((copies, after, before, kernel, kernel), after)
        self.convolution, self.stride = convolution, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output, shape (batch, copies, height, width)."""
        return self.normalise(self.convolution(x, self.weight, self.stride))


class _UpConv(_Normalised):
    def __init__(self, convolution: Convolution, copies: int, width: int):
        super().__init__((copies, width, width, 2, 2), width)
        self.convolution = convolution

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output, shape (batch, copies, height, width)."""
        return self.normalise(up_transposed(x, self.weight, self.convolution))


class _Output(nn.Module):
    def __init__(self, convolution: Convolution, copies: int, before: int):
        super().__init__()
        self.convolution = convolution
        self.weight = nn.Parameter(torch.zeros(copies, 1, before, 1, 1))
        self.bias = nn.Parameter(torch.zeros(copies, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The output, shape (batch, copies, height, width)."""
        return torch.sigmoid(self.convolution(x, self.weight, 1) + self.bias[..., None])
