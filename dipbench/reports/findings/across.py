"""Section of the document: the claims and the scores over all tasks."""

from __future__ import annotations

from dipbench.reports.findings.claims import CLAIMS
from dipbench.reports.findings.panel import HEADLINE
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.tasks import InTask, OverTasks
from dipbench.reports.findings.text import listed, number, percent, signed
from dipbench.reports.findings.transfer import Agreement
from dipbench.reports.markdown import table

__all__ = ["across_section", "baseline_table"]

DIP, TEST = HEADLINE
MODES = ("DIP", "supervised")
SHOWN = ((DIP, "DIP peak", "dip"), (TEST, "supervised", "test"))  # column, name, images


def across_section(found: Study) -> str:
    """The verdicts per task, the matrix of correlations, regret transferred, baselines."""
    tasks = found.tasks
    parts = [
        "The claims by the same rules in each task. A task that was measured by a later protocol "
        "has the output for the input without perturbation as another setting.",
        _claims(tasks),
        "The tables that they are judged by are of different runs, so the same two scores may have "
        "another tau elsewhere on this page. A fit whose peak is at the last iteration had not "
        "reached it: its score is what the protocol's iterations allow, and more would be better.",
        _runs(tasks),
        "\n".join(f"- {line}" for task in tasks.tasks[1:] for line in _breaks(task)),
    ]
    if len(tasks.tasks) == 1:
        parts.append("No table of another task is there, so nothing is said across tasks.")
    if tasks.pairs:
        parts += [
            "Kendall's tau of all pairs of tasks and modes, over the architectures that both "
            "have; in brackets the ceiling that the noise of the two scores leaves. A score of "
            "one seed whose noise is not known has no ceiling (–).",
            _matrix(tasks),
            _asked(tasks),
            "Does the best of one score serve another? *Regret*: how much worse than the best the "
            "best network of the first score is in the second, in grey levels, and the share of "
            "networks that are better.",
            _transfer(tasks.pairs),
        ]
    parts.append(_baselines(found))
    return "\n\n".join(part for part in parts if part)


def _claims(tasks: OverTasks) -> str:
    rows = []
    for task in tasks.tasks:
        verdicts = [claim.verdict for claim in task.claims] or ["not judged"] * len(CLAIMS)
        rows.append((task.task, f"`{task.protocol}`", str(task.count), *verdicts))
    return table(("task", "table", "architectures", *CLAIMS.values()), rows)


def _runs(tasks: OverTasks) -> str:
    rows = [
        (
            f"`{task.protocol}`",
            str(task.images),
            str(task.seeds),
            str(task.seeds_trained),
            percent(task.censored),
            f"`{task.sha256[:16]}…`",
        )
        for task in tasks.tasks
        if task.count
    ]
    heading = (
        "table",
        "images fitted",
        "seeds of fits",
        "seeds of trainings",
        "peak at the last iteration",
        "SHA-256",
    )
    return table(heading, rows)


def _breaks(task: InTask) -> list[str]:
    if task.missing:
        return [f"*{task.task}* is not judged: {task.missing}."]
    return [
        f"*{task.task}*, {claim.text[0].lower() if claim.name != 'dip' else claim.text[0]}"
        f"{claim.text[1:]}: {claim.verdict}. {claim.sentence}"
        for claim in task.claims
    ]


def _matrix(tasks: OverTasks) -> str:
    pairs = {(each.first, each.second): each for each in tasks.pairs}
    names = [score.name for score in tasks.scores]

    def cell(row: str, column: str) -> str:
        if row == column:
            return "1"
        each = pairs.get((row, column)) or pairs.get((column, row))
        if each is None:
            return "–"
        ceiling = "–" if each.ceiling is None else number(each.ceiling)
        return f"{signed(each.tau)} ({ceiling})"

    rows = [(row, *(cell(row, column) for column in names)) for row in names]
    return table(("", *names), rows)


def _asked(tasks: OverTasks) -> str:
    """What the report asks, one structure for many transformations; empty for one task."""
    same: dict[str, list[float]] = {}
    other: list[float] = []
    scores = {score.name: score for score in tasks.scores}
    for each in tasks.pairs:
        first, second = scores[each.first], scores[each.second]
        if not {first.mode, second.mode} <= set(MODES):
            continue
        if first.mode != second.mode:
            other.append(each.tau)
        elif first.task != second.task:
            same.setdefault(first.mode, []).append(each.tau)
    if not same or not other:
        return ""
    alike = listed([f"{_range(taus)} for {mode}" for mode, taus in same.items()])
    decides = (
        "A structure that serves one task serves another, in the same mode"
        if min(min(taus) for taus in same.values()) > max(other)
        else "A structure that serves one task need not serve another, even in the same mode"
    )
    return (
        f"{decides}: between tasks, tau is {alike}. Between the modes it is {_range(other)}, in "
        "one task or two."
    )


def _range(values: list[float]) -> str:
    """From the least to the greatest."""
    low, high = signed(min(values)), signed(max(values))
    return low if low == high else f"{low} to {high}"


def _transfer(pairs: tuple[Agreement, ...]) -> str:
    rows = []
    for each in pairs:
        count = str(each.count)
        rows += [
            (each.first, each.second, count, number(each.forth), percent(each.forth_rank)),
            (each.second, each.first, count, number(each.back), percent(each.back_rank)),
        ]
    heading = ("best by", "used for", "architectures", "regret", "better networks")
    return table(heading, rows)


def _baselines(found: Study) -> str:
    text = baseline_table(found)
    if not text:
        return (
            "No file of baselines was given, so the scores are not set beside known methods here."
        )
    return (
        "Baselines that need no network, on the same images and by the same metric. PSNR is the "
        "mean over images. Beside them the best and the median network: the DIP peak on the "
        "images that are fitted, supervised RMSE on the test images. "
        + _beaten(found)
        + "\n\n"
        + text
    )


def _beaten(found: Study) -> str:
    """Where a baseline is better than every network, in a sentence."""
    said = []
    for task in found.tasks.tasks:
        for column, mode, split in SHOWN:
            known = [b for b in found.baselines if (b.task, b.images) == (task.task, split)]
            best = min(known, key=lambda b: b.rmse, default=None)
            score = task.best.get(column)
            if best is not None and score is not None and best.rmse < score:
                figures = f"{number(best.rmse)} against {number(score)}"
                said.append(f"{best.method} in {task.task}, {mode} ({figures})")
    if not said:
        return "The best network is better than all of them, in each task and mode."
    return f"Better than every network: {listed(said)}."


def baseline_table(found: Study) -> str:
    """Baselines and networks; empty without a file."""
    if not found.baselines:
        return ""
    rows = [
        (b.task, b.images, b.method, str(b.count), number(b.rmse), number(b.psnr))
        for b in found.baselines
        if b.task in {task.task for task in found.tasks.tasks}
    ]
    for task in found.tasks.tasks:
        for column, mode, split in SHOWN:
            if column in task.best:
                psnr = number(task.psnr[column]) if column in task.psnr else "–"
                for which, values, db in (
                    ("best", task.best, psnr),
                    ("median", task.median, "–"),
                ):
                    method = f"{mode}, {which} of {task.count} networks"
                    rows.append((task.task, split, method, "–", number(values[column]), db))
    rows.sort(key=lambda row: (row[0], row[1]))
    return table(("task", "images", "method", "how many", "RMSE", "PSNR, dB"), rows)
