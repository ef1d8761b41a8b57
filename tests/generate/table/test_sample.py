"""What is done with a table of a sample of a large space; its scores are made up."""

import numpy as np
import pytest

from dipbench import NotInTable, Space, load, predict, query
from dipbench.nas import Problem
from dipbench.publish.datasheet import coverage_table, datasheet
from dipbench.publish.release import OURS, Release
from dipbench.spaces import BaseArchitecture
from dipbench.surrogate import surrogate as stored
from dipbench.surrogate.fitting.fit import fit_surrogate
from dipbench.surrogate.fitting.page import Study, report
from dipbench.surrogate.fitting.unseen import unseen
from dipbench.surrogate.surrogate import TARGETS
from dipbench.table import catalogue
from dipbench.table.coverage import Plan, coverage, plan
from generate.protocols.known import PROTOCOLS
from generate.protocols.plan import make_plan
from generate.table.assemble import assemble
from generate.table.shards import Results

MEASURED = 80
PROTOCOL = PROTOCOLS["unet64-v1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, made_up):
    """The first architectures of the plan; their scores follow depth and SLC, with some noise."""
    rng, results = np.random.default_rng(0), {}
    for unit in make_plan(PROTOCOL)[: 2 * MEASURED]:
        a = unit.architecture
        assert isinstance(a, BaseArchitecture)
        base = 13 + a.slc if unit.mode == "supervised" else 18 - a.depth / 2
        results[unit.id] = [
            made_up(unit, image, base + rng.normal(0, 0.1)) | {"seconds": 2.0 + a.depth}
            for image in unit.images or [None]
        ]
    place = tmp_path_factory.mktemp("data") / "unet64-v1"
    return assemble(PROTOCOL, Results(results), place)


@pytest.fixture(scope="module")
def table(folder):
    return load(folder)


@pytest.fixture(scope="module")
def fitted(table):
    return fit_surrogate(table, candidates=("ridge",), noise_table=load())


def test_it_states_how_many_are_planned(table):
    assert table.manifest["planned"] == 10_000
    assert plan(table.manifest) == Plan(10_000, 10_000, 40_000)
    assert coverage(table).complete == MEASURED
    release = Release("a/b", table.manifest, coverage(table), OURS)
    assert f"| architectures | {MEASURED} of 10000 planned |" in coverage_table(release)
    assert "drawn at random from a space that is too large to measure" in datasheet(release)


def test_core64_states_none():
    assert "planned" not in load().manifest


def test_rows_answer_by_either_name(table):
    names = table.frame["name"].tolist()
    assert {name[0] for name in names} == {"u"}
    for name in names[:5]:
        assert query(name, table=table).name == name
    twins = [a for a in map(Space("unet64").parse, names) if a.twin is not None]
    assert twins
    for a in twins:
        assert query(a.twin, table=table).key == query(a.twin.name, table=table).key == a.key
    with pytest.raises(NotInTable):
        query("d5-s01234-bilinear-w16", table=table)


def test_the_surrogate_takes_noise_of_the_same_images_from_core64(fitted, table):
    about = fitted[0].about
    assert (about["noise_from"], about["seeds"], about["images"]) == ("core64-v1", 1, 4)
    whole = fit_surrogate(load(), candidates=("ridge",))[0].about["noise"]
    # A mean over four of the eight images differs more between seeds; trainings are the same.
    assert about["noise"]["supervised_rmse"] == whole["supervised_rmse"]
    assert 1.1 < about["noise"]["dip_rmse"] / whole["dip_rmse"] < 1.6


def test_core64_tests_it(fitted, table):
    surrogate, validation = fitted
    tested = unseen(surrogate, table, load(), "denoise25")
    assert tested is not None
    measured = {surrogate.space.index(name) for name in surrogate.sample}
    twins = {Space("unet64").index(a) for a in Space("core64")}
    assert len(tested.names) == 372 - len(measured & twins)
    text = " ".join(report(Study(surrogate, validation, [], [tested])).split())
    assert "# The surrogate of unet64, denoise25" in text
    assert "## Tested on core64-v1" in text
    assert "is known from core64-v1, of fits of the same images" in text


def test_with_its_surrogate_the_space_is_predicted_and_searched(fitted, tmp_path, monkeypatch):
    surrogate, _ = fitted
    surrogate.save(tmp_path / "unet64-denoise25.npz")
    for path in stored.FOLDER.glob("core64-*.npz"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    outside = Space("unet64")[5_000_000]
    assert predict(outside).space == "unet64"
    a = "d3-s1-bilinear-w16"
    assert (predict(a).space, predict(a, space="unet64").space) == ("core64", "unet64")
    assert predict(a, space="unet64").n_rows == MEASURED
    problem = Problem(space="unet64", max_macs=5e6, evaluations=20, noise=np.random.default_rng(0))
    assert problem.evaluate(problem.architectures[7]).seconds > 0
    assert len(problem.architectures) == 79_941


def test_the_table_of_a_task_is_still_core64(folder, monkeypatch, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for place in (folder, catalogue.DATA / "core64-v1"):
        (data / place.name).symlink_to(place)
    monkeypatch.setattr(catalogue, "DATA", data)
    assert catalogue.tables() == ("core64-v1", "unet64-v1")
    assert [entry.protocol for entry in catalogue.for_task("denoise25")] == list(catalogue.tables())
    assert query("d3-s1-bilinear-w16").n_seeds == 3
    for name in load(folder).frame["name"]:  # those of core64 are answered by core64-v1
        assert query(name).n_seeds == (3 if Space("unet64").parse(name).twin else 1)
    outside = Space("unet64")[5_000_000].name
    with pytest.raises(NotInTable, match="architectures of the table unet64-v1"):
        query(outside)


def test_targets_are_all_there(fitted):
    assert set(fitted[0].about["figures"]) == set(TARGETS)
