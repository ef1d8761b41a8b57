"""``python -m generate.bench.tune``: which convolution, how many networks at once, are the fastest.

For a GPU; a CPU runs the same code, slowly. Prints DIP instance-iterations per second of one
architecture, with the error of the first outputs and gradients against float64 beside it, so that
nothing is chosen that is fast and wrong.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from dipbench.spaces import Architecture
from generate.bench.plain import plain_dip, rate
from generate.measure.rows import device_name
from generate.networks.gpu.captured import own_stream
from generate.networks.gpu.convolutions import CONVOLUTIONS, on_device
from generate.networks.gpu.memory import Memory, is_out_of_memory
from generate.photographs.images import Images, load_images
from generate.protocols.reading import get
from generate.protocols.settings import Protocol
from generate.training.gated_dip import Fit, GatedDip

__all__ = ["Timed", "Way", "errors", "main", "tune"]

NAME = "d5-s01234-bilinear-w16"
CHECKED = 2  # networks that are compared with float64


@dataclass(frozen=True)
class Way:
    """One way of running fits.

    Attributes:
        networks: how many at once.
        convolution: its name in `CONVOLUTIONS`.
        compiled: whether `torch.compile` goes over the networks.
        replays: whether steps are replayed as a CUDA graph.
    """

    networks: int
    convolution: str
    compiled: bool
    replays: bool


@dataclass(frozen=True)
class Timed:
    """What a way gave: instance-iterations per second, and GPU memory of a fit in bytes.

    Both are nan where memory ran out.
    """

    way: Way
    rate: float
    bytes_each: float


def tune(
    protocol: Protocol,
    images: Images,
    device: torch.device,
    architecture: Architecture,
    ways: Iterable[Way],
    iterations: int,
) -> Iterator[Timed]:
    """Time each of `ways`.

    Args:
        iterations: to be timed, after a run as long as the stopping rule's window.
    """
    window = protocol.dip.stop_window
    for way in ways:

        def seconds(length: int, way: Way = way) -> float:
            short = replace(protocol, dip=replace(protocol.dip, iterations=length))
            fits = [Fit(architecture, seed, images.dip[0]) for seed in range(way.networks)]
            convolution = CONVOLUTIONS[way.convolution]
            work = GatedDip(short, fits, images, device, convolution=convolution)
            if way.compiled:
                work.networks.compile()
            return work.run(way.replays).seconds

        try:
            taken = 0
            if device.type == "cuda":
                taken = Memory(device).taken(lambda: seconds(window))
            # The difference of two runs, so that starting does not count.
            lasted = seconds(window + iterations) - seconds(window)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            yield Timed(way, math.nan, math.nan)
        else:
            yield Timed(way, way.networks * iterations / lasted, taken / way.networks)


def errors(
    protocol: Protocol, images: Images, device: torch.device, architecture: Architecture
) -> dict[str, tuple[float, float]]:
    """Per convolution, the relative error of outputs and of gradients, float32 against float64."""
    fits = [Fit(architecture, seed, images.dip[0]) for seed in range(CHECKED)]
    exact = GatedDip(protocol, fits, images, device, torch.float64)
    found = {}
    with own_stream(device):
        wanted = exact.step(), _gradients(exact)
        for name in on_device(device):
            work = GatedDip(protocol, fits, images, device, convolution=CONVOLUTIONS[name])
            pairs = zip((work.step(), _gradients(work)), wanted, strict=True)
            output, gradient = (float((a - b).norm() / b.norm()) for a, b in pairs)
            found[name] = output, gradient
    return found


def _gradients(work: GatedDip) -> torch.Tensor:
    given = [p.grad for p in work.networks.parameters()]
    return torch.cat([g.flatten() for g in given if g is not None])


def plain_rate(
    protocol: Protocol, device: torch.device, architecture: Architecture, iterations: int
) -> float:
    """Iterations per second of the plain way, as `generate.bench.rates` has it."""
    noisy = torch.rand(1, 1, protocol.size, protocol.size).to(device)
    steps = plain_dip(protocol, architecture.graph, noisy, np.random.default_rng(0))
    return rate(steps, iterations, device, warm_up=3)


def main(arguments: Sequence[str] | None = None) -> None:
    """Time everything and print a table, in the order of `tune`."""
    parser = argparse.ArgumentParser(prog="python -m generate.bench.tune", description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--architecture", default=NAME)
    parser.add_argument("--networks", type=int, nargs="+", default=[64, 128, 256, 512])
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--compile", action="store_true", help="try torch.compile, too")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    protocol, device = get("demo-v1"), torch.device(options.device)
    images = load_images(protocol, None)
    a = Architecture.parse(options.architecture)
    print(f"{device_name(device)}, torch {torch.__version__}, {a}", flush=True)
    for name, (output, gradient) in errors(protocol, images, device, a).items():
        print(f"{name:<24} error of outputs {output:.1e}, of gradients {gradient:.1e}", flush=True)
    plain = plain_rate(protocol, device, a, options.iterations)
    print(f"the plain way: {plain:.0f} iterations per second\n")
    # Without a GPU nothing can be replayed; compiling takes minutes.
    replays = (True, False) if device.type == "cuda" else (False,)
    compiled = (False, True) if options.compile else (False,)
    ways = itertools.starmap(
        Way, itertools.product(options.networks, on_device(device), compiled, replays)
    )
    row = "{:>10} {:<16}{:>10}{:>10}{:>12}{:>8}{:>9}"
    print(
        row.format(
            "networks", "convolution", "compiled", "replays", "per second", "ratio", "MB each"
        )
    )
    for one in tune(protocol, images, device, a, ways, options.iterations):
        way = one.way
        yes = ["yes" if flag else "no" for flag in (way.compiled, way.replays)]
        numbers = f"{one.rate:.0f}", f"{one.rate / plain:.1f}", f"{one.bytes_each / 1e6:.1f}"
        print(row.format(way.networks, way.convolution, *yes, *numbers), flush=True)


if __name__ == "__main__":
    main()
