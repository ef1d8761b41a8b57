"""What came out of algorithms that were set side by side: tables, a figure, and their files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dipbench.errors import NoSurrogate, NotInTable
from dipbench.extras import require
from dipbench.figures import PNG, Format, check_format
from dipbench.files import output_folder
from dipbench.holm import holm
from dipbench.nas.incumbent import Incumbent
from dipbench.nas.problem import Problem
from dipbench.nas.ranking import BASELINE, mean_ranks, paired_test

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "Search"]

SMALL = "core64"  # the space that is easy
POINTS = 200  # of a curve
TABLES = ("summary", "curves", "runs")
FORMATS: Mapping[str, Callable[[float], str]] = {
    "evaluations": "{:.1f}".format,
    "regret_median": "{:.3f}".format,
    "regret_q25": "{:.3f}".format,
    "regret_q75": "{:.3f}".format,
    "mean_rank": "{:.2f}".format,
    "better": "{:.0f}".format,
    "worse": "{:.0f}".format,
    "p": "{:.2g}".format,
    "p_holm": "{:.2g}".format,
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Search:
    """One repeat of one algorithm: how much it evaluated, and which architecture it chose."""

    evaluations: int
    incumbents: tuple[Incumbent, ...]


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        problem: what was searched, with its budget.
        seed: of the comparison.
        searches: by algorithm, one per repeat; repeat for repeat they are pairs.
    """

    problem: Problem
    seed: int
    searches: Mapping[str, Sequence[Search]]

    @property
    def repeats(self) -> int:
        """How many times each algorithm searched."""
        return len(next(iter(self.searches.values())))

    @property
    def final(self) -> Floats:
        """Test regret when the budget is spent, shape ``(algorithms, repeats)``."""
        every = self.searches.values()
        return np.array([[s.incumbents[-1].regret for s in searches] for searches in every])

    @property
    def summary(self) -> pd.DataFrame:
        """One row per algorithm, the least mean rank first.

        Columns: ``evaluations`` charged, mean over repeats; median and quartiles of the final
        regret; ``mean_rank`` among the algorithms; ``tied``, whether the median is no further
        above the least one than seeds lie apart; ``better`` and ``worse``, the repeats
        that end with less and with more regret than random search; ``p`` of the paired test
        against it, and ``p_holm``, adjusted for how many are tested. The last four are missing
        where there is no random search, or nothing else.
        """
        import pandas as pd

        final = self.final
        low, middle, high = np.quantile(final, (0.25, 0.5, 0.75), axis=1)
        counts = [[s.evaluations for s in searches] for searches in self.searches.values()]
        columns = {
            "algorithm": list(self.searches),
            "evaluations": np.mean(counts, axis=1),
            "regret_median": middle,
            "regret_q25": low,
            "regret_q75": high,
            "mean_rank": mean_ranks(final),
            "tied": self._tied(middle),
        }
        frame = pd.DataFrame(columns | self._against_baseline(final))
        return frame.sort_values("mean_rank", kind="stable", ignore_index=True)

    def _tied(self, medians: Floats) -> list[bool]:
        """Whether each median regret is no further above the least than seeds lie apart."""
        line = self.least_difference
        return [bool(regret - medians.min() <= line) for regret in medians]

    @property
    def least_difference(self) -> float:
        """The difference in regret below which the seeds leave no telling who is better; NaN
        where that is not known."""
        return self.problem.least_difference

    @property
    def verdict(self) -> str:
        """One sentence: which algorithms are best, given the noise between seeds."""
        line, summary = self.least_difference, self.summary
        if math.isnan(line):
            return "How far seeds lie apart is not known here, so nothing says which ranks count."
        tied = summary.loc[summary["tied"], "algorithm"].tolist()
        scale = f"{line:.3f}, the least difference that seeds let one tell"
        if len(tied) == len(summary):
            return f"This ranking is noise: all median regrets lie within {scale}."
        if len(tied) == 1:
            return f"{tied[0]} is ahead of all others by more than {scale}."
        return f"Not told apart at the top: {', '.join(tied)}; their medians lie within {scale}."

    def _against_baseline(self, final: Floats) -> dict[str, list[float | None]]:
        names = list(self.searches)
        columns: dict[str, list[float | None]] = {
            name: [None] * len(names) for name in ("better", "worse", "p", "p_holm")
        }
        if BASELINE not in names:
            return columns
        baseline = final[names.index(BASELINE)]
        others = [i for i, name in enumerate(names) if name != BASELINE]
        ps = [paired_test(final[i], baseline) for i in others]
        for i, p, adjusted in zip(others, ps, holm(ps), strict=True):
            columns["better"][i] = int((final[i] < baseline).sum())
            columns["worse"][i] = int((final[i] > baseline).sum())
            columns["p"][i], columns["p_holm"][i] = p, adjusted
        return columns

    @property
    def curves(self) -> pd.DataFrame:
        """Median and quartiles of test regret over time: algorithm, seconds, median, q25, q75.

        An algorithm's begin when all of its repeats have an incumbent.
        """
        import pandas as pd

        frames = []
        first = min(s.incumbents[0].clock for every in self.searches.values() for s in every)
        grid = np.geomspace(max(first, 1e-9), self.problem.budget.seconds, POINTS)
        for name, searches in self.searches.items():
            start = max(search.incumbents[0].clock for search in searches)
            times = np.union1d(start, grid[grid > start])
            regret = np.array([_regret_at(times, search.incumbents) for search in searches])
            low, middle, high = np.quantile(regret, (0.25, 0.5, 0.75), axis=0)
            columns = {"seconds": times, "median": middle, "q25": low, "q75": high}
            frames.append(pd.DataFrame({"algorithm": name} | columns))
        return pd.concat(frames, ignore_index=True)

    @property
    def runs(self) -> pd.DataFrame:
        """One row per algorithm and repeat: evaluations, final architecture and its regret."""
        import pandas as pd

        rows = [
            (
                name,
                repeat,
                s.evaluations,
                str(s.incumbents[-1].architecture),
                s.incumbents[-1].regret,
            )
            for name, searches in self.searches.items()
            for repeat, s in enumerate(searches)
        ]
        return pd.DataFrame(
            rows, columns=["algorithm", "repeat", "evaluations", "architecture", "regret"]
        )

    def as_dict(self) -> dict[str, Any]:
        """What was compared and the `summary`, ready for JSON; what is missing is None."""
        summary = self.summary.astype(object)
        return {
            "protocol": self.problem.protocol,
            "task": self.problem.task,
            "objectives": list(self.problem.objectives),
            "architectures": len(self.problem.architectures),
            "runs": "mean" if self.problem.seed is None else self.problem.seed,
            "seconds": self.problem.budget.seconds,
            "repeats": self.repeats,
            "seed": self.seed,
            "report": problem_report(self.problem),
            "clock": str(self.problem.clock_source),
            "least_difference": _known(self.least_difference),
            "difficulty": _difficulty(self.problem),
            "verdict": self.verdict,
            "algorithms": summary.where(summary.notna(), None).to_dict("records"),
        }

    def __str__(self) -> str:
        problem = self.problem
        return (
            f"{len(problem.architectures)} architectures of {problem.protocol}, {problem.task}, "
            f"{problem.budget.seconds:.6g} s, {self.repeats} repeats; regret of "
            f"{problem_report(problem)}, p against {BASELINE}\n"
            f"{_written(self.summary)}\n"
            f"{self.verdict}{_hardness(problem)}"
        )

    def save(self, folder: str | os.PathLike[str], format: Format = PNG) -> list[Path]:
        """Write a figure, ``regret``, and `summary`, `curves` and `runs` as CSV; return the files.

        Args:
            format: of the figure: ``png``, ``pdf`` or ``svg``.

        Raises:
            ValueError: `format` is none of these.
            ImportError: matplotlib is not installed.
            OSError: the folder cannot be written.
        """
        from dipbench.nas.figure import draw

        check_format(format)
        require("nas", "matplotlib")
        count = len(self.problem.architectures)
        title = f"{self.problem.protocol}, {count} architectures: median and quartiles of "
        with output_folder(Path(folder)) as out:
            figure = draw(
                self.curves,
                f"{title}{self.repeats} repeats",
                out / f"regret.{format}",
                label=f"regret of {problem_report(self.problem)}",
                line=self.least_difference,
            )
            tables = {out / f"{name}.csv": getattr(self, name) for name in TABLES}
            for path, frame in tables.items():
                frame.to_csv(path, index=False)
            return [figure, *tables]


