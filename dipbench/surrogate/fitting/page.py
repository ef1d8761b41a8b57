"""The page of a surrogate: how good it is, where it is wrong, and what would help."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.files import check_writable
from dipbench.reports.markdown import table, wrapped
from dipbench.surrogate.fitting.fit import fit_surrogate
from dipbench.surrogate.fitting.learning import Curve, learning_curve
from dipbench.surrogate.fitting.unseen import Unseen, unseen
from dipbench.surrogate.fitting.unseen_page import LABELS as SCORE_LABELS
from dipbench.surrogate.fitting.unseen_page import beside, nominees_section, unseen_section
from dipbench.surrogate.fitting.validation import Validation, half_widths
from dipbench.surrogate.nominees import Nominee
from dipbench.surrogate.surrogate import TARGETS, Surrogate
from dipbench.version import __version__

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Study", "as_json", "report", "study", "write_surrogate"]

Floats: TypeAlias = npt.NDArray[np.float64]

LABELS = (*SCORE_LABELS, "seconds of a training", "seconds of a fit")
SCORES = range(len(SCORE_LABELS))  # the targets that are no seconds
WORST = 5
MEDIAN = 0.6745  # of the size of a normal number, in standard deviations
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, eq=False)
class Study:
    """A surrogate and all that its page says.

    Attributes:
        surrogate, validation, curves: the fit, its cross-validation, and what more rows bring.
        tested: measurements of other tables that it was not fitted to.
        nominees: what search named, on an earlier surrogate.
        added: the table in which they are measured, whose rows are fitted to as well.
    """

    surrogate: Surrogate
    validation: Validation
    curves: Sequence[Curve]
    tested: Sequence[Unseen] = ()
    nominees: Sequence[Nominee] = ()
    added: Table | None = None


def study(
    table: Table,
    task: str,
    seed: int,
    reference: Table | None = None,
    *,
    added: Table | None = None,
    nominees: Sequence[Nominee] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Study:
    """Fit a surrogate, find how it grows with its sample, and test it where it was not fitted.

    Args:
        reference: a table with several seeds, which tells how far they lie apart, and whose
            architectures test the surrogate where they are in its space.
        added, nominees: as in `Study`.

    Raises:
        NotInTable: as `fit_surrogate`.
        ValueError: `added` was measured in another way, or holds no nominee.
    """
    if nominees:
        if added is None:
            raise ValueError("nominees without the table they are measured in; expected --add")
        beside(nominees, added, task)
    surrogate, validation = fit_surrogate(
        table, task, seed, noise_table=reference, added=added, progress=progress
    )
    curves = learning_curve(validation, SCORES, np.random.default_rng(seed + 1), progress)
    other = reference is not None and reference != table and task in reference.tasks
    tested = unseen(surrogate, table, reference, task) if other and reference else None
    return Study(surrogate, validation, curves, [tested] if tested else [], nominees, added)


def as_json(found: Study) -> dict[str, Any]:
    """All numbers of the page."""
    about = found.surrogate.about
    said = {
        "about": {name: value for name, value in about.items() if name != "sample"},
        "candidates": {
            kind: {t: asdict(s) for t, s in zip(TARGETS, scores, strict=True)}
            for kind, scores in found.validation.scores.items()
        },
        "coverage": {
            what: [[label, count, *shares] for label, count, shares in rows]
            for what, rows in _groups(found.validation).items()
        },
        "calibration": {str(level): s for level, s in calibration(found.validation).items()},
        "learning": [asdict(curve) | {"target": TARGETS[curve.target]} for curve in found.curves],
    }
    if found.tested:
        said["tested"] = {one.protocol: one.figures() for one in found.tested}
    if found.nominees and found.added is not None:
        said["nominees"] = beside(found.nominees, found.added, about["task"]).figures()
    return said


def write_surrogate(
    table: Table,
    out: str | os.PathLike[str],
    task: str,
    seed: int,
    *,
    store: Path | None = None,
    reference: Table | None = None,
    added: Table | None = None,
    nominees: Sequence[Nominee] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write the page, its numbers as JSON, and the surrogate's file where it is wanted.

    The page is ``surrogate-SPACE-TASK.md``, such as ``surrogate-core64-denoise25.md``.

    Raises:
        NotInTable, ValueError: as `study`.
        OSError: a folder cannot be written; nothing was computed then.
    """
    folder = Path(out)
    check_writable(folder)
    if store is not None:
        check_writable(store, file=True)
    found = study(table, task, seed, reference, added=added, nominees=nominees, progress=progress)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"surrogate-{found.surrogate.about['space']}-{task}"
    written = [folder / f"{name}.md", folder / f"{name}.json"]
    written[0].write_text(report(found), encoding="utf-8")
    numbers = json.dumps(as_json(found), indent=1, allow_nan=False)
    written[1].write_text(numbers + "\n", encoding="utf-8")
    if store is not None:
        written.append(found.surrogate.save(store))
    return written


