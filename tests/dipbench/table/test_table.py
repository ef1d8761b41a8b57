"""Tables on disk: what is written is read again, and what was touched is refused by name."""

import hashlib
import json
import math
import pickle
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench import Architecture, InvalidTable, load
from dipbench.table.catalogue import PROTOCOL, entry
from dipbench.table.manifest import MANIFEST
from dipbench.table.schema import FILES, SCHEMA_VERSION, arrow_schema
from dipbench.table.table import Table, write_table

EVERY_FILE = [*FILES, MANIFEST]


@pytest.fixture
def folder(make_table, tmp_path):
    return make_table(tmp_path / "table")


@pytest.fixture(scope="session")
def scratch(tmp_path_factory):
    """A folder that damaged tables are written to, one over the other."""
    return tmp_path_factory.mktemp("damaged")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def sealed(manifest):
    """The manifest with the checksum that goes with what it says."""
    rest = {field: value for field, value in manifest.items() if field != "sha256"}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    return rest | {"sha256": digest}


def edit_manifest(folder, seal=True, **fields):
    manifest = json.loads((folder / MANIFEST).read_bytes()) | fields
    (folder / MANIFEST).write_text(json.dumps(sealed(manifest) if seal else manifest))


def substitute(folder, file, data):
    """Put `data` in place of a file, with a manifest that vouches for it."""
    (folder / file).write_bytes(data)
    entry = {"rows": 0, "sha256": hashlib.sha256(data).hexdigest()}
    files = json.loads((folder / MANIFEST).read_bytes())["files"]
    edit_manifest(folder, files=files | {file: entry})


def parquet(table):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def read_whole(folder):
    table = Table.read(folder)
    return table.architectures, table.runs, table.curves


def refused(folder, file):
    """The message with which the table is refused; it must name the file."""
    with pytest.raises(InvalidTable) as caught:
        read_whole(folder)
    assert str(caught.value).startswith(f"{folder / file}: ")
    return str(caught.value)


def alike(found, expected):
    """Equal rows, where NaN equals NaN."""
    return json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


# Round trip


def test_all_rows_come_back(make_rows, folder):
    table = Table.read(folder)
    rows = {f: sorted(rows, key=lambda row: row["key"]) for f, rows in make_rows().items()}
    for row in rows["architectures.parquet"]:
        row["graph"] = None  # the name says it
    assert alike(table.architectures.to_pylist(), rows["architectures.parquet"])
    assert alike(table.runs.to_pylist(), rows["runs.parquet"])
    assert alike(table.curves.to_pylist(), rows["curves.parquet"])


def test_nan_and_null_stay_apart(make_rows, make_table, tmp_path):
    rows = make_rows()
    first = min(rows["architectures.parquet"], key=lambda row: row["key"])
    first |= {"dip_rmse": math.nan, "dip_std": None, "name": None}
    found = Table.read(make_table(tmp_path, rows=rows)).architectures.to_pylist()[0]
    assert math.isnan(found["dip_rmse"])
    assert found["dip_std"] is None
    assert found["name"] is None


def test_a_table_of_no_rows_comes_back(make_table, tmp_path):
    table = Table.read(make_table(tmp_path, runs=[]))
    assert len(table) == len(table.runs) == len(table.curves) == len(table.frame) == 0


def test_manifest_says_what_was_stated_and_counts_rows(folder):
    manifest = Table.read(folder).manifest
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert (manifest["space"], manifest["protocol"]) == ("core64", {"name": "synthetic-v1"})
    rows = {file: entry["rows"] for file, entry in manifest["files"].items()}
    assert rows == {"architectures.parquet": 4, "runs.parquet": 14, "curves.parquet": 12}


def test_manifest_states_the_sha256_of_each_file(folder):
    for file, stated in Table.read(folder).manifest["files"].items():
        assert stated["sha256"] == hashlib.sha256((folder / file).read_bytes()).hexdigest()


def test_same_rows_give_same_bytes(make_table, tmp_path):
    assert contents(make_table(tmp_path / "a")) == contents(make_table(tmp_path / "b"))


def test_rewriting_over_an_old_table_gives_the_same_bytes(make_table, folder):
    before = contents(folder)
    assert contents(make_table(folder)) == before


def test_a_table_holds_four_files_and_no_other(folder):
    assert sorted(contents(folder)) == sorted(EVERY_FILE)


