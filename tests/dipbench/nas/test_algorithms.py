"""Algorithms: what all of them obey, and what each does in particular."""

import random
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench import Architecture, NotInTable, load
from dipbench.nas import ALGORITHMS, Problem, search
from dipbench.nas.algorithms.dip_guided import dip_guided
from dipbench.nas.algorithms.gaussian_process import encode, gaussian_process
from dipbench.nas.algorithms.hyperband import hyperband
from dipbench.nas.algorithms.local_search import local_search
from dipbench.nas.algorithms.regularized_evolution import regularized_evolution
from dipbench.nas.algorithms.successive_halving import rungs, successive_halving
from dipbench.nas.data import Member

EVERY = pytest.mark.parametrize("name", ALGORITHMS)
BEST = Architecture(1, (0,), "bilinear", 16)


def depth_of(member):
    assert isinstance(member, Architecture)
    return member.depth


def slc_of(member):
    assert isinstance(member, Architecture)
    return member.slc


def searched(problem, algorithm, seed=0):
    search(algorithm, problem, np.random.default_rng(seed))
    return problem


def in_full(problem):
    """The architectures evaluated in full by the problem's own objective."""
    last = problem.fidelities[-1]
    return {
        e.architecture
        for e in problem.history
        if e.fidelity == last and e.objectives == problem.objectives
    }


# Laws of all


@EVERY
@pytest.mark.parametrize("repeats", ["cached", "charged"])
def test_without_a_budget_all_is_searched_and_the_best_is_found(small, name, repeats):
    problem = searched(Problem(table=small, repeats=repeats), name)
    assert in_full(problem) == set(problem.architectures)
    best = min(problem.history, key=lambda e: (e.objectives != problem.objectives, e.values))
    assert best.architecture == BEST


@EVERY
@settings(max_examples=8, deadline=None)
@given(
    seconds=st.floats(0, 400),
    seed=st.sampled_from([None, 1, "random"]),
    repeats=st.sampled_from(["cached", "charged"]),
)
def test_a_budget_is_kept_and_used_up(small, name, seconds, seed, repeats):
    rng = np.random.default_rng(0)
    problem = Problem(table=small, seconds=seconds, seed=seed, repeats=repeats, rng=rng)
    searched(problem, name)
    assert problem.clock <= seconds
    dearest = 3 * 4.0 * (1 if seed in (1, "random") else 2)
    stopped = problem.clock > seconds - dearest
    assert stopped or in_full(problem) == set(problem.architectures)


@EVERY
def test_a_budget_of_evaluations_is_used_up(small, name):
    assert searched(Problem(table=small, evaluations=7), name).evaluations == 7


@EVERY
def test_a_search_depends_on_its_generator_alone(small, name):
    problem = Problem(table=small, seconds=150)
    np.random.seed(1)  # noqa: NPY002 # to see that nobody draws from it
    random.seed(1)
    before = (np.random.get_state(legacy=False)["state"]["key"].tolist(), random.getstate())  # noqa: NPY002
    histories = [searched(problem.fresh(), name, seed).history for seed in (3, 3, 4)]
    assert histories[0] == histories[1] != histories[2]
    assert (np.random.get_state(legacy=False)["state"]["key"].tolist(), random.getstate()) == before  # noqa: NPY002


@EVERY
@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("repeats", ["cached", "charged"])
def test_a_table_with_holes_is_searched(holey, name, seed, repeats):
    problem = searched(Problem(table=holey, seed=seed, repeats=repeats), name)
    searchable = problem.measured("dip_rmse") if name == "dip_guided" else problem.architectures
    assert in_full(problem) == set(searchable)


@EVERY
@pytest.mark.parametrize("count", [1, 2])
def test_a_space_of_one_or_two(small, name, count):
    within = Problem(table=small).architectures[:count]
    assert in_full(searched(Problem(table=small, within=within), name)) == set(within)


@EVERY
def test_own_graphs_are_searched(own_graphs, name):
    problem = searched(Problem(table=own_graphs), name)
    assert in_full(problem) == set(problem.architectures)


@EVERY
def test_other_objectives_are_searched(small, name):
    for objectives in ("dip_rmse", "supervised_rmse", ("supervised_rmse_val", "macs"), "params"):
        problem = searched(Problem(objectives, table=small), name)
        assert in_full(problem) == set(problem.architectures)


# search


def test_an_own_algorithm(small):
    def narrowest(problem, rng):
        for a in sorted(problem.architectures, key=lambda a: problem.features(a).params):
            problem.evaluate(a)

    problem = Problem(table=small, evaluations=3)
    search(narrowest, problem, np.random.default_rng(0))
    assert [str(e.architecture) for e in problem.history] == [
        "d1-s-bilinear-w8",
        "d1-s0-bilinear-w8",
        "d2-s-bilinear-w8",
    ]


def test_an_unknown_algorithm(small):
    with pytest.raises(ValueError, match="algorithm is 'magic'; expected one of random_search, "):
        search("magic", Problem(table=small), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("proposed", "error"),
    [(Architecture(5, (), "bilinear", 8), NotInTable), ("d9-s-bilinear-w8", ValueError)],
)
def test_a_proposal_outside_the_space(small, proposed, error):
    rng = np.random.default_rng(0)
    with pytest.raises(error, match="expected one of"):
        search(lambda problem, rng: problem.evaluate(proposed), Problem(table=small), rng)


def test_algorithms_load_nothing_heavy_before_they_need_it(python):
    heavy = "{'scipy', 'sklearn', 'matplotlib', 'pandas', 'tqdm', 'torch'}"
    python(f"import sys; import dipbench.nas.algorithms; assert not {heavy} & set(sys.modules)")
    python("import sys; import dipbench.nas; assert 'numpy' not in sys.modules")


