"""A problem: what it answers, and that its clock cannot be cheated."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench import Architecture, InvalidTable, NotInTable, Space, load, query
from dipbench.nas import OBJECTIVES, BudgetExceeded, Evaluation, Features, Problem
from dipbench.nas.data import Member
from dipbench.table.table import Table

FIRST, SECOND = Architecture(1, (), "bilinear", 8), Architecture(1, (), "bilinear", 16)
DEEP = Architecture(3, (0,), "bilinear", 16)


@pytest.fixture
def problem(small):
    return Problem(table=small)


# What it answers


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", [None, 1])
def test_a_full_evaluation_says_what_query_says(small, objective, seed):
    problem = Problem(objective, table=small, seed=seed)
    for a in problem.architectures:
        assert problem.evaluate(a).values == (getattr(query(a, seed=seed, table=small), objective),)


def test_by_default_the_embedded_table_is_searched_by_validation_rmse():
    problem = Problem()
    a = problem.architectures[0]
    assert len(problem.architectures) == load().frame["supervised_rmse_val"].count()
    assert problem.evaluate(a).values == (query(a).supervised_rmse_val,)


def test_an_evaluation_says_all_about_itself(problem):
    problem.evaluate(FIRST)
    expected = Evaluation(
        architecture=DEEP,
        values=(11.5 + 0.0625 + 1,),
        fidelity=16,
        seed=None,
        seconds=24.0,
        clock=32.0,
        objectives=("supervised_rmse_val",),
    )
    assert problem.evaluate(DEEP.name) == expected
    assert problem.history[-1] == expected


def test_an_architecture_may_be_given_by_name_or_key(problem):
    values = {problem.evaluate(way).values for way in (DEEP, DEEP.name, DEEP.key)}
    assert len(values) == 1
    assert problem.evaluations == 1


def test_fidelities_are_the_steps_of_the_curve(problem, small):
    assert problem.fidelities == (1, 4, 16)
    curve = query(DEEP, table=small).curve("supervised").rmse
    found = [problem.evaluate(DEEP, step).values[0] for step in (1, 4, 16)]
    assert found == pytest.approx(curve, rel=1e-6)


def test_curves_belong_to_their_runs_in_whatever_order(tmp_path, make_run, make_rows, make_table):
    rows = make_rows([make_run(FIRST.name, "supervised", s, 10.0 + s) for s in (0, 1)])
    rows["curves.parquet"].reverse()
    table = Table.read(make_table(tmp_path, rows=rows))
    found = [Problem(table=table, seed=s).evaluate(FIRST, 4).values for s in (0, 1)]
    assert found == [(18.0,), (19.0,)]


def test_a_short_fit_is_judged_by_the_least_rmse_so_far(tmp_path, make_run, make_table):
    runs = [make_run(FIRST.name, "dip", 0, 20.0, image) for image in ("a", "b")]
    for run, curve in zip(runs, ([70, 30, 40, 20], [90, 50, 20, 30]), strict=True):
        run["curve"] |= {"step": [1, 4, 9, 16], "rmse": curve}
    problem = Problem("dip_rmse", table=Table.read(make_table(tmp_path, runs)))
    found = [problem.evaluate(FIRST, step).values[0] for step in problem.fidelities]
    assert found == [80.0, 40.0, 25.0, 20.0]


def test_several_objectives_are_answered_in_their_order(small):
    problem = Problem(("macs", "supervised_rmse_val"), table=small)
    known = query(DEEP, table=small)
    assert problem.evaluate(DEEP).values == (known.macs, known.supervised_rmse_val)
    assert problem.evaluate(DEEP, 4).values[0] == known.macs


@pytest.mark.parametrize(
    ("objectives", "fidelities"),
    [
        ("supervised_rmse", (16,)),
        (("supervised_rmse_val", "supervised_rmse"), (16,)),
        (("supervised_rmse_val", "dip_rmse"), (16,)),
        (("supervised_rmse_val", "macs"), (1, 4, 16)),
        ("dip_rmse", (1, 4, 16)),
        ("dip_stopped_rmse", (16,)),
        ("params", (1,)),
    ],
)
def test_only_the_full_run_where_an_objective_is_known_of_nothing_else(
    small, objectives, fidelities
):
    assert Problem(objectives, table=small).fidelities == fidelities


def test_features_are_free(problem, small):
    known = query(DEEP, table=small)
    assert problem.features(DEEP) == Features(3, 0, known.params, known.macs)
    assert (problem.clock, problem.evaluations) == (0.0, 0)


def test_regret_is_of_test_rmse_and_free(problem):
    best = Architecture(1, (0,), "bilinear", 16)
    assert problem.regret(best) == 0.0
    assert problem.regret(DEEP) == 1.0
    assert problem.clock == 0.0


# The clock


def test_a_mean_charges_every_training_and_every_fit(problem):
    assert problem.evaluate(DEEP).seconds == 2 * 12.0
    assert problem.evaluate(DEEP, objective="dip_rmse").seconds == 4 * 3.0


def test_one_seed_charges_one_training(small):
    assert Problem(table=small, seed=1).evaluate(DEEP).seconds == 12.0
    assert Problem("dip_rmse", table=small, seed=1).evaluate(DEEP).seconds == 2 * 3.0


def test_several_objectives_of_one_run_are_charged_once(small):
    three = ("supervised_rmse", "supervised_rmse_val", "params")
    assert Problem(three, table=small).evaluate(DEEP).seconds == 24.0
    both = Problem(("supervised_rmse", "dip_rmse"), table=small)
    assert both.evaluate(DEEP).seconds == 24.0 + 12.0


def test_what_no_run_is_needed_for_costs_no_time_but_an_evaluation(small):
    problem = Problem("macs", table=small, evaluations=1)
    assert problem.evaluate(DEEP).seconds == problem.evaluate(DEEP).seconds == 0.0
    assert problem.evaluations == 1
    with pytest.raises(BudgetExceeded, match="all 1 evaluations"):
        problem.evaluate(FIRST)


def test_total_seconds_is_what_evaluating_all_costs(small):
    for seed in (None, 0):
        problem = Problem(("supervised_rmse_val", "dip_rmse"), table=small, seed=seed)
        for a in problem.architectures:
            problem.evaluate(a)
        assert problem.total_seconds == pytest.approx(problem.clock)
    drawn = Problem(table=small, seed="random", rng=np.random.default_rng(0))
    assert drawn.total_seconds == pytest.approx(Problem(table=small).total_seconds / 2)


QUESTIONS = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from([None, 1, 4, 16]),
        st.sampled_from([None, "dip_rmse", "macs"]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(
    QUESTIONS,
    st.sampled_from(["cached", "charged"]),
    st.sampled_from([None, 0, "random"]),
    st.none() | st.floats(0, 200),
    st.none() | st.integers(0, 20),
)
def test_the_laws_of_the_clock(small, questions, repeats, seed, seconds, evaluations):
    problem = Problem(
        table=small,
        seconds=seconds,
        evaluations=evaluations,
        seed=seed,
        repeats=repeats,
        rng=np.random.default_rng(0),
    )
    spent = 0.0
    for place, fidelity, objective in questions:
        before = (problem.clock, problem.evaluations, problem.history)
        fidelity = fidelity if objective != "macs" else None
        try:
            found = problem.evaluate(problem.architectures[place], fidelity, objective=objective)
        except BudgetExceeded:
            assert (problem.clock, problem.evaluations, problem.history) == before
            continue
        spent += found.seconds
        assert found.seconds >= 0
        assert found.clock == problem.clock == spent
        assert found.seconds == 0 or problem.evaluations == before[1] + 1
    assert problem.clock <= (math.inf if seconds is None else seconds)
    assert problem.evaluations <= (math.inf if evaluations is None else evaluations)
    assert sum(e.seconds for e in problem.history) == problem.clock


@settings(max_examples=60, deadline=None)
@given(QUESTIONS)
def test_cached_pays_for_the_longest_run_and_charged_for_all(small, questions):
    cached, charged = (Problem(table=small, repeats=r) for r in ("cached", "charged"))
    longest: dict[Member, float] = {}
    every = 0.0
    for place, fidelity, _ in questions:
        a = cached.architectures[place]
        assert cached.evaluate(a, fidelity).values == charged.evaluate(a, fidelity).values
        cost = 8.0 * a.depth * (fidelity or 16) / 16
        longest[a] = max(longest.get(a, 0.0), cost)
        every += cost
    assert cached.clock == pytest.approx(sum(longest.values()))
    assert charged.clock == pytest.approx(every)
    assert charged.evaluations == len(questions)


@given(st.sets(st.sampled_from([1, 4, 16])))
def test_promotion_to_the_end_costs_one_full_run(small, rungs):
    problem = Problem(table=small)
    for step in [*sorted(rungs), 16]:
        problem.evaluate(DEEP, step)
    assert problem.clock == 24.0


def test_an_evaluation_past_the_budget_raises_and_a_cheaper_one_does_not(small):
    problem = Problem(table=small, seconds=20.0)
    with pytest.raises(BudgetExceeded, match=r"would take 24 s; 0 of 20 s"):
        problem.evaluate(DEEP)
    assert problem.evaluate(FIRST).clock == 8.0
    problem.evaluate(SECOND, 16)
    assert problem.evaluate(FIRST, 4).seconds == 0.0  # it is cached
    with pytest.raises(BudgetExceeded):
        problem.evaluate(DEEP)
    assert problem.clock == 16.0


def test_a_budget_that_just_suffices_suffices(small):
    problem = Problem(table=small, seconds=8.0, evaluations=1)
    assert problem.evaluate(FIRST).clock == 8.0


def test_fresh_problems_share_nothing_that_is_spent(problem):
    problem.evaluate(FIRST)
    twin = problem.fresh()
    assert (twin.clock, twin.evaluations, twin.history) == (0.0, 0, ())
    assert twin.evaluate(FIRST).seconds == twin.evaluate(DEEP).seconds - 16.0 == 8.0
    assert (problem.clock, len(problem.history)) == (8.0, 1)
    assert problem.evaluate(DEEP).seconds == 24.0


def test_fresh_takes_another_budget(problem):
    assert problem.fresh(seconds=8).budget == (8.0, math.inf)
    assert problem.budget == (math.inf, math.inf)


def test_a_problem_travels_to_another_process(problem):
    twin = pickle.loads(pickle.dumps(problem))  # noqa: S301 # our own, made a moment ago
    assert twin.evaluate(DEEP) == problem.evaluate(DEEP)


# Seeds


def test_a_random_seed_is_one_of_those_measured(small):
    problem = Problem(table=small, seed="random", rng=np.random.default_rng(0))
    found = {problem.evaluate(DEEP).seed: problem.history[-1].values[0] for _ in range(20)}
    assert found == {s: query(DEEP, seed=s, table=small).supervised_rmse_val for s in (0, 1)}
    assert problem.clock == 24.0  # each seed was paid for once


def test_random_seeds_follow_the_generator(small):
    drawn = [
        [problem.evaluate(a).seed for a in problem.architectures]
        for problem in (
            Problem(table=small, seed="random", rng=np.random.default_rng(7)),
            Problem(table=small, seed="random", rng=np.random.default_rng(8)).fresh(
                np.random.default_rng(7)
            ),
        )
    ]
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {0, 1}


def test_a_promotion_may_keep_the_drawn_seed(small):
    problem = Problem(table=small, seed="random", rng=np.random.default_rng(0))
    for a in problem.architectures:
        begun = problem.evaluate(a, 4)
        ended = problem.evaluate(a, seed=begun.seed)
        assert ended.seed == begun.seed
        assert begun.seconds + ended.seconds == 4.0 * problem.features(a).depth


def test_objectives_of_both_modes_draw_a_seed_that_both_have(tmp_path, make_run, make_table):
    runs = [make_run(FIRST.name, "supervised", seed, 10.0 + seed) for seed in (0, 1, 2)]
    runs += [make_run(FIRST.name, "dip", seed, 20.0, "a") for seed in (1, 5)]
    table = Table.read(make_table(tmp_path, runs))
    both = ("supervised_rmse", "dip_rmse")
    problem = Problem(both, table=table, seed="random", rng=np.random.default_rng(0))
    assert {problem.evaluate(FIRST).seed for _ in range(20)} == {1}


# Tables with holes


def test_only_what_was_measured_is_searched(holey):
    assert [str(a) for a in Problem(table=holey).architectures] == [
        "d1-s-bilinear-w8",
        "d1-s0-bilinear-w8",
        "d2-s1-bilinear-w8",
        "d3-s02-nearest-w16",
        "d5-s-transposed-w8",
    ]
    assert "d5-s-transposed-w8" not in map(str, Problem(table=holey, seed=0).architectures)
    assert "d2-s1-bilinear-w8" not in map(str, Problem(table=holey, seed=1).architectures)
    assert "d1-s0-bilinear-w8" not in map(str, Problem(table=holey).measured("dip_rmse"))


def test_a_diverged_run_is_in_no_mean_and_on_no_clock(holey):
    found = Problem(table=holey).evaluate("d2-s1-bilinear-w8")
    assert (found.values, found.seconds) == ((10.0,), 8.0)


def test_a_run_without_a_score_is_not_searched_by_it(tmp_path, make_run, make_table):
    runs = [make_run(a.name, "supervised", 0, 10.0) for a in (FIRST, SECOND)]
    runs[0]["test_rmse"] = math.nan
    table = Table.read(make_table(tmp_path, runs))
    assert Problem("supervised_rmse", table=table).architectures == (SECOND,)
    assert Problem(table=table).architectures == (FIRST, SECOND)
    assert Problem(table=table).measured("supervised_rmse") == (SECOND,)


def test_another_objective_that_an_architecture_lacks(holey):
    problem = Problem(table=holey)
    with pytest.raises(NotInTable, match=r"d1-s0-bilinear-w8 has no finished dip run; .*none"):
        problem.evaluate("d1-s0-bilinear-w8", objective="dip_rmse")
    assert problem.clock == 0.0


def test_no_regret_without_a_test_rmse(holey):
    problem = Problem("dip_rmse", table=holey)
    assert math.isnan(problem.regret("d2-s-bilinear-w8"))
    assert min(r for a in problem.architectures if (r := problem.regret(a)) >= 0) == 0.0


def test_within_restricts_the_space(small):
    problem = Problem(table=small, within=[DEEP, FIRST.name])
    assert problem.architectures == (FIRST, DEEP)
    with pytest.raises(NotInTable, match="not among the 2 architectures"):
        problem.evaluate(SECOND)
    assert problem.regret(DEEP) == 0.0


# The space


def test_neighbours_are_those_of_the_space_that_were_measured(problem):
    space = Space("core64")
    for a in problem.architectures:
        expected = [b for b in space.neighbours(a) if b in problem.architectures]
        assert list(problem.neighbours(a)) == expected != []


def test_samples_and_mutants_are_even(problem):
    rng = np.random.default_rng(0)
    assert {problem.sample(rng) for _ in range(200)} == set(problem.architectures)
    assert {problem.mutate(DEEP, rng) for _ in range(60)} == set(problem.neighbours(DEEP))


def test_a_mutant_of_one_without_neighbours_is_a_sample(holey):
    problem, rng = Problem(table=holey), np.random.default_rng(0)
    lonely = Architecture.parse("d5-s-transposed-w8")
    assert problem.neighbours(lonely) == ()
    assert {problem.mutate(lonely, rng) for _ in range(100)} == set(problem.architectures)


def test_own_graphs_are_called_by_key_and_all_are_neighbours(own_graphs):
    problem = Problem(table=own_graphs)
    keys = problem.architectures
    assert sorted(map(str, keys)) == sorted(own_graphs.frame["key"])
    assert problem.neighbours(keys[1]) == (keys[0], *keys[2:])
    assert problem.evaluate(keys[0]).architecture == keys[0]
    with pytest.raises(NotInTable, match="not among the 4"):
        problem.evaluate("another")


# Errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objectives": "psnr"}, "objective is 'psnr'; expected one of supervised_rmse_val"),
        ({"objectives": ()}, "expected one or several"),
        ({"objectives": (3,)}, "objective is 3"),
        ({"objectives": ("macs", "macs")}, "each once"),
        ({"seconds": -1}, "seconds is -1; expected a number of at least 0"),
        ({"seconds": math.nan}, "seconds is nan"),
        ({"seconds": "1"}, "seconds is '1'"),
        ({"evaluations": -1}, "evaluations is -1"),
        ({"evaluations": True}, "evaluations is True"),
        ({"evaluations": 1.5}, "evaluations is 1.5; expected a whole number of at least 0"),
        ({"seed": 1.5}, "seed is 1.5; expected an integer, 'random', or None"),
        ({"seed": "any"}, "seed is 'any'"),
        ({"seed": "random"}, "expected a numpy Generator"),
        ({"seed": "random", "rng": 0}, "rng is 0; expected a numpy Generator"),
        ({"repeats": "free"}, "repeats is 'free'; expected 'cached' or 'charged'"),
        ({"within": []}, "within is empty"),
        ({"within": ["d9"]}, "malformed name 'd9'"),
        ({"within": [None]}, "architecture is None"),
    ],
)
def test_arguments_that_are_no_such_thing(small, settings, message):
    with pytest.raises(ValueError, match=message):
        Problem(table=small, **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "sharpen"}, "task 'sharpen' was not measured; expected one of denoise25"),
        ({"seed": 7}, "seed 7 measured; the table has seeds 0, 1"),
        ({"within": ["d5-s-bilinear-w8"]}, "d5-s-bilinear-w8 is not among the 12"),
    ],
)
def test_what_the_table_lacks(small, settings, message):
    with pytest.raises(NotInTable, match=message):
        Problem(table=small, **settings)


def test_an_objective_that_the_table_lacks(make_searchable):
    table = make_searchable([FIRST.name], images=())
    with pytest.raises(NotInTable, match="no dip run is in the table; it has supervised"):
        Problem("dip_rmse", table=table)
    with pytest.raises(NotInTable, match="no dip run"):
        Problem(table=table).evaluate(FIRST, objective="dip_rmse")


@pytest.mark.parametrize("fidelity", [0, 2, 17, "4"])
def test_a_fidelity_that_is_not_there(problem, fidelity):
    with pytest.raises(ValueError, match=r"can be judged at step 1, 4, 16"):
        problem.evaluate(FIRST, fidelity)


@pytest.mark.parametrize("outside", [None, 3, [], FIRST.graph, "", "d1-s0-bicubic-w8"])
def test_what_is_no_architecture(problem, outside):
    with pytest.raises(ValueError, match=r"expected|malformed"):
        problem.evaluate(outside)


def test_an_architecture_outside_the_problem(problem):
    with pytest.raises(NotInTable, match="d5-s-bilinear-w8 is not among the 12 architectures"):
        problem.evaluate(Architecture(5, (), "bilinear", 8))
    with pytest.raises(NotInTable, match=r"expected one of problem\.architectures"):
        problem.neighbours("0" * 64)


def test_a_seed_is_given_only_where_seeds_are_drawn(problem, small):
    with pytest.raises(ValueError, match="seed is 0, but the problem draws none"):
        problem.evaluate(FIRST, seed=0)
    drawn = Problem(table=small, seed="random", rng=np.random.default_rng(0))
    with pytest.raises(NotInTable, match=r"no finished supervised run of seed 9.*: 0, 1"):
        drawn.evaluate(FIRST, seed=9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seconds": math.nan}, "seed 0 took nan seconds"),
        ({"seconds": -2.0}, "took -2.0 seconds"),
        ({"curve": {"step": [1, 4, 20], "val_rmse": [3.0, 2.0, 1.0]}}, "different steps"),
        ({"curve": {"step": [1, 4], "val_rmse": [3.0, 2.0]}}, "different steps"),
        ({"curve": {"step": [1, 4, 16], "val_rmse": [3.0]}}, "different steps"),
    ],
)
def test_a_table_that_cannot_be_searched(tmp_path, make_run, make_table, changes, message):
    runs = [make_run(FIRST.name, "supervised", 0, 10.0, **changes)]
    runs.append(make_run(SECOND.name, "supervised", 0, 10.0))
    table = Table.read(make_table(tmp_path, runs))
    with pytest.raises(InvalidTable, match=message):
        Problem(table=table)


def test_a_run_without_a_curve(tmp_path, make_run, make_rows, make_table):
    rows = make_rows([make_run(FIRST.name, "supervised", 0, 10.0)])
    rows["curves.parquet"] = []
    table = Table.read(make_table(tmp_path, rows=rows))
    with pytest.raises(InvalidTable, match="supervised run of seed 0 has no learning curve"):
        Problem(table=table)
