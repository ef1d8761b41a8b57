"""Architectures that a search named on predictions, and what was predicted of them then."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dipbench.files import replacing
from dipbench.surrogate.surrogate import TARGETS

__all__ = ["SCORES", "Nominee", "read_nominees", "write_nominees"]

SCORES = TARGETS[:4]  # the targets that are no seconds
VALUES = tuple(f"{score}{end}" for score in SCORES for end in ("", "_low", "_high"))


@dataclass(frozen=True)
class Nominee:
    """An architecture that search found for a problem, and what was predicted of it then.

    Attributes:
        problem: what the search was for, in words.
        objectives: those of `SCORES` that it looked for small values of.
        name: of the architecture.
        predicted: per score of `SCORES` the prediction and the two ends of its interval, in
            grey levels.
    """

    problem: str
    objectives: tuple[str, ...]
    name: str
    predicted: tuple[tuple[float, float, float], ...]


def write_nominees(nominees: Iterable[Nominee], path: Path) -> Path:
    """Write them as CSV, a line each; whole or not at all."""
    with replacing(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("problem", "objectives", "name", *VALUES))
        for one in nominees:
            values = (value for of in one.predicted for value in of)
            lines.writerow((one.problem, " ".join(one.objectives), one.name, *values))
    return path


def read_nominees(path: Path) -> list[Nominee]:
    """What `write_nominees` wrote.

    Raises:
        ValueError: the file has other columns, or what is no number.
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        expected = ["problem", "objectives", "name", *VALUES]
        if lines.fieldnames != expected:
            raise ValueError(f"{path}: columns {lines.fieldnames}; expected {expected}")
        return [_nominee(path, row) for row in lines]


def _nominee(path: Path, row: Mapping[str, str]) -> Nominee:
    try:
        values = [float(row[column]) for column in VALUES]
    except (TypeError, ValueError):
        raise ValueError(f"{path}: {dict(row)}; expected numbers of {row['name']}") from None
    threes = zip(values[::3], values[1::3], values[2::3], strict=True)
    objectives = tuple(row["objectives"].split())
    return Nominee(row["problem"], objectives, row["name"], tuple(threes))