def _written(summary: pd.DataFrame) -> str:
    """The table as text; what is missing, None included, is a dash."""
    shown = summary.astype(object)
    for name, form in FORMATS.items():
        shown[name] = ["-" if _is_missing(value) else form(value) for value in summary[name]]
    return shown.to_string(index=False)


def _is_missing(value: float | None) -> bool:
    return value is None or value != value


def _regret_at(times: Floats, incumbents: Sequence[Incumbent]) -> Floats:
    """The regret of whoever is the incumbent at each time."""
    since = np.array([incumbent.clock for incumbent in incumbents])
    regret = np.array([incumbent.regret for incumbent in incumbents])
    return regret[np.searchsorted(since, times, side="right") - 1]


def problem_report(problem: Problem) -> str:
    """What regret is of, and in which unit."""
    if len(problem.objectives) > 1:
        return f"the hypervolume of {' and '.join(problem.objectives)} (share)"
    return f"{problem.report} (grey levels)"


def _difficulty(problem: Problem) -> dict[str, Any] | None:
    """The difficulty of a problem, ready for JSON."""
    if len(problem.objectives) > 1 or problem.difficulty is None:
        return None
    said = asdict(problem.difficulty)
    return {n: _known(value) if isinstance(value, float) else value for n, value in said.items()}


def _hardness(problem: Problem) -> str:
    """How hard the problem is, a line; and beside another space, how hard it is in core64."""
    lines = [_how_hard(problem, "")]
    if problem.space is not None and problem.space.name != SMALL:
        try:
            same = problem.objectives, problem.task, problem.report
            small = Problem(same[0], space=SMALL, task=same[1], report=same[2])
            lines.append(_how_hard(small, f"In {SMALL}, on predictions and without a limit: "))
        except (NoSurrogate, NotInTable):
            pass  # the task was not measured there
    return "".join(f"\n{line}" for line in lines if line)


def _how_hard(problem: Problem, where: str) -> str:
    found = None if len(problem.objectives) > 1 else problem.difficulty
    if found is None:
        return ""
    rule = found.rules[0]
    return (
        f"{where}{found.tied} of {found.architectures} architectures are not told apart from the "
        f"best; random search needs {found.draws:.1f} draws to find one. Without any evaluation, "
        f"{rule.name} has regret {rule.regret:.3f}."
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
