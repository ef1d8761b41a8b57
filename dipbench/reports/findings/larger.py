"""Do depth and SLC move the two scores in a larger space, of which a random sample is measured?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dipbench.kendall import kendall
from dipbench.reports.findings.bootstrap import Estimate, counted, estimate
from dipbench.reports.findings.controls import RIVAL
from dipbench.reports.findings.judging import DEEP
from dipbench.reports.findings.panel import Floats
from dipbench.reports.findings.ranks import pairs_within, somers_d
from dipbench.reports.findings.text import interval, number
from dipbench.reports.markdown import table as markdown_table
from dipbench.spaces import Space

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["LEAST_SAMPLED", "Larger", "Means", "Moves", "larger", "larger_section"]

LEAST_SAMPLED = 40  # architectures, below which nothing is said
RESAMPLES = 500
LABELS = {
    "dip_rmse": "DIP peak",
    "dip_averaged_rmse": "DIP averaged peak",
    "supervised_rmse": "supervised test RMSE",
}


@dataclass(frozen=True)
class Means:
    """Of the `count` architectures with one `value` of a feature; grey levels, as in `LABELS`."""

    value: int
    count: int
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Moves:
    """Somers' D of a score on depth or SLC, the other being fixed; over resampled architectures.

    `deep` leaves depth 1 out.
    """

    score: str
    varied: str
    deep: bool
    d: Estimate


@dataclass(frozen=True)
class Larger:
    """A random sample of a larger space.

    Attributes:
        protocol, sha256, space: of its table.
        size: architectures of the space; `count`: those that are measured in both modes.
        images: how many are fitted; `seeds` of both modes.
        means: by feature, depth and SLC, of each of its values.
        moves: every score on both features, all architectures and the deeper ones.
        tau: Kendall's, between the DIP peak and supervised RMSE.
    """

    protocol: str
    sha256: str
    space: str
    size: int
    count: int
    images: int
    seeds: tuple[int, ...]
    means: dict[str, tuple[Means, ...]]
    moves: tuple[Moves, ...]
    tau: Estimate


def larger(table: Table, task: str) -> Larger:
    """What the sample in `table` says.

    Raises:
        ValueError: fewer than 40 architectures are measured in both modes.
    """
    frame = table.frame[table.frame["task"] == task].dropna(subset=list(LABELS))
    if len(frame) < LEAST_SAMPLED:
        raise ValueError(
            f"{table.protocol} has {len(frame)} architectures in both modes; expected at least "
            f"{LEAST_SAMPLED}"
        )
    counts = list(counted(len(frame), np.random.default_rng(0), RESAMPLES))
    x, y = (frame[name].to_numpy(np.float64) for name in ("dip_rmse", "supervised_rmse"))
    protocol = table.manifest["protocol"]
    return Larger(
        protocol=table.protocol,
        sha256=table.sha256,
        space=table.space_name,
        size=len(Space(table.space_name)),
        count=len(frame),
        images=int(frame["n_images"].max()),
        seeds=tuple(protocol["seeds"]),
        means={feature: _means(frame, feature) for feature in RIVAL},
        moves=tuple(
            move
            for varied in RIVAL
            for deep in (False, True)
            for move in _moves(frame, varied, deep, counts)
        ),
        tau=estimate(np.array([kendall(x, y, weights) for weights in counts])),
    )


def _means(frame: Any, feature: str) -> tuple[Means, ...]:
    return tuple(
        Means(int(value), len(part), tuple(float(part[score].mean()) for score in LABELS))
        for value, part in frame.groupby(feature)
    )


def _moves(frame: Any, varied: str, deep: bool, counts: Sequence[Floats]) -> Iterator[Moves]:
    """Of every score."""
    kept = frame["depth"].to_numpy() >= (DEEP if deep else 0)
    feature, fixed, *scores = (
        frame[name].to_numpy()[kept] for name in (varied, RIVAL[varied], *LABELS)
    )
    pairs, moved = pairs_within(fixed), feature.astype(np.float64)
    weighed = (pairs.weights(count[kept]) for count in counts)
    found = np.array([[somers_d(moved, s, pairs, weights) for s in scores] for weights in weighed])
    for score, values in zip(LABELS, found.T, strict=True):
        yield Moves(score, varied, deep, estimate(values))


def larger_section(found: Larger | str) -> str:
    """Means by depth and SLC, and how each score moves with either."""
    if isinstance(found, str):
        return found
    seeds = f"seed{'s' if len(found.seeds) > 1 else ''} {', '.join(map(str, found.seeds))}"
    parts = [
        f"`{found.protocol}` (table {found.sha256[:16]}) holds {found.count} of the {found.size:,} "
        f"architectures of `{found.space}`, drawn at random within each depth, with {seeds} and "
        f"{found.images} images. Width, the convolutions of a stage, crossings and every level's "
        "skip and up-sampling vary at random there, so it asks whether depth and SLC move the "
        "scores *whatever else varies*. No verdict above counts it. Intervals are over "
        "architectures. "
        f"{_rests_on(found.means['slc'])}"
    ]
    for feature, label in (("depth", "depth"), ("slc", "SLC")):
        rows = [
            (str(of.value), str(of.count), *map(number, of.scores)) for of in found.means[feature]
        ]
        parts.append(markdown_table((label, "architectures", *LABELS.values()), rows))
    by = {(m.score, m.varied, m.deep): m.d for m in found.moves}
    rows = [
        (
            LABELS[score],
            *(interval(by[score, v, deep], sign=True) for v in RIVAL for deep in (False, True)),
        )
        for score in LABELS
    ]
    heading = [
        f"D on {name}, {which}" for name in ("depth", "SLC") for which in ("all", f"depth ≥ {DEEP}")
    ]
    parts.append("Somers' D on one of depth and SLC with the other fixed:")
    parts.append(markdown_table(("score", *heading), rows))
    parts.append(
        f"At depth ≥ {DEEP}, with SLC fixed, the DIP peak "
        f"{_word(by['dip_rmse', 'depth', True])} with depth, and its averaged output "
        f"{_word(by['dip_averaged_rmse', 'depth', True])}. With depth fixed, supervised RMSE "
        f"{_word(by['supervised_rmse', 'slc', False])} with SLC, and the DIP peak "
        f"{_word(by['dip_rmse', 'slc', False])}. Kendall's tau between the DIP peak and supervised "
        f"RMSE is {interval(found.tau, sign=True)}."
    )
    return "\n\n".join(parts)


def _rests_on(by_slc: Sequence[Means]) -> str:
    """SLC is small in most random architectures."""
    whole, few = sum(of.count for of in by_slc), sum(of.count for of in by_slc if of.value <= 1)
    most = max(of.value for of in by_slc)
    return (
        f"SLC is 0 or 1 in {few} of them and at most {most}, so what follows of SLC rests on these."
        if 2 * few > whole
        else f"SLC is at most {most}."
    )


def _word(d: Estimate) -> str:
    if d.low > 0:
        return "rises"
    return "falls" if d.high < 0 else "does not certainly move"
