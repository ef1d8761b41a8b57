"""``python -m generate bench``: ours against the plain way and against the machine, in one run.

Both do the same fit in turns, so that whatever slows the machine slows both; the ratio is taken
turn by turn.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import torch

from dipbench.spaces import Architecture, Space
from generate.bench.plain import plain_dip, plain_training, rate
from generate.bench.roofline import Ceilings, Work, ceilings, work
from generate.measure.batches import ENGINE
from generate.measure.rows import device_name
from generate.networks.engines import engine
from generate.photographs.images import Images
from generate.protocols.plan import FITS_PER_UNIT
from generate.protocols.settings import Protocol
from generate.training.dip import fit
from generate.training.gated_dip import Fit, GatedDip
from generate.training.gated_supervised import GatedTraining
from generate.training.observed import observe
from generate.training.supervised import train, training_batches

__all__ = ["NAMES", "Measured", "bench", "report"]

NAMES = ("d5-s01234-bilinear-w16", "d5-s01234-bilinear-w8")
TURNS = 5
SHORTEST = 400  # instance-iterations
AT_ONCE = 512  # fits on a GPU


@dataclass(frozen=True)
class Measured:
    """Instance-iterations per second: images times iterations, or times steps if supervised.

    Attributes:
        mode, name: what was run.
        plain, ours: medians over the turns.
        ratio: ours over plain, median over the turns; `low` and `high` are its extremes.
        limits: rates that arithmetic, state bytes and layer bytes would allow, of `Work`.
    """

    mode: str
    name: str
    plain: float
    ours: float
    ratio: float
    low: float
    high: float
    limits: tuple[float, float, float]


def bench(
    protocol: Protocol,
    images: Images,
    device: torch.device,
    names: tuple[str, ...] = NAMES,
    seconds: float = 4.0,
    gated: bool | None = None,
) -> dict[str, Any]:
    """Time both modes of each architecture.

    Args:
        seconds: about how long either way runs in a turn.
        gated: whether ours is that of `generate.networks.gpu`; by default on a GPU.

    Returns:
        The device, the ceilings and a list of `Measured`, ready for JSON.
    """
    machine = ceilings(device)
    gated = device.type == "cuda" if gated is None else gated
    measured = []
    for name in names:
        a = Architecture.parse(name)
        inputs, batch = protocol.dip.input_channels, protocol.supervised.batch
        for mode, pair, amount in (
            ("dip", _dip, work(a.graph, inputs, protocol.size)),
            ("supervised", _supervised, work(a.graph, 1, protocol.size, batch)),
        ):
            plain, ours = pair(protocol, images, device, a, gated)
            measured.append(_measure(mode, name, plain, ours, amount, machine, seconds))
    return {
        "device": device_name(device),
        "torch_version": str(torch.__version__),
        "engine": ENGINE if gated else engine(device),
        "ceilings": asdict(machine),
        "measured": [asdict(one) for one in measured],
    }


Run = Callable[[int], float]  # so many instance-iterations -> how many per second


def _measure(
    mode: str, name: str, plain: Run, ours: Run, amount: Work, machine: Ceilings, seconds: float
) -> Measured:
    slow, fast = (int(seconds * run(SHORTEST)) for run in (plain, ours))  # which warms up, too
    turns = [(plain(slow), ours(fast)) for _ in range(TURNS)]
    ratios = [ours / plain for plain, ours in turns]
    return Measured(
        mode=mode,
        name=name,
        plain=statistics.median(plain for plain, _ in turns),
        ours=statistics.median(ours for _, ours in turns),
        ratio=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        limits=amount.per_second(machine),
    )


def _dip(
    protocol: Protocol, images: Images, device: torch.device, a: Architecture, gated: bool
) -> tuple[Run, Run]:
    fitted = dict(islice(images.val.items(), FITS_PER_UNIT))
    first = next(iter(fitted))
    noisy = observe(protocol, first, fitted[first], 0).values[None, None].to(device)
    together = AT_ONCE if gated else len(fitted)

    def plain(count: int) -> float:
        return rate(plain_dip(protocol, a.graph, noisy, np.random.default_rng(0)), count, device)

    def ours(count: int) -> float:
        iterations = max(protocol.dip.stop_window, count // together)
        settings = replace(protocol, dip=replace(protocol.dip, iterations=iterations))
        if gated:
            seconds = _gated_fits(settings, images, device, a, together)
        else:
            seconds = fit(settings, a.graph, a.key, fitted, 0, device).seconds
        return iterations * together / seconds

    return plain, ours


def _gated_fits(
    protocol: Protocol, images: Images, device: torch.device, a: Architecture, count: int
) -> float:
    """Seconds of `count` fits side by side, as a GPU measures them."""
    ids = list(images.val)
    wanted = [Fit(a, k // len(ids), ids[k % len(ids)]) for k in range(count)]
    return GatedDip(protocol, wanted, images, device).run().seconds


def _supervised(
    protocol: Protocol, images: Images, device: torch.device, a: Architecture, gated: bool
) -> tuple[Run, Run]:
    batch = protocol.supervised.batch
    # Validation is no part of the plain way, so one image of it is enough.
    val, test = (dict(islice(of.items(), 1)) for of in (images.val, images.test))
    one = replace(images, val=val, test=test)

    def plain(count: int) -> float:
        batches = training_batches(protocol, images, 0)
        steps = plain_training(a.graph, batches, device, np.random.default_rng(0))
        return batch * rate(steps, max(1, count // batch), device)

    together = [a]
    if gated:  # all that differ in `skips` alone
        kind = (a.depth, a.upsample, a.width)
        together = [b for b in Space() if (b.depth, b.upsample, b.width) == kind]

    def ours(count: int) -> float:
        steps = max(1, count // (batch * len(together)))
        short = replace(protocol.supervised, steps=steps, recorded=1)
        settings = replace(protocol, supervised=short)
        if gated:
            seconds = GatedTraining(settings, together, 0, one, device).run()[0].seconds
        else:
            seconds = train(settings, a.graph, a.key, one, 0, device).seconds
        return batch * steps / seconds

    return plain, ours


def report(found: dict[str, Any]) -> str:
    """The answer of `bench` for people."""
    flops, bandwidth = found["ceilings"]["flops"] / 1e9, found["ceilings"]["bandwidth"] / 1e9
    lines = [
        f"{found['device']}, torch {found['torch_version']}, engine {found['engine']}",
        f"ceilings: {flops:.0f} GFLOP/s (matrix product), {bandwidth:.1f} GB/s (copy)",
        "",
        "instance-iterations per second",
        f"{'':<12}{'':<24}{'plain':>8}{'ours':>8}{'ratio':>8}{'':>14}"
        f"{'arithmetic':>12}{'state':>9}{'layers':>9}",
    ]
    for one in found["measured"]:
        spread = f"({one['low']:.2f}-{one['high']:.2f})"
        limits = "{:>12.0f}{:>9.0f}{:>9.0f}".format(*one["limits"])
        lines.append(
            f"{one['mode']:<12}{one['name']:<24}{one['plain']:>8.0f}{one['ours']:>8.0f}"
            f"{one['ratio']:>8.2f}{spread:>14}{limits}"
        )
    lines += [
        "",
        "arithmetic, state, layers: the rates that FLOPs, bytes that must move at least, and",
        "bytes moved node by node would allow (generate/bench/roofline.py)",
    ]
    return "\n".join(lines)
