"""Syne Tune: the blackbox says what the table says, and schedulers pay for their runs."""

from typing import Any

import numpy as np
import pytest

from dipbench import Architecture, InvalidArchitecture, NotInTable
from dipbench.nas import Problem
from dipbench.nas.adapters.parameters import to_parameters
from dipbench.nas.data import Member

pytest.importorskip("syne_tune")

from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_backend import SimulatorConfig
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository import UserBlackboxBackend
from syne_tune.optimizer.baselines import ASHA, REA, RandomSearch

from dipbench.nas.adapters.syne_tune import (
    ELAPSED,
    STEP,
    SearchBlackbox,
    configuration_space,
    search,
)

OFF = {f"skip{level}": False for level in range(5)}
METRIC = "supervised_rmse_val"


def setting(architecture):
    return OFF | to_parameters(architecture)


def random_search(problem, **settings):
    return RandomSearch(configuration_space(problem), list(problem.objectives), **settings)


def test_the_blackbox_says_what_the_problem_does_and_charges_nothing(core64):
    problem = Problem((METRIC, "params"), table=core64, evaluations=0)
    blackbox = SearchBlackbox(problem)
    assert blackbox.objectives_names == [METRIC, "params", ELAPSED]
    assert blackbox.fidelity_values.tolist() == list(problem.fidelities)
    for a in problem.architectures[::40]:
        found = blackbox(setting(a))
        assert found.shape == (len(problem.fidelities), 3)
        for step, row in zip(problem.fidelities, found, strict=True):
            ours = Problem((METRIC, "params"), table=core64).evaluate(a, step)
            assert tuple(row[:-1]) == ours.values
            assert row[-1] == pytest.approx(ours.seconds, rel=1e-12)
            one = dict(zip([METRIC, "params", ELAPSED], row, strict=True))
            assert blackbox(setting(a), int(step)) == pytest.approx(one, rel=1e-12)
    assert (problem.clock, problem.history) == (0.0, ())


def test_settings_of_one_architecture_are_one(core64):
    blackbox = SearchBlackbox(Problem(table=core64))
    a = setting(Architecture(2, (0,)))
    assert (blackbox(a) == blackbox(a | {"skip3": True})).all()


def test_the_blackbox_refuses_what_the_table_lacks(small):
    blackbox = SearchBlackbox(Problem(table=small))
    inside = {"depth": 3, "skip0": False, "upsample": "bilinear", "width": 8}
    with pytest.raises(NotInTable, match="d3-s1-bilinear-w8 is not among the 12"):
        blackbox(inside | {"skip1": True})
    with pytest.raises(InvalidArchitecture, match="width is 9"):
        blackbox(inside | {"width": 9})
    with pytest.raises(ValueError, match="fidelity is 5"):
        blackbox(inside, 5)


def test_the_simulator_keeps_the_time_that_the_table_says(core64, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SYNETUNE_FOLDER", str(tmp_path))
    problem = Problem(table=core64)
    callback = SimulatorCallback()
    backend = UserBlackboxBackend(
        SearchBlackbox(problem),
        elapsed_time_attr=ELAPSED,
        seed=0,
        simulator_config=SimulatorConfig(0, 0, 0, 0, 0),
        tuner_sleep_time=0.5,
    )
    Tuner(
        trial_backend=backend,
        scheduler=random_search(problem),
        stop_criterion=StoppingCriterion(max_wallclock_time=3000),
        n_workers=2,
        callbacks=[callback],
        save_tuner=False,
    ).run()
    results = callback.dataframe()
    assert results["trial_id"].nunique() > 60
    for trial, rows in results.groupby("trial_id"):
        config = backend._trial_dict[trial].config
        found = {name: config[name] for name in configuration_space(problem)}
        table = SearchBlackbox(problem)(found)[: len(rows)]
        assert rows[METRIC].tolist() == table[:, 0].tolist()
        assert rows[ELAPSED].tolist() == pytest.approx(table[:, 1].tolist())
    full = results[results[STEP] == problem.fidelities[-1]]
    # Two workers, busy but for the moments between the tuner's looks and the runs cut off.
    assert full[ELAPSED].sum() == pytest.approx(2 * 3000, rel=0.1)


def test_a_scheduler_pays_for_steps_as_far_as_it_lets_a_run_go(core64):
    problem = Problem(table=core64)
    scheduler = ASHA(
        configuration_space(problem),
        metric=METRIC,
        time_attr=STEP,
        max_t=problem.fidelities[-1],
        grace_period=10,
        random_seed=0,
    )
    search(scheduler, problem, steps=problem.fidelities, max_trials=30)
    ours = problem.fresh()
    reached: dict[Member, int] = {}
    for e in problem.history:
        reached[e.architecture] = max(e.fidelity, reached.get(e.architecture, 0))
    for architecture, step in reached.items():
        ours.evaluate(architecture, step)
    assert problem.clock == pytest.approx(ours.clock, rel=1e-9)
    whole = sum(problem.fresh().evaluate(a).seconds for a in reached)
    assert problem.clock < 0.8 * whole


@pytest.mark.parametrize("settings", [{"evaluations": 30}, {"seconds": 2000.0}])
def test_the_search_ends_with_the_budget(core64, settings):
    problem = Problem(table=core64, **settings)
    search(REA(configuration_space(problem), metric=METRIC), problem)
    dearest = max(problem.fresh(seconds=1e9).evaluate(a).seconds for a in problem.architectures)
    spent, step = (problem.clock, dearest) if "seconds" in settings else (problem.evaluations, 1)
    (limit,) = settings.values()
    assert limit - step < spent <= limit


def test_the_search_ends_when_every_architecture_was_run(small):
    problem = Problem(table=small)
    search(random_search(problem), problem, max_trials=100_000)
    assert problem.evaluations == 12


def test_what_was_not_measured_is_a_failed_trial_and_free(small):
    failed = []

    class Recorder(RandomSearch):
        def on_trial_error(self, trial):
            failed.append(trial.config)

    problem = Problem(table=small)
    unmeasured: dict[str, Any] = {"depth": 3, "skip0": False, "skip1": True, "skip2": False}
    unmeasured |= {"upsample": "bilinear", "width": 8}
    scheduler = Recorder(
        configuration_space(problem), [METRIC], points_to_evaluate=[unmeasured], random_seed=0
    )
    search(scheduler, problem, max_trials=1)
    assert failed == [unmeasured]
    assert problem.history == ()


def test_steps_and_charged_repeats_do_not_go_together(small):
    problem = Problem(table=small, repeats="charged")
    with pytest.raises(ValueError, match="several steps and repeats 'charged'"):
        search(random_search(problem), problem, steps=problem.fidelities)


def test_graphs_of_ones_own_are_refused(own_graphs):
    with pytest.raises(ValueError, match="expected the space core64"):
        configuration_space(Problem(table=own_graphs))


def test_drawn_seeds_are_looked_up_too(core64):
    problem = Problem(table=core64, seed="random", rng=np.random.default_rng(0))
    a = problem.architectures[7]
    last = {SearchBlackbox(problem)(setting(a))[-1, 0] for _ in range(20)}
    assert last == {Problem(table=core64, seed=s).evaluate(a).values[0] for s in (0, 1, 2)}
