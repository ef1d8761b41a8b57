"""Baselines that anybody knows, from a CSV file: what the scores of networks are worth."""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["COLUMNS", "Baseline", "read_baselines"]

COLUMNS = ("task", "method", "split", "images", "rmse", "psnr")


@dataclass(frozen=True)
class Baseline:
    """A method without learning, on the images of one split.

    Attributes:
        task, method, split: what it was applied to.
        images: how many.
        rmse: mean over images, grey levels; `psnr`: mean over images, dB.
    """

    task: str
    method: str
    split: str
    images: int
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
            images, rmse, psnr = int(row["images"]), float(row["rmse"]), float(row["psnr"])
        except (TypeError, ValueError):
            images, rmse, psnr = 0, math.nan, math.nan
        if images < 1 or not (math.isfinite(rmse) and math.isfinite(psnr)):
            raise ValueError(
                f"{file}: {row['method']} on {row['task']} has images {row['images']!r}, rmse "
                f"{row['rmse']!r}, psnr {row['psnr']!r}; expected numbers"
            )
        found.append(Baseline(row["task"], row["method"], row["split"], images, rmse, psnr))
    return tuple(found)
