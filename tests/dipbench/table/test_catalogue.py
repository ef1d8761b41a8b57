"""The embedded tables: found by looking, named, and the right one asked."""

import shutil
from pathlib import Path
from typing import cast

import pytest

from dipbench import (
    Architecture,
    InvalidArchitecture,
    InvalidTable,
    NotInTable,
    Space,
    load,
    query,
    query_many,
    tables,
)
from dipbench.cli import main
from dipbench.nas import Problem
from dipbench.table import catalogue
from dipbench.table.catalogue import PROTOCOL, Entry, entries, entry, for_task
from dipbench.table.table import Table, write_table

NAME = "d1-s-bilinear-w8"
OTHER = "d2-s0-nearest-w16"
BIG = "u3-snow-ubbt-c2-w16g-x1"


@pytest.fixture
def data(tmp_path, monkeypatch, make_run, make_rows):
    """Seven small tables in a folder of their own; the score says which table it is of."""

    def write(protocol, space, task, score, *names):
        runs = [make_run(name, "supervised", 0, score, task=task) for name in names or (NAME,)]
        rows = make_rows(runs)
        if space == "unet64":
            big = {"name": BIG, "key": Space("unet64").parse(BIG).key}
            big |= {"skips": None, "upsample": None, "width": None}
            for file, listed in rows.items():
                rows[file] = [row | {c: v for c, v in big.items() if c in row} for row in listed]
        stated = {"name": protocol} | ({} if task is None else {"task": task})
        manifest = {"space": space, "protocol": stated, "protocol_hash": "0" * 64}
        write_table(tmp_path / protocol, rows, manifest)

    write("core64-v1", "core64", "denoise25", 1.0, NAME, OTHER)
    write("core64-still-v1", "core64", "denoise25", 2.0)
    write("core64-long-v1", "core64", "denoise25", 3.0)
    write("core64-inpaint50-v1", "core64", "inpaint50", 4.0)
    write("unet64-v1", "unet64", "denoise25", 5.0)
    write("core64-odd-v1", "core64", "odd", 6.0)
    write("another-v1", "another", "denoise25", 7.0)
    (tmp_path / "no table").mkdir()
    (tmp_path / "README").write_text("not a folder")
    monkeypatch.setattr(catalogue, "DATA", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("data")
def test_primary_protocols_come_first_and_spaces_in_their_order():
    assert tables() == (
        "core64-v1",
        "core64-inpaint50-v1",
        "core64-odd-v1",
        "unet64-v1",
        "another-v1",
        "core64-long-v1",
        "core64-still-v1",
    )


@pytest.mark.parametrize(
    ("protocol", "task", "primary"),
    [
        ("core64-v1", "denoise25", True),
        ("core64-v2", "denoise25", True),
        ("core64-inpaint50-v1", "inpaint50", True),
        ("core64-inpaint50-v1", "denoise25", False),
        ("core64-long-v1", "denoise25", False),
        ("core64-v1", "inpaint50", False),
        ("unet64-v1", "denoise25", False),
    ],
)
def test_a_protocol_is_primary_if_it_says_space_task_and_version(protocol, task, primary):
    assert Entry(protocol, "core64", task, Path()).primary is primary


def test_each_is_loaded_by_name_and_once(data):
    for found in entries():
        table = load(protocol=found.protocol)
        assert (table.protocol, table.space_name) == (found.protocol, found.space)
        assert load(protocol=found.protocol) is table
    assert load() is load(protocol="core64-v1")
    with pytest.raises(ValueError, match="protocol is 'core65-v1'; expected one of core64-v1, co"):
        load(protocol="core65-v1")
    with pytest.raises(ValueError, match=r"path .* and protocol 'core64-v1'; expected one of them"):
        load(data, protocol="core64-v1")


@pytest.mark.parametrize("path", [3, ["a"], b"folder"])
def test_what_is_no_folder_is_named(path):
    with pytest.raises(ValueError, match=r"path is .*; expected a folder"):
        load(path)


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("asked", "task", "score"),
    [
        (NAME, "denoise25", 1),
        (NAME, "inpaint50", 4),
        (NAME, "odd", 6),
        (BIG, "denoise25", 5),
        ("u1-so-ub-c1-w8-x", "denoise25", 1),  # the twin of NAME
        ("u1-so-ub-c1-w8-x", "inpaint50", 4),
    ],
)
def test_the_primary_table_of_space_and_task_answers_every_notation(asked, task, score):
    architecture = Space("unet64").parse(asked)
    for notation in (asked, architecture, architecture.graph, architecture.key, asked):
        result = query(notation, task)
        assert (result.supervised_rmse, result.task) == (score, task)
        assert result.curve("supervised").n_runs == 1


@pytest.mark.usefixtures("data")
def test_one_table_is_asked_where_it_is_named():
    assert query(NAME, table=load(protocol="core64-long-v1")).supervised_rmse == 3
    with pytest.raises(NotInTable, match="task 'odd' was not measured; expected one of denoise25"):
        query(NAME, "odd", table=load(protocol="core64-long-v1"))


