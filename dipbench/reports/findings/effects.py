"""Sections of the document: what depth and SLC do to the two modes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from dipbench.reports.findings import tables
from dipbench.reports.findings.conditions import SIGNIFICANT
from dipbench.reports.findings.controls import RIVAL
from dipbench.reports.findings.panel import HEADLINE
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import interval, listed, number, p_value, signed
from dipbench.reports.findings.variance import CHOICES, FACTORS, Explained
from dipbench.reports.markdown import table as markdown_table

__all__ = ["control", "corner", "headed", "ranks", "trends", "variance"]

HARDLY = 0.1  # tau of depth and SLC, below which the corner cannot make much of another tau

MODE = {"peak_rmse": "DIP RMSE", "test_rmse": "supervised RMSE"}


def variance(found: Study, figures: Mapping[str, str]) -> str:
    """What each feature explains of either mode."""
    parts = [
        "Shares of the variance of a score between architectures. SLC is never greater than "
        "depth, and the number of parameters follows from the other features, so what one "
        "of them explains depends on which are in the model before it. *Shapley* is the mean over "
        "all orders; the shares add up to R². *Alone*: R² of the one feature. *Unique*: "
        "what R² loses without it, all others being there. *Controlled*: the same in the model of "
        f"{listed([FACTORS[name] for name in CHOICES])}, without the parameters, which follow "
        "from these. Depth and SLC are categories, because a straight line would count every bend "
        "as unexplained; a feature with more coefficients explains a little more by chance alone, "
        f"about {number(1 / (len(found.panel) - 1), 3)} of the variance each.",
    ]
    for column in HEADLINE:
        explained = found.explained[column]
        parts += [
            f"### {headed(column)}",
            tables.share_table(explained),
            f"{_order(explained)} R² of all is {interval(explained.r2)}; one mean per pair of "
            f"depth and SLC, their interaction included, gives {number(explained.cells)}. Mean "
            f"{number(explained.mean)}, standard deviation between architectures "
            f"{number(explained.std)} grey levels.",
        ]
    parts += [
        "### Every pair of depth and SLC weighing the same",
        f"{_most(found)} The shares above are shares among such architectures. Below, every pair "
        "of depth and SLC weighs the same, however many architectures have it.",
    ]
    for column in HEADLINE:
        explained = found.explained_even[column]
        parts += [f"{headed(column)}. {_order(explained)}", tables.share_table(explained)]
    parts.append(f"![Shapley shares of both modes]({figures['shares']})")
    return "\n\n".join(parts)


def headed(column: str) -> str:
    """The mode of a headline column, as a sentence begins."""
    return MODE[column][0].upper() + MODE[column][1:]


def _most(found: Study) -> str:
    """Which depth and SLC most architectures have."""
    features, said = found.panel.architectures, []
    for name in RIVAL:
        counts = features[name].value_counts().sort_index()
        said.append(f"{counts.max()} have {FACTORS[name]} {counts.idxmax()}")
    return f"Of the {len(features)} architectures, {listed(said)}."


def _order(explained: Explained) -> str:
    """The features by what they explain, in words."""
    shares = [share for share in explained.shares if share.coefficients]
    shares.sort(key=lambda share: share.shapley.value, reverse=True)
    named = [f"{FACTORS[share.factor]} ({number(share.shapley.value)})" for share in shares]
    return f"From the greatest Shapley share to the least: {listed(named)}."


def ranks(found: Study) -> str:
    """Kendall's tau of the headline."""
    pair = found.headline
    return "\n\n".join(
        [
            "Kendall's tau of the two headline scores: of all pairs of architectures, the share "
            "that both put in one order less the share that they put in opposite orders. Within "
            "strata, only pairs of equal depth and equal SLC are compared, so that neither can "
            "make the correlation. p: scores shuffled among all, or within the strata.",
            tables.tau_table([("every architecture", pair), ("every (depth, SLC)", found.even)]),
            f"Over all pairs the two modes {_relation(pair.overall.tau.value, pair.overall.p)}; "
            f"within strata they {_relation(pair.within.tau.value, pair.within.p)}.",
        ]
    )


def _relation(tau: float, p: float) -> str:
    if not p < SIGNIFICANT:
        return f"show no correlation at p < {SIGNIFICANT:g} (tau {signed(tau)}, p = {p_value(p)})"
    way = "rank alike" if tau > 0 else "rank in opposite orders"
    return f"{way} (tau {signed(tau)}, p = {p_value(p)})"


