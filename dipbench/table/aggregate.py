"""From runs to one row per architecture: means, spreads and counts, nothing imputed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = [
    "Clock",
    "mean",
    "of_mode",
    "pooled_seed_std",
    "psnr",
    "reference_clock",
    "seed_std",
    "summarise",
]

Run: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Clock:
    """What seconds were measured with: they compare only where both are the same.

    Attributes:
        device: model name of the processor or GPU.
        engine: what ran the networks.
    """

    device: str
    engine: str


def reference_clock(runs: Iterable[Run]) -> Clock | None:
    """The clock whose seconds stand for the architectures of a table.

    It measured every architecture in every mode that the table has; of several, the one with most
    runs, then the first by name. None if there is no such clock: then no seconds of architectures
    would compare, and the table states none.
    """
    measured: dict[Clock, set[tuple[str, str]]] = defaultdict(set)
    count: Counter[Clock] = Counter()
    wanted = set()
    for run in runs:
        clock, pair = _clock(run), (run["key"], run["mode"])
        measured[clock].add(pair)
        wanted.add(pair)
        count[clock] += 1
    complete = [clock for clock, pairs in measured.items() if pairs == wanted]
    return min(complete, key=lambda c: (-count[c], c.device, c.engine), default=None)


def summarise(runs: Iterable[Run], clock: Clock | None = None) -> dict[str, float | int]:
    """The measured columns of `schema.ARCHITECTURES`, for the runs of one architecture.

    Diverged runs are counted and left out. Where nothing was measured a mean is NaN and its
    count 0; a standard deviation is NaN where no image has two seeds.

    Args:
        clock: the seconds are means over the runs that it measured alone; NaN without one.
    """
    runs = list(runs)
    finished = [run for run in runs if run["status"] == "ok"]
    supervised, dip = of_mode(finished, "supervised"), of_mode(finished, "dip")
    timed = [run for run in finished if clock and _clock(run) == clock]
    return {
        "supervised_rmse": mean(supervised, "test_rmse"),
        "supervised_rmse_val": mean(supervised, "val_rmse"),
        "supervised_std": seed_std(supervised, "test_rmse"),
        "supervised_psnr": mean(supervised, "test_psnr"),
        "supervised_test_std": mean(supervised, "test_rmse_std"),
        "supervised_seconds": mean(of_mode(timed, "supervised"), "seconds"),
        "n_seeds": len(supervised),
        "dip_rmse": mean(dip, "peak_rmse"),
        "dip_std": seed_std(dip, "peak_rmse"),
        "dip_final_rmse": mean(dip, "final_rmse"),
        "dip_averaged_rmse": mean(dip, "averaged_peak_rmse"),
        "dip_averaged_final_rmse": mean(dip, "averaged_final_rmse"),
        "dip_stopped_rmse": mean(dip, "stopped_rmse"),
        "dip_exact_rmse": mean(dip, "exact_peak_rmse"),
        "dip_averaged_exact_rmse": mean(dip, "averaged_exact_peak_rmse"),
        "dip_unperturbed_rmse": mean(dip, "unperturbed_peak_rmse"),
        "dip_psnr": _mean([psnr(run["peak_rmse"]) for run in dip]),
        "dip_seconds": mean(of_mode(timed, "dip"), "seconds"),
        "n_images": len({run["image"] for run in dip}),
        "n_fits": len(dip),
        "n_censored": sum(bool(run["peak_censored"]) for run in dip),
        "n_failed": len(runs) - len(finished),
    }


def _clock(run: Run) -> Clock:
    return Clock(run["device"], run["engine"])


def of_mode(runs: Iterable[Run], mode: str) -> list[Run]:
    """The runs of one mode."""
    return [run for run in runs if run["mode"] == mode]


def mean(runs: Iterable[Run], column: str) -> float:
    """Mean of `column`; NaN over no runs, and where a run lacks it."""
    return _mean([run.get(column) for run in runs])


def _mean(values: list[float | None]) -> float:
    """`math.fsum` makes it free of the order of the runs."""
    known = [value for value in values if value is not None]
    complete = known and len(known) == len(values)
    return math.fsum(known) / len(known) if complete else math.nan


def psnr(rmse: float) -> float:
    """Peak signal-to-noise ratio in dB of an RMSE in grey levels: 20 log10(255 / RMSE)."""
    return 20 * math.log10(255 / rmse) if rmse else math.inf


def seed_std(runs: Iterable[Run], column: str) -> float:
    """Standard deviation between seeds of one image, pooled over the images.

    Images differ in difficulty; that is no noise, so squared deviations are taken from each
    image's own mean and divided by the degrees of freedom that remain.
    """
    by_image: dict[Any, list[float]] = defaultdict(list)
    for run in runs:
        by_image[run["image"]].append(run[column])
    squares, freedom = [], 0
    for values in by_image.values():
        centre = math.fsum(values) / len(values)
        squares += [(value - centre) ** 2 for value in values]
        freedom += len(values) - 1
    return math.sqrt(math.fsum(squares) / freedom) if freedom else math.nan


def pooled_seed_std(runs: Iterable[Run], column: str) -> float:
    """`seed_std` pooled over architectures: the root mean square; NaN if none has two seeds.

    Args:
        runs: finished runs of one mode.
    """
    by_architecture: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_architecture[run["key"]].append(run)
    found = [seed_std(of_one, column) for of_one in by_architecture.values()]
    known = [value**2 for value in found if not math.isnan(value)]
    return math.sqrt(math.fsum(known) / len(known)) if known else math.nan
