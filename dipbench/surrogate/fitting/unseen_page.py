"""The page's sections on measurements that the surrogate was not fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dipbench.holm import holm
from dipbench.reports.markdown import table
from dipbench.surrogate.fitting.sample import measured_alike
from dipbench.surrogate.fitting.unseen import Unseen
from dipbench.surrogate.fitting.validation import Validation
from dipbench.surrogate.nominees import SCORES, Nominee

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["LABELS", "beside", "nominees_section", "unseen_section"]

LABELS = (
    "supervised test RMSE",
    "supervised validation RMSE",
    "DIP peak",
    "DIP averaged peak",
)
REPORTED = "supervised_rmse"  # of each nominee
SIGNIFICANT = 0.05


def unseen_section(tested: Unseen) -> str:
    """What became of predictions for architectures of another table."""
    return (
        f"{len(tested.names)} architectures of {tested.protocol} are in the space and not among "
        "those that it was fitted to. Their scores are means over runs of the seed numbers and "
        "images that the fitted ones have too. Noise and batches are drawn anew by each protocol, "
        "and all architectures share them, so all errors may be shifted alike.\n\n"
        + _figures(tested)
        + "\n\n*Error* is predicted less measured: negative where a prediction promised too much. "
        "Where it comes from, as mean error and the share within intervals:\n\n" + _grouped(tested)
    )


def _grouped(tested: Unseen) -> str:
    rows = []
    for what, labels in tested.labels.items():
        for label in sorted(set(labels)):
            here = np.array(labels) == label
            errors, inside = tested.errors[here].mean(0), tested.inside[here].mean(0)
            cells = (f"{e:+.2f}, {i:.0%}" for e, i in zip(errors, inside, strict=True))
            rows.append((f"{what} {label}", str(int(here.sum())), *cells))
    return table(("group", "architectures", *LABELS), rows)


def nominees_section(
    nominees: Sequence[Nominee], measured: Table, task: str, validation: Validation
) -> str:
    """What became of the architectures that search named, problem by problem."""
    found = beside(nominees, measured, task)
    names = dict.fromkeys(nominee.name for nominee in nominees)
    lacking = [name for name in names if name not in found.names]
    without = f" Without all runs, or diverged: {', '.join(lacking)}." if lacking else ""
    parts = [
        "For each problem, the best that search found on predictions and that had not been "
        f"measured: {len(found.names)} of {len(names)} different architectures are measured since, "
        f"as {found.protocol}, with the random streams of the sample.{without} The predictions are "
        "those that the search saw, of a surrogate that was not fitted to these. A search looks "
        "for small predictions, so it finds those that are too small; an interval that holds 90 % "
        "of random architectures need not hold 90 % of these.",
        _figures(found),
        "Was the surrogate exploited? Asked of each problem and each score that it searched: do "
        "measurements lie further above their predictions than those of the sample that was "
        "drawn at random, whose predictions are of the cross-validation? Distances are in half "
        "widths of the interval that the search saw, or of that of the cross-validation; the test "
        "is that of Mann and Whitney, one-sided, its p adjusted "
        "(Holm) for the number of lines. Nominees are alike, so their errors are too: a small p "
        "counts them as if they were independent.",
        _exploited(nominees, found, validation),
        "Were they worth it? The least measurement of these, and of the sample's networks that "
        "need no more MACs than the largest of these:",
        _gained(nominees, found, validation),
    ]
    for problem, chosen in _by_problem(nominees, found).items():
        parts.append(f"### {problem}\n\n{_listed(chosen, found)}")
    parts.append("A star marks a measurement outside its interval.")
    return "\n\n".join(parts)


def beside(nominees: Sequence[Nominee], measured: Table, task: str) -> Unseen:
    """The measured scores of nominees, and what was predicted of them; each once.

    Raises:
        ValueError: none of them has all runs.
    """
    scores = measured_alike(measured, measured, task)
    known = {n.name: n for n in nominees if n.name in scores}
    if not known:
        names = ", ".join(n.name for n in nominees[:3])
        raise ValueError(f"{measured.protocol} has none of the nominees {names}, ...")
    return Unseen(
        measured.protocol,
        tuple(known),
        np.array([scores[name] for name in known]),
        np.array([n.predicted for n in known.values()]).transpose(2, 0, 1),
    )


def _figures(tested: Unseen) -> str:
    rows = [
        (
            label,
            "–" if of["tau"] is None else f"{of['tau']:.3f}",
            f"{of['rmse']:.3f}",
            f"{of['error']:+.3f}",
            f"{of['inside']:.0%}",
            f"{of['worse']:.0%}",
        )
        for label, of in zip(LABELS, tested.figures().values(), strict=True)
    ]
    heading = ("score", "Kendall's tau", "RMSE", "mean error", "within its interval", "above it")
    return table(heading, rows)


def _exploited(nominees: Sequence[Nominee], found: Unseen, validation: Validation) -> str:
    """Per problem and score whether nominees fall short of their predictions more than others."""
    from scipy.stats import mannwhitneyu

    drawn = validation.sample.drawn
    ordinary = validation.of_chosen(validation.ratios)[drawn]
    asked, lines = [], []
    for problem, i, names in _searched(nominees, found):
        rows = [found.names.index(name) for name in names]
        own, others = found.ratios[rows, i], ordinary[:, i]
        asked.append(float(mannwhitneyu(own, others, alternative="greater").pvalue))
        figures = f"{np.median(own):+.2f}", f"{np.median(others):+.2f}"
        above = f"{int(found.worse[rows, i].sum())} of {len(rows)}"
        lines.append((problem, LABELS[i], *figures, above))
    return table(
        ("problem", "score", "median of these", "of the sample", "above it", "p", "exploited"),
        [
            (*line, f"{p:.2g}", "**yes**" if p < SIGNIFICANT else "not shown")
            for line, p in zip(lines, holm(asked), strict=True)
        ],
    )


def _gained(nominees: Sequence[Nominee], found: Unseen, validation: Validation) -> str:
    """Per problem and score, the best that was measured of the nominees and of the sample."""
    sample = validation.sample  # the nominees are among its rows, though not drawn
    macs, lines, behind = sample.column("log macs"), [], 0
    for problem, i, names in _searched(nominees, found):
        most = macs[[sample.names.index(name) for name in names]].max()
        best = found.measured[[found.names.index(name) for name in names], i].min()
        before = sample.values[sample.drawn & (macs <= most), i].min()
        behind += bool(before <= best)
        lines.append((problem, LABELS[i], f"{best:.2f}", f"{before:.2f}"))
    said = f"In {behind} of {len(lines)} lines the random sample has one at least as good."
    return table(("problem", "score", "of these", "of the sample"), lines) + f"\n\n{said}"


def _by_problem(nominees: Sequence[Nominee], found: Unseen) -> dict[str, list[Nominee]]:
    """Those that are measured, of each problem that has any."""
    by: dict[str, list[Nominee]] = {}
    for nominee in nominees:
        if nominee.name in found.names:
            by.setdefault(nominee.problem, []).append(nominee)
    return by


def _searched(nominees: Sequence[Nominee], found: Unseen) -> Iterator[tuple[str, int, list[str]]]:
    """Per problem and score that it searched: the score's position, and the names measured."""
    for problem, mine in _by_problem(nominees, found).items():
        for score in mine[0].objectives:
            yield problem, SCORES.index(score), [nominee.name for nominee in mine]


def _listed(nominees: Sequence[Nominee], found: Unseen) -> str:
    """What the problem searched for, and the test RMSE, which it did not."""
    rows, shown = [], tuple(dict.fromkeys((*nominees[0].objectives, REPORTED)))
    for name in (nominee.name for nominee in nominees):
        row = found.names.index(name)
        cells = [name]
        for score in shown:
            i = SCORES.index(score)
            middle, low, high = found.predicted[:, row, i]
            mark = "" if found.inside[row, i] else " *"
            cells += [
                f"{middle:.2f} [{low:.2f}, {high:.2f}]",
                f"{found.measured[row, i]:.2f}{mark}",
            ]
        rows.append(tuple(cells))
    labels = [LABELS[SCORES.index(score)] for score in shown]
    heading = [f"{label}, {what}" for label in labels for what in ("predicted", "measured")]
    return table(("architecture", *heading), rows)