# Each


def test_random_search_is_without_replacement_and_even(small):
    firsts: Counter[Member] = Counter()
    for seed in range(240):
        problem = searched(Problem(table=small, evaluations=2), "random_search", seed)
        first, second = (e.architecture for e in problem.history)
        assert first != second
        firsts[first] += 1
    assert len(firsts) == 12
    assert max(firsts.values()) < 3 * 240 / 12


def test_local_search_goes_down_and_stops_where_no_neighbour_is_better(small):
    problem = Problem(
        table=small, within=[a for a in Problem(table=small).architectures if slc_of(a)]
    )
    local_search(problem, np.random.default_rng(0))
    here: Member | None = None
    order = [e.architecture for e in problem.history]
    value = {e.architecture: e.values[0] for e in problem.history}
    for place, a in enumerate(order):
        if here is None or value[a] < value[here]:
            assert here is None or a in problem.neighbours(here)
            here = a
        elif set(problem.neighbours(here)) <= set(order[:place]):
            break
    assert here is not None
    assert all(value[here] < value[b] for b in problem.neighbours(here))


def test_evolution_mutates_members_and_forgets_the_oldest(small):
    problem = Problem(table=small, repeats="charged", evaluations=40)
    search(
        lambda p, rng: regularized_evolution(p, rng, population=3, sample=2),
        problem,
        np.random.default_rng(0),
    )
    order = [e.architecture for e in problem.history]
    assert len(order) > 8
    children = [
        any(child in problem.neighbours(parent) for parent in order[place - 3 : place])
        for place, child in enumerate(order)
        if place >= 3
    ]
    # All but the newcomers after three children in a row that had been seen before.
    assert sum(children) >= 0.8 * len(children)


def test_rungs_are_the_steps_from_the_wanted_parts_on(small):
    problem = Problem(table=small)  # steps 1, 4, 16
    assert rungs(problem, 3, 3) == [1, 4, 16]  # 1, 2, 6 and 16 wanted
    assert rungs(problem, 3, 1) == [16]
    assert rungs(problem, 4, 1) == [4, 16]


def test_successive_halving_promotes_the_best_third_and_goes_on_with_their_runs(small):
    problem = Problem(table=small, seed="random", rng=np.random.default_rng(0), evaluations=13)
    search(
        lambda p, rng: successive_halving(p, rng, eta=3, halvings=2),
        problem,
        np.random.default_rng(0),
    )
    by_step = {s: [e for e in problem.history if e.fidelity == s] for s in (4, 16)}
    first, last = by_step[4][:9], by_step[16]
    ranked = sorted(first, key=lambda e: e.values)
    assert [(e.architecture, e.seed) for e in last][:3] == [
        (e.architecture, e.seed) for e in ranked[:3]
    ]
    assert all(e.seconds == 4.0 * depth_of(e.architecture) * 12 / 16 for e in last[:3])


def test_hyperband_ends_its_round_with_full_runs_alone(small):
    problem = Problem(table=small)
    hyperband(problem, np.random.default_rng(0), eta=4, halvings=1)
    counts = [e.fidelity for e in problem.history]
    assert counts[:7] == [4, 4, 4, 4, 16, 16, 16]


def test_the_gaussian_process_finds_the_best_sooner_than_random_search(made_up_core64):
    problem = Problem("supervised_rmse", table=load(made_up_core64), evaluations=25)
    least = []
    for name in ("gaussian_process", "random_search"):
        runs = [searched(problem.fresh(), name, seed) for seed in range(8)]
        least.append(np.mean([min(problem.regret(a) for a in in_full(run)) for run in runs]))
    assert least[0] < 0.5 * least[1]


def test_features_for_the_model_are_standardised(small, own_graphs):
    encoded = encode(Problem(table=small))
    assert encoded.shape == (12, 4 + 5 + 3)
    assert encoded.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert set(encoded.std(axis=0).round(12)) == {0.0, 1.0}
    assert encode(Problem(table=own_graphs)).shape == (4, 4)


def test_without_scikit_learn_the_model_says_what_to_install(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.gaussian_process", None)
    with pytest.raises(ImportError, match=r"pip install 'dipbench\[nas\]'"):
        gaussian_process(Problem(table=small), np.random.default_rng(0))


def test_dip_guided_search_pays_for_fits_and_trains_the_best_of_them(small):
    problem = Problem(table=small)
    dip_guided(problem, np.random.default_rng(0), share=0.0, steps=0.25, at_least=6)
    fits, training = problem.history[:6], problem.history[6]
    assert {(e.objectives, e.fidelity) for e in fits} == {(("dip_rmse",), 4)}
    assert all(e.seconds == 4 * 1.0 * depth_of(e.architecture) * 4 / 16 for e in fits)
    assert training.objectives == problem.objectives
    assert training.architecture == min(fits, key=lambda e: e.values).architecture
    assert training.clock == sum(e.seconds for e in fits) + training.seconds


def test_dip_guided_search_spends_its_share_on_fits(made_up_core64):
    for share in (0.2, 0.5):
        # Less than all fits take together: then there would be nothing left to spend a share on.
        problem = Problem(table=load(made_up_core64), seconds=2000)
        search(lambda p, rng, s=share: dip_guided(p, rng, s), problem, np.random.default_rng(0))
        fits = sum(e.seconds for e in problem.history if e.objectives == ("dip_rmse",))
        assert fits / problem.clock == pytest.approx(share, abs=0.05)


def test_dip_guided_search_needs_fits(make_searchable):
    table = make_searchable([BEST.name], images=())
    with pytest.raises(NotInTable, match="no dip run is in the table"):
        search("dip_guided", Problem(table=table), np.random.default_rng(0))
