"""The paragraph that the findings open with, to be quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dipbench.reports.findings.beside import still_says
from dipbench.reports.findings.panel import HEADLINE
from dipbench.reports.findings.still import Still
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import number, percent, signed
from dipbench.reports.findings.variance import FACTORS, Explained

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["opening"]


def opening(table: Table, found: Study) -> str:
    """One paragraph: perturbation first, then what is explained, the verdicts, and the noise."""
    dip, test = HEADLINE
    deep = found.facts["perturbed", "deep"].shares["values"][dip]
    supervised = found.explained[test]
    slc = supervised.share("slc")
    return (
        f"**In short.** `{table.protocol}` holds {len(found.panel)} networks, each measured on "
        f"{found.task} in two ways: trained on a training set, and fitted to single images as a "
        f"Deep Image Prior (DIP). {_perturbation(found)} Of the variance of the DIP peak at depth "
        f"≥ 2, {_leader(deep)}. SLC, the shallowest level of connection, alone explains "
        f"{percent(slc.alone)} of the variance of supervised RMSE. {_verdicts(found)} "
        f"{_hard(found)}"
    )


def _perturbation(found: Study) -> str:
    if isinstance(found.still, Still):
        return still_says(found.still)
    return (
        "Whether the effect of depth on DIP comes from the perturbation of the input is not "
        f"judged: {found.still}."
    )


def _leader(explained: Explained) -> str:
    first, second = sorted(explained.shares, key=lambda share: share.shapley.value, reverse=True)[
        :2
    ]
    said = [f"{FACTORS[s.factor]} explains {number(s.shapley.value)}" for s in (first, second)]
    if first.lead.low > 0:
        return f"{said[0]}, more than any other feature; {said[1]}"
    return f"{said[0]} and {said[1]}, and which of them leads is not certain"


def _verdicts(found: Study) -> str:
    said = [f"“{claim.text}” {_verb(claim.verdict)}" for claim in found.claims]
    tau = found.headline.overall.tau.value
    return (
        f"By rules that ask for every setting, {'; '.join(said)}. Kendall's tau between the "
        f"two modes is {signed(tau)}."
    )


def _verb(verdict: str) -> str:
    return "is not judged" if verdict == "not judged" else verdict


def _hard(found: Study) -> str:
    hard = found.difficulty[HEADLINE[1]]
    if hard.seeds < 2:
        return "One seed was measured, so nothing is said of its noise."
    rule = hard.rules[0]
    return (
        f"As a search space it is easy: {hard.tied} of {hard.architectures} networks cannot be "
        f"told from the best of supervised training, and the one with the {rule.name} is "
        f"{number(rule.regret, 2)} grey levels above it, without any run."
    )
