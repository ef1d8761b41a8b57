"""`query` and its kin: every notation, every filter, every refusal."""

import math
import random
import re
import socket
import sys
from dataclasses import FrozenInstanceError, fields
from typing import cast

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from dipbench import (
    Architecture,
    Curve,
    InvalidArchitecture,
    NotInTable,
    Result,
    Space,
    load,
    predict,
    query,
    query_many,
)
from dipbench.lookup import Queryable, _missed_in, _not_measured
from dipbench.table.catalogue import PROTOCOL, entry
from dipbench.table.table import Table

BOTH = "d1-s-bilinear-w8"  # both modes, two seeds, two images
SPARSE = "d2-s0-nearest-w16"  # one run of either mode, and a diverged fit
ONLY_DIP = "d3-s-transposed-w8"  # the one training diverged
ONLY_SUPERVISED = "d3-s02-bilinear-w16"
ALL = [BOTH, SPARSE, ONLY_DIP, ONLY_SUPERVISED]
UNMEASURED = "d5-s024-bilinear-w16"
COLUMNS = [field.name for field in fields(Result)]


def values(result):
    """All that a result says, in a form in which NaN equals NaN."""
    return repr([getattr(result, name) for name in COLUMNS])


# Every notation


@pytest.mark.parametrize("name", ALL)
def test_name_key_architecture_and_graph_get_one_answer(table, relabelled, name):
    architecture = Architecture.parse(name)
    graph = architecture.graph
    notations = [
        name,
        architecture.key,
        architecture,
        graph,
        nx.relabel_nodes(graph, {node: i for i, node in enumerate(graph)}),
        relabelled(graph, np.random.default_rng(0)),
    ]
    answers = {values(query(notation, table=table)) for notation in notations}
    assert len(answers) == 1


@pytest.mark.parametrize("where", [{"seed": 0}, {"image": "camera-a"}, {"seed": 1, "image": None}])
def test_filters_work_in_every_notation(table, where):
    architecture = Architecture.parse(BOTH)
    notations: list[Queryable] = [BOTH, architecture.key, architecture, architecture.graph]
    assert len({values(query(notation, table=table, **where)) for notation in notations}) == 1


def test_answers_do_not_depend_on_what_was_asked_before(table, table_folder):
    wheres = [(None, None), (0, None), (None, "camera-b"), (1, "camera-b"), (None, None)]
    for seed, image in wheres:
        again = query(BOTH, seed=seed, image=image, table=table)
        fresh = query(BOTH, seed=seed, image=image, table=Table.read(table_folder))
        assert values(again) == values(fresh)


def test_two_tables_do_not_share_answers(make_run, make_table, tmp_path, table):
    assert query(BOTH, table=table).supervised_rmse == 12
    other = load(make_table(tmp_path, runs=[make_run(BOTH, "supervised", 0, 5.0)]))
    assert query(BOTH, table=other).supervised_rmse == 5
    assert query(BOTH, table=table).supervised_rmse == 12


def test_architecture_without_a_name_answers_to_key_and_graph(make_rows, make_table, tmp_path):
    rows = make_rows()
    for file in ("architectures.parquet", "runs.parquet"):
        rows[file] = [row | {"name": None} for row in rows[file]]
    table = load(make_table(tmp_path, rows=rows))
    architecture = Architecture.parse(BOTH)
    for notation in (architecture.key, architecture.graph):
        result = query(notation, seed=0, table=table)
        assert (result.name, result.dip_rmse) == (None, 25)
        assert result.curve("dip").n_runs == 2
    with pytest.raises(NotInTable, match=BOTH):
        query(BOTH, table=table)


def test_embedded_table_is_the_default():
    row = load().architectures.to_pylist()[0]
    result = query(row["name"])
    assert (result.key, result.supervised_rmse) == (row["key"], row["supervised_rmse"])
    assert values(result) == values(query(row["key"], table=Table.read(entry(PROTOCOL).folder)))


# What the answers are


def test_means_over_all_that_there_is(table):
    result = query(BOTH, table=table)
    assert (result.name, result.task, result.seed, result.image) == (BOTH, "denoise25", None, None)
    assert (result.supervised_rmse, result.supervised_rmse_val) == (12, 13)
    assert result.supervised_std == math.sqrt(8)
    assert result.dip_rmse == 26.5
    assert result.dip_std == math.sqrt(5)  # 20, 24 and 30, 32: (8 + 2) / 2
    assert (result.dip_final_rmse, result.dip_stopped_rmse) == (30.5, 27.5)
    assert (result.dip_averaged_rmse, result.dip_averaged_final_rmse) == (24.5, 28.5)
    assert (result.supervised_seconds, result.dip_seconds) == (8, 2)
    assert (result.n_seeds, result.n_images, result.n_fits) == (2, 2, 4)
    assert (result.n_censored, result.n_failed) == (1, 0)


