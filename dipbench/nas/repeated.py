"""Algorithms side by side: many repeats of each, with the same budget on the same clock.

In a repeat all algorithms have the same random numbers, so that repeats are pairs; each repeat
has its own, which depend on nothing but the comparison's seed and the repeat's number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import Any

import numpy as np

from dipbench.extras import require
from dipbench.graphs.dag import as_integer
from dipbench.nas.algorithms import ALGORITHMS, Algorithm, named, search
from dipbench.nas.comparison import Comparison, Search
from dipbench.nas.incumbent import front_trajectory, trajectory
from dipbench.nas.problem import Problem

__all__ = ["compare", "default_seconds"]


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
        ends = np.isfinite(problem.budget.seconds)
        seconds = problem.budget.seconds if ends else default_seconds(problem)
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
    """What a tenth of the problem's architectures costs, but at least five or all of them, and at
    most 200 of a space on predictions."""
    count = len(problem.architectures)
    share = max(0.1, min(1.0, 5 / count))
    return problem.total_seconds * (min(share, 200 / count) if not problem.listed else share)


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
        incumbents = trajectory(run) if len(run.objectives) == 1 else front_trajectory(run)
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
    # Not forked: a fork copies the locks of threads that it does not copy. Ctrl-C reaches every
    # process of a terminal, and this one stops the others: they finish the few repeats at hand.
    with ProcessPoolExecutor(jobs, get_context("spawn"), signal, (SIGINT, SIG_IGN)) as pool:
        chunk = max(1, count // (16 * jobs))  # the problem travels with each
        try:
            yield from pool.map(repeat, range(count), chunksize=chunk)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _bar(total: int, progress: bool) -> Any:
    from tqdm import tqdm

    # None: no bar where standard error is no terminal.
    return tqdm(total=total, unit="repeat", disable=None if progress else True)


def _need_extras() -> None:
    require("nas", "scipy", "tqdm")


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
    if len(problem.objectives) > 1:
        # Made once, before it travels.
        problem.front_regret([problem.architectures[0]])
        problem.least_difference  # noqa: B018
        return
    if lacking := problem.lacking:
        raise ValueError(
            f"architectures without a test RMSE: {len(lacking)} of {len(problem.architectures)}, "
            f"such as {problem.architectures[lacking[0]]}; expected a problem within those that "
            "have one to report"
        )
    problem.least_difference  # noqa: B018 # every repeat needs it: made once, before it travels