def test_missing_folders_are_made(make_table, tmp_path):
    assert len(Table.read(make_table(tmp_path / "a" / "b"))) == 4


# Refusals


def test_missing_folder_is_refused(tmp_path):
    assert "expected the manifest" in refused(tmp_path / "none", MANIFEST)


@pytest.mark.parametrize("file", EVERY_FILE)
def test_missing_file_is_refused(folder, file):
    (folder / file).unlink()
    assert "No such file" in refused(folder, file)


@pytest.mark.parametrize("file", EVERY_FILE)
def test_folder_in_place_of_a_file_is_refused(folder, file):
    (folder / file).unlink()
    (folder / file).mkdir()
    refused(folder, file)


@pytest.mark.parametrize("file", EVERY_FILE)
@settings(max_examples=25, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_is_refused(table_folder, scratch, file, place, bit):
    files = contents(table_folder)
    damaged = bytearray(files[file])
    damaged[int(place * len(damaged))] ^= 1 << bit
    for name, data in (files | {file: damaged}).items():
        (scratch / name).write_bytes(data)
    refused(scratch, file)


@pytest.mark.parametrize("rows", [0, 10**9], ids=["mapped", "at once"])
def test_rows_that_cannot_be_decoded_are_refused(folder, monkeypatch, tmp_path, rows):
    """As by a pyarrow that is too old for how they are encoded."""
    monkeypatch.setattr("dipbench.table.table.MANY_ROWS", rows)
    monkeypatch.setenv("DIPBENCH_CACHE", str(tmp_path / "cache"))
    data = (folder / "runs.parquet").read_bytes()
    substitute(folder, "runs.parquet", data[:4] + bytes(400) + data[404:])
    table = Table.read(folder)
    with pytest.raises(InvalidTable, match=rf"runs.parquet: .* pyarrow {pa.__version__} cannot"):
        _ = table.runs


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("keep", [0, 1, 0.5, -1])
def test_truncated_file_is_refused(folder, file, keep):
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data[: len(data) // 2 if keep == 0.5 else keep])
    assert "altered or cut short" in refused(folder, file)


@pytest.mark.parametrize("file", FILES)
def test_appended_byte_is_refused(folder, file):
    with (folder / file).open("ab") as stream:
        stream.write(b"\0")
    assert "altered or cut short" in refused(folder, file)


def test_swapped_files_are_refused(folder):
    first, second = folder / "runs.parquet", folder / "curves.parquet"
    first.rename(folder / "x"), second.rename(first), (folder / "x").rename(second)
    with pytest.raises(InvalidTable, match=r"runs\.parquet|curves\.parquet"):
        read_whole(folder)


@pytest.mark.parametrize("text", ["", "{", '{"schema_version": 1', "\xff", "PAR1"])
def test_manifest_that_is_not_json_is_refused(folder, text):
    (folder / MANIFEST).write_bytes(text.encode("latin-1"))
    assert "not JSON" in refused(folder, MANIFEST)


@pytest.mark.parametrize("text", ["[]", "[1]", "null", "3", '"schema_version"', "{}"])
def test_manifest_of_other_json_is_refused(folder, text):
    (folder / MANIFEST).write_text(text)
    assert f"schema version None; this release reads version {SCHEMA_VERSION}" in refused(
        folder, MANIFEST
    )


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, "1", None, [1]])
def test_unknown_schema_version_is_refused_naming_both(folder, version):
    edit_manifest(folder, schema_version=version)
    message = refused(folder, MANIFEST)
    assert f"schema version {version!r}" in message
    assert f"reads version {SCHEMA_VERSION}" in message


@pytest.mark.parametrize(
    "edit",
    [
        {"space": "core128"},
        {"protocol": {"name": "synthetic-v2"}},
        {"protocol": {"name": "synthetic-v1", "sigma": 50}},
        {"protocol_hash": "1" * 64},
        {"added": "field"},
        {"sha256": "0" * 64},
        {"sha256": None},
    ],
)
def test_edited_manifest_is_refused(folder, edit):
    edit_manifest(folder, seal=False, **edit)
    assert "altered" in refused(folder, MANIFEST)


@pytest.mark.parametrize("field", ["space", "protocol", "protocol_hash", "files"])
def test_manifest_field_of_another_kind_is_refused(folder, field):
    edit_manifest(folder, **{field: 7})
    assert f"{field} is 7; expected" in refused(folder, MANIFEST)