def report(found: Study) -> str:
    """The page, in Markdown."""
    surrogate, validation = found.surrogate, found.validation
    about = surrogate.about
    sections = {
        "How good it is": _quality(surrogate, validation),
        "The candidates": _candidates(validation),
        "Do the intervals hold?": _coverage(validation),
        "What it gets wrong": _worst(validation),
        **{f"Tested on {one.protocol}": unseen_section(one) for one in found.tested},
        "Would more measurements help?": _learning(surrogate, validation, found.curves),
        "How it was computed": _methods(about["space"]),
    }
    if found.nominees and found.added is not None:
        last = sections.popitem()
        sections["What search found"] = nominees_section(
            found.nominees, found.added, about["task"], validation
        )
        sections |= dict([last])
    head = f"# The surrogate of {about['space']}, {about['task']}"
    added = about.get("added")
    beyond = f" and {added['rows']} that search named ({added['protocol']})" if added else ""
    intro = (
        f"`dipbench surrogate` writes this page. The surrogate was fitted to "
        f"{about['rows']} measured architectures of {about['protocol']}{beyond} (dipbench "
        f"{__version__}). `predict` evaluates it. A prediction is never a measurement: `query` "
        "answers with those alone."
    )
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    return "\n\n".join(map(wrapped, f"{head}\n\n{intro}\n\n{body}".split("\n\n"))) + "\n"


def _quality(surrogate: Surrogate, validation: Validation) -> str:
    noise = surrogate.about["noise"]
    rows = []
    for t, target in enumerate(TARGETS):
        score = validation.scores[validation.chosen[t]][t]
        typical = _typical(validation, t)
        between = f"{noise[target] * typical:.2f}" if target in noise else "–"
        errors = f"{score.rmse:.3g}", f"{score.median:.3g}"
        figures = (f"{score.tau:.3f}", *errors, f"{score.r2:.4f}", between)
        rows.append((LABELS[t], validation.chosen[t], *figures, f"{score.coverage:.1%}"))
    heading = (
        *("target", "model", "Kendall's tau", "RMSE", "median error"),
        *("R²", "seeds differ by", "coverage"),
    )
    return (
        "Ten-fold cross-validation: every architecture is predicted by a model that was not "
        "fitted to it. RMSE and the median absolute error are in the target's own unit. Where "
        "RMSE is much greater, a few rare networks make most of it. *Seeds differ by* is the "
        "standard deviation between seeds of one architecture at the median score; a measurement "
        f"here is the mean over the table's seeds{_source(surrogate)}. *Coverage* is the share of "
        "measurements within their 90 % interval.\n\n" + table(heading, rows)
    )


def _source(surrogate: Surrogate) -> str:
    """Where the spread of seeds is from, if not from the table itself."""
    source, own = surrogate.about["noise_from"], surrogate.about["protocol"]
    if source in (None, own):
        return ""
    return f", and how far they differ is known from {source}, of fits of the same images"


