"""The single conditions that the claims are made of, each with its numbers and its threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dipbench.reports.findings.controls import RIVAL, Control
from dipbench.reports.findings.corner import Corner
from dipbench.reports.findings.ranks import RankAgreement
from dipbench.reports.findings.text import interval, number, p_value, percent, signed
from dipbench.reports.findings.variance import FACTORS, Explained

__all__ = [
    "CORNER",
    "LEAK",
    "SIGNIFICANT",
    "TREND",
    "Condition",
    "apart",
    "corner_conditions",
    "leads",
    "moves",
    "stays",
]

TREND = 1 / 3  # |Somers' D|: two of three pairs that differ in the feature are in one order
SIGNIFICANT = 0.01  # p-value; stricter than 0.05 because some dozens are computed
LEAK = 0.1  # share of the variance: less than what is left if nine tenths are under control
CORNER = 0.25  # share of tau: less than a quarter is no explanation of it


@dataclass(frozen=True)
class Condition:
    """What is asked of the numbers.

    Attributes:
        name: of the condition, as the rules call it.
        text: the numbers.
        met: whether they meet it.
        reason: in a few words, why they do not; empty if they do.
    """

    name: str
    text: str
    met: bool
    reason: str = ""


def _condition(name: str, text: str, met: bool, reason: str) -> Condition:
    return Condition(name, text, met, "" if met else reason)


def leads(explained: Explained, own: str) -> Condition:
    """The feature `own` has the greatest Shapley share, its lead above 0 with its interval."""
    mine = explained.share(own)
    rest = [share for share in explained.shares if share.factor != own]
    first = max(rest, key=lambda share: share.shapley.value)
    mine_said, first_said = (number(share.shapley.value) for share in (mine, first))
    said = f"{FACTORS[own]} {mine_said}, {FACTORS[first.factor]} {first_said}"
    if mine.shapley.value > first.shapley.value:
        reason = f"the lead of {FACTORS[own]} is not certain, {interval(mine.lead, sign=True)}"
    else:
        certain = "" if first.lead.low > 0 else ", not certainly"
        reason = f"{FACTORS[first.factor]} leads, {first_said} against {mine_said}{certain}"
    text = f"{said}; lead {interval(mine.lead, sign=True)}"
    return _condition("leads", text, mine.lead.low > 0, reason)


def moves(control: Control, own: str, mode: str, way: float) -> Condition:
    """The feature `own` moves the score, the other of depth and SLC fixed, in the claim's way.

    Args:
        way: the sign of the trend of the headline. A feature that moves the score the other way
            in another setting contradicts the claim.
    """
    trend = control.trends[own]
    said = f"D {signed(trend.d)}"
    strong = abs(trend.d) >= TREND and trend.p < SIGNIFICANT
    return _condition(
        "moves",
        f"{said}, p = {p_value(trend.p)}",
        strong and trend.d * way > 0,
        f"{FACTORS[own]} moves {mode} RMSE the other way, {said}"
        if strong
        else f"{FACTORS[own]} hardly moves {mode} RMSE, {said}",
    )


def apart(control: Control, own: str, mode: str, with_skips: float = math.nan) -> Condition:
    """The other of depth and SLC does not move the score while `own` is fixed.

    Args:
        with_skips: D of a supervised score on depth among architectures with a skip connection,
            which is said beside that of all.
    """
    rival = RIVAL[own]
    trend = control.trends[rival]
    said = f"D {signed(trend.d)}"
    if rival == "depth" and math.isfinite(with_skips):
        said += f" ({signed(with_skips)} with a skip connection)"
    return _condition(
        "crosswise",
        f"{FACTORS[rival]}: {said}, p = {p_value(trend.p)}",
        not (abs(trend.d) >= TREND and trend.p < SIGNIFICANT),
        f"{FACTORS[rival]} moves {mode} RMSE too, {said}",
    )


def stays(explained: Explained, own: str, mode: str) -> Condition:
    """The other of depth and SLC adds little to what `own` and the rest explain."""
    rival = RIVAL[own]
    controlled = explained.share(rival).controlled
    assert controlled is not None  # it is None for the parameters alone
    return _condition(
        "stays",
        f"{FACTORS[rival]} adds {interval(controlled)}",
        controlled.high < LEAK,
        f"{FACTORS[rival]} explains {interval(controlled)} of the variance of {mode} RMSE",
    )


def corner_conditions(
    overall: RankAgreement, corner: Corner, features: float
) -> tuple[Condition, ...]:
    """There is a correlation, the corner makes one of its sign, of that size, or of a part.

    Args:
        features: Kendall's tau of depth and SLC themselves.
    """
    measured = overall.tau.value
    sided = corner.low * corner.high > 0 and corner.mean * measured > 0
    share = corner.mean / measured if measured else float("nan")
    spread = f"{signed(corner.mean)} ({signed(corner.low)} to {signed(corner.high)})"
    return (
        _condition(
            "correlated",
            f"tau {signed(measured)}, p = {p_value(overall.p)}",
            overall.p < SIGNIFICANT,
            f"there is no correlation, tau {signed(measured)}",
        ),
        _condition(
            "of its sign",
            f"corner alone {spread}",
            sided,
            f"the corner alone makes {spread}; depth and SLC have tau {signed(features)}",
        ),
        _condition(
            "all of it",
            f"{signed(measured)} in {signed(corner.low)} to {signed(corner.high)}",
            corner.low <= measured <= corner.high,
            f"the corner makes {signed(corner.mean)} of {signed(measured)}" if sided else "",
        ),
        _condition(
            "a part",
            percent(share),
            share >= CORNER,
            "",
        ),
    )
