"""pymoo: NSGA-II finds the front, pays for what it finds, and ends in time."""

import numpy as np
import pytest

from dipbench import Architecture
from dipbench.nas import Problem
from dipbench.nas.adapters.parameters import from_parameters, switched, to_parameters

pytest.importorskip("pymoo")

from pymoo.optimize import minimize

from dipbench.nas.adapters.pymoo import Budget, SearchProblem, nsga2

BOTH = ("supervised_rmse_val", "macs")
OFF = {f"skip{level}": False for level in range(5)}


def front(points):
    """Those that no other is as good as in both and better in one."""
    points = set(points)
    return {
        p
        for p in points
        if not any(q != p and all(x <= y for x, y in zip(q, p, strict=True)) for q in points)
    }


def as_set(F):
    return {tuple(row) for row in F.tolist()}


def test_the_front_of_a_small_table_is_found(small):
    problem = Problem(BOTH, table=small)
    found = minimize(SearchProblem(problem), nsga2(12), Budget(), seed=0)
    every = [problem.fresh().evaluate(a).values for a in problem.architectures]
    assert as_set(found.F) == front(every)
    assert problem.evaluations == 12
    assert found.problem.spent


def test_the_solutions_are_the_architectures_of_their_values(core64):
    problem = Problem(BOTH, table=core64, evaluations=80)
    found = minimize(SearchProblem(problem), nsga2(), Budget(), seed=0)
    assert problem.evaluations == 80
    assert as_set(found.F) == front(e.values for e in problem.history)
    for x, values in zip(found.X, found.F, strict=True):
        assert switched(x) == x
        assert problem.fresh().evaluate(from_parameters(x)).values == tuple(values)


def test_the_seed_is_the_callers(core64):
    def history(seed):
        problem = Problem(BOTH, table=core64, evaluations=50)
        minimize(SearchProblem(problem), nsga2(10), Budget(), seed=seed)
        return problem.history

    assert history(1) == history(1)
    assert history(1) != history(2)


def test_a_generation_holds_different_architectures(core64):
    problem = Problem(BOTH, table=core64)
    found = minimize(SearchProblem(problem), nsga2(40), Budget(n_max_gen=5), seed=0)
    assert len({from_parameters(x) for x in found.pop.get("X")}) == 40


def test_past_the_budget_nothing_is_charged_or_feasible(small):
    problem = Problem(BOTH, table=small, seconds=20)  # two trainings of 4 s per level
    searched = SearchProblem(problem)
    cheap, dear, fitting = Architecture(1, width=8), Architecture(3, width=8), Architecture(1)
    F, G = searched.evaluate(np.array([OFF | to_parameters(a) for a in (cheap, dear, fitting)]))
    assert G.tolist() == [[0], [1], [1]]
    assert np.isinf(F[1:]).all()
    assert tuple(F[0]) == problem.history[0].values
    assert [e.architecture for e in problem.history] == [cheap]
    assert searched.spent


def test_settings_of_one_architecture_are_one(core64):
    problem = Problem(BOTH, table=core64)
    a = OFF | to_parameters(Architecture(2, (0,)))
    F, G = SearchProblem(problem).evaluate(np.array([a, a | {"skip3": True}]))
    assert G.tolist() == [[0], [0]]
    assert F[0].tolist() == F[1].tolist()
    assert problem.evaluations == 1


def test_what_was_not_measured_is_infeasible_and_free(small):
    problem = Problem(BOTH, table=small)
    searched = SearchProblem(problem)
    unmeasured = OFF | to_parameters(Architecture(3, (1,), "bilinear", 8))
    F, G = searched.evaluate(np.array([unmeasured]))
    assert (np.isinf(F).all(), G.tolist()) == (True, [[1]])
    assert problem.history == ()
    assert not searched.spent


def test_a_search_that_goes_round_in_circles_ends(small):
    problem = Problem(BOTH, table=small, within=["d1-s-bilinear-w8", "d3-s0-bilinear-w16"])
    found = minimize(SearchProblem(problem), nsga2(2), Budget(n_max_gen=3), seed=0)
    assert found.algorithm.n_gen - 1 <= 3


def test_graphs_of_ones_own_are_refused(own_graphs):
    with pytest.raises(ValueError, match="expected the space core64"):
        SearchProblem(Problem(table=own_graphs))
