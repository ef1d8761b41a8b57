"""What a verdict rests on: the same numbers without some of the architectures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dipbench.reports.findings.bootstrap import ALL, RUNS, Estimate, draw, estimate, resampled
from dipbench.reports.findings.controls import control
from dipbench.reports.findings.panel import HEADLINE, Panel
from dipbench.reports.findings.ranks import pairs_within, taus_within
from dipbench.reports.findings.variance import explained

__all__ = ["Checks", "Group", "Kind", "SkipEffect", "checks", "pair_kinds", "skip_effects"]

DIP, TEST = HEADLINE
OVER = {"images and seeds": RUNS, "architectures": ("architectures",), "all three": ALL}


@dataclass(frozen=True)
class Group:
    """Numbers of some of the architectures.

    Attributes:
        name, count: which, and how many.
        shares: by ``values`` and ``ranks``, the Shapley shares of the DIP peak per feature; empty
            if the features do not vary enough.
        dip, supervised: Somers' D of the score on depth, SLC, up-sampling and width fixed.
    """

    name: str
    count: int
    shares: Mapping[str, Mapping[str, float]]
    dip: float
    supervised: float


@dataclass(frozen=True)
class Kind:
    """Pairs of architectures by what differs: how many, and concordant less discordant ones of
    both modes as a share of them; NaN where there is none."""

    name: str
    pairs: int
    tau: float


@dataclass(frozen=True)
class SkipEffect:
    """How much RMSE a skip at `level` adds, mean over pairs that differ in it alone."""

    level: int
    upsample: str
    pairs: int
    dip: float
    supervised: float


@dataclass(frozen=True)
class Checks:
    """What the verdicts rest on.

    Attributes:
        shallow: architectures of the least depth, and their share of the sum of squares of the
            DIP peak around its mean.
        groups: all architectures, and parts of them.
        kinds: the pairs of which tau consists.
        skips: what a skip does, by level and up-sampling.
        intervals: of the headline's tau, by what was resampled.
    """

    shallow: tuple[int, float]
    groups: tuple[Group, ...]
    kinds: tuple[Kind, ...]
    skips: tuple[SkipEffect, ...]
    intervals: Mapping[str, Estimate]


def checks(panel: Panel, rng: np.random.Generator, resamples: int) -> Checks:
    """Compute them for the headline scores of `panel`."""
    depth = panel.feature("depth")
    squares = (panel.score(DIP) - panel.score(DIP).mean()) ** 2
    least = depth == depth.min()
    return Checks(
        shallow=(int(least.sum()), float(squares[least].sum() / squares.sum())),
        groups=tuple(_group(name, panel.part(chosen)) for name, chosen in _parts(panel)),
        kinds=pair_kinds(panel),
        skips=skip_effects(panel),
        intervals={
            name: _tau(panel, stream, resamples, over)
            for (name, over), stream in zip(OVER.items(), rng.spawn(len(OVER)), strict=True)
        },
    )


def _parts(panel: Panel) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    depth, upsample = panel.feature("depth"), panel.feature("upsample")
    skips = panel.feature("skips") != ""
    yield "all", np.ones(len(panel), bool)
    for edge in (2, 3):
        yield f"depth ≥ {edge}", depth >= edge
    for kind in sorted(set(upsample)):
        yield f"depth ≥ 3, {kind}", (depth >= 3) & (upsample == kind)
    yield "with a skip connection", skips
    yield "without one", ~skips


def _group(name: str, panel: Panel) -> Group:
    dip, supervised = (
        control(panel, column, np.random.default_rng(0), 0).trends["depth"].d
        if len(panel)
        else np.nan
        for column in (DIP, TEST)
    )
    return Group(name, len(panel), _shares(panel), float(dip), float(supervised))


def _shares(panel: Panel) -> dict[str, dict[str, float]]:
    varied = [len(set(panel.feature(f).tolist())) > 1 for f in ("depth", "slc", "upsample")]
    if not all(varied):
        return {}
    draws = draw(panel, np.random.default_rng(0), 0)
    found = {}
    for by in ("values", "ranks"):
        (one,) = explained(panel, draws, [DIP], ranks=by == "ranks")
        found[by] = {share.factor: share.shapley.value for share in one.shares}
    return found


def pair_kinds(panel: Panel) -> tuple[Kind, ...]:
    """The pairs by whether depth and SLC differ."""
    pairs = pairs_within(np.zeros(len(panel), np.int64))
    signs = pairs.signs(panel.score(DIP)) * pairs.signs(panel.score(TEST))
    depth, slc = (
        panel.feature(f)[pairs.first] != panel.feature(f)[pairs.second] for f in ("depth", "slc")
    )
    kinds = {
        "equal depth, equal SLC": ~depth & ~slc,
        "equal depth, other SLC": ~depth & slc,
        "other depth, equal SLC": depth & ~slc,
        "other depth, other SLC": depth & slc,
    }
    return tuple(
        Kind(name, int(of.sum()), float(signs[of].mean()) if of.any() else float("nan"))
        for name, of in kinds.items()
    )


def skip_effects(panel: Panel) -> tuple[SkipEffect, ...]:
    """With less without a skip, all else equal, per level and up-sampling."""
    scores = panel.score(DIP), panel.score(TEST)
    rows = panel.architectures[["depth", "skips", "upsample", "width"]].itertuples(index=False)
    place = {tuple(row): i for i, row in enumerate(rows)}
    found: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for (depth, skips, upsample, width), i in place.items():
        for digit in skips:
            j = place.get((depth, skips.replace(digit, ""), upsample, width))
            if j is not None:
                found.setdefault((int(digit), upsample), []).append((i, j))
    effects = []
    for (level, upsample), pairs in sorted(found.items()):
        have, lack = np.array(pairs).T
        dip, supervised = (float((score[have] - score[lack]).mean()) for score in scores)
        effects.append(SkipEffect(level, upsample, len(pairs), dip, supervised))
    return tuple(effects)


def _tau(panel: Panel, rng: np.random.Generator, resamples: int, over: tuple[str, ...]) -> Estimate:
    draws = draw(panel, rng, resamples, over)
    x, y = (resampled(panel, draws, column) for column in HEADLINE)
    everyone = np.zeros(len(panel), np.int64)
    return estimate(taus_within(x, y, everyone, draws.architectures))
