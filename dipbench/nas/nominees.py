"""What search finds best on predictions, to be measured: only then is it known to be good.

A search looks for small predictions, and so for the architectures whose prediction errs on the
small side. What it names is the hardest test of a surrogate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.nas.algorithms import ALGORITHMS, search
from dipbench.nas.front import Front, front
from dipbench.nas.problem import Problem
from dipbench.spaces import Space
from dipbench.surrogate.description import described, encoded
from dipbench.surrogate.nominees import SCORES, Nominee
from dipbench.surrogate.surrogate import Surrogate

__all__ = ["PROBLEMS", "nominate"]

Floats: TypeAlias = npt.NDArray[np.float64]

# Problems that the largest network does not win; see docs/nas.md.
PROBLEMS: Mapping[str, Mapping[str, Any]] = {
    "supervised, 8 million MACs": {"objectives": "supervised_rmse_val", "max_macs": 8e6},
    "supervised, 20 million MACs": {"objectives": "supervised_rmse_val", "max_macs": 2e7},
    "supervised against MACs": {"objectives": ("supervised_rmse_val", "macs")},
    "DIP averaged peak": {"objectives": "dip_averaged_rmse"},
    "both ways to train": {"objectives": ("supervised_rmse_val", "dip_averaged_rmse")},
}


def nominate(
    surrogate: Surrogate,
    rng: np.random.Generator,
    *,
    count: int = 10,
    repeats: int = 5,
    evaluations: int = 200,
    algorithms: Sequence[str] = tuple(ALGORITHMS),
    problems: Mapping[str, Mapping[str, Any]] = PROBLEMS,
) -> list[Nominee]:
    """The `count` best of each problem that `algorithms` find, without those that were measured.

    For one objective they are those with the least predictions; for two, those that together
    have the largest hypervolume, each the one that adds most to those before it.

    Args:
        rng: of the searches.
        repeats: searches of each algorithm.
        evaluations: that a search may spend.

    Raises:
        ValueError: an algorithm is unknown, or a problem has too few architectures that were
            not measured.
        ImportError: ``gaussian_process`` needs ``pip install dipbench[nas]``.
    """
    space, about = surrogate.space, surrogate.about
    measured = {space.index(name) for name in surrogate.sample}
    nominees = []
    for title, asked in problems.items():
        problem = Problem(**asked, surrogate=surrogate, task=about["task"], evaluations=evaluations)
        found = _searched(problem, space, algorithms, repeats, rng)
        for index in measured & found.keys():
            del found[index]
        if len(found) < count:
            raise ValueError(
                f"{title}: {len(found)} architectures found that were not measured; "
                f"expected at least {count}"
            )
        best = _best(found, count)
        rows = described(space.name, encoded(space, best))
        values = surrogate.intervals(rows)[:, :, : len(SCORES)].transpose(1, 2, 0).tolist()
        objectives = tuple(name for name in problem.objectives if name in SCORES)
        nominees += [
            Nominee(
                title,
                objectives,
                space.at(index).name,
                tuple((v, low, high) for v, low, high in of),
            )
            for index, of in zip(best, values, strict=True)
        ]
    return nominees


def _searched(
    problem: Problem,
    space: Space[Any],
    algorithms: Sequence[str],
    repeats: int,
    rng: np.random.Generator,
) -> dict[int, tuple[float, ...]]:
    """By index in the space, what was evaluated by the problem's own objectives."""
    found = {}
    for algorithm in algorithms:
        for _ in range(repeats):
            run = problem.fresh()
            search(algorithm, run, rng)
            for evaluation in run.history:
                if evaluation.objectives == run.objectives:
                    found[space.index(evaluation.architecture)] = evaluation.values
    return found


def _best(found: Mapping[int, tuple[float, ...]], count: int) -> list[int]:
    indices = sorted(found, key=lambda index: (found[index], index))
    points = np.array([found[index] for index in indices])
    if points.shape[1] == 1:
        return indices[:count]
    return [indices[i] for i in _spread(points, count)]


def _spread(points: Floats, count: int) -> list[int]:
    """Positions of points, each the one that adds most hypervolume; where the front has no
    more, those of the front of the rest."""
    chosen: list[int] = []
    while len(chosen) < count:
        left = [i for i in range(len(points)) if i not in chosen]
        whole, best_left = Front(points[left]), front(points[left])
        here = [i for i in left if _on(best_left, points[i])]
        layer: list[int] = []
        while here and len(chosen) < count:
            best = min(here, key=lambda i: whole.regret(points[[*layer, i]]))
            here.remove(best)
            layer.append(best)
            chosen.append(best)
    return chosen


def _on(found: Floats, point: Floats) -> bool:
    return bool((found == point).all(axis=1).any())