@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize("file", FILES)
def test_manifest_without_an_entry_is_refused(folder, file, seal):
    files = json.loads((folder / MANIFEST).read_bytes())["files"]
    del files[file]
    edit_manifest(folder, seal=seal, files=files)
    refused(folder, MANIFEST)


@pytest.mark.parametrize("name", ["more.parquet", "../outside.parquet"])
def test_manifest_with_a_further_entry_is_refused(folder, name):
    files = json.loads((folder / MANIFEST).read_bytes())["files"]
    edit_manifest(folder, files=files | {name: files["runs.parquet"]})
    assert name in refused(folder, MANIFEST)


def test_manifest_without_any_entry_is_refused(folder):
    edit_manifest(folder, files={})
    assert "lists no files" in refused(folder, MANIFEST)


@pytest.mark.parametrize("entry", [None, 3, [], {}, {"rows": 1}, "0" * 64])
def test_entry_that_is_no_checksum_is_refused(folder, entry):
    files = json.loads((folder / MANIFEST).read_bytes())["files"]
    edit_manifest(folder, files=files | {"runs.parquet": entry})
    refused(folder, MANIFEST)


def renamed(table):
    return table.rename_columns(["kee", *table.column_names[1:]])


def without_last(table):
    return table.drop_columns(table.column_names[-1])


def with_one_more(table):
    return table.append_column("more", pa.nulls(len(table)))


def reordered(table):
    return table.select(table.column_names[::-1])


def as_bytes(table):
    return table.set_column(0, "key", table["key"].cast(pa.binary()))


@pytest.mark.parametrize("change", [renamed, without_last, with_one_more, reordered, as_bytes])
@pytest.mark.parametrize("file", FILES)
def test_other_columns_are_refused_though_the_checksum_is_right(folder, file, change):
    substitute(folder, file, parquet(change(pq.read_table(folder / file))))
    assert "columns are " in refused(folder, file)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1", b"key,name\n1,2\n"])
@pytest.mark.parametrize("file", FILES)
def test_what_is_not_parquet_is_refused_though_the_checksum_is_right(folder, file, data):
    substitute(folder, file, data)
    assert "not a Parquet file" in refused(folder, file)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("file", EVERY_FILE)
@pytest.mark.parametrize("vouched", [True, False])
def test_pickle_is_refused_and_never_unpickled(folder, file, vouched, tmp_path):
    data = pickle.dumps(Trap(tmp_path / "sprung"))
    if vouched and file in FILES:
        substitute(folder, file, data)
    else:
        (folder / file).write_bytes(data)
    refused(folder, file)
    assert not (tmp_path / "sprung").exists()


def test_the_trap_does_spring(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))  # noqa: S301  our own pickle
    assert (tmp_path / "sprung").exists()


# Failing writes


class Full(OSError):
    """No space left on device."""


