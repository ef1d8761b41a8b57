"""Baselines that anybody knows, from a CSV file: what the scores of networks are worth."""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["COLUMNS", "Baseline", "read_baselines"]

COLUMNS = ("protocol", "task", "method", "images", "count", "rmse", "psnr")


@dataclass(frozen=True)
class Baseline:
    """A method without learning.

    Attributes:
        task, method: what was applied to what.
        images: ``test`` or ``dip``, the images that supervised or DIP RMSE is measured on.
        count: how many.
        rmse: mean over images, grey levels; `psnr`: mean over images, dB.
    """

    task: str
    method: str
    images: str
    count: int
    rmse: float
    psnr: float


def read_baselines(path: str | os.PathLike[str]) -> tuple[Baseline, ...]:
    """The rows of a file with the columns of `COLUMNS`.

    Raises:
        ValueError: a column is missing, or a number is none.
        OSError: the file cannot be read.
    """
    file = Path(path)
    reader = csv.DictReader(file.read_text("utf-8").splitlines())
    for column in COLUMNS:
        if column not in (reader.fieldnames or ()):
            raise ValueError(f"{file} has no column {column!r}; expected {', '.join(COLUMNS)}")
    found = []
    for row in reader:
        try:
            count, rmse, psnr = int(row["count"]), float(row["rmse"]), float(row["psnr"])
        except (TypeError, ValueError):
            count, rmse, psnr = 0, math.nan, math.nan
        if count < 1 or not (math.isfinite(rmse) and math.isfinite(psnr)):
            raise ValueError(
                f"{file}: {row['method']} on {row['task']} has count {row['count']!r}, rmse "
                f"{row['rmse']!r}, psnr {row['psnr']!r}; expected numbers"
            )
        found.append(Baseline(row["task"], row["method"], row["images"], count, rmse, psnr))
    return tuple(found)