def _typical(validation: Validation, target: int) -> float:
    """The median measurement."""
    return float(np.median(validation.sample.values[validation.sample.drawn, target]))


def _candidates(validation: Validation) -> str:
    rows = []
    for t in SCORES:
        for kind, scores in validation.scores.items():
            mark = "yes" if kind == validation.chosen[t] else ""
            figures = f"{scores[t].tau:.3f}", f"{scores[t].rmse:.3f}", f"{scores[t].interval:.4f}"
            rows.append((LABELS[t], kind, *figures, f"{scores[t].coverage:.1%}", mark))
    heading = ("target", "candidate", "tau", "RMSE", "interval score", "coverage", "chosen")
    return (
        "Of each target the candidate with the least mean rank of three figures is chosen: "
        "Kendall's tau, RMSE, and the interval score, which is small for narrow intervals that "
        "hold.\n\n" + table(heading, rows)
    )


def _groups(validation: Validation) -> dict[str, list[tuple[str, int, list[float]]]]:
    """Coverage of the chosen candidates per target, overall and by depth, SLC and size."""
    drawn = validation.sample.drawn
    sample = validation.sample.rows(drawn)
    inside = np.abs(validation.of_chosen(validation.ratios)[drawn]) <= 1
    macs = sample.column("log macs")
    size = np.digitize(macs, np.quantile(macs, (1 / 3, 2 / 3)))
    words = np.array(["fewest MACs", "middle", "most MACs"])
    labels = {
        "all": np.array(["all"] * len(macs)),
        "depth": sample.column("depth").astype(int).astype(str),
        "SLC": sample.column("slc").astype(int).astype(str),
        "size": words[size],
    }
    return {
        what: [
            (str(label), int((of == label).sum()), inside[of == label].mean(0).tolist())
            for label in sorted(set(of.tolist()), key=list(words).index if what == "size" else str)
        ]
        for what, of in labels.items()
    }


def _coverage(validation: Validation) -> str:
    rows = []
    for what, lines in _groups(validation).items():
        for label, count, shares in lines:
            error = 1.645 * (0.09 / count) ** 0.5
            name = "all" if what == "all" else f"{what} {label}" if what != "size" else label
            cells = [f"{share:.0%}" for share in shares]
            rows.append((name, str(count), *cells, f"±{error:.0%}"))
    levels = [
        (f"{level:.0%}", *(f"{share:.0%}" for share in shares))
        for level, shares in calibration(validation).items()
    ]
    return (
        "The share of measurements within intervals that the other nine folds made. The last "
        "column is how far from 90 % so many rows may stray by chance, nine times out of ten.\n\n"
        + table(("group", "rows", *LABELS, "chance"), rows)
        + "\n\nThe same of all rows for intervals that are to hold other shares:\n\n"
        + table(("to hold", *LABELS), levels)
    )


def calibration(validation: Validation) -> dict[float, list[float]]:
    """By nominal share, the share of drawn rows within intervals that the other folds make."""
    sample, drawn = validation.sample, validation.sample.drawn
    left_out = validation.of_chosen(validation.predicted)
    errors = np.abs(sample.logarithms - left_out)[drawn]
    found = {}
    for level in LEVELS:
        half = half_widths(sample, validation.distance, left_out, validation.folds, level)
        found[level] = (errors <= half[drawn]).mean(0).tolist()
    return found


def _worst(validation: Validation) -> str:
    drawn = validation.sample.drawn
    sample = validation.sample.rows(drawn)
    found = np.exp(validation.of_chosen(validation.predicted)[drawn])
    parts = []
    for t in SCORES:
        if TARGETS[t] == "supervised_rmse_val":
            continue  # hardly differs from the test RMSE
        errors = found[:, t] - sample.values[:, t]
        order = np.argsort(-np.abs(errors))[:WORST]
        rows = [
            (
                sample.names[i],
                f"{sample.values[i, t]:.2f}",
                f"{found[i, t]:.2f}",
                f"{errors[i]:+.2f}",
            )
            for i in order
        ]
        parts.append(table((LABELS[t], "measured", "predicted", "error"), rows))
    return (
        "The largest errors on architectures that were left out. They gather where the sample is "
        "thin and the scores are far from all others.\n\n" + "\n\n".join(parts)
    )


