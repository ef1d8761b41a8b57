"""The columns that a release promises, pinned one by one."""

import pyarrow as pa
import pytest

from dipbench.result import COLUMNS
from dipbench.table.schema import ARCHITECTURES, FILES, SCHEMA_VERSION, arrow_schema, markdown

# Whoever edits these lists changes what users read: raise SCHEMA_VERSION with them.
PROMISED_VERSION = 2
PROMISED = {
    "architectures.parquet": [
        ("key", "string"),
        ("name", "string"),
        ("task", "string"),
        ("depth", "int"),
        ("slc", "int"),
        ("skips", "string"),
        ("upsample", "string"),
        ("width", "int"),
        ("graph", "string"),
        ("params", "int"),
        ("macs", "int"),
        ("supervised_rmse", "float"),
        ("supervised_rmse_val", "float"),
        ("supervised_std", "float"),
        ("supervised_psnr", "float"),
        ("supervised_test_std", "float"),
        ("supervised_seconds", "float"),
        ("n_seeds", "int"),
        ("dip_rmse", "float"),
        ("dip_std", "float"),
        ("dip_final_rmse", "float"),
        ("dip_averaged_rmse", "float"),
        ("dip_averaged_final_rmse", "float"),
        ("dip_stopped_rmse", "float"),
        ("dip_exact_rmse", "float"),
        ("dip_averaged_exact_rmse", "float"),
        ("dip_unperturbed_rmse", "float"),
        ("dip_psnr", "float"),
        ("dip_seconds", "float"),
        ("n_images", "int"),
        ("n_fits", "int"),
        ("n_censored", "int"),
        ("n_failed", "int"),
    ],
    "runs.parquet": [
        ("key", "string"),
        ("name", "string"),
        ("task", "string"),
        ("mode", "string"),
        ("seed", "int"),
        ("image", "string"),
        ("status", "string"),
        ("test_rmse", "float"),
        ("val_rmse", "float"),
        ("test_psnr", "float"),
        ("test_rmse_std", "float"),
        ("peak_rmse", "float"),
        ("peak_iteration", "int"),
        ("peak_censored", "bool"),
        ("final_rmse", "float"),
        ("averaged_peak_rmse", "float"),
        ("averaged_peak_iteration", "int"),
        ("averaged_peak_censored", "bool"),
        ("averaged_final_rmse", "float"),
        ("exact_peak_rmse", "float"),
        ("exact_peak_iteration", "int"),
        ("averaged_exact_peak_rmse", "float"),
        ("averaged_exact_peak_iteration", "int"),
        ("unperturbed_peak_rmse", "float"),
        ("stopped_rmse", "float"),
        ("stopped_iteration", "int"),
        ("seconds", "float"),
        ("device", "string"),
        ("torch_version", "string"),
        ("engine", "string"),
        ("protocol_hash", "string"),
    ],
    "curves.parquet": [
        ("key", "string"),
        ("task", "string"),
        ("mode", "string"),
        ("seed", "int"),
        ("image", "string"),
        ("step", "ints"),
        ("val_rmse", "floats"),
        ("rmse", "floats"),
        ("rmse_noisy", "floats"),
        ("averaged_rmse", "floats"),
        ("averaged_rmse_noisy", "floats"),
        ("unperturbed_rmse", "floats"),
    ],
}
ARROW = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "ints": pa.list_(pa.int32()),
    "floats": pa.list_(pa.float32()),
}
UNITS = {"", "levels", "channels", "MACs", "grey levels", "seconds", "iterations", "dB"}
EVERY_COLUMN = [(file, column) for file, columns in FILES.items() for column in columns]


def test_columns_and_version_are_those_promised():
    found = {file: [(c.name, c.kind) for c in columns] for file, columns in FILES.items()}
    assert (SCHEMA_VERSION, found) == (PROMISED_VERSION, PROMISED)


@pytest.mark.parametrize("file", PROMISED)
def test_arrow_types(file):
    schema = arrow_schema(FILES[file])
    found = [(field.name, field.type) for field in schema]
    assert found == [(name, ARROW[kind]) for name, kind in PROMISED[file]]


@pytest.mark.parametrize("file", PROMISED)
def test_units_and_meanings_travel_in_the_file(file):
    for field, column in zip(arrow_schema(FILES[file]), FILES[file], strict=True):
        assert field.metadata == {
            b"unit": column.unit.encode(),
            b"meaning": column.meaning.encode(),
        }


def test_every_measured_field_of_a_result_is_a_column():
    measured = set(COLUMNS) - {"seed", "image"}
    assert measured <= {column.name for column in ARCHITECTURES}


def test_every_column_of_architectures_but_the_notation_is_in_a_result():
    notation = {"skips", "upsample", "width", "graph"}
    assert {column.name for column in ARCHITECTURES} - notation <= set(COLUMNS)


@pytest.mark.parametrize(("file", "column"), EVERY_COLUMN)
def test_unit_is_known_and_meaning_is_said(file, column):
    assert column.unit in UNITS
    assert len(column.meaning) > 5
    assert "|" not in column.meaning  # it would end the cell of the documentation's table


@pytest.mark.parametrize(("file", "column"), EVERY_COLUMN)
def test_scores_and_times_have_their_unit(file, column):
    for part, unit in (("rmse", "grey levels"), ("std", "grey levels"), ("seconds", "seconds")):
        if part in column.name:
            assert column.unit == unit


@pytest.mark.parametrize("file", PROMISED)
def test_names_are_different(file):
    names = [column.name for column in FILES[file]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("file", "column"), EVERY_COLUMN)
def test_markdown_mentions_every_column(file, column):
    _, section = markdown().split(f"## {file}\n")
    row = f"| `{column.name}` | {column.kind} | {column.unit} | {column.meaning} |"
    assert row in section.split("\n## ")[0].splitlines()
