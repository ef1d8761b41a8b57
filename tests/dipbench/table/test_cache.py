"""Memory-mapped tables answer as those in memory; the cache survives damage, races and disks."""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import dipbench.table.cache
from dipbench import Architecture, InvalidTable, NotInTable, load, query, query_many
from dipbench.files import cache_folder, temporary_cache
from dipbench.table.cache import mapped_rows
from dipbench.table.catalogue import PROTOCOL, entry
from dipbench.table.manifest import complete, digest
from dipbench.table.schema import FILES
from dipbench.table.table import Table

ROOT = Path(__file__).parents[3]
FILE = "architectures.parquet"
MEASURED = [
    "d1-s-bilinear-w8",
    "d2-s0-nearest-w16",
    "d3-s-transposed-w8",
    "d3-s02-bilinear-w16",
]
TASKS = [("denoise25", "inpaint50"), ("inpaint50",), ("denoise25",), ("inpaint50", "denoise25")]
ABSENT = ["d5-s024-bilinear-w16", "0" * 64, "malformed", "", " " * 3, "d1-s-bilinear-w9"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The cache folder; nobody has made it yet."""
    monkeypatch.setenv("DIPBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(params=[0, 2])
def few(request, monkeypatch):
    """Files of more than none, or more than two rows count as big."""
    monkeypatch.setattr("dipbench.table.table.MANY_ROWS", request.param)


@pytest.fixture
def big(monkeypatch):
    """Every file that has rows counts as big."""
    monkeypatch.setattr("dipbench.table.table.MANY_ROWS", 0)


@pytest.fixture
def folder(make_table, tmp_path):
    """A table of this test's own, to be damaged."""
    return make_table(tmp_path / "table")


@pytest.fixture(scope="session")
def two_tasks(make_table, make_run, tmp_path_factory):
    """A table where some architectures have two tasks, and some only the second."""
    runs = [
        make_run(name, "supervised", seed, score + seed, task=task)
        for name, score, tasks in zip(MEASURED, (9.0, 13.0, 11.0, 12.0), TASKS, strict=True)
        for seed in (0, 1)
        for task in tasks
    ]
    return make_table(tmp_path_factory.mktemp("two-tasks"), runs=runs)


def entries(cache):
    return sorted(cache.iterdir()) if cache.exists() else []


def stated(folder, file=FILE):
    return Table.read(folder).manifest["files"][file]["sha256"]


def listed(rows):
    """All rows of a `pyarrow.Table` as text, where NaN equals NaN."""
    return repr(rows.to_pylist())


def outcome(function, *arguments, **options):
    """What a call answers, or how it is refused, as text that NaN does not trouble."""
    try:
        return repr(function(*arguments, **options))
    except (ValueError, NotInTable) as error:
        return f"{type(error).__name__}: {error}"


def notations(name):
    a = Architecture.parse(name)
    return [name, a.key, a, a.graph]


def both(folder, monkeypatch, many=0):
    """The table in memory and the table memory-mapped."""
    monkeypatch.setattr("dipbench.table.table.MANY_ROWS", 10**9)
    in_memory = Table.read(folder)
    monkeypatch.setattr("dipbench.table.table.MANY_ROWS", many)
    return in_memory, Table.read(folder)


@pytest.fixture(params=[0, 2])
def pair(request, table_folder, monkeypatch):
    return both(table_folder, monkeypatch, request.param)


@pytest.fixture
def task_pair(two_tasks, monkeypatch):
    return both(two_tasks, monkeypatch)


# The same answers


@pytest.mark.parametrize("seed", [None, 0, 1, 7])
@pytest.mark.parametrize("image", [None, "camera-a", "camera-z"])
def test_every_query_is_answered_the_same(pair, seed, image):
    asked = [a for name in MEASURED for a in notations(name)] + ABSENT
    for architecture in asked:
        in_memory, mapped = (
            outcome(query, architecture, seed=seed, image=image, table=table) for table in pair
        )
        assert mapped == in_memory


def test_some_of_these_queries_are_answered(pair):
    assert [query(name, table=pair[1]).name for name in MEASURED] == MEASURED


@pytest.mark.parametrize("mode", ["dip", "supervised", "neither"])
def test_every_curve_is_the_same(pair, mode):
    for name in MEASURED:
        for seed in (None, 0):
            in_memory, mapped = (
                outcome(query(name, seed=seed, table=table).curve, mode) for table in pair
            )
            assert mapped == in_memory


@pytest.mark.parametrize("options", [{}, {"seed": 0}, {"image": "camera-a", "seed": 0}])
@pytest.mark.parametrize("order", [1, -1])
def test_many_at_once_are_the_same(pair, options, order):
    measured = MEASURED[:3] if "image" not in options else MEASURED[:1]
    asked = [a for name in measured for a in notations(name)][::order]
    in_memory, mapped = (query_many(asked, **options, table=table) for table in pair)
    assert_frame_equal(mapped, in_memory)
    assert len(mapped) == len(asked)


@pytest.mark.parametrize("asked", [[], [ABSENT[0]], [MEASURED[0], ABSENT[1]], ["malformed"]])
def test_none_or_absent_ones_among_many_are_the_same(pair, asked):
    in_memory, mapped = (outcome(query_many, asked, table=table) for table in pair)
    assert mapped == in_memory


def test_membership_length_and_text_are_the_same(pair):
    in_memory, mapped = pair
    asked = [a for name in MEASURED for a in notations(name)[:3]] + [*ABSENT, None, 3, ()]
    assert [item in mapped for item in asked] == [item in in_memory for item in asked]
    assert len(mapped) == len(in_memory) == 4
    assert repr(mapped) == repr(in_memory)
    assert mapped.tasks == in_memory.tasks


def test_all_rows_are_the_same(pair):
    in_memory, mapped = pair
    assert_frame_equal(mapped.frame, in_memory.frame)
    assert listed(mapped.architectures) == listed(in_memory.architectures)
    assert listed(mapped.runs) == listed(in_memory.runs)
    assert listed(mapped.curves) == listed(in_memory.curves)


def test_the_embedded_table_is_the_same(monkeypatch):
    in_memory, mapped = both(entry(PROTOCOL).folder, monkeypatch)
    assert_frame_equal(mapped.frame, in_memory.frame)
    names = list(in_memory.frame["name"])
    assert_frame_equal(query_many(names, table=mapped), query_many(names, table=in_memory))
    assert listed(mapped.runs) == listed(in_memory.runs)
    assert listed(mapped.curves) == listed(in_memory.curves)


@pytest.mark.parametrize("task", ["denoise25", "inpaint50", "other"])
def test_two_tasks_are_the_same(task_pair, task):
    in_memory, mapped = task_pair
    assert mapped.tasks == {"denoise25", "inpaint50"}
    for asked in (a for name in MEASURED for a in notations(name)):
        found = [outcome(query, asked, task, table=table) for table in task_pair]
        assert found[0] == found[1]
        many = [outcome(query_many, [asked], task, table=table) for table in task_pair]
        assert many[0] == many[1]
    assert mapped.locate(MEASURED, task).tolist() == in_memory.locate(MEASURED, task).tolist()


def test_each_task_has_its_own_rows(task_pair):
    for table in task_pair:
        for task in ("denoise25", "inpaint50"):
            names = [n for n, tasks in zip(MEASURED, TASKS, strict=True) if task in tasks]
            frame = query_many(names, task, table=table)
            assert list(zip(frame["name"], frame["task"], strict=True)) == [
                (name, task) for name in names
            ]
            (other,) = set(MEASURED) - set(names)
            assert table.locate([other], task).tolist() == [-1]
            assert other in table


def test_rows_without_names_are_the_same(make_rows, make_table, tmp_path, monkeypatch):
    rows = make_rows()
    for row in rows[FILE]:
        row["name"] = None
    in_memory, mapped = both(make_table(tmp_path / "nameless", rows=rows), monkeypatch)
    assert MEASURED[0] not in mapped
    for row in rows[FILE]:
        assert outcome(query, row["key"], table=mapped) == outcome(
            query, row["key"], table=in_memory
        )


@pytest.mark.usefixtures("few")
def test_rows_of_an_unsorted_file_are_found(make_rows, make_table, tmp_path):
    rows = {file: rows[::-1] for file, rows in make_rows().items()}
    table = Table.read(make_table(tmp_path / "backwards", rows=rows))
    assert [query(name, table=table).name for name in MEASURED] == MEASURED
    assert table.runs["key"].to_pylist() == sorted(table.runs["key"].to_pylist())


def test_a_file_without_rows_is_never_big(make_table, tmp_path, monkeypatch, cache):
    in_memory, mapped = both(make_table(tmp_path / "empty", runs=[]), monkeypatch)
    assert len(mapped) == len(in_memory) == 0
    assert entries(cache) == []


# What is in the cache, and when


@pytest.mark.usefixtures("big")
def test_an_entry_is_made_when_the_file_is_first_used(folder, cache):
    table = Table.read(folder)
    assert entries(cache) == []
    assert len(table.runs) == 14
    assert [entry.name for entry in entries(cache)] == [f"{stated(folder, 'runs.parquet')}-1"]


@pytest.mark.usefixtures("big")
def test_verify_makes_all_entries(folder, cache):
    Table.read(folder).verify()
    expected = sorted(f"{stated(folder, file)}-1" for file in FILES)
    assert [entry.name for entry in entries(cache)] == expected


def test_small_tables_leave_the_cache_alone(folder, cache):
    table = Table.read(folder)
    table.verify()
    assert len(table.frame) == 4
    query(MEASURED[0], seed=0, table=table).curve("dip")
    assert not cache.exists()


def test_as_many_rows_as_the_limit_are_small(folder, cache, monkeypatch):
    monkeypatch.setattr("dipbench.table.table.MANY_ROWS", 12)
    Table.read(folder).verify()
    assert [entry.name for entry in entries(cache)] == [f"{stated(folder, 'runs.parquet')}-1"]


@pytest.fixture
def hashed(monkeypatch):
    """The names of the files that were hashed for the cache."""
    names, original = [], digest

    def spy(path):
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(dipbench.table.cache, "digest", spy)
    return names


@pytest.mark.usefixtures("big")
def test_a_big_file_is_hashed_once(folder, hashed):
    Table.read(folder).verify()
    assert sorted(hashed) == sorted(FILES)
    Table.read(folder).verify()
    assert len(query_many(MEASURED[:2], table=Table.read(folder))) == 2
    assert sorted(hashed) == sorted(FILES)


@pytest.mark.usefixtures("big")
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"damaged")])
def test_once_copied_the_parquet_is_not_read_again(folder, damage):
    before = listed(Table.read(folder).architectures)
    damage(folder / FILE)
    table = Table.read(folder)
    assert listed(table.architectures) == before
    assert query(MEASURED[0], table=table).name == MEASURED[0]