@pytest.mark.usefixtures("data")
def test_an_unknown_task_lists_those_that_there_are():
    for asked in (NAME, BIG, Architecture.parse(NAME)):
        with pytest.raises(NotInTable) as error:
            query(asked, "blur")
        tasks = "denoise25, inpaint50, odd"
        assert str(error.value) == f"task 'blur' was not measured; expected one of {tasks}"
    with pytest.raises(NotInTable, match="task 'blur'"):
        Problem(task="blur")
    with pytest.raises(InvalidArchitecture, match="malformed name 'nonsense'"):
        query("nonsense", "blur")


@pytest.mark.usefixtures("data")
def test_what_was_not_measured_is_said_of_the_table_of_its_space():
    unet = Space("unet64")
    with pytest.raises(NotInTable, match=r"u1-.* is not among the 1 architectures .* unet64-v1"):
        query(unet[0])
    with pytest.raises(NotInTable, match=r"d5-s-.* is not among the 2 architectures .* core64-v1"):
        query("d5-s-nearest-w8")
    with pytest.raises(NotInTable, match=r"d2-s0-.* is not among the 1 .* core64-inpaint50-v1"):
        query(OTHER, "inpaint50")
    with pytest.raises(InvalidArchitecture, match="malformed name 'nonsense'"):
        query("nonsense")


@pytest.mark.usefixtures("data")
def test_many_are_asked_across_tables_in_their_order():
    asked = [BIG, NAME, Architecture.parse(OTHER), Space("unet64").parse(BIG), NAME]
    frame = query_many(asked)
    assert frame["supervised_rmse"].tolist() == [5, 1, 1, 5, 1]
    assert frame["name"].tolist() == [BIG, NAME, OTHER, BIG, NAME]
    assert frame.index.tolist() == list(range(5))
    assert query_many(asked, seed=0)["supervised_rmse"].tolist() == [5, 1, 1, 5, 1]
    assert query_many([NAME], "inpaint50")["supervised_rmse"].tolist() == [4]
    assert len(query_many([])) == 0
    with pytest.raises(NotInTable, match="d5-s-nearest-w8"):
        query_many([BIG, "d5-s-nearest-w8"])


@pytest.mark.usefixtures("data")
def test_a_problem_is_of_the_table_of_its_task():
    assert Problem(task="inpaint50").protocol == "core64-inpaint50-v1"
    assert Problem().protocol == "core64-v1"
    big = Problem(table=load(protocol="unet64-v1"))
    assert big.architectures == (Space("unet64").parse(BIG),)
    assert big.evaluate(BIG).values == (6,)


@pytest.mark.usefixtures("data")
def test_the_command_line_finds_them_by_task_and_by_name(capsys):
    def rmse(*arguments):
        assert main(["query", *arguments, "--json"]) == 0
        return capsys.readouterr().out.split('"supervised_rmse": ')[1].split(",")[0]

    assert rmse(NAME) == "1.0"
    assert rmse(NAME, "--task", "inpaint50") == "4.0"
    assert rmse(BIG) == "5.0"
    assert rmse(NAME, "--table", "core64-still-v1") == "2.0"


def test_a_table_that_is_added_needs_its_folder_alone(data, tmp_path_factory, monkeypatch):
    more = tmp_path_factory.mktemp("more")
    for path in data.glob("*-v1"):
        shutil.copytree(path, more / path.name)
    shutil.rmtree(more / "core64-inpaint50-v1")
    monkeypatch.setattr(catalogue, "DATA", more)
    assert "core64-inpaint50-v1" not in tables()
    with pytest.raises(NotInTable, match="task 'inpaint50' was not measured"):
        query(NAME, "inpaint50")


def test_a_damaged_manifest_is_named(data):
    (data / "core64-odd-v1" / "manifest.json").write_text("{")
    with pytest.raises(InvalidTable, match="core64-odd-v1"):
        tables()


def test_the_embedded_tables_are_where_their_names_say():
    assert PROTOCOL in tables()
    for found in entries():
        assert found.folder.name == found.protocol
        assert load(protocol=found.protocol).tasks == {found.task}
    assert entry(PROTOCOL).primary
    assert for_task("denoise25")[0] == entry(PROTOCOL)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "/tmp"}, "table is '/tmp'; expected dipbench.load"),
        ({"task": ["denoise25"]}, "task is .*; expected a name such as 'denoise25'"),
    ],
)
def test_arguments_of_another_type_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        query(NAME, **arguments)
    with pytest.raises(ValueError, match=message):
        query_many([NAME], **arguments)


def test_one_name_is_not_many():
    with pytest.raises(ValueError, match=r"architectures is 'd1-.*'; expected several, such as"):
        query_many(NAME)
    with pytest.raises(ValueError, match=r"table is '/nope'; expected dipbench.load\('/nope'\)"):
        Problem(table=cast(Table, "/nope"))