@pytest.mark.parametrize("name", ALL)
def test_features_are_those_of_the_architecture(table, name):
    architecture, result = Architecture.parse(name), query(name, table=table)
    assert (result.depth, result.slc) == (architecture.depth, architecture.slc)
    assert result.key == architecture.key
    assert result.params > 0
    assert result.macs > 0


@pytest.mark.parametrize(
    ("seed", "image", "supervised", "dip", "n_seeds", "n_images", "n_fits"),
    [
        (0, None, 10, 25, 1, 2, 2),
        (1, None, 14, 28, 1, 2, 2),
        (None, "camera-a", 12, 22, 2, 1, 2),
        (None, "camera-b", 12, 31, 2, 1, 2),
        (0, "camera-b", 10, 30, 1, 1, 1),
        (1, "camera-a", 14, 24, 1, 1, 1),
    ],
)
def test_filters(table, seed, image, supervised, dip, n_seeds, n_images, n_fits):
    result = query(BOTH, seed=seed, image=image, table=table)
    assert (result.seed, result.image) == (seed, image)
    assert (result.supervised_rmse, result.dip_rmse) == (supervised, dip)
    assert result.supervised_rmse_val == supervised + 1
    assert (result.n_seeds, result.n_images, result.n_fits) == (n_seeds, n_images, n_fits)


@pytest.mark.parametrize(("seed", "image"), [(0, None), (0, "camera-a"), (1, "camera-b")])
def test_std_of_one_seed_is_nan(table, seed, image):
    result = query(BOTH, seed=seed, image=image, table=table)
    assert math.isnan(result.supervised_std)
    assert math.isnan(result.dip_std)


def test_std_of_one_image_is_between_its_seeds(table):
    assert query(BOTH, image="camera-b", table=table).dip_std == math.sqrt(2)


def test_censored_and_failed_follow_the_filters(table):
    assert query(BOTH, seed=0, table=table).n_censored == 0
    assert query(BOTH, seed=1, table=table).n_censored == 1
    assert query(SPARSE, table=table).n_failed == 1
    assert query(SPARSE, seed=0, table=table).n_failed == 0


def test_mode_that_was_not_measured_is_nan_and_zero(table):
    result = query(ONLY_SUPERVISED, table=table)
    assert math.isnan(result.dip_rmse)
    assert math.isnan(result.dip_seconds)
    assert (result.n_images, result.n_fits, result.n_failed) == (0, 0, 0)
    assert result.supervised_rmse == 18.5


def test_mode_that_diverged_is_nan_and_counted(table):
    result = query(ONLY_DIP, table=table)
    assert math.isnan(result.supervised_rmse)
    assert (result.n_seeds, result.n_failed, result.dip_rmse) == (0, 1, 32)


def test_seed_whose_only_run_diverged_is_nan_and_counted(table):
    result = query(SPARSE, seed=1, table=table)
    assert math.isnan(result.dip_rmse)
    assert (result.n_fits, result.n_seeds, result.n_failed) == (0, 0, 1)


def test_seed_and_image_that_were_not_measured_together(make_run, make_table, tmp_path):
    measured = [(0, "camera-a"), (1, "camera-b")]
    runs = [make_run(BOTH, "dip", seed, 20.0, image) for seed, image in measured]
    table = load(make_table(tmp_path, runs=runs))
    result = query(BOTH, seed=0, image="camera-b", table=table)
    assert math.isnan(result.dip_rmse)
    assert (result.n_images, result.n_fits) == (0, 0)
    with pytest.raises(NotInTable, match="no dip run"):
        result.curve("dip")


def test_tasks_are_kept_apart(make_run, make_table, tmp_path):
    runs = [
        make_run(BOTH, "supervised", 0, 10.0),
        make_run(BOTH, "supervised", 0, 40.0, task="inpaint50"),
        make_run(BOTH, "dip", 0, 60.0, "camera-a", task="inpaint50"),
    ]
    table = load(make_table(tmp_path, runs=runs))
    assert query(BOTH, table=table).supervised_rmse == 10
    assert query(BOTH, "inpaint50", table=table).supervised_rmse == 40
    assert query(BOTH, "inpaint50", seed=0, image="camera-a", table=table).dip_rmse == 60
    assert query(BOTH, "inpaint50", table=table).curve("supervised").rmse == (104, 48, 41)
    with pytest.raises(NotInTable, match="image 'camera-a' was not measured"):
        query(BOTH, image="camera-a", table=table)


