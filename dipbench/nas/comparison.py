"""Algorithms side by side: many repeats of each, with the same budget on the same clock.

In a repeat all algorithms have the same random numbers, so that repeats are pairs; each repeat
has its own, which depend on nothing but the comparison's seed and the repeat's number.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dipbench.dag import as_integer
from dipbench.nas.algorithms import ALGORITHMS, Algorithm, named, search
from dipbench.nas.incumbent import Incumbent, trajectory
from dipbench.nas.problem import Problem
from dipbench.nas.ranking import BASELINE, holm, mean_ranks, paired_test

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "Search", "compare", "default_seconds"]

POINTS = 200  # of a curve
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
    """One repeat of one algorithm: how much it evaluated, and whom it would have named."""

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
        test regret; ``mean_rank`` among the algorithms; ``better`` and ``worse``, the repeats
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
        }
        frame = pd.DataFrame(columns | self._against_baseline(final))
        return frame.sort_values("mean_rank", kind="stable", ignore_index=True)

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
            "algorithms": summary.where(summary.notna(), None).to_dict("records"),
        }

    def __str__(self) -> str:
        problem = self.problem
        return (
            f"{len(problem.architectures)} architectures of {problem.protocol}, {problem.task}, "
            f"{problem.budget.seconds:.6g} s, {self.repeats} repeats; regret in grey levels, "
            f"p against {BASELINE}\n"
        ) + self.summary.to_string(index=False, formatters=FORMATS, na_rep="-")

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write ``regret.png`` and `summary`, `curves` and `runs` as CSV; return the files.

        Raises:
            ImportError: matplotlib is not installed.
            OSError: the folder cannot be written.
        """
        from dipbench.nas.figure import draw

        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        for name in ("summary", "curves", "runs"):
            frame: pd.DataFrame = getattr(self, name)
            frame.to_csv(out / f"{name}.csv", index=False)
        count = len(self.problem.architectures)
        title = f"{self.problem.protocol}, {count} architectures: median and quartiles of "
        figure = draw(self.curves, f"{title}{self.repeats} repeats", out / "regret.png")
        return [figure, *(out / f"{name}.csv" for name in ("summary", "curves", "runs"))]


def compare(
    problem: Problem | None = None,
    algorithms: Sequence[str] | Mapping[str, Algorithm] = tuple(ALGORITHMS),
    *,
    repeats: int = 200,
    seconds: float | None = None,
    seed: int = 0,
    jobs: int = 1,
    progress: bool = False,
) -> Comparison:
    """Search `problem` with each of `algorithms`, `repeats` times.

    Args:
        problem: by default one of ``supervised_rmse_val`` on the embedded table. What it has
            spent so far does not count.
        algorithms: names of `ALGORITHMS`, or functions by name.
        repeats: of each algorithm.
        seconds: the budget; by default that of the problem, and where it has none,
            `default_seconds`.
        seed: of all random numbers; the result is the same for every number of `jobs`.
        jobs: worker processes. With more than one, a script must begin its work under
            ``if __name__ == "__main__":``, and own algorithms be functions of a module.
        progress: show a bar on standard error, where that is a terminal.

    Raises:
        ValueError: an argument is not as above, an algorithm evaluates nothing within the
            budget, or there are architectures without a test RMSE to report.
        NotInTable: an algorithm needs, or proposes, what was not measured.
        ImportError: an extra is not installed: ``pip install dipbench[nas]``.
    """
    _need_extras()
    problem = Problem() if problem is None else problem
    chosen = _chosen(algorithms)
    count, workers = _positive("repeats", repeats), _positive("jobs", jobs)
    entropy = _seed(seed)
    _check(problem)
    if seconds is None:
        limited = np.isfinite(problem.budget.seconds)
        seconds = problem.budget.seconds if limited else default_seconds(problem)
    problem = problem.fresh(seconds=seconds)
    if not np.isfinite(problem.budget.seconds):
        raise ValueError("seconds is infinite; expected a budget that ends")
    repeat = partial(_repeat, problem, chosen, entropy)
    with _bar(count, progress) as bar:
        rows = []
        for row in _mapped(repeat, count, min(workers, count)):
            rows.append(row)
            bar.update()
    searches = {name: [row[i] for row in rows] for i, name in enumerate(chosen)}
    return Comparison(problem, entropy, searches)


