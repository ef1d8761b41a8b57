"""Every claim in every setting of some panels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from dipbench.kendall import kendall
from dipbench.reports.findings.bootstrap import draw
from dipbench.reports.findings.claims import (
    CLAIMS,
    OWN,
    Case,
    Claim,
    all_or_part,
    corner_verdict,
    decided,
)
from dipbench.reports.findings.conditions import apart, corner_conditions, leads, moves, stays
from dipbench.reports.findings.controls import Control, control
from dipbench.reports.findings.corner import Corner, corner
from dipbench.reports.findings.effort import Effort
from dipbench.reports.findings.panel import HEADLINE, Panel
from dipbench.reports.findings.ranks import RankAgreement, agreement
from dipbench.reports.findings.settings import PERTURBED, UNPERTURBED, Setting
from dipbench.reports.findings.variance import Explained, explained

__all__ = ["DEEP", "Facts", "facts", "judged"]

DEEP = 2  # "depth ≥ 2": the rest depends on few architectures
TEST = HEADLINE[1]
SCORES = {"peak": "peak_rmse", "averaged": "averaged_peak_rmse"}
ALONE = "unperturbed_peak_rmse"
SAID = {"dip": "DIP", "supervised": "supervised"}
MODES = dict(zip(SAID, HEADLINE, strict=True))


@dataclass(frozen=True)
class Facts:
    """What the claims are judged by, of one panel and all or some of its architectures.

    Attributes:
        shares: by ``values`` and ``ranks``, then by column.
        controls: by column.
        taus, corners: by DIP column and weighting, with the supervised headline.
        features: by weighting, Kendall's tau of depth and SLC.
        with_skips: Somers' D of supervised RMSE on depth, SLC fixed, among architectures with a
            skip connection; NaN without such pairs. Without one, SLC is depth.
    """

    shares: Mapping[str, Mapping[str, Explained]]
    controls: Mapping[str, Control]
    taus: Mapping[tuple[str, str], RankAgreement]
    corners: Mapping[tuple[str, str], Corner]
    features: Mapping[str, float]
    with_skips: float


def facts(panel: Panel, columns: Sequence[str], rng: np.random.Generator, effort: Effort) -> Facts:
    """Compute what the claims are judged by.

    Args:
        columns: DIP columns of the panel.
    """
    resampling, shuffling, ranking = rng.spawn(3)
    draws = draw(panel, resampling, effort.resamples)
    both = [*columns, TEST]
    shares = {
        by: dict(zip(both, explained(panel, draws, both, ranks=by == "ranks"), strict=True))
        for by in ("values", "ranks")
    }
    controls = {
        column: control(panel, column, stream, effort.shuffles)
        for column, stream in zip(both, shuffling.spawn(len(both)), strict=True)
    }
    weights = {"architectures": np.ones(len(panel)), "cells": panel.even()}
    everyone = np.zeros(len(panel), np.int64)
    taus, corners = {}, {}
    for column in columns:
        for name, w in weights.items():
            made = ranking.spawn(1)[0]
            names = column, TEST
            taus[column, name] = agreement(panel, draws, *names, everyone, made, effort.shuffles, w)
            corners[column, name] = corner(panel, *names, made, effort.tables, w)
    depth, slc = (panel.feature(name).astype(np.float64) for name in ("depth", "slc"))
    features = {name: kendall(depth, slc, w) for name, w in weights.items()}
    some = panel.part(panel.feature("slc") < panel.feature("depth"))
    skips = control(some, TEST, np.random.default_rng(0), 0).trends["depth"].d if len(some) else nan
    return Facts(shares, controls, taus, corners, features, skips)


def judged(
    panels: Mapping[str, Panel], missing: Sequence[str], rng: np.random.Generator, effort: Effort
) -> tuple[tuple[Claim, ...], Mapping[tuple[str, str], Facts]]:
    """Every claim over all settings, and the facts by input and architectures.

    Args:
        panels: by how the input was treated; `PERTURBED`, the headline, comes first.
        missing: what could not be judged of DIP, in words.
    """
    found: dict[tuple[str, str], Facts] = {}
    ways: dict[str, float] = {}  # the signs of the headline's trends
    cases: dict[str, list[Case]] = {name: [] for name in CLAIMS}
    for (name, panel), stream in zip(panels.items(), rng.spawn(len(panels)), strict=True):
        scored = _scored(name, panel)
        for where, own in zip(("all", "deep"), stream.spawn(2), strict=True):
            part = panel if where == "all" else panel.part(panel.feature("depth") >= DEEP)
            known = facts(part, [column for *_, column in scored], own, effort)
            found[name, where] = known
            if not ways:
                assert name == PERTURBED, "the headline's panel comes first"
                ways = {m: known.controls[c].trends[OWN[m]].d for m, c in MODES.items()}
            for shown, score, column in scored:
                at = {"input": shown, "score": score, "architectures": where}
                cases["dip"] += _follows(known, "dip", column, at, ways)
                cases["independent"] += _independent(known, column, at, ways)
                cases["corner"] += _corner(known, column, at)
            if name == PERTURBED:
                at = {"architectures": where}
                cases["supervised"] += _follows(known, "supervised", TEST, at, ways)
    lacking = {name: () if name == "supervised" else missing for name in CLAIMS}
    return tuple(decided(name, each, lacking[name]) for name, each in cases.items()), found


def _scored(name: str, panel: Panel) -> list[tuple[str, str, str]]:
    """Input, score and column of each way to score the fits of a panel."""
    ways = [(name, score, column) for score, column in SCORES.items()]
    if name == PERTURBED and ALONE in panel.dip:
        ways.append((UNPERTURBED, "peak", ALONE))
    return ways


def _follows(
    known: Facts, mode: str, column: str, at: Mapping[str, str], ways: Mapping[str, float]
) -> Iterator[Case]:
    moved = moves(known.controls[column], OWN[mode], SAID[mode], ways[mode])
    for by, shares in known.shares.items():
        conditions = leads(shares[column], OWN[mode]), moved
        verdict = all_or_part([condition.met for condition in conditions])
        yield Case(Setting({**at, "by": by}), conditions, verdict)


def _independent(
    known: Facts, column: str, at: Mapping[str, str], ways: Mapping[str, float]
) -> Iterator[Case]:
    for by, shares in known.shares.items():
        sides = []
        for mode, scored in (("dip", column), ("supervised", TEST)):
            control, own = known.controls[scored], OWN[mode]
            sides.append(
                (
                    moves(control, own, SAID[mode], ways[mode]),
                    apart(control, own, SAID[mode], known.with_skips),
                    stays(shares[scored], own, SAID[mode]),
                )
            )
        verdict = all_or_part([all(c.met for c in side) for side in sides])
        yield Case(Setting({**at, "by": by}), (*sides[0], *sides[1]), verdict)


def _corner(known: Facts, column: str, at: Mapping[str, str]) -> Iterator[Case]:
    for weights, features in known.features.items():
        tau, alone = known.taus[column, weights], known.corners[column, weights]
        conditions = corner_conditions(tau, alone, features)
        yield Case(Setting({**at, "weights": weights}), conditions, corner_verdict(conditions))