# Refusals


@pytest.mark.parametrize("notation", ["name", "key", "architecture", "graph"])
def test_unmeasured_architecture(table, notation):
    architecture = Architecture.parse(UNMEASURED)
    notations: dict[str, Queryable] = {
        "name": UNMEASURED,
        "key": architecture.key,
        "architecture": architecture,
        "graph": architecture.graph,
    }
    with pytest.raises(NotInTable) as caught:
        query(notations[notation], table=table)
    named = architecture.key if notation in ("key", "graph") else UNMEASURED
    expected = f"{named} is not among the 4 architectures of the table synthetic-v1"
    assert str(caught.value) == expected


def test_unmeasured_network_outside_the_space(table, random_network):
    with pytest.raises(NotInTable, match="is not among the 4 architectures"):
        query(random_network(np.random.default_rng(3)), table=table)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"seed": "0"}, "seed is '0'; expected an integer, or None for all"),
        ({"seed": True}, "seed is True; expected an integer, or None for all"),
        ({"seed": 0.0}, "seed is 0.0; expected an integer, or None for all"),
        ({"image": 3}, "image is 3; expected an id, or None for all"),
    ],
)
def test_a_seed_or_image_of_another_kind_is_refused(table, where, message):
    with pytest.raises(ValueError, match=message):
        query(BOTH, table=table, **where)
    with pytest.raises(ValueError, match=message):
        query_many([BOTH], table=table, **where)


def test_a_numpy_seed_is_as_good_and_leaves_no_trace(table):
    assert type(query(BOTH, seed=cast(int, np.int64(0)), table=table).seed) is int
    assert type(query(BOTH, seed=0, table=table).seed) is int


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"task": "sr2"}, f"{BOTH}: task 'sr2' was not measured; expected one of denoise25"),
        ({"seed": 7}, f"{BOTH}: seed 7 was not measured; expected one of 0, 1"),
        ({"seed": -1}, f"{BOTH}: seed -1 was not measured; expected one of 0, 1"),
        (
            {"image": "lena"},
            f"{BOTH}: image 'lena' was not measured; expected one of camera-a, camera-b",
        ),
        ({"image": ""}, f"{BOTH}: image '' was not measured; expected one of camera-a, camera-b"),
        ({"seed": 7, "image": "lena"}, f"{BOTH}: seed 7 was not measured; expected one of 0, 1"),
    ],
)
def test_unmeasured_task_seed_or_image_is_named_with_the_choices(table, where, message):
    with pytest.raises(NotInTable) as caught:
        query(BOTH, table=table, **where)
    assert str(caught.value) == message  # a sentence, without the quotes that KeyError puts


def test_image_where_no_fit_was_made_says_none(table):
    with pytest.raises(NotInTable, match="image 'camera-a' was not measured; expected one of none"):
        query(ONLY_SUPERVISED, image="camera-a", table=table)


@pytest.mark.parametrize("notation", ["key", "architecture", "graph"])
def test_unmeasured_seed_in_other_notations(table, notation):
    architecture = Architecture.parse(SPARSE)
    asked = architecture if notation == "architecture" else getattr(architecture, notation)
    with pytest.raises(NotInTable, match=f"{SPARSE}: seed 2 was not measured"):
        query(asked, seed=2, table=table)


def test_not_in_table_is_a_key_error():
    assert issubclass(NotInTable, KeyError)
    assert issubclass(InvalidArchitecture, ValueError)


@pytest.mark.parametrize(
    "name",
    ["", "resnet", "d1-s-bilinear-w8 ", "D1-s-bilinear-w8", "d1-s-bilinear-w9", "d9-s-nearest-w8"],
)
def test_malformed_name_is_invalid_rather_than_unmeasured(table, name):
    with pytest.raises(InvalidArchitecture, match=f"name {re.escape(repr(name))}"):
        query(name, table=table)


def test_a_name_of_unet64_is_refused_as_its_space_does():
    for asked in (query, predict):
        with pytest.raises(InvalidArchitecture, match="'u3-swow-ubnb-c3-w16g-x1': convs is 3"):
            asked("u3-swow-ubnb-c3-w16g-x1")


@pytest.mark.parametrize("key", ["0" * 63, "0" * 65, "A" * 64, "g" * 64])
def test_what_is_no_key_is_a_malformed_name(table, key):
    with pytest.raises(InvalidArchitecture, match="malformed name"):
        query(key, table=table)


