"""Section of the document: how hard the table is to search."""

from __future__ import annotations

from dipbench.reports.findings.panel import HEADLINE, LABELS
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import number, percent, signed
from dipbench.reports.markdown import table
from dipbench.table.difficulty import Difficulty

__all__ = ["hard_section"]

SHOWN = 4  # rules


def hard_section(found: Study) -> str:
    """Ties with the best, draws, free rules, signal among the best."""
    both = [found.difficulty[column] for column in HEADLINE]
    labels = [LABELS[column] for column in HEADLINE]
    lines: dict[str, list[str]] = {
        "seeds": [str(d.seeds) for d in both],
        "least mean RMSE, grey levels": [number(d.best) for d in both],
        "noise of one seed in the best quarter": [number(d.noise, 3) for d in both],
        "least difference of two means": [number(d.least_difference, 3) for d in both],
        "architectures tied with the best": [_tied(d) for d in both],
        "random draws until one of these, expected": [number(d.draws, 1) for d in both],
        "random draws for a probability of 95%": [str(d.draws_95) for d in both],
        "tau between two seeds in the best tenth": [_or(d.best_tau) for d in both],
        "signal in the order of the best tenth": [_share(d.signal) for d in both],
    }
    rows = [(name, *cells) for name, cells in lines.items()]
    parts = [
        "What a search can find is bounded by the noise of the seeds. Two means are *tied* if they "
        "differ by less than chance alone makes in one of twenty pairs: 1.96 √(2 / seeds) times "
        "the noise of one seed, which is what is left of the scores after the means of the "
        "architecture and of the seed are taken off. A seed is the same for all architectures, so "
        "this is a paired comparison. Errors are greater where scores are worse, so the noise is "
        "that of the best quarter. *Signal*: the share of the variance of mean scores in the best "
        "tenth that is not noise. For each pair of seeds the tenth is chosen by the other seeds.",
        table(("", *labels), rows),
        "Choices that need no run, and their regret: the mean score of what they put first, above "
        "the least of all. Below the least difference a regret means nothing.",
        *(_rules(label, d) for label, d in zip(labels, both, strict=True)),
        _says(both[1]),
    ]
    return "\n\n".join(part for part in parts if part)


def _tied(d: Difficulty) -> str:
    return f"{d.tied} of {d.architectures}" if d.seeds > 1 else "–"


def _or(value: float | None) -> str:
    return "–" if value is None else signed(value)


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _rules(label: str, d: Difficulty) -> str:
    shown = d.rules[:SHOWN]
    said = "; ".join(f"{rule.name} {number(rule.regret, 3)}" for rule in shown)
    return f"*{label}*: {said}." if shown else ""


def _says(d: Difficulty) -> str:
    if d.seeds < 2 or not d.rules:
        return ""
    rule = d.rules[0]
    inside = "within" if rule.regret <= d.least_difference else "above"
    return (
        f"So a search on supervised RMSE is over after about {number(d.draws, 0)} random draws, "
        f"and choosing the network with the {rule.name} has a regret of {number(rule.regret, 3)}, "
        f"{inside} the least difference, without any evaluation. Differences between search "
        "algorithms that are smaller than the least difference are no ranking."
    )
