"""The page's sections on measurements that the surrogate was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dipbench.reports.markdown import table
from dipbench.surrogate.fitting.unseen import Unseen
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
SHOWN = ("supervised_rmse", "dip_averaged_rmse")  # of each nominee
ABOVE = 0.05  # of measurements lie above an interval that holds 90 %


def unseen_section(tested: Unseen) -> str:
    """What became of predictions for architectures of another table."""
    return (
        f"{len(tested.names)} architectures of {tested.protocol} are in the space and not among "
        "those that it was fitted to. Their scores are means over the runs that the fitted ones "
        "have too: the same seeds and images.\n\n"
        + _figures(tested)
        + "\n\n*Error* is predicted less measured: negative where a prediction promised too much."
    )


def nominees_section(nominees: Sequence[Nominee], measured: Table) -> str:
    """What became of the architectures that search named, problem by problem."""
    found = beside(nominees, measured)
    parts = [
        "For each problem, the best that search found on predictions and that had not been "
        f"measured ({len(set(found.names))} of {len({n.name for n in nominees})} different "
        f"architectures are measured since, as {found.protocol}). The predictions are those that "
        "the search saw, of a surrogate that was not fitted to these. A search looks for small "
        "predictions, so it finds those that are too small; an interval that holds 90 % of random "
        "architectures need not hold 90 % of these.\n\n" + _figures(found),
        _exploited(found),
    ]
    problems = dict.fromkeys(nominee.problem for nominee in nominees)
    for problem in problems:
        chosen = [n for n in nominees if n.problem == problem and n.name in set(found.names)]
        parts.append(f"### {problem}\n\n{_listed([n.name for n in chosen], found)}")
    return "\n\n".join(parts)


def beside(nominees: Sequence[Nominee], measured: Table) -> Unseen:
    """The measured scores of nominees, and what was predicted of them; each once.

    Raises:
        ValueError: none of them is measured.
    """
    rows = {row["name"]: row for row in measured.architectures.to_pylist()}
    known = {
        n.name: n
        for n in nominees
        if n.name in rows and all(rows[n.name][score] is not None for score in SCORES)
    }
    if not known:
        names = ", ".join(n.name for n in nominees[:3])
        raise ValueError(f"{measured.protocol} has none of the nominees {names}, ...")
    return Unseen(
        measured.protocol,
        tuple(known),
        np.array([[rows[name][score] for score in SCORES] for name in known]),
        np.array([n.predicted for n in known.values()]).transpose(2, 0, 1),
    )


def _figures(tested: Unseen) -> str:
    rows = [
        (
            label,
            f"{of['tau']:.3f}",
            f"{of['rmse']:.3f}",
            f"{of['error']:+.3f}",
            f"{of['inside']:.0%}",
            f"{of['worse']:.0%}",
        )
        for label, of in zip(LABELS, tested.figures().values(), strict=True)
    ]
    heading = ("score", "Kendall's tau", "RMSE", "mean error", "within its interval", "above it")
    return table(heading, rows)


def _exploited(found: Unseen) -> str:
    """Of which scores search found more that are too good than intervals allow for."""
    from scipy.stats import binomtest

    said = []
    for i, score in enumerate(SCORES):
        if score not in SHOWN:
            continue
        above, count = int(found.worse[:, i].sum()), len(found.names)
        p = binomtest(above, count, ABOVE, alternative="greater").pvalue
        word = "was exploited" if p < 0.05 else "was not exploited beyond what chance allows"
        said.append(
            f"The surrogate {word} for the {LABELS[i]}: {above} of {count} measurements lie above "
            f"their interval, where {ABOVE:.0%} are expected (binomial p = {p:.2g})."
        )
    return " ".join(said)


def _listed(names: Sequence[str], found: Unseen) -> str:
    rows = []
    for name in names:
        row = found.names.index(name)
        cells = [name]
        for score in SHOWN:
            i = SCORES.index(score)
            middle, low, high = found.predicted[:, row, i]
            mark = "" if found.inside[row, i] else " *"
            cells += [f"{middle:.2f} [{low:.2f}, {high:.2f}]"]
            cells += [f"{found.measured[row, i]:.2f}{mark}"]
        rows.append(tuple(cells))
    shown = [LABELS[SCORES.index(score)] for score in SHOWN]
    heading = [f"{label}, {what}" for label in shown for what in ("predicted", "measured")]
    return table(("architecture", *heading), rows)
