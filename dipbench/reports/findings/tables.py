"""The tables of the findings, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dipbench.reports.findings.claims import CLAIMS, Claim
from dipbench.reports.findings.components import Components
from dipbench.reports.findings.controls import RIVAL, Control, Trend
from dipbench.reports.findings.panel import DIP, SUPERVISED
from dipbench.reports.findings.reliability import Agreements
from dipbench.reports.findings.study import Pair, Study
from dipbench.reports.findings.text import interval, number, p_value, percent, signed
from dipbench.reports.findings.variance import FACTORS, Explained
from dipbench.reports.markdown import table

__all__ = [
    "LABELS",
    "agreement_table",
    "claim_table",
    "component_table",
    "control_table",
    "corner_table",
    "overview_table",
    "pair_table",
    "share_table",
    "tau_table",
    "trend_table",
    "verdict_table",
]

LABELS = DIP | SUPERVISED


def overview_table(claims: Sequence[Claim]) -> str:
    """Claims and verdicts."""
    return table(("claim", "verdict"), [(each.text, f"**{each.verdict}**") for each in claims])


def claim_table(claim: Claim) -> str:
    """What a verdict rests on."""
    rows = [(each.text, "met" if each.met else "not met") for each in claim.conditions]
    return table(("condition", ""), rows)


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
    rows = [
        (
            label,
            signed(features),
            interval(pair.overall.tau, sign=True),
            signed(pair.corner.mean),
            f"{signed(pair.corner.low)} to {signed(pair.corner.high)}",
        )
        for label, features, pair in zip(
            ("every architecture", "every (depth, SLC)"),
            found.features,
            (found.headline, found.even),
            strict=True,
        )
    ]
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
            f"{signed(pair.corner.low)} to {signed(pair.corner.high)}",
        )
        for pair in found.pairs
    ]
    columns = ("DIP score", "supervised score", "tau", "p", "within strata", "p", "corner alone")
    return f"{table(heading, rows)}\n\n{table(columns, taus)}"


def verdict_table(found: Study) -> str:
    """The verdicts for every choice of metrics."""
    rows = [
        (LABELS[pair.dip], LABELS[pair.supervised], *(claim.verdict for claim in pair.claims))
        for pair in found.pairs
    ]
    even = (claim.verdict for claim in found.even.claims)
    rows.append(("headline, even weights", "", *even))
    return table(("DIP score", "supervised score", *CLAIMS.values()), rows)


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


def component_table(found: Sequence[Components], apart: Mapping[str, float]) -> str:
    """Standard deviations by source, and what two scores must differ by."""
    rows = [
        (
            LABELS[each.column],
            number(each.architecture),
            number(each.image),
            number(each.interaction),
            number(each.draw),
            number(each.residual),
            number(each.error),
            number(each.difference),
            percent(apart[each.column]) if each.column in apart else "–",
        )
        for each in found
    ]
    heading = (
        "score",
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
