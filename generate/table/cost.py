"""What a space of any size would cost to measure, at the rate of what is measured."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from generate.protocols.settings import Protocol
from generate.table.progress import clock_name
from generate.table.shards import Results

__all__ = ["Cost", "Rate", "costs", "rates", "report"]

LEAST_IMAGES = 4
# torch's names of GPUs; a processor's, as "AMD Ryzen 7 with Radeon Graphics", begin otherwise.
GPU = re.compile(r"NVIDIA|Tesla|GeForce|Quadro|TITAN|GRID|AMD Instinct|AMD Radeon")
DAY, YEAR = 24, 24 * 365.25  # hours


@dataclass(frozen=True)
class Rate:
    """Mean seconds on one device, over architectures: each counts once.

    Attributes:
        device: its model name, and the engine.
        gpu: whether it is a GPU; else the seconds are those of one thread.
        training, fit: seconds of one supervised training, of one DIP fit; None if none is there.
        trainings, fits: how many architectures each mean is over.
    """

    device: str
    gpu: bool
    training: float | None
    trainings: int
    fit: float | None
    fits: int


@dataclass(frozen=True)
class Cost:
    """Computing time for `architectures` on `device`; None as long as a mode has no rate.

    Attributes:
        extent: ``minimal``, the least that is useful, or ``full``, the whole protocol.
    """

    device: str
    architectures: int
    extent: str
    seeds: int
    images: int
    hours: float | None


def rates(results: Results) -> list[Rate]:
    """One of each device, by name. Runs that diverged took their time and are counted."""
    seconds: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: {mode: defaultdict(list) for mode in ("supervised", "dip")}
    )
    for rows in results.units.values():
        for row in rows:
            seconds[clock_name(row)][row["mode"]][row["key"]].append(row["seconds"])
    return [
        Rate(
            device,
            gpu=GPU.match(device) is not None,
            training=_mean(seconds[device]["supervised"].values()),
            trainings=len(seconds[device]["supervised"]),
            fit=_mean(seconds[device]["dip"].values()),
            fits=len(seconds[device]["dip"]),
        )
        for device in sorted(seconds)
    ]


def costs(protocol: Protocol, measured: Sequence[Rate], counts: Sequence[int]) -> list[Cost]:
    """Of each device and count of architectures: one seed with four images, and all there is."""
    images = len(protocol.dip_images)
    extents = {
        "minimal": (1, min(LEAST_IMAGES, images)),
        "full": (len(protocol.seeds), images),
    }
    return [
        Cost(rate.device, count, extent, *size, _hours(rate, count, *size))
        for rate in measured
        for count in counts
        for extent, size in extents.items()
    ]


def report(protocol: Protocol, measured: Sequence[Rate], counts: Sequence[int]) -> str:
    """Rates and costs in words and hours."""
    lines = []
    for rate in measured:
        lines += [
            f"{protocol.name} on {rate.device}{'' if rate.gpu else ', one thread'}",
            f"  a training: {_rate(rate.training, rate.trainings)}",
            f"  a DIP fit:  {_rate(rate.fit, rate.fits)}",
        ]
        unit = "GPU hours" if rate.gpu else "hours of one thread"
        for cost in costs(protocol, [rate], counts):
            what = f"{cost.architectures:,} architectures, {cost.extent} ({_size(cost)})"
            time = "unknown" if cost.hours is None else f"{_round(cost.hours)} {unit}"
            span = "" if cost.hours is None else f": {_span(cost.hours, rate.gpu)}"
            lines.append(f"  {what}: {time}{span}")
    if not any(rate.gpu for rate in measured):
        lines.append(f"{protocol.name}: nothing was measured on a GPU, so GPU hours are unknown")
    return "\n".join(lines)


def _mean(of_architectures: Iterable[list[float]]) -> float | None:
    means = [fmean(seconds) for seconds in of_architectures]
    return fmean(means) if means else None


def _hours(rate: Rate, count: int, seeds: int, images: int) -> float | None:
    if rate.training is None or rate.fit is None:
        return None
    return count * seeds * (rate.training + images * rate.fit) / 3600


def _rate(seconds: float | None, architectures: int) -> str:
    if seconds is None:
        return "not measured"
    return f"{seconds:.3g} s, the mean of {architectures} architectures"


def _size(cost: Cost) -> str:
    seeds = "1 seed" if cost.seeds == 1 else f"{cost.seeds} seeds"
    return f"{seeds}, {cost.images} images"


def _round(number: float) -> str:
    """Two significant digits, for the rate is no more certain than that."""
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _span(hours: float, gpu: bool) -> str:
    """How long that is for one, and for as many as finish it in a day."""
    what = "GPU" if gpu else "thread"
    if hours <= DAY:
        return f"within a day on one {what}"
    years = hours / YEAR
    long = f"{_round(years)} years" if years >= 2 else f"{_round(hours / DAY)} days"
    return f"{long} on one {what}, a day on {_round(hours / DAY)}"
