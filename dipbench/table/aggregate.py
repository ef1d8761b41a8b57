"""From runs to one row per architecture: means, spreads and counts, nothing imputed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ["mean", "seed_std", "summarise"]

Run: TypeAlias = Mapping[str, Any]


def summarise(runs: Iterable[Run]) -> dict[str, float | int]:
    """The measured columns of `schema.ARCHITECTURES`, for the runs of one architecture.

    Diverged runs are counted and left out. Where nothing was measured a mean is NaN and its
    count 0; a standard deviation is NaN where no image has two seeds.
    """
    runs = list(runs)
    finished = [run for run in runs if run["status"] == "ok"]
    supervised = [run for run in finished if run["mode"] == "supervised"]
    dip = [run for run in finished if run["mode"] == "dip"]
    return {
        "supervised_rmse": mean(supervised, "test_rmse"),
        "supervised_rmse_val": mean(supervised, "val_rmse"),
        "supervised_std": seed_std(supervised, "test_rmse"),
        "supervised_seconds": mean(supervised, "seconds"),
        "n_seeds": len(supervised),
        "dip_rmse": mean(dip, "peak_rmse"),
        "dip_std": seed_std(dip, "peak_rmse"),
        "dip_final_rmse": mean(dip, "final_rmse"),
        "dip_averaged_rmse": mean(dip, "averaged_peak_rmse"),
        "dip_averaged_final_rmse": mean(dip, "averaged_final_rmse"),
        "dip_stopped_rmse": mean(dip, "stopped_rmse"),
        "dip_seconds": mean(dip, "seconds"),
        "n_images": len({run["image"] for run in dip}),
        "n_fits": len(dip),
        "n_censored": sum(bool(run["peak_censored"]) for run in dip),
        "n_failed": len(runs) - len(finished),
    }


def mean(runs: Iterable[Run], column: str) -> float:
    """Mean of `column`, NaN over no runs; `math.fsum` makes it free of the runs' order."""
    values = [run[column] for run in runs]
    return math.fsum(values) / len(values) if values else math.nan


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
