"""Sections of the document: the rules, and every claim in every setting."""

from __future__ import annotations

from dipbench.reports.findings.claims import CLAIMS, Case, Claim
from dipbench.reports.findings.rules import REASONS, VERSION, rules
from dipbench.reports.markdown import table

__all__ = ["RESPECTS", "matrix", "overview", "overview_table", "rules_section", "verdicts"]

RESPECTS = {
    "input": "input of the fit",
    "score": "score",
    "architectures": "architectures",
    "by": "by",
    "weights": "weighing the same",
}
NAMES = {
    "leads": "leads",
    "moves": "moves",
    "crosswise": "crosswise",
    "stays": "stays",
    "correlated": "correlated",
    "of its sign": "corner makes one of its sign",
    "all of it": "all of it",
    "a part": "a part of it",
}


def overview_table(claims: tuple[Claim, ...]) -> str:
    """Claims, verdicts, and where each breaks; the README has the same rows."""
    rows = [(each.text, f"**{each.verdict}**", each.sentence) for each in claims]
    return table(("claim", "verdict", "where it breaks"), rows)


def overview(claims: tuple[Claim, ...]) -> str:
    """The verdicts at a glance."""
    return (
        f"{overview_table(claims)}\n\n"
        "A claim *holds* only where it does in every setting below, and *does not hold* where it "
        "does not, not even in part, in any; else it holds *in part*, and the sentence says where "
        "it breaks, from the headline outwards. The headline is the raw peak of DIP and the test "
        "RMSE of supervised training, of all architectures, by values."
    )


def rules_section() -> str:
    """The rules and their reasons."""
    reasons = [f"- *{name}*: {reason}" for name, reason in REASONS.items()]
    lines = [f"- **{CLAIMS[name]}.** {rule}" for name, rule in rules().items()]
    return (
        f"This is version {VERSION} of the rules. Version 1 judged one setting: the DIP peak and "
        "the test RMSE of all architectures, by values, with perturbation of the input. Three "
        "claims held by it, and a sceptical reading of the same table took the verdicts apart. "
        "Version 2 asked for all settings below, but took a trend for the claim's whichever way "
        "it went: for the averaged output at depth ≥ 2, DIP RMSE rises with depth, and this "
        "counted for the claim. Version 3 asks for the headline's sign. A claim must hold under "
        "all of:\n\n"
        f"{chr(10).join(reasons)}\n\n"
        "The program applies the rules; the thresholds are those of version 1. In one setting a "
        "claim is decided so:\n\n"
        f"{chr(10).join(lines)}"
    )


def verdicts(claims: tuple[Claim, ...]) -> str:
    """Every claim with all of its settings."""
    parts = []
    for claim in claims:
        parts += [f"### {claim.text}: {claim.verdict}", claim.sentence, matrix(claim)]
    return "\n\n".join(parts)


def matrix(claim: Claim) -> str:
    """One row per setting: the numbers of each condition, and what follows."""
    first = claim.cases[0]
    respects = [RESPECTS[respect] for respect in first.setting.chosen]
    heading = (*respects, *_headings(first), "verdict")
    rows = [
        (*case.setting.cells(), *(_cell(c.text, c.met) for c in case.conditions), case.verdict)
        for case in claim.cases
    ]
    return table(heading, rows)


def _headings(case: Case) -> list[str]:
    names = [NAMES[condition.name] for condition in case.conditions]
    if len(set(names)) < len(names):  # the same conditions of either mode
        half = len(names) // 2
        modes = ["DIP"] * half + ["supervised"] * half
        return [f"{mode}: {name}" for mode, name in zip(modes, names, strict=True)]
    return names


def _cell(text: str, met: bool) -> str:
    return f"{text} ✓" if met else f"{text} ✗"