@pytest.mark.usefixtures("big")
def test_tables_of_the_same_file_share_an_entry(make_table, folder, tmp_path, cache):
    other = make_table(tmp_path / "other")
    assert listed(Table.read(folder).architectures) == listed(Table.read(other).architectures)
    assert len(entries(cache)) == 1


@pytest.mark.usefixtures("big")
def test_changed_rows_are_another_entry(make_table, make_run, folder, cache):
    assert len(Table.read(folder)) == 4
    make_table(folder, runs=[make_run("d4-s1-nearest-w8", "supervised", 0, 9.0)])
    assert len(Table.read(folder)) == 1
    assert len(entries(cache)) == 2


# Files that are not those of the manifest


def flipped(data):
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


def cut(data):
    return data[: len(data) // 2]


def emptied(data):
    return b""


def lengthened(data):
    return data + b"\0"


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("change", [flipped, cut, emptied, lengthened])
@pytest.mark.parametrize("file", FILES)
def test_altered_file_is_refused_and_leaves_no_entry(folder, cache, file, change):
    (folder / file).write_bytes(change((folder / file).read_bytes()))
    table = Table.read(folder)
    with pytest.raises(InvalidTable, match="altered or cut short") as caught:
        table.verify()
    assert str(caught.value).startswith(f"{folder / file}: ")
    others = {f"{entry['sha256']}-1" for f, entry in table.manifest["files"].items() if f != file}
    assert {entry.name for entry in entries(cache)} <= others


@pytest.mark.usefixtures("big")
def test_missing_file_is_refused_when_it_is_used(folder, cache):
    (folder / FILE).unlink()
    table = Table.read(folder)
    for _ in range(2):
        with pytest.raises(InvalidTable, match="No such file") as caught:
            len(table)
        assert str(caught.value).startswith(f"{folder / FILE}: ")
    assert entries(cache) == []


@pytest.mark.usefixtures("big")
def test_a_refused_file_is_read_again_when_it_is_whole_again(folder):
    data = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(data[:-1])
    table = Table.read(folder)
    with pytest.raises(InvalidTable):
        len(table)
    (folder / FILE).write_bytes(data)
    assert len(table) == 4


def substitute(folder, data):
    """Put `data` in place of the first file, with a manifest that vouches for it."""
    (folder / FILE).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    entry = {"rows": 4, "sha256": hashlib.sha256(data).hexdigest()}
    manifest = complete(manifest, manifest["files"] | {FILE: entry})
    (folder / "manifest.json").write_text(json.dumps(manifest))


def parquet(table):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def with_key(array):
    return lambda table: table.set_column(0, "key", array(table["key"]))


def without_last(table):
    return table.drop_columns(table.column_names[-1])


def without_key(table):
    return table.drop_columns("key")


def with_one_more(table):
    return table.append_column("more", pa.nulls(len(table)))


def with_another_prefix(table):
    return table.append_column("prefix", pa.array([0] * len(table), pa.uint64()))


def reordered(table):
    return table.select(table.column_names[::-1])


bytes_as_keys = with_key(lambda keys: keys.cast(pa.binary()))
numbers_as_keys = with_key(lambda keys: pa.array(range(len(keys))))
long_strings_as_keys = with_key(lambda keys: keys.cast(pa.large_string()))
dictionary_of_keys = with_key(lambda keys: keys.dictionary_encode())


def refused(folder, message):
    with pytest.raises(InvalidTable, match=message) as caught:
        len(Table.read(folder))
    assert str(caught.value).startswith(f"{folder / FILE}: ")


@pytest.mark.usefixtures("big")
@pytest.mark.parametrize(
    "change",
    [
        without_last,
        with_one_more,
        reordered,
        bytes_as_keys,
        without_key,
        numbers_as_keys,
        long_strings_as_keys,
        dictionary_of_keys,
        with_another_prefix,
    ],
)
def test_other_columns_are_refused_though_the_checksum_is_right(folder, change):
    substitute(folder, parquet(change(pq.read_table(folder / FILE))))
    refused(folder, "columns are ")


@pytest.mark.usefixtures("big")
@pytest.mark.parametrize("key", [None, "0" * 63, "x" * 64])
def test_wrong_keys_are_refused_though_the_checksum_is_right(folder, key):
    change = with_key(lambda keys: pa.array([*keys.to_pylist()[1:], key], pa.string()))
    substitute(folder, parquet(change(pq.read_table(folder / FILE))))
    refused(folder, "the column key has other than")


@pytest.mark.usefixtures("big")
@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1", b"key,name\n1,2\n"])
def test_what_is_not_parquet_is_refused_though_the_checksum_is_right(folder, data):
    substitute(folder, data)
    refused(folder, "not a Parquet file")


@pytest.mark.usefixtures("big")
def test_what_cannot_be_copied_leaves_nothing(folder, cache):
    substitute(folder, b"PAR1")
    with pytest.raises(ValueError, match="Parquet"):
        len(Table.read(folder))
    assert entries(cache) == []


# Damaged and half-made entries


def contents(entry):
    return {path.name: path.read_bytes() for path in entry.iterdir()}


def replace(path, data):
    path.unlink()  # a file that is mapped must not shrink under its readers
    path.write_bytes(data)


def truncate(path):
    replace(path, path.read_bytes()[:-1])


def empty(path):
    replace(path, b"")


@pytest.mark.usefixtures("big")
@pytest.mark.parametrize("damage", [truncate, empty, Path.unlink])
@pytest.mark.parametrize("file", ["rows.arrow", "names.npy", "sizes.json"])
def test_a_damaged_entry_is_made_anew(folder, cache, file, damage):
    before = listed(Table.read(folder).architectures)
    (entry,) = entries(cache)
    whole = contents(entry)
    damage(entry / file)
    assert listed(Table.read(folder).architectures) == before
    assert query(MEASURED[1], table=Table.read(folder)).name == MEASURED[1]
    assert entries(cache) == [entry]
    assert contents(entry) == whole


@pytest.mark.usefixtures("big")
def test_a_damaged_entry_is_refused_where_the_parquet_is_gone(folder, cache):
    len(Table.read(folder))
    truncate(entries(cache)[0] / "rows.arrow")
    (folder / FILE).unlink()
    with pytest.raises(InvalidTable, match="No such file"):
        len(Table.read(folder))


@pytest.mark.usefixtures("big")
def test_an_entry_without_sizes_is_replaced(folder, cache):
    entry = cache / f"{stated(folder)}-1"
    entry.mkdir(parents=True)
    (entry / "rows.arrow").write_bytes(b"half")
    assert len(Table.read(folder)) == 4
    assert entries(cache) == [entry]
    assert sorted(contents(entry)) == ["names.npy", "records.npy", "rows.arrow", "sizes.json"]


@pytest.mark.usefixtures("big")
def test_a_half_made_entry_is_ignored(folder, cache):
    left = cache / f"{stated(folder)}-1.abandoned"
    left.mkdir(parents=True)
    (left / "rows.arrow").write_bytes(b"half")
    assert len(Table.read(folder)) == 4
    assert contents(left) == {"rows.arrow": b"half"}


@pytest.mark.usefixtures("big")
def test_a_full_disk_leaves_nothing_and_can_be_tried_again(folder, cache, monkeypatch):
    def full(*arguments):
        raise OSError("no space left")

    table = Table.read(folder)
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with pytest.raises(OSError, match="no space left"):
            len(table)
    assert entries(cache) == []
    assert len(table) == 4


@pytest.mark.usefixtures("big")
def test_a_cache_below_a_regular_file_is_an_error_that_names_it(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("kept")
    monkeypatch.setenv("DIPBENCH_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=str(tmp_path / "file")):
        len(Table.read(folder))
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.usefixtures("big")
def test_a_cache_that_is_a_regular_file_is_an_error_that_names_it(folder, cache):
    cache.write_text("kept")
    with pytest.raises(OSError, match=str(cache)):
        len(Table.read(folder))
    assert cache.read_text() == "kept"


# Two at once


@pytest.mark.parametrize("moment", ["_write", "rename"])
def test_another_process_that_is_faster_is_no_error(folder, cache, monkeypatch, moment):
    """The other one makes the entry while this one builds, or just before this one's rename."""
    owner = dipbench.table.cache if moment == "_write" else Path
    original, sha256 = getattr(owner, moment), stated(folder)

    def overtaken(*arguments):
        with monkeypatch.context() as patch:
            patch.setattr(owner, moment, original)
            assert len(mapped_rows(folder / FILE, sha256, lambda schema: None)) == 4
        return original(*arguments)

    monkeypatch.setattr(owner, moment, overtaken)
    assert mapped_rows(folder / FILE, sha256, lambda schema: None).table.num_rows == 4
    assert [entry.name for entry in entries(cache)] == [f"{sha256}-1"]


SCRIPT = """
import sys, time
from pathlib import Path
import dipbench.table.table
from dipbench import load

dipbench.table.table.MANY_ROWS = 0
folder, barrier, me = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
table = load(folder)
import pyarrow.parquet
(barrier / me).touch()
while len(list(barrier.iterdir())) < 2:
    time.sleep(0.001)
table.verify()
print(len(table), len(table.runs), len(table.curves))
"""


def test_two_processes_at_once_make_one_entry_of_each_file(folder, cache, tmp_path):
    barrier = tmp_path / "barrier"
    barrier.mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, folder, barrier, me],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for me in "ab"
    ]
    assert [p.communicate() for p in processes] == [("4 14 12\n", "")] * 2
    assert [entry.name for entry in entries(cache)] == sorted(
        f"{stated(folder, file)}-1" for file in FILES
    )


@pytest.mark.usefixtures("big")
def test_threads_at_once(folder, cache):
    shared = Table.read(folder)
    tables = [Table.read(folder) for _ in range(6)] + [shared] * 6
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda table: len(table.runs), tables)) == [14] * 12
    assert len(entries(cache)) == 1


