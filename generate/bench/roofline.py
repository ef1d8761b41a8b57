"""How fast an iteration could be: its arithmetic and its bytes against what the machine does.

Williams, Waterman, Patterson, "Roofline", Communications of the ACM 52(4), 2009.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from dipbench.graphs.dag import check
from dipbench.graphs.features import macs, params
from generate.training.clock import clock

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["Ceilings", "Work", "ceilings", "work"]


@dataclass(frozen=True)
class Ceilings:
    """What the machine does: FLOP per second of a matrix product, bytes per second of a copy."""

    flops: float
    bandwidth: float


@dataclass(frozen=True)
class Work:
    """What a training iteration of one instance asks for, at least.

    Attributes:
        flops: of the convolutions, two per multiply-accumulate: forward, gradient of the
            weights, gradient of the values (which the network's input does not need).
        state_bytes: weights and Adam's two moments read and written once, the input read once:
            all that must move where every value in between stays in a cache.
        layer_bytes: besides, the values of every node written once and read once, forward and
            backward: where it goes through memory node by node.
    """

    flops: float
    state_bytes: float
    layer_bytes: float

    def per_second(self, machine: Ceilings) -> tuple[float, float, float]:
        """Instance-iterations per second that each of the three would allow."""
        return (
            machine.flops / self.flops,
            machine.bandwidth / self.state_bytes,
            machine.bandwidth / self.layer_bytes,
        )


def work(graph: Graph, in_channels: int, size: int, shared: int = 1) -> Work:
    """The work of one image; `shared` images share one network, and so its state."""
    network = check(graph)
    channels = network.channels(in_channels)
    sides = [size // 2**level if level >= 0 else size * 2**-level for level in network.levels]
    values = sum(c * side * side for c, side in zip(channels, sides, strict=True))
    start = next(i for i, (op, _) in enumerate(network.labels) if op == "input")
    # A network's input needs no gradient: leave out what the nodes that read it would spend.
    without = macs(graph, 0, size)
    forward = macs(graph, in_channels, size)
    given = channels[start] * size * size
    state = 4 * (6 * params(graph, in_channels) / shared + given)
    return Work(
        flops=2 * (3 * forward - (forward - without)),
        state_bytes=state,
        layer_bytes=state + 4 * 4 * (values - given),
    )


def ceilings(device: torch.device, seconds: float = 1.0) -> Ceilings:
    """Measure the two: a product of 2048 x 2048 matrices, a copy of 256 MiB, float32."""
    draw = torch.Generator().manual_seed(0)
    a, b = (torch.rand(2048, 2048, generator=draw).to(device) for _ in range(2))
    product = torch.empty_like(a)
    source = torch.rand(2**26, generator=draw).to(device)
    target = torch.empty_like(source)
    return Ceilings(
        flops=2 * 2048**3 / _best(device, seconds, lambda: torch.matmul(a, b, out=product)),
        bandwidth=2 * 4 * 2**26 / _best(device, seconds, lambda: target.copy_(source)),
    )


def _best(device: torch.device, seconds: float, run: Callable[[], object]) -> float:
    """The least seconds of one run, tried for `seconds` and at least three times."""
    run()  # warm
    started = clock(device)
    times: list[float] = []
    while len(times) < 3 or clock(device) - started < seconds:
        begun = clock(device)
        run()
        times.append(clock(device) - begun)
    return min(times)
