"""Whether two ways to measure agree: two folders of results of one protocol, unit by unit.

A DIP fit is chaotic: the last bit of a sum changes which of many equally good courses it takes.
So two correct implementations agree in the mean, within the noise between seeds, and not run by
run. The yardstick is that noise.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain

from dipbench.table.aggregate import pooled_seed_std
from generate.table.shards import Results, Row

__all__ = ["SCORES", "Agreement", "agreement", "report"]

SCORES = {
    "dip": ("peak_rmse", "final_rmse", "averaged_peak_rmse", "stopped_rmse"),
    "supervised": ("val_rmse", "test_rmse"),
}


@dataclass(frozen=True)
class Agreement:
    """One score in both, over the architectures that both measured, in grey levels.

    Attributes:
        architectures, runs: how many are compared.
        mean: of the reference.
        difference: mean over runs of the results less the reference.
        error: its standard error, from the spread of the differences between architectures.
        seed_std: of the results, between seeds of one architecture and image, pooled over all
            that have several; NaN with a single seed.
    """

    mode: str
    score: str
    architectures: int
    runs: int
    mean: float
    difference: float
    error: float
    seed_std: float

    @property
    def agrees(self) -> bool | None:
        """Whether the difference is under half the noise between seeds; None if that is unknown."""
        known = not math.isnan(self.seed_std)
        return abs(self.difference) < self.seed_std / 2 if known else None


def agreement(
    results: Results, reference: Results, names: Collection[str] | None = None
) -> list[Agreement]:
    """Compare every score of the units that both hold.

    Args:
        names: of the architectures to be compared; None compares all.

    Raises:
        ValueError: they have no finished unit in common.
    """
    pairs = [
        (ours, theirs)
        for unit in sorted(results.units.keys() & reference.units.keys())
        for ours, theirs in zip(results.units[unit], reference.units[unit], strict=True)
        if ours["status"] == theirs["status"] == "ok" and (names is None or ours["name"] in names)
    ]
    if not pairs:
        raise ValueError("the two have no unit in common; expected results of the same protocol")
    return [
        _compare(mode, score, [pair for pair in pairs if pair[0]["mode"] == mode], results)
        for mode, scores in SCORES.items()
        if any(pair[0]["mode"] == mode for pair in pairs)
        for score in scores
    ]


def _compare(mode: str, score: str, pairs: list[tuple[Row, Row]], results: Results) -> Agreement:
    by_architecture: dict[str, list[float]] = {}
    for ours, theirs in pairs:
        by_architecture.setdefault(ours["name"], []).append(ours[score] - theirs[score])
    means = [statistics.fmean(differences) for differences in by_architecture.values()]
    count = len(means)
    return Agreement(
        mode=mode,
        score=score,
        architectures=count,
        runs=len(pairs),
        mean=statistics.fmean(theirs[score] for _, theirs in pairs),
        difference=statistics.fmean(ours[score] - theirs[score] for ours, theirs in pairs),
        error=statistics.stdev(means) / math.sqrt(count) if count > 1 else math.nan,
        seed_std=_pooled(results, mode, score),
    )


def _pooled(results: Results, mode: str, score: str) -> float:
    """Noise between seeds, pooled over all architectures with several."""
    rows = chain.from_iterable(results.units.values())
    runs = [row for row in rows if row["status"] == "ok" and row["mode"] == mode]
    return pooled_seed_std(runs, score)


def report(found: list[Agreement]) -> str:
    """The comparison as a text table, one line per score; RMSE in grey levels."""
    lines = [
        "RMSE in grey levels; agrees: the difference is under half the noise between seeds",
        f"{'mode':<12}{'score':<20}{'networks':>9}{'runs':>6}{'mean':>8}{'difference':>12}"
        f"{'± error':>9}{'seed std':>10}{'agrees':>8}",
    ]
    for one in found:
        answer = {True: "yes", False: "no", None: "-"}[one.agrees]
        noise = "-" if math.isnan(one.seed_std) else f"{one.seed_std:.3f}"
        lines.append(
            f"{one.mode:<12}{one.score:<20}{one.architectures:>9}{one.runs:>6}{one.mean:>8.3f}"
            f"{one.difference:>+12.3f}{one.error:>9.3f}{noise:>10}{answer:>8}"
        )
    return "\n".join(lines)