def default_seconds(problem: Problem) -> float:
    """What a tenth of the problem's architectures costs, but at least five or all of them."""
    count = len(problem.architectures)
    return problem.total_seconds * max(0.1, min(1.0, 5 / count))


def _repeat(
    problem: Problem, algorithms: Mapping[str, Algorithm], entropy: int, number: int
) -> list[Search]:
    """One repeat of every algorithm."""
    found = []
    for name, algorithm in algorithms.items():
        # The same for every algorithm, whichever process it is in.
        choices, draws = (
            np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(number, use)))
            for use in (0, 1)
        )
        run = problem.fresh(draws)
        search(algorithm, run, choices)
        incumbents = trajectory(run)
        if not incumbents:
            raise ValueError(
                f"{name} evaluated no architecture within {run.budget.seconds:.6g} s (repeat "
                f"{number}); all {len(run.architectures)} cost {run.total_seconds:.6g} s"
            )
        found.append(Search(run.evaluations, incumbents))
    return found


def _mapped(repeat: Any, count: int, jobs: int) -> Iterator[list[Search]]:
    if jobs == 1:
        yield from map(repeat, range(count))
        return
    # Not forked: a fork copies the locks of threads that it does not copy.
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        chunk = max(1, count // (16 * jobs))  # the problem travels with each
        yield from pool.map(repeat, range(count), chunksize=chunk)


def _regret_at(times: Floats, incumbents: Sequence[Incumbent]) -> Floats:
    """The regret of whoever is the incumbent at each time."""
    since = np.array([incumbent.clock for incumbent in incumbents])
    regret = np.array([incumbent.regret for incumbent in incumbents])
    return regret[np.searchsorted(since, times, side="right") - 1]


def _bar(total: int, progress: bool) -> Any:
    from tqdm import tqdm

    # None: no bar where standard error is no terminal.
    return tqdm(total=total, unit="repeat", disable=None if progress else True)


def _need_extras() -> None:
    missing = [name for name in ("scipy", "tqdm") if find_spec(name) is None]
    if missing:
        raise ImportError(f"compare needs {' and '.join(missing)}: pip install dipbench[nas]")


def _chosen(algorithms: Sequence[str] | Mapping[str, Algorithm]) -> dict[str, Algorithm]:
    if isinstance(algorithms, Mapping):
        chosen = dict(algorithms)
    else:
        listed = (algorithms,) if isinstance(algorithms, str) else algorithms
        chosen = {name: named(name) for name in listed}
    if not chosen:
        raise ValueError(f"no algorithm; expected some of {', '.join(ALGORITHMS)}")
    return chosen


def _positive(name: str, value: object) -> int:
    number = as_integer(value)
    if number is None or number < 1:
        raise ValueError(f"{name} is {value!r}; expected an integer of at least 1")
    return number


def _seed(value: object) -> int:
    number = as_integer(value)
    if number is None or number < 0:
        raise ValueError(f"seed is {value!r}; expected an integer of at least 0")
    return number


def _check(problem: Problem) -> None:
    if not problem.total_seconds:
        judged = " and ".join(problem.objectives)
        raise ValueError(f"{judged} cost no time; expected an objective that takes runs")
    lacking = [a for a in problem.architectures if np.isnan(problem.regret(a))]
    if lacking:
        raise ValueError(
            f"architectures without a test RMSE: {len(lacking)} of {len(problem.architectures)}, "
            f"such as {lacking[0]}; expected a problem within those that have one to report"
        )
