"""Whoever proposes, the clock is the same: what a library is told of, and what that costs."""

import random
from typing import Any

import numpy as np
import pytest

from dipbench.nas import BudgetExceeded, Problem
from dipbench.nas.adapters.parameters import from_parameters


def by_optuna(problem):
    optuna = pytest.importorskip("optuna")
    from dipbench.nas.adapters.optuna import objective

    directions = ["minimize"] * len(problem.objectives)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0), directions=directions)
    study.optimize(objective(problem), n_trials=200)
    done = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert [t.user_attrs["clock"] for t in done] == [e.clock for e in problem.history]
    parse = problem.space.parse
    return [(parse(t.user_attrs["architecture"]), tuple(t.values)) for t in done]


def by_pymoo(problem):
    pytest.importorskip("pymoo")
    from pymoo.optimize import minimize

    from dipbench.nas.adapters.pymoo import Budget, SearchProblem, nsga2

    told: list[Any] = []
    searched = SearchProblem(problem)
    searched.callback = lambda X, out: told.extend(zip(X, out["F"], out["G"], strict=True))
    minimize(searched, nsga2(10), Budget(n_max_gen=50), seed=0)
    space = problem.space
    return [(from_parameters(x, space), tuple(values)) for x, values, broken in told if not broken]


def by_syne_tune(problem):
    pytest.importorskip("syne_tune")
    from syne_tune.optimizer.schedulers.searchers.random_searcher import (
        MultiObjectiveRandomSearcher,
        RandomSearcher,
    )
    from syne_tune.optimizer.schedulers.single_fidelity_scheduler import SingleFidelityScheduler

    from dipbench.nas.adapters.parameters import switched
    from dipbench.nas.adapters.syne_tune import ELAPSED, configuration_space, search

    told: list[Any] = []

    class Recorder(SingleFidelityScheduler):
        def on_trial_complete(self, trial, result):
            values = tuple(result[name] for name in problem.objectives)
            parameters = switched(trial.config, problem.space)
            told.append((from_parameters(parameters, problem.space), values))
            assert result[ELAPSED] == pytest.approx(problem.history[-1].seconds)
            super().on_trial_complete(trial, result)

    space, metrics = configuration_space(problem), list(problem.objectives)
    searcher = MultiObjectiveRandomSearcher if len(metrics) > 1 else RandomSearcher
    scheduler = Recorder(space, metrics, searcher=searcher(space, random_seed=0))
    search(scheduler, problem, max_trials=200)
    return told


def by_configspace(problem):
    pytest.importorskip("ConfigSpace")
    from dipbench.nas.adapters.configspace import configuration_space, from_configuration

    told: list[Any] = []
    name = problem.space.name
    for configuration in configuration_space(seed=0, space=name).sample_configuration(200):
        architecture = from_configuration(configuration, name)
        try:
            told.append((architecture, problem.evaluate(architecture).values))
        except BudgetExceeded:
            break
    return told


@pytest.mark.parametrize("settings", [{"seconds": 1200.0}, {"evaluations": 40}])
@pytest.mark.parametrize("repeats", ["cached", "charged"])
@pytest.mark.parametrize("objectives", ["supervised_rmse_val", ("dip_rmse", "macs")])
@pytest.mark.parametrize("adapter", [by_optuna, by_pymoo, by_syne_tune, by_configspace])
def test_every_adapter_charges_what_asking_directly_does(
    core64, adapter, objectives, repeats, settings
):
    problem = Problem(objectives, table=core64, repeats=repeats, **settings)
    told = adapter(problem)
    ours = problem.fresh()
    assert [ours.evaluate(a).values for a, _ in told] == [values for _, values in told]
    assert ours.history == problem.history
    assert (ours.clock, ours.evaluations) == (problem.clock, problem.evaluations)
    assert len(told) > 10
    spent = problem.clock if "seconds" in settings else problem.evaluations
    (limit,) = settings.values()
    assert 0.9 * limit < spent <= limit


@pytest.mark.parametrize("objectives", ["supervised_rmse_val", ("dip_averaged_rmse", "macs")])
@pytest.mark.parametrize("adapter", [by_optuna, by_pymoo, by_syne_tune, by_configspace])
def test_every_adapter_searches_predictions_for_millions(made_up_unet64, adapter, objectives):
    problem = Problem(objectives, space="unet64", surrogate=made_up_unet64, evaluations=15)
    told = adapter(problem)
    ours = problem.fresh()
    assert [ours.evaluate(a).values for a, _ in told] == [values for _, values in told]
    assert ours.history == problem.history
    assert problem.evaluations == 15


@pytest.mark.parametrize("adapter", [by_optuna, by_pymoo, by_configspace])
def test_global_generators_are_neither_seeded_nor_used(core64, adapter):
    numbers, words = random.getstate(), np.random.get_state()  # noqa: NPY002 # it is theirs
    first = adapter(Problem(table=core64, evaluations=30))
    assert random.getstate() == numbers
    for before, after in zip(words, np.random.get_state(), strict=True):  # noqa: NPY002
        assert np.array_equal(before, after)
    assert adapter(Problem(table=core64, evaluations=30)) == first
