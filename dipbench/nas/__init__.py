"""Architecture search on a table: a problem with an honest clock, algorithms, their comparison.

    >>> import numpy as np
    >>> from dipbench.nas import ALGORITHMS, Problem, search
    >>> problem = Problem("supervised_rmse_val", evaluations=5)
    >>> search(ALGORITHMS["random_search"], problem, np.random.default_rng(0))
    >>> len(problem.history), problem.clock == sum(e.seconds for e in problem.history)
    (5, True)

`Problem` and most algorithms need numpy and the table alone; ``pip install dipbench[nas]`` brings
what the model-based algorithm and the comparison need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dipbench.nas.algorithms import ALGORITHMS, search
    from dipbench.nas.comparison import Comparison
    from dipbench.nas.incumbent import Incumbent, trajectory
    from dipbench.nas.objectives import OBJECTIVES
    from dipbench.nas.problem import BudgetExceeded, Evaluation, Features, Problem
    from dipbench.nas.repeated import compare

__all__ = [
    "ALGORITHMS",
    "OBJECTIVES",
    "BudgetExceeded",
    "Comparison",
    "Evaluation",
    "Features",
    "Incumbent",
    "Problem",
    "compare",
    "search",
    "trajectory",
]

# None of these has the name of its module, which importing that would put in its place.
_HOME = {
    "ALGORITHMS": "algorithms",
    "OBJECTIVES": "objectives",
    "BudgetExceeded": "problem",
    "Comparison": "comparison",
    "Evaluation": "problem",
    "Features": "problem",
    "Incumbent": "incumbent",
    "Problem": "problem",
    "compare": "repeated",
    "search": "algorithms",
    "trajectory": "incumbent",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, as `dipbench` itself does."""
    if name not in _HOME:
        raise AttributeError(f"module 'dipbench.nas' has no attribute {name!r}")
    value = getattr(import_module(f"dipbench.nas.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
