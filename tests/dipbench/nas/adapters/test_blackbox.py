"""A table as a blackbox of Syne Tune's repository format, loaded by the library itself."""

import json
import warnings

import numpy as np
import pytest

from dipbench import Architecture, load, macs
from dipbench.cli import main
from dipbench.nas import Problem
from dipbench.nas.adapters.parameters import to_parameters

pytest.importorskip("syne_tune")
pytest.importorskip("fastparquet")

from syne_tune.blackbox_repository.blackbox_tabular import deserialize

OBJECTIVES = ["supervised_rmse_val", "macs", "params"]
OFF = {f"skip{level}": False for level in range(5)}
NAMES = ("d3-s1-bilinear-w16", "d5-s024-transposed-w8", "d1-s-nearest-w8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blackbox") / "core64-v1"
    assert main(["export", "syne-tune", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def blackbox(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Syne Tune's use of pandas
        return deserialize(folder)["denoise25"]


def setting(name):
    return OFF | to_parameters(Architecture.parse(name))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_the_problem_says_at_every_step(blackbox, name):
    problem = Problem(OBJECTIVES, table=load(), seed=0)
    found = blackbox(setting(name), seed=0)
    assert found.shape == (len(problem.fidelities), 4)
    for step, row in zip(problem.fidelities, found, strict=True):
        ours = problem.fresh().evaluate(Architecture.parse(name), step)
        assert tuple(row) == pytest.approx((*ours.values, ours.seconds), rel=1e-6)


def test_one_step_by_name_has_several_objectives(blackbox):
    step = int(blackbox.fidelity_values[-1])
    found = blackbox(setting(NAMES[0]), {"step": step}, seed=0)
    assert list(found) == [*OBJECTIVES, "elapsed_time"]
    assert found["macs"] == pytest.approx(macs(Architecture.parse(NAMES[0]).graph), rel=1e-6)


def test_settings_at_levels_that_there_are_not_mean_the_same(blackbox):
    shallow = setting("d1-s-nearest-w8")
    assert len(blackbox.hyperparameters) == 5 * 2**5 * 3 * 2
    assert np.array_equal(blackbox(shallow, seed=0), blackbox(shallow | {"skip4": True}, seed=0))


def test_what_was_not_measured_is_nan(blackbox):
    runs = load().runs.to_pandas()
    for name in NAMES:
        measured = set(runs[(runs["name"] == name) & (runs["mode"] == "supervised")]["seed"])
        for seed in range(blackbox.num_seeds):
            assert np.isnan(blackbox(setting(name), seed=seed)[:, 0]).all() == (
                seed not in measured
            )


def test_the_metadata_names_the_table(folder):
    said = json.loads((folder / "metadata.json").read_text())
    assert said["protocol"] == "core64-v1"
    assert said["table_sha256"] == load().sha256


def test_dip_is_another_blackbox_with_its_own_steps(tmp_path):
    arguments = ["--objectives", "dip_rmse,macs", "--out", str(tmp_path / "dip")]
    assert main(["export", "syne-tune", *arguments]) == 0
    steps = np.load(tmp_path / "dip" / "fidelities_values.npy")
    assert steps[-1] == 3000


def test_an_unknown_objective_is_named_and_nothing_is_written(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["export", "syne-tune", "--objectives", "fame", "--out", str(out)]) == 2
    assert "objective is 'fame'" in capsys.readouterr().err
    assert not out.exists()