@pytest.mark.parametrize("thing", [None, 3, ["d1-s-bilinear-w8"], {}, b"d1-s-bilinear-w8"])
def test_what_is_no_notation_at_all_is_invalid(table, thing):
    with pytest.raises(InvalidArchitecture, match=r"expected a networkx\.DiGraph, found"):
        query(thing, table=table)


def test_invalid_graph_is_named(table):
    graph = Architecture.parse(BOTH).graph
    graph.add_edge("conv0", "down1")
    with pytest.raises(InvalidArchitecture, match="lies on a cycle"):
        query(graph, table=table)


def test_edited_graph_is_not_answered_from_memory(table):
    graph = Architecture.parse(BOTH).graph
    assert query(graph, table=table).name == BOTH
    graph.nodes["stem"]["channels"] = 9
    with pytest.raises(NotInTable):
        query(graph, table=table)
    graph.nodes["stem"]["channels"] = 8
    assert query(graph, table=table).name == BOTH


def test_refusals_are_repeated(table):
    for _ in range(2):
        with pytest.raises(NotInTable):
            query(UNMEASURED, table=table)
        with pytest.raises(NotInTable):
            query(BOTH, seed=9, table=table)


# query_many


def test_query_many_keeps_the_order_and_repeats(table):
    asked: list[Queryable] = [
        SPARSE,
        Architecture.parse(BOTH),
        Architecture.parse(ONLY_DIP).graph,
        SPARSE,
    ]
    frame = query_many(asked, table=table)
    assert frame["name"].tolist() == [SPARSE, BOTH, ONLY_DIP, SPARSE]
    assert frame["dip_rmse"].tolist() == [16, 26.5, 32, 16]


def test_query_many_has_the_fields_of_a_result(table):
    frame = query_many(ALL, table=table)
    assert list(frame.columns) == COLUMNS
    for i, name in enumerate(ALL):
        result = query(name, table=table)
        expected = pd.DataFrame([[getattr(result, c) for c in COLUMNS]], columns=COLUMNS)
        pd.testing.assert_frame_equal(
            frame.iloc[[i]].reset_index(drop=True), expected, check_dtype=False
        )


def test_query_many_takes_filters_and_iterators(table):
    frame = query_many(iter([BOTH, SPARSE]), seed=0, image="camera-a", table=table)
    assert frame["dip_rmse"].tolist() == [20, 16]
    assert frame["seed"].tolist() == [0, 0]


def test_query_many_of_nothing_has_the_columns(table):
    frame = query_many([], table=table)
    assert list(frame.columns) == COLUMNS
    assert frame.empty


def test_query_many_raises_for_the_first_that_fails(table):
    with pytest.raises(NotInTable, match=UNMEASURED):
        query_many([BOTH, UNMEASURED, "malformed"], table=table)


def test_what_was_not_measured_is_missed_in_the_table_of_its_space(make_table, tmp_path):
    """By name as by itself; whichever table comes first."""
    core, unet = (Table.read(make_table(tmp_path / s, space=s)) for s in ("core64", "unet64"))
    name = "u5-swwown-ubbbnt-c2-w8-x23"
    for asked in (name, Space("unet64").parse(name)):
        said = str(_not_measured([core, unet], asked, "denoise25"))
        assert "is not among the 4 architectures of the table synthetic-v1" in said
        assert _missed_in([core, unet], asked) is unet
        assert _missed_in([unet, core], "d5-s-bilinear-w8") is core
        assert _missed_in([core], asked) is core


# Curves


def test_dip_curve_is_the_mean_over_all_fits(table):
    curve = query(BOTH, table=table).curve("dip")
    assert curve.step == (1, 4, 16)
    assert curve.rmse == (90.5, 26.5, 30.5)
    assert curve.rmse_noisy == (58.5, 22.5, 18.5)
    assert curve.averaged_rmse == (98.5, 24.5, 28.5)
    assert curve.averaged_rmse_noisy == (74.5, 42.5, 38.5)
    assert curve.n_runs == 4


def test_supervised_curve_is_the_mean_of_validation_rmse(table):
    curve = query(BOTH, table=table).curve("supervised")
    assert curve.step == (1, 4, 16)
    assert curve.rmse == (76, 20, 13)
    assert curve.rmse_noisy == curve.averaged_rmse == curve.averaged_rmse_noisy == ()
    assert curve.n_runs == 2