# Where it is


def test_the_cache_is_where_the_variable_says(cache):
    assert cache_folder() == cache


def test_else_it_is_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("DIPBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "dipbench"


@pytest.mark.parametrize("empty", [True, False])
def test_else_it_is_below_the_home_folder(monkeypatch, tmp_path, empty):
    for variable in ("DIPBENCH_CACHE", "XDG_CACHE_HOME"):
        if empty:
            monkeypatch.setenv(variable, "")
        else:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "dipbench"


def test_a_tilde_in_the_variable_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DIPBENCH_CACHE", "~/dip")
    assert cache_folder() == tmp_path / "dip"


@pytest.mark.usefixtures("big")
def test_without_a_home_a_temporary_folder_serves(folder, monkeypatch):
    def nobody(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("DIPBENCH_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", nobody)
    temporary_cache.cache_clear()
    with pytest.warns(UserWarning, match="no home folder; using .*dipbench-cache-"):
        assert len(Table.read(folder).runs) == 14
    assert entries(cache_folder()) != []
    assert cache_folder().stat().st_mode & 0o077 == 0


def test_asking_where_it_is_makes_nothing(cache):
    cache_folder()
    assert not cache.exists()


@pytest.mark.usefixtures("big")
def test_the_variable_is_read_when_it_is_needed(folder, cache, tmp_path, monkeypatch):
    table = load(folder)
    monkeypatch.setenv("DIPBENCH_CACHE", str(tmp_path / "elsewhere"))
    assert len(table) == 4
    assert len(entries(tmp_path / "elsewhere")) == 1
    assert not cache.exists()