@pytest.fixture
def fail(monkeypatch):
    """fail(method, file): from now on, that method of Path raises for that file."""

    def arrange(method, file):
        original = getattr(Path, method)

        def failing(self, *arguments):
            if self.name != f"{file}.tmp":
                return original(self, *arguments)
            if method == "write_bytes":
                original(self, arguments[0][: len(arguments[0]) // 2])
            raise Full

        monkeypatch.setattr(Path, method, failing)

    return arrange


@pytest.mark.parametrize("method", ["write_bytes", "replace"])
@pytest.mark.parametrize("file", EVERY_FILE)
def test_failed_write_leaves_no_half_file(make_table, tmp_path, fail, file, method):
    fail(method, file)
    with pytest.raises(Full):
        make_table(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert file not in left
    assert left <= set(FILES)  # whole ones, written before; no manifest, nothing temporary
    refused(tmp_path, MANIFEST)


@pytest.mark.parametrize("method", ["write_bytes", "replace"])
@pytest.mark.parametrize("file", EVERY_FILE)
def test_failed_rewrite_leaves_the_old_table_or_a_refusal(
    make_table, make_run, folder, fail, file, method
):
    before = contents(folder)
    fail(method, file)
    with pytest.raises(Full):
        make_table(folder, runs=[make_run("d4-s1-nearest-w8", "supervised", 0, 9.0)])
    assert set(contents(folder)) == set(EVERY_FILE)
    if file == next(iter(FILES)):
        assert contents(folder) == before
    else:
        with pytest.raises(InvalidTable, match="altered or cut short"):
            read_whole(folder)


def test_manifest_is_written_last(make_table, tmp_path, monkeypatch):
    order, original = [], Path.replace

    def spy(self, target):
        order.append(target.name)
        return original(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    make_table(tmp_path)
    assert order[-1] == MANIFEST
    assert sorted(order) == sorted(EVERY_FILE)


def test_file_in_place_of_the_folder_is_an_os_error(make_table, tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OSError, match="file"):
        make_table(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_value_of_another_kind_is_refused(make_rows, tmp_path):
    rows = make_rows()
    rows["architectures.parquet"][0]["depth"] = "deep"
    with pytest.raises(pa.ArrowInvalid, match="deep"):
        write_table(tmp_path, rows, {})
    assert not list(tmp_path.iterdir())


# The object


def test_length_is_the_number_of_architectures(table):
    assert len(table) == 4


def test_membership_by_name_key_and_architecture(table):
    measured = Architecture.parse("d1-s-bilinear-w8")
    assert measured in table
    assert measured.name in table
    assert measured.key in table


@pytest.mark.parametrize("task", ["denoise25", "", None, 3, (), "d1-s-bilinear-w16", "0" * 64])
def test_anything_else_is_no_member(table, task):
    assert task not in table


def test_unmeasured_architecture_is_no_member(table):
    other = Architecture.parse("d1-s-bilinear-w16")
    assert other not in table
    assert other.key not in table


def test_null_name_is_no_member(make_rows, make_table, tmp_path):
    rows = make_rows()
    rows["architectures.parquet"][0]["name"] = None
    table = Table.read(make_table(tmp_path, rows=rows))
    assert None not in table
    assert rows["architectures.parquet"][0]["key"] in table


def test_frame_has_one_row_per_architecture_and_all_columns(table):
    assert list(table.frame.columns) == [c.name for c in FILES["architectures.parquet"]]
    assert set(table.frame["name"]) == {row["name"] for row in table.architectures.to_pylist()}
    assert table.frame.set_index("name")["dip_rmse"]["d1-s-bilinear-w8"] == 26.5


def test_what_is_handed_out_can_be_changed_without_harm(table):
    frame, manifest = table.frame, table.manifest
    frame["dip_rmse"] /= 255
    frame.loc[0, "name"] = "another"
    manifest["protocol"]["name"] = "another"
    features = table.features()
    features["depth"] = 0
    features.loc[features.index[0], "params"] = 0
    again = Table.read(table.folder)
    pd.testing.assert_frame_equal(table.frame, again.frame)
    pd.testing.assert_frame_equal(table.features(), again.features())
    assert table.protocol == table.manifest["protocol"]["name"] == "synthetic-v1"


def test_repr_names_protocol_and_size(table):
    assert repr(table) == "<dipbench table synthetic-v1: 4 architectures>"


def test_units_are_kept_in_the_file(folder):
    schema = pq.read_schema(folder / "runs.parquet")
    assert schema.field("peak_rmse").metadata[b"unit"] == b"grey levels"


# The embedded table


def test_embedded_table_loads_whole():
    table = Table.read(entry(PROTOCOL).folder)
    assert len(table) == len(set(table.frame["key"])) > 0
    for file, found in zip(FILES, read_whole(entry(PROTOCOL).folder), strict=True):
        assert found.schema.equals(arrow_schema(FILES[file]))
        assert len(found) == table.manifest["files"][file]["rows"]


def test_embedded_table_is_loaded_once():
    assert load() is load()


def test_embedded_keys_are_those_of_the_names():
    for row in load().architectures.to_pylist():
        assert Architecture.parse(row["name"]).key == row["key"]


def test_embedded_runs_and_curves_belong_to_its_architectures():
    table = load()
    keys = set(table.frame["key"])
    assert set(table.runs["key"].to_pylist()) == keys
    assert set(table.curves["key"].to_pylist()) <= keys
    assert set(table.runs["protocol_hash"].to_pylist()) == {table.manifest["protocol_hash"]}


def test_a_folder_is_read_anew_each_time(table_folder):
    assert load(table_folder) is not load(table_folder)
    assert load(str(table_folder)).manifest == load(table_folder).manifest