@pytest.mark.parametrize(
    ("where", "mode", "rmse", "n_runs"),
    [
        ({"seed": 0}, "dip", (89, 25, 29), 2),
        ({"image": "camera-a"}, "dip", (86, 22, 26), 2),
        ({"seed": 1, "image": "camera-b"}, "dip", (96, 32, 36), 1),
        ({"seed": 1}, "supervised", (78, 22, 15), 1),
        ({"image": "camera-a"}, "supervised", (76, 20, 13), 2),
    ],
)
def test_curve_is_over_the_same_runs_as_the_result(table, where, mode, rmse, n_runs):
    curve = query(BOTH, table=table, **where).curve(mode)
    assert (curve.rmse, curve.n_runs) == (rmse, n_runs)


def test_the_curve_for_the_unperturbed_input_is_there_where_it_was_recorded():
    name = "d3-s1-bilinear-w16"
    result = query(name, "inpaint50")
    curve = result.curve("dip")
    # The mean of what each fit reaches, at an iteration of its own.
    assert result.dip_unperturbed_rmse <= min(curve.unperturbed_rmse) < curve.unperturbed_rmse[0]
    assert len(curve.unperturbed_rmse) == len(curve.step) == len(curve.frame["unperturbed_rmse"])
    assert query(name).curve("dip").unperturbed_rmse == ()
    assert "unperturbed_rmse" not in query(name).curve("dip").frame


def test_diverged_runs_have_no_part_in_a_curve(table):
    assert query(SPARSE, table=table).curve("dip").n_runs == 1


def test_curve_frame_has_one_row_per_step(table):
    result = query(BOTH, seed=0, image="camera-a", table=table)
    frame = result.curve("dip").frame
    assert frame["step"].tolist() == [1, 4, 16]
    assert frame["rmse"].tolist() == [84, 20, 24]
    columns = ["step", "rmse", "rmse_noisy", "averaged_rmse", "averaged_rmse_noisy"]
    assert list(frame.columns) == columns
    assert list(result.curve("supervised").frame.columns) == ["step", "rmse"]


@pytest.mark.parametrize("mode", ["DIP", "", "test", None])
def test_curve_of_another_mode_is_refused(table, mode):
    message = re.escape(f"mode is {mode!r}; expected 'dip' or 'supervised'")
    with pytest.raises(ValueError, match=message):
        query(BOTH, table=table).curve(mode)


@pytest.mark.parametrize(("name", "mode"), [(ONLY_SUPERVISED, "dip"), (ONLY_DIP, "supervised")])
def test_curve_of_what_is_not_measured(table, name, mode):
    with pytest.raises(NotInTable, match=f"{name}: no {mode} run"):
        query(name, table=table).curve(mode)


# No surprises


@pytest.mark.parametrize("change", [("dip_rmse", 0.0), ("name", "x"), ("n_seeds", 3)])
def test_result_is_frozen(table, change):
    with pytest.raises(FrozenInstanceError):
        setattr(query(BOTH, table=table), *change)


@pytest.mark.parametrize("change", [("rmse", ()), ("n_runs", 3)])
def test_curve_is_frozen(table, change):
    curve = query(BOTH, table=table).curve("dip")
    assert isinstance(curve, Curve)
    with pytest.raises(FrozenInstanceError):
        setattr(curve, *change)


def test_repr_of_a_result_leaves_the_table_out(table):
    assert "_table" not in repr(query(BOTH, table=table))
    assert "dip_rmse=26.5" in repr(query(BOTH, table=table))


def global_random_state():
    return repr(np.random.get_state()) + repr(random.getstate())  # noqa: NPY002  what we guard


def test_query_leaves_global_random_state_alone(table):
    before = global_random_state()
    result = query(Architecture.parse(BOTH).graph, seed=0, table=table)
    result.curve("dip")
    query_many(ALL, table=table)
    assert global_random_state() == before


# Where a table comes from


@pytest.fixture
def no_network(monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", fail)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # importing it fails


@pytest.mark.usefixtures("no_network")
def test_loading_and_asking_touch_no_network(table_folder):
    for table in (load(table_folder), load(str(table_folder)), Table.read(entry(PROTOCOL).folder)):
        query(table.frame["name"][0], table=table).curve("supervised")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "here", "repo_id": "a/b"}, "path 'here' and repo_id 'a/b'; expected one of them"),
        ({"revision": "v1"}, "revision 'v1' without repo_id; expected both"),
        ({"path": "here", "revision": "v1"}, "revision 'v1' without repo_id"),
        ({"repo_id": "a/b", "revision": ""}, "revision is ''; expected a branch, a tag or a com"),
        ({"repo_id": "a/b", "revision": 3}, "revision is 3; expected a branch, a tag or a commit"),
    ],
)
def test_contradictory_sources_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load(**options)
