"""``python -m generate bench``: ours against the plain way and against the machine, in one run.

Both do the same fit in turns, so that whatever slows the machine slows both; the ratio is taken
turn by turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import torch

from dipbench.spaces import Architecture
from generate.bench.plain import plain_dip, plain_training, rate
from generate.bench.roofline import Ceilings, Work, ceilings, work
from generate.measure.rows import device_name
from generate.measure.side_by_side import measure_all
from generate.networks.engines import engine
from generate.networks.gpu.in_flight import AT_ONCE
from generate.photographs.images import Images
from generate.protocols.plan import FITS_PER_UNIT, Unit
from generate.protocols.settings import Candidate, Protocol
from generate.training.batches import training_batches
from generate.training.dip import fit
from generate.training.observed import observe
from generate.training.supervised import train

__all__ = ["NAMES", "Measured", "bench", "fits_rate", "report", "trainings_rate"]

NAMES = ("d5-s01234-bilinear-w16", "d5-s01234-bilinear-w8")
TURNS = 5
SHORTEST = 400  # instance-iterations
FITS, TRAININGS = 24, 3  # of an architecture on a GPU: eight images and three seeds, three seeds


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
    side_by_side: bool | None = None,
    precision: str = "float32",
) -> dict[str, Any]:
    """Time both modes of each architecture.

    Args:
        seconds: about how long either way runs in a turn.
        side_by_side: whether to run several architectures at once; by default on a GPU.
        precision: of the convolutions on a GPU.

    Returns:
        The device, the ceilings and a list of `Measured`, ready for JSON.
    """
    machine = ceilings(device)
    together = device.type == "cuda" if side_by_side is None else side_by_side
    measured = []
    for name in names:
        a = Architecture.parse(name)
        inputs, batch = protocol.dip.input_channels, protocol.supervised.batch
        for mode, pair, amount in (
            ("dip", _dip, work(a.graph, inputs, protocol.size)),
            ("supervised", _supervised, work(a.graph, 1, protocol.size, batch)),
        ):
            plain, ours = pair(protocol, images, device, a, precision if together else None)
            measured.append(_measure(mode, name, plain, ours, amount, machine, seconds))
    return {
        "device": device_name(device),
        "torch_version": str(torch.__version__),
        "engine": engine(device, precision=precision),
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
    protocol: Protocol, images: Images, device: torch.device, a: Architecture, precision: str | None
) -> tuple[Run, Run]:
    """The plain way and ours; with a precision, ours is side by side."""
    fitted = dict(islice(images.val.items(), FITS_PER_UNIT))
    first = next(iter(fitted))
    noisy = observe(protocol, first, fitted[first], 0).values[None, None].to(device)

    def plain(count: int) -> float:
        return rate(plain_dip(protocol, a.graph, noisy, np.random.default_rng(0)), count, device)

    def ours(count: int) -> float:
        if precision:
            iterations = count // (AT_ONCE * FITS)
            return fits_rate(protocol, images, device, _copies(a), iterations, precision)
        iterations = max(protocol.dip.stop_window, count // len(fitted))
        settings = replace(protocol, dip=replace(protocol.dip, iterations=iterations))
        seconds = fit(settings, a.graph, a.key, fitted, 0, device).seconds
        return iterations * len(fitted) / seconds

    return plain, ours


def _supervised(
    protocol: Protocol, images: Images, device: torch.device, a: Architecture, precision: str | None
) -> tuple[Run, Run]:
    batch = protocol.supervised.batch

    def plain(count: int) -> float:
        batches = training_batches(protocol, images, 0)
        steps = plain_training(a.graph, batches, device, np.random.default_rng(0))
        return batch * rate(steps, max(1, count // batch), device)

    def ours(count: int) -> float:
        if precision:
            steps = max(1, count // (batch * AT_ONCE * TRAININGS))
            return trainings_rate(protocol, images, device, _copies(a), steps, precision)
        steps = max(1, count // batch)
        short = replace(protocol.supervised, steps=steps, recorded=1)
        settings = replace(protocol, supervised=short)
        seconds = train(settings, a.graph, a.key, _few_images(images), 0, device).seconds
        return batch * steps / seconds

    return plain, ours


def _copies(a: Architecture) -> list[Candidate]:
    """As if it were several architectures."""
    return [Candidate(f"{a.name}-{k}", a.graph) for k in range(AT_ONCE)]


def _few_images(images: Images) -> Images:
    """Validation is no part of the plain way, so few images are enough; a spread takes two."""
    val, test = (dict(islice(of.items(), 2)) for of in (images.val, images.test))
    return replace(images, val=val, test=test)


def fits_rate(
    protocol: Protocol,
    images: Images,
    device: torch.device,
    architectures: Sequence[Any],
    iterations: int,
    precision: str,
    at_once: int = AT_ONCE,
) -> float:
    """Instance-iterations per second of `FITS` fits of each architecture, `at_once` in turns.

    Args:
        iterations: of each fit, at least as many as the stopping rule needs.
    """
    iterations = max(iterations, protocol.dip.stop_window)
    settings = replace(protocol, dip=replace(protocol.dip, iterations=iterations))
    ids = list(images.val)[: FITS // 3]
    units = [
        Unit("", "dip", a, seed, tuple(ids))
        for a in architectures
        for seed in range(FITS // len(ids))
    ]
    seconds = _seconds(measure_all(settings, units, images, device, precision, at_once=at_once))
    return iterations * len(units) * len(ids) / seconds


def trainings_rate(
    protocol: Protocol,
    images: Images,
    device: torch.device,
    architectures: Sequence[Any],
    steps: int,
    precision: str,
) -> float:
    """Images times steps per second of `TRAININGS` trainings of each architecture."""
    short = replace(protocol.supervised, steps=steps, recorded=1)
    settings = replace(protocol, supervised=short)
    units = [Unit("", "supervised", a, seed) for a in architectures for seed in range(TRAININGS)]
    one = _few_images(images)
    seconds = _seconds(measure_all(settings, units, one, device, precision))
    return short.batch * steps * len(units) / seconds


def _seconds(work: Iterable[object]) -> float:
    """Wall time of all of it, setting up and capturing included."""
    started = time.perf_counter()
    for _ in work:
        pass
    return time.perf_counter() - started


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
