"""The OptunaHub package, loaded by the real library as it loads those of its registry."""

from pathlib import Path

import pytest

from dipbench import Architecture, load, query

optuna = pytest.importorskip("optuna")
optunahub = pytest.importorskip("optunahub")

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "integrations" / "optunahub" / "package"
FOLDER = REGISTRY / "benchmarks" / "dipbench"


@pytest.fixture(scope="module")
def package():
    return optunahub.load_local_module("benchmarks/dipbench", registry_root=str(REGISTRY))


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_its_trials_have_the_table_s_values(package):
    problem = package.Problem()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    study.optimize(problem, n_trials=30)
    for trial in study.trials:
        chosen = trial.params
        skips = tuple(i for i in range(chosen["depth"]) if chosen[f"skip{i}"])
        a = Architecture(chosen["depth"], skips, chosen["upsample"], chosen["width"])
        assert trial.value == query(a).supervised_rmse_val
    assert study.best_value >= load().frame["supervised_rmse_val"].min()


def test_several_objectives(package):
    problem = package.Problem(["dip_rmse", "macs"], seed=0)
    study = optuna.create_study(
        directions=problem.directions, sampler=optuna.samplers.RandomSampler(0)
    )
    study.optimize(problem, n_trials=5)
    assert all(len(trial.values) == 2 for trial in study.trials)


def test_a_large_space_is_answered_with_predictions(package):
    problem = package.Problem(["supervised_rmse_val", "macs"], space="unet64")
    study = optuna.create_study(
        directions=problem.directions, sampler=optuna.samplers.RandomSampler(0)
    )
    study.optimize(problem, n_trials=5)
    assert set(problem.search_space) > {"depth", "skip0", "upsample4", "cross3", "convs", "growing"}
    for trial in study.trials:
        assert len(trial.values) == 2
        assert trial.values[1] > 1e6


def test_every_setting_of_the_space_is_a_network(package):
    problem = package.Problem()
    space = problem.search_space
    assert sorted(space) == sorted(
        ["depth", "upsample", "width", *(f"skip{level}" for level in range(5))]
    )
    shallow = {"depth": 1, "upsample": "nearest", "width": 8, "skip0": True}
    values = {
        problem.evaluate(shallow | dict.fromkeys((f"skip{i}" for i in range(1, 5)), idle))
        for idle in (False, True)
    }
    assert values == {query("d1-s0-nearest-w8").supervised_rmse_val}


def test_the_folder_has_what_the_registry_asks_for():
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == {
        "LICENSE",
        "README.md",
        "__init__.py",
        "example.py",
        "requirements.txt",
    }
    _, front, body = (FOLDER / "README.md").read_text("utf-8").split("---\n", 2)
    fields = {line.partition(":")[0] for line in front.splitlines()}
    assert fields == {"author", "title", "description", "tags", "optuna_versions", "license"}
    for heading in ("Abstract", "APIs", "Installation", "Example"):
        assert f"## {heading}\n" in body
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_example_runs(package, monkeypatch, capsys):
    monkeypatch.setattr(optunahub, "load_module", lambda name: package)
    exec((FOLDER / "example.py").read_text("utf-8"), {})
    assert "'depth'" in capsys.readouterr().out
