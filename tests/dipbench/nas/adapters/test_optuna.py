"""Optuna: what trials propose, what they are charged, and when the study stops."""

import pytest

from dipbench import Architecture, InvalidArchitecture, Space
from dipbench.nas import Problem
from dipbench.nas.adapters.parameters import to_parameters

optuna = pytest.importorskip("optuna")

from dipbench.nas.adapters.optuna import objective, suggest  # noqa: E402 # it needs Optuna

COMPLETE, PRUNED = optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED
UNMEASURED = Architecture(3, (1,), "bilinear", 8)  # its parameters occur in `small`


@pytest.fixture(autouse=True)
def quiet():
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(level)


def study(sampler=None, objectives=1, **settings):
    sampler = optuna.samplers.RandomSampler(seed=0) if sampler is None else sampler
    return optuna.create_study(sampler=sampler, directions=["minimize"] * objectives, **settings)


def test_a_trial_proposes_the_architecture_of_its_parameters():
    for a in Space("core64"):
        trial = optuna.trial.FixedTrial(to_parameters(a))
        assert suggest(trial) == a
        assert trial.params == to_parameters(a)


def test_a_parameter_out_of_range_is_refused(core64):
    trials = study()
    trials.enqueue_trial(to_parameters(Architecture(2)) | {"depth": 9})
    with (
        pytest.warns(UserWarning, match="depth'? with value 9 is out of range"),
        pytest.raises(InvalidArchitecture, match="depth is 9"),
    ):
        trials.optimize(objective(Problem(table=core64)), n_trials=1)


def test_the_study_stops_when_the_budget_does_not_suffice(core64):
    problem = Problem(table=core64, evaluations=25, repeats="charged")
    trials = study()
    trials.optimize(objective(problem))
    *before, last = trials.trials
    assert [t.state for t in before] == [COMPLETE] * 25
    assert last.state == PRUNED
    assert last.user_attrs["seconds"] == 0
    assert last.user_attrs["clock"] == problem.clock
    assert problem.evaluations == 25


def test_the_study_stops_when_every_architecture_was_run(small):
    problem = Problem(table=small)
    trials = study()
    trials.optimize(objective(problem))
    names = {t.user_attrs["architecture"] for t in trials.trials if t.state == COMPLETE}
    assert names == set(map(str, problem.architectures))
    assert problem.evaluations == len(names) == 12
    assert trials.best_value == min(problem.evaluate(a).values[0] for a in problem.architectures)


def test_what_was_not_measured_is_pruned_and_free(small):
    problem = Problem(table=small)
    trials = study()
    trials.enqueue_trial(to_parameters(UNMEASURED))
    trials.optimize(objective(problem), n_trials=1)
    (trial,) = trials.trials
    assert trial.state == PRUNED
    assert trial.user_attrs == {"architecture": UNMEASURED.name, "seconds": 0.0, "clock": 0.0}
    assert problem.history == ()


@pytest.mark.parametrize("sampler", ["NSGAIISampler", "TPESampler", "RandomSampler"])
def test_several_objectives_are_minimised_together(core64, sampler):
    problem = Problem(("supervised_rmse_val", "macs"), table=core64, evaluations=60)
    trials = study(getattr(optuna.samplers, sampler)(seed=1), objectives=2)
    trials.optimize(objective(problem), n_trials=100)
    assert problem.evaluations <= 60
    for trial in trials.best_trials:
        a = Architecture.parse(trial.user_attrs["architecture"])
        assert tuple(trial.values) == problem.fresh().evaluate(a).values
        assert trial.values[1] == problem.features(a).macs


def test_a_pruned_run_is_charged_as_far_as_it_went(core64):
    problem = Problem(table=core64)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=30, reduction_factor=3)
    trials = study(pruner=pruner)
    trials.optimize(objective(problem, pruning=True), n_trials=40)
    ended = [t for t in trials.trials if t.state == PRUNED]
    assert 10 < len(ended) < 40
    ours, whole = problem.fresh(), problem.fresh()
    for trial in trials.trials:
        name = trial.user_attrs["architecture"]
        ours.evaluate(name, max(trial.intermediate_values))
        assert trial.user_attrs["clock"] == pytest.approx(ours.clock, rel=1e-9)
        for step, value in trial.intermediate_values.items():
            assert ours.fresh().evaluate(name, step).values == (value,)
        whole.evaluate(name)
    assert problem.clock < whole.clock / 2


@pytest.mark.parametrize(
    "settings", [{"repeats": "charged"}, {"objectives": ("supervised_rmse_val", "macs")}]
)
def test_pruning_needs_one_objective_and_runs_that_go_on(core64, settings):
    with pytest.raises(ValueError, match="expected one objective and repeats 'cached'"):
        objective(Problem(table=core64, **settings), pruning=True)


def test_graphs_of_ones_own_are_refused(own_graphs):
    with pytest.raises(ValueError, match="expected the space core64"):
        objective(Problem(table=own_graphs))


def test_a_study_that_several_resume_has_one_clock(tmp_path):
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    budget = Problem().total_seconds / 30
    clocks = []
    for seed in range(3):  # each as another process would: a problem and a sampler of its own
        problem = Problem(seconds=budget)
        study = optuna.create_study(
            storage=storage,
            study_name="one",
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(seed=seed),
        )
        study.optimize(objective(problem), n_trials=6)
        clocks.append(problem.clock)
    spent = sum(trial.user_attrs["seconds"] for trial in study.trials)
    assert spent == pytest.approx(sum(clocks))
    assert 0 < spent <= budget
    assert max(trial.user_attrs["clock"] for trial in study.trials) == pytest.approx(spent)
    assert clocks[0] < budget
