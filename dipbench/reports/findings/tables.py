"""The tables of the findings, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dipbench.reports.findings.controls import RIVAL, Control, Trend
from dipbench.reports.findings.panel import DIP, LABELS, SUPERVISED
from dipbench.reports.findings.reliability import Agreements
from dipbench.reports.findings.study import Noise, Pair, Study
from dipbench.reports.findings.text import interval, number, p_value, percent, signed
from dipbench.reports.findings.variance import FACTORS, Explained
from dipbench.reports.markdown import table

__all__ = [
    "WEIGHTS",
    "agreement_table",
    "control_table",
    "corner_table",
    "noise_table",
    "pair_table",
    "share_table",
    "tau_table",
    "trend_table",
]

WEIGHTS = {"architectures": "every architecture", "cells": "every (depth, SLC)"}


def share_table(explained: Explained) -> str:
    """Shares of the variance of one score."""
    rows = [
        (
            FACTORS[share.factor],
            str(share.coefficients),
            number(share.alone),
            interval(share.shapley),
            number(share.unique),
            interval(share.controlled),
        )
        for share in explained.shares
        if share.coefficients
    ]
    heading = ("feature", "coefficients", "alone", "Shapley", "unique (type III)", "controlled")
    return table(heading, rows)


def tau_table(pairs: Iterable[tuple[str, Pair]]) -> str:
    """Kendall's tau, overall and within strata."""
    rows = []
    for label, pair in pairs:
        for where, found in (("all", pair.overall), ("within (depth, SLC)", pair.within)):
            tau = interval(found.tau, sign=True)
            rows.append((label, where, str(found.pairs), tau, p_value(found.p)))
    return table(("weights", "pairs", "how many", "Kendall's tau", "p"), rows)


def control_table(control: Control) -> str:
    """Mean ± standard deviation (count) by depth and SLC, with the trends at the margins."""
    cells = {(cell.depth, cell.slc): cell for cell in control.cells}
    depths, slcs = (sorted({at[i] for at in cells}) for i in (0, 1))
    along_slc, along_depth = control.trends["slc"].at, control.trends["depth"].at

    def text(depth: int, slc: int) -> str:
        cell = cells.get((depth, slc))
        if cell is None:
            return ""
        spread = f" ± {number(cell.std)}" if cell.count > 1 else ""
        return f"{number(cell.mean)}{spread} ({cell.count})"

    rows = [
        (f"depth {d}", *(text(d, s) for s in slcs), signed(along_slc.get(d, float("nan"))))
        for d in depths
    ]
    rows.append(("D on depth", *(signed(along_depth.get(s, float("nan"))) for s in slcs), ""))
    return table(("", *(f"SLC {s}" for s in slcs), "D on SLC"), rows)


def trend_table(controls: Sequence[tuple[str, Control]]) -> str:
    """All trends of some scores, pooled."""
    rows = [
        (
            label,
            FACTORS[trend.varied],
            FACTORS[RIVAL[trend.varied]],
            str(trend.pairs),
            signed(trend.d),
            p_value(trend.p),
        )
        for label, control in controls
        for trend in _in_order(control.trends)
    ]
    return table(("score", "varied", "fixed", "pairs", "Somers' D", "p"), rows)


def _in_order(trends: Mapping[str, Trend]) -> list[Trend]:
    return [trends[varied] for varied in ("depth", "slc")]


def corner_table(found: Study) -> str:
    """Measured tau beside that of the corner alone, in both weightings."""
    known, rows = found.known, []
    for name, label in WEIGHTS.items():
        at = found.headline.dip, name
        tau, alone = known.taus[at], known.corners[at]
        rows.append(
            (
                label,
                signed(known.features[name]),
                interval(tau.tau, sign=True),
                signed(alone.mean),
                f"{signed(alone.low)} to {signed(alone.high)}",
            )
        )
    heading = (
        "weighing the same",
        "tau of depth and SLC",
        "measured tau",
        "corner alone, mean",
        "95% of its tables",
    )
    return table(heading, rows)


def pair_table(found: Study) -> str:
    """For every choice of metrics: shares, trends, taus."""
    rows = []
    for column in (*DIP, *SUPERVISED):
        explained, trends = found.explained[column], found.controls[column].trends
        rows.append(
            (
                LABELS[column],
                number(explained.r2.value),
                *(
                    number(share.shapley.value) if share.coefficients else "–"
                    for share in explained.shares
                ),
                signed(trends["depth"].d),
                signed(trends["slc"].d),
            )
        )
    heading = ("score", "R²", *FACTORS.values(), "D on depth", "D on SLC")
    taus = [
        (
            LABELS[pair.dip],
            LABELS[pair.supervised],
            signed(pair.overall.tau.value),
            p_value(pair.overall.p),
            signed(pair.within.tau.value),
            p_value(pair.within.p),
        )
        for pair in found.pairs
    ]
    columns = ("DIP score", "supervised score", "tau", "p", "within strata", "p")
    return f"{table(heading, rows)}\n\n{table(columns, taus)}"


def agreement_table(found: Sequence[Agreements]) -> str:
    """Reliability per score."""
    rows = []
    for each in found:
        icc, best = each.all.icc, each.best
        rows.append(
            (
                LABELS[each.column],
                number(icc.agreement),
                number(icc.agreement_mean),
                number(icc.consistency),
                number(icc.consistency_mean),
                signed(each.all.tau),
                number(best.agreement) if best else "–",
                number(best.consistency) if best else "–",
                signed(best.tau) if best else "–",
                percent(each.overlap),
            )
        )
    heading = ("score", "ICC(2,1)", "ICC(2,k)", "ICC(3,1)", "ICC(3,k)", "tau")
    tenth = ("best tenth: ICC(2,1)", "ICC(3,1)", "tau", "shared")
    return table(heading + tenth, rows)


def noise_table(found: Sequence[Noise]) -> str:
    """Standard deviations by source, and what two scores must differ by."""
    rows = []
    for each in found:
        parts = each.components
        rows.append(
            (
                LABELS[parts.column],
                each.group,
                number(parts.architecture),
                number(parts.image),
                number(parts.interaction),
                number(parts.draw),
                number(parts.residual),
                number(parts.error),
                number(parts.difference),
                percent(each.apart),
            )
        )
    heading = (
        "score",
        "architectures",
        "architecture",
        "image",
        "architecture × image",
        "noise draw",
        "residual",
        "error of a mean",
        "least difference",
        "pairs apart",
    )
    return table(heading, rows)
