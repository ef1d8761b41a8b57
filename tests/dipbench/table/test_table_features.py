"""`Table.features`: numbers alone, of all architectures, in a form that models are fitted to."""

import math

import numpy as np
import pandas as pd
import pytest

from dipbench import Architecture
from dipbench.graphs.features import macs, params
from dipbench.table.table import Table

COMMON = ["depth", "slc", "params", "macs", "log10_params"]
COLUMNS = [
    *COMMON,
    "width",
    *(f"skip{level}" for level in range(5)),
    "upsample_nearest",
    "upsample_bilinear",
    "upsample_transposed",
]


def expected(a):
    return {
        "depth": a.depth,
        "slc": a.slc,
        "params": params(a.graph),
        "macs": macs(a.graph),
        "log10_params": math.log10(params(a.graph)),
        "width": a.width,
        **{f"skip{level}": int(level in a.skips) for level in range(5)},
        **{f"upsample_{u}": int(a.upsample == u) for u in ("nearest", "bilinear", "transposed")},
    }


def test_every_column_says_what_the_architecture_is(made_up_core64):
    features = Table.read(made_up_core64).features()
    assert list(features.columns) == COLUMNS
    assert features.index.name == "name"
    assert len(features) == 372
    assert features.index.is_unique
    for name, row in features.to_dict("index").items():
        assert row == pytest.approx(expected(Architecture.parse(str(name))))


def test_all_are_numbers_and_none_is_missing(table):
    features = table.features()
    assert list(features.columns) == COLUMNS  # though no architecture has a skip at level 4
    assert set(features.dtypes) == {np.dtype("int64"), np.dtype("float64")}
    assert not features.isna().any(axis=None)


def test_rows_are_those_of_the_frame(table):
    X = table.features()
    assert X.index.tolist() == table.frame["name"].tolist()
    y = table.frame.set_index("name").loc[X.index, "dip_rmse"]
    assert y.index.equals(X.index)


def test_an_architecture_with_several_tasks_has_one_row(make_run, make_table, tmp_path):
    runs = [
        make_run(name, "supervised", 0, 10.0, task=task)
        for name in ("d1-s-bilinear-w8", "d2-s01-nearest-w16")
        for task in ("denoise15", "denoise25")
    ]
    runs.sort(key=lambda run: run["key"])
    table = Table.read(make_table(tmp_path / "table", runs))
    assert len(table.frame) == 4
    assert sorted(table.features().index) == ["d1-s-bilinear-w8", "d2-s01-nearest-w16"]


def test_graphs_of_ones_own_have_keys_and_no_columns_of_the_space(make_rows, make_table, tmp_path):
    rows = make_rows()
    for row in rows["architectures.parquet"]:
        row |= dict.fromkeys(("name", "skips", "upsample", "width"))
    table = Table.read(make_table(tmp_path / "table", rows=rows, space="mine"))
    features = table.features()
    assert list(features.columns) == COMMON
    assert features.index.name == "key"
    assert features.index.tolist() == table.frame["key"].tolist()
    assert not features.isna().any(axis=None)


def test_the_table_is_left_as_it_is(table):
    before = table.frame.copy()
    features = table.features()
    features["depth"] = 0
    pd.testing.assert_frame_equal(table.frame, before)
    assert table.features()["depth"].min() >= 1


def test_a_model_is_fitted_to_them(made_up_core64):
    tree = pytest.importorskip("sklearn.tree")
    table = Table.read(made_up_core64)
    X = table.features()
    y = table.frame.set_index("name").loc[X.index, "supervised_rmse"]
    model = tree.DecisionTreeRegressor(random_state=0).fit(X, y)
    assert model.score(X, y) > 0.99
