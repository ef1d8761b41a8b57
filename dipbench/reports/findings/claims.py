"""Do the report's claims hold? Decided by rules that are fixed here, never by hand.

The rules were written while the table was being measured, and the document states them before
it states any verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dipbench.reports.findings.controls import RIVAL, Control
from dipbench.reports.findings.corner import Corner
from dipbench.reports.findings.ranks import RankAgreement
from dipbench.reports.findings.text import interval, number, p_value, percent, signed
from dipbench.reports.findings.variance import FACTORS, Explained

__all__ = ["CLAIMS", "Claim", "Condition", "Verdict", "claims", "rules"]

Verdict: TypeAlias = Literal["holds", "holds in part", "does not hold"]

TREND = 1 / 3  # |Somers' D|: two of three pairs that differ in the feature are in one order
SIGNIFICANT = 0.01  # p-value; stricter than 0.05 because some dozens are computed
LEAK = 0.1  # share of the variance: less than what is left if nine tenths are under control
CORNER = 0.25  # share of tau: less than a quarter is no explanation of it

CLAIMS = {
    "dip": "DIP RMSE follows depth",
    "supervised": "Supervised RMSE follows SLC",
    "independent": "The two can be set independently",
    "corner": "The correlation in the scatter plot comes from the empty corner",
}
OWN = {"dip": "depth", "supervised": "slc"}  # the feature that a mode is said to follow


@dataclass(frozen=True)
class Condition:
    """What was asked of the numbers, with them, and whether it is met."""

    text: str
    met: bool


@dataclass(frozen=True)
class Claim:
    """A claim of the report, what is decided of it, and why."""

    name: str
    verdict: Verdict
    conditions: tuple[Condition, ...]

    @property
    def text(self) -> str:
        """The claim in words."""
        return CLAIMS[self.name]


def rules() -> dict[str, str]:
    """Per claim, how it is decided; Markdown."""
    third, p = f"{TREND:.2f}", f"{SIGNIFICANT:g}"
    follows = (
        "Two conditions. *Leads*: {own} has the greatest Shapley share of the variance of "
        "{mode} RMSE among the five features, and the 95% interval of its lead over the next is "
        f"above 0. *Moves*: with {{rival}}, up-sampling and width fixed, Somers' D of {{mode}} "
        f"RMSE on {{own}} is at least {third} in size (two of three pairs in one order), with "
        f"p < {p}. Both: holds. One: holds in part. None: does not hold."
    )
    return {
        "dip": follows.format(own="depth", rival="SLC", mode="DIP"),
        "supervised": follows.format(own="SLC", rival="depth", mode="supervised"),
        "independent": (
            "A mode is set on its own if two things are true of it. *Moves*, as above: its own "
            "feature (depth for DIP, SLC for supervised) moves it while the other is fixed. "
            "*Stays*: the other feature, added to a model of its own feature, up-sampling and "
            f"width, explains less than {LEAK:.0%} of its variance, the upper end of the 95% "
            "interval included. Both modes are set on their own: holds. One is: holds in part. "
            "None: does not hold."
        ),
        "corner": (
            f"There must be a correlation: Kendall's tau over all pairs with p < {p}; and the "
            "corner must make one of its sign: the 95% range of the tau that the corner alone "
            "produces (see below) is on the same side of 0. If both are so, and the measured tau "
            "lies in that range: holds. If both are so, and the mean tau of the corner alone is "
            f"at least {CORNER:.0%} of the measured one: holds in part. Else: does not hold."
        ),
    }


def claims(
    explained: Mapping[str, Explained],
    controls: Mapping[str, Control],
    overall: RankAgreement,
    corner: Corner,
) -> tuple[Claim, ...]:
    """Apply the rules.

    Args:
        explained, controls: of each of the modes ``dip`` and ``supervised``.
        overall: Kendall's tau of the two over all pairs.
    """
    leads = {mode: _leads(explained[mode], OWN[mode]) for mode in OWN}
    moves = {mode: _moves(controls[mode], OWN[mode]) for mode in OWN}
    stays = {mode: _stays(explained[mode], OWN[mode]) for mode in OWN}
    alone = [moves[mode].met and stays[mode].met for mode in OWN]
    return (
        *(
            Claim(mode, _verdict([leads[mode].met, moves[mode].met]), (leads[mode], moves[mode]))
            for mode in OWN
        ),
        Claim(
            "independent",
            _verdict(alone),
            tuple(
                Condition(f"{_MODE[mode]}: {condition.text}", condition.met)
                for mode in OWN
                for condition in (moves[mode], stays[mode])
            ),
        ),
        _corner_claim(overall, corner),
    )


_MODE = {"dip": "DIP", "supervised": "supervised"}


def _verdict(met: list[bool]) -> Verdict:
    return "holds" if all(met) else "holds in part" if any(met) else "does not hold"


def _leads(explained: Explained, own: str) -> Condition:
    mine = explained.share(own)
    rest = [share for share in explained.shares if share.factor != own]
    first = max(rest, key=lambda share: share.shapley.value)
    return Condition(
        f"leads: Shapley share of {FACTORS[own]} {number(mine.shapley.value)}, greatest of the "
        f"others {number(first.shapley.value)} ({FACTORS[first.factor]}), lead "
        f"{interval(mine.lead, sign=True)}",
        mine.lead.low > 0,
    )


def _moves(control: Control, own: str) -> Condition:
    trend = control.trends[own]
    return Condition(
        f"moves: with {FACTORS[RIVAL[own]]} fixed, Somers' D on {FACTORS[own]} {signed(trend.d)}, "
        f"p = {p_value(trend.p)}",
        abs(trend.d) >= TREND and trend.p < SIGNIFICANT,
    )


def _stays(explained: Explained, own: str) -> Condition:
    controlled = explained.share(RIVAL[own]).controlled
    assert controlled is not None  # it is None for the parameters alone
    return Condition(
        f"stays: {FACTORS[RIVAL[own]]} adds {interval(controlled)} of the variance",
        controlled.high < LEAK,
    )


def _corner_claim(overall: RankAgreement, corner: Corner) -> Claim:
    measured = overall.tau.value
    there = overall.p < SIGNIFICANT
    sided = corner.low * corner.high > 0 and corner.mean * measured > 0
    inside = corner.low <= measured <= corner.high
    share = corner.mean / measured if measured else float("nan")
    verdict: Verdict = "does not hold"
    if there and sided:
        verdict = "holds" if inside else "holds in part" if share >= CORNER else verdict
    return Claim(
        "corner",
        verdict,
        (
            Condition(
                f"there is a correlation: tau {signed(measured)}, p = {p_value(overall.p)}", there
            ),
            Condition(
                f"the corner alone makes one of its sign: {signed(corner.mean)}, 95% range "
                f"{signed(corner.low)} to {signed(corner.high)}",
                sided,
            ),
            Condition("the measured tau lies in that range", inside),
            Condition(
                f"the mean tau of the corner alone is at least {percent(CORNER)} of the measured "
                f"one: {percent(share)}",
                share >= CORNER,
            ),
        ),
    )
