"""pymoo: a problem with one variable per parameter, and NSGA-II made for it.

pymoo sets all variables always, so `nsga2` switches off what a network of its depth
lacks: what it holds for different are different architectures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dipbench.errors import NotInTable
from dipbench.extras import how_to_install
from dipbench.nas.adapters.parameters import Choices, Waiting, from_parameters, switched
from dipbench.nas.problem import BudgetExceeded, Problem
from dipbench.spaces import Dimension

try:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.mixed import (
        MixedVariableDuplicateElimination,
        MixedVariableMating,
        MixedVariableSampling,
    )
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.core.repair import Repair
    from pymoo.core.termination import Termination
    from pymoo.core.variable import Binary, Choice, Integer, Variable
except ImportError:
    raise ImportError(
        f"dipbench.nas.adapters.pymoo needs pymoo: {how_to_install('adapters')}"
    ) from None

__all__ = ["Budget", "SearchProblem", "nsga2"]


class SearchProblem(ElementwiseProblem):
    """What `pymoo.optimize.minimize` takes: every evaluation is one of `problem`.

    An architecture that the problem does not have, or that the budget does not suffice for,
    breaks the one constraint and is charged nothing.

    Args:
        problem: is charged for the evaluations.

    Attributes:
        problem: as given.
        space: of its architectures.
        spent: whether the search is over: the budget did not suffice for an evaluation, or all
            architectures have been run.

    Raises:
        ValueError: `problem` is of graphs of one's own.
    """

    def __init__(self, problem: Problem):
        self.problem = problem
        self.spent = False
        self._waiting = Waiting(problem)
        choices = Choices.of(problem)
        self.space = choices.space
        variables = {dimension.name: _variable(dimension) for dimension in choices.dimensions}
        super().__init__(vars=variables, n_obj=len(problem.objectives), n_ieq_constr=1)

    def _evaluate(self, x: dict[str, Any], out: dict[str, Any]) -> None:
        out["F"], out["G"] = np.full(self.n_obj, np.inf), [1.0]
        if self.spent:
            return
        architecture = from_parameters(switched(x, self.space), self.space)
        try:
            out["F"], out["G"] = self.problem.evaluate(architecture).values, [0.0]
        except NotInTable:
            return
        except BudgetExceeded:
            self.spent = True
            return
        self._waiting.discard(architecture)
        self.spent = not self._waiting


def _variable(dimension: Dimension) -> Variable:
    if dimension.kind == "integer":
        return Integer(bounds=(min(dimension.values), max(dimension.values)))
    return Binary() if dimension.kind == "switch" else Choice(options=dimension.values)


class Budget(Termination):
    """Ends a search after the generation in which its `SearchProblem` is spent.

    Args:
        n_max_gen: ends it after so many generations in any case, for where repeats are free, a
            search may go round in circles.
    """

    def __init__(self, n_max_gen: int = 1000):
        super().__init__()
        self.n_max_gen = n_max_gen

    def _update(self, algorithm: Any) -> float:
        return 1.0 if algorithm.problem.spent else algorithm.n_gen / self.n_max_gen


def nsga2(pop_size: int = 20, **settings: Any) -> NSGA2:
    """NSGA-II with operators for the variables of `SearchProblem`.

    Args:
        pop_size: architectures per generation.
        settings: further arguments of `pymoo.algorithms.moo.nsga2.NSGA2`.
    """
    duplicates = MixedVariableDuplicateElimination()
    return NSGA2(
        pop_size=pop_size,
        sampling=MixedVariableSampling(),
        mating=MixedVariableMating(repair=_Switched(), eliminate_duplicates=duplicates),
        repair=_Switched(),
        eliminate_duplicates=duplicates,
        **settings,
    )


class _Switched(Repair):
    def _do(
        self, problem: SearchProblem, X: npt.NDArray[np.object_], **settings: Any
    ) -> npt.NDArray[np.object_]:
        return np.array([switched(x, problem.space) for x in X], dtype=object)