def control(found: Study, figures: Mapping[str, str]) -> str:
    """The control experiment."""
    parts = [
        "One of depth and SLC is varied, the other is fixed. Cells: mean ± standard deviation "
        "of RMSE between architectures (how many). At the margins Somers' D: of two architectures "
        "that differ in the varied feature and have equal up-sampling and width, "
        "+1 if the one with more of it always has the higher RMSE, −1 if always the lower.",
    ]
    for column in HEADLINE:
        parts += [
            f"### {headed(column)}, grey levels",
            tables.control_table(found.controls[column]),
        ]
    controls = [(MODE[column], found.controls[column]) for column in HEADLINE]
    parts += [
        "### Trends",
        tables.trend_table(controls),
        "\n".join(f"- {line}" for line in trends(found)),
        f"![RMSE along SLC and along depth]({figures['controls']})",
    ]
    return "\n\n".join(parts)


def trends(found: Study) -> list[str]:
    """Which way either mode moves with either feature, in words."""
    lines = []
    for column in HEADLINE:
        for varied in RIVAL:
            trend = found.controls[column].trends[varied]
            fixed, feature = FACTORS[RIVAL[varied]], FACTORS[varied]
            numbers = f"(Somers' D {signed(trend.d)}, p = {p_value(trend.p)})"
            if trend.p < SIGNIFICANT:
                way = "rises" if trend.d > 0 else "falls"
                lines.append(f"With {fixed} fixed, {MODE[column]} {way} with {feature} {numbers}.")
            else:
                lines.append(
                    f"With {fixed} fixed, {MODE[column]} shows no trend in {feature} at "
                    f"p < {SIGNIFICANT:g} {numbers}."
                )
    for varied in RIVAL:
        pair = [found.controls[column].trends[varied] for column in HEADLINE]
        if all(trend.p < SIGNIFICANT for trend in pair):
            same = pair[0].d * pair[1].d > 0
            way = "the same direction" if same else "opposite directions"
            feature, fixed = FACTORS[varied], FACTORS[RIVAL[varied]]
            lines.append(f"So, {fixed} fixed, {feature} moves the two modes in {way}.")
    return lines


def corner(found: Study, figures: Mapping[str, str]) -> str:
    """What the empty corner alone does."""
    rectangles = [
        (
            f"depth ≥ {each.edge}, SLC ≤ {each.edge}",
            str(each.count),
            interval(each.tau, sign=True),
        )
        for each in found.rectangles
    ]
    parts = [
        "No architecture has an SLC greater than its depth. If DIP RMSE depended on depth alone, "
        "and supervised RMSE on SLC alone, the empty corner could still correlate the two. How "
        f"much is computed on {found.effort.tables} made-up tables: every architecture has the DIP "
        "RMSE of one drawn among those of its depth, and the supervised RMSE of one drawn, "
        "independently, among those of its SLC. Each score keeps what was measured at each value "
        "of its own feature; all else that could tie the modes together is cut. "
        + _without_a_corner(found),
        tables.corner_table(found),
        _corner_says(found),
    ]
    if rectangles:
        parts += [
            "The other way round: rectangles of depths and SLCs that the corner does not cut. "
            "Every pair of depth and SLC in them weighs the same, so depth and SLC are "
            "uncorrelated, and what is left of tau does not come from the corner.",
            markdown_table(("architectures with", "how many", "Kendall's tau"), rectangles),
        ]
    parts.append(f"![Kendall's tau, measured, of the corner, without it]({figures['taus']})")
    return "\n\n".join(parts)


def _without_a_corner(found: Study) -> str:
    """What makes a correlation among networks of one depth, where no corner can."""
    kinds = {kind.name: kind.tau for kind in found.checks.kinds}
    slc, equal = kinds["equal depth, other SLC"], kinds["equal depth, equal SLC"]
    text = "A correlation needs no corner: SLC alone may move the two modes"
    if not (math.isfinite(slc) and math.isfinite(equal)) or abs(slc) <= abs(equal):
        return f"{text}. Here, among networks of equal depth, it does not."
    way = "in opposite ways" if slc < 0 else "in the same way"
    return (
        f"{text}. Here it does, {way}: among networks of equal depth tau is {signed(slc)} where "
        f"SLC differs, {signed(equal)} where it does not."
    )


def _corner_says(found: Study) -> str:
    said = []
    for name, weighing in (("architectures", "architecture"), ("cells", "pair of depth and SLC")):
        at = found.headline.dip, name
        corner, tau = found.known.corners[at], found.known.taus[at].tau.value
        holds = "does not hold 0" if corner.low * corner.high > 0 else "holds 0"
        inside = "inside" if corner.low <= tau <= corner.high else "outside"
        features = found.known.features[name]
        said.append(
            f"If every {weighing} weighs the same, tau of depth and SLC is {signed(features)}"
            + (", so the corner can hardly act" if abs(features) < HARDLY else "")
            + f"; the corner alone makes {signed(corner.mean)} of {signed(tau)}, its range {holds},"
            f" and the measured tau lies {inside} it."
        )
    return " ".join(said)