def _learning(surrogate: Surrogate, validation: Validation, curves: Sequence[Curve]) -> str:
    rows, lines = [], []
    about = surrogate.about
    for curve in curves:
        for size, *figures in zip(curve.sizes, curve.tau, curve.rmse, curve.median, strict=True):
            shown = (f"{value:.3f}" for value in figures)
            rows.append((LABELS[curve.target], str(size), *shown))
        lines.append(
            f"- {LABELS[curve.target]}: a median error of {curve.median[-1]:.3f} from "
            f"{curve.sizes[-1]} rows{_more(about, validation, curve)}"
        )
    complete = about["rows"] == len(surrogate.space)
    last = (
        f"\n\nAll {surrogate.rows} architectures of {surrogate.about['space']} are measured, so "
        "there are none to add: the curve says how many rows a space like it would have needed."
        if complete
        else ""
    )
    return (
        "Models fitted to random rows and judged by the others, means over three draws; the "
        f"last size of each is the cross-validation{_beyond(about)}.\n\n"
        + table(("target", "rows", "tau", "RMSE", "median error"), rows)
        + "\n\n"
        + "\n".join(lines)
        + last
    )


def _beyond(about: Mapping[str, Any]) -> str:
    added = about.get("added")
    return f", whose models know the {added['rows']} named by search, too" if added else ""


def _more(about: Mapping[str, Any], validation: Validation, curve: Curve) -> str:
    """What twice as many rows would leave, beside what the measurements themselves err by."""
    more = f"; twice as many would leave {curve.doubled:.3f}, if the trend of all sizes goes on."
    share = about["noise"].get(TARGETS[curve.target])
    if share is None:
        return more
    own = MEDIAN * share * _typical(validation, curve.target) / about["seeds"] ** 0.5
    source = about["noise_from"]
    known = "" if source == about["protocol"] else f" if seeds differ as in {source}"
    if curve.doubled > own:
        return f"{more} The measurements themselves have {own:.3f}{known}."
    return f". The measurements themselves have {own:.3f}{known}: more rows would hardly help."


def _methods(space: str) -> str:
    more = "crossings, convolutions, growth, " if space == "unet64" else ""
    return "\n".join(
        (
            "- The models are of logarithms of the targets, over depth, SLC, skip connections, "
            f"up-sampling, {more}width and the logarithm of MACs "
            "(`dipbench.surrogate.description`).",
            "- Gaussian process: about a linear function of depth, SLC and log MACs; "
            "squared-exponential kernel, one length scale per group of columns, maximum "
            "likelihood; what is kept are 256 inducing points (Rasmussen and "
            "Williams, *Gaussian Processes for Machine Learning*, 2006).",
            "- Ridge: columns and all products of two, the penalty by leave-one-out. Boosted "
            "trees: scikit-learn's gradient boosting, 300 trees of depth 3. Mean: of the "
            "logarithms, the same for every architecture.",
            "- Intervals: cross-conformal (Vovk, *Annals of Mathematics and Artificial "
            "Intelligence* 74, 2015), scores normalised by a spread that depends on depth, SLC "
            "and MACs (beyond the sample's values it is that of the nearest), and that grows with "
            "the distance from the sample, for a row that from the other folds. The quantile is "
            "from all ten folds; for the coverage above, each fold is judged by the quantile and "
            "spread of the other nine. Rows that were not drawn at random count in neither.",
            "- Values are rounded to six decimals, beyond which processors differ.",
        )
    )
