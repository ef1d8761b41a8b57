"""The command line: what it prints, and one line with exit code 2 for every error of use."""

import json
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from dipbench import Architecture, canonical_key, depth, load, macs, params, query, slc
from dipbench.cli import main
from dipbench.result import COLUMNS

BOTH = "d1-s-bilinear-w8"
ONLY_SUPERVISED = "d3-s02-bilinear-w16"


@pytest.fixture
def run(capsys):
    """run(*arguments): what is printed by a command that succeeds."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        return out

    return call


@pytest.fixture
def fail(capsys):
    """fail(*arguments): the message of a command that fails, as each must."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
        assert err.endswith("\n")
        assert len(err.splitlines()) == 1
        return err.removeprefix("error: ").rstrip("\n")

    return call


@pytest.fixture
def graph():
    """A network outside the space: input, two convolutions side by side, output."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("x", op="input")
    graph.add_node("a", op="conv3", channels=3)
    graph.add_node("b", op="skip1", channels=2)
    graph.add_node("join", op="concat")
    graph.add_node("y", op="output")
    nx.add_path(graph, ["x", "a", "join", "y"])
    nx.add_path(graph, ["x", "b", "join"])
    return graph


@pytest.fixture
def save(tmp_path):
    """save(graph, edges): its file in node-link form."""

    def write(graph, edges="edges"):
        path = tmp_path / "graph.json"
        path.write_text(json.dumps(nx.node_link_data(graph, edges=edges)))
        return path

    return write


def strict_json(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def shown(text):
    """Name and value of each printed line."""
    return dict(line.split(maxsplit=1) for line in text.splitlines())


# query


def test_query_prints_scores_with_their_names(run, table_folder):
    lines = shown(run("query", BOTH, "--table", table_folder))
    assert list(lines) == COLUMNS
    assert lines["name"] == BOTH
    assert lines["dip_rmse"] == "26.500"
    assert lines["supervised_seconds"] == "8.000 s"
    assert lines["seed"] == lines["image"] == "-"
    assert lines["n_fits"] == "4"


def test_query_shows_a_dash_where_nothing_was_measured(run, table_folder):
    lines = shown(run("query", ONLY_SUPERVISED, "--table", table_folder))
    assert lines["dip_rmse"] == lines["dip_seconds"] == "-"


def test_query_json_agrees_with_the_library(run, table_folder):
    found = strict_json(run("query", BOTH, "--json", "--table", table_folder))
    result = query(BOTH, table=load(table_folder))
    values = {name: getattr(result, name) for name in COLUMNS}
    assert found == {name: None if value != value else value for name, value in values.items()}


def test_query_json_has_null_for_nan(run, table_folder):
    found = strict_json(run("query", ONLY_SUPERVISED, "--json", "--table", table_folder))
    assert found["dip_rmse"] is None
    assert found["dip_std"] is None
    assert (found["supervised_rmse"], found["n_fits"]) == (18.5, 0)


def test_query_of_one_seed_and_image(run, table_folder):
    where = ["--seed", 1, "--image", "camera-b", "--table", table_folder, "--json"]
    found = strict_json(run("query", BOTH, *where))
    assert (found["seed"], found["image"]) == (1, "camera-b")
    assert (found["supervised_rmse"], found["dip_rmse"], found["n_fits"]) == (14, 32, 1)


def test_query_of_a_task(run, make_run, make_table, tmp_path):
    make_table(tmp_path, runs=[make_run(BOTH, "supervised", 0, 7.0, task="inpaint50")])
    where = ["--task", "inpaint50", "--table", tmp_path, "--json"]
    assert strict_json(run("query", BOTH, *where))["supervised_rmse"] == 7


def test_query_by_key(run, table_folder):
    key = Architecture.parse(BOTH).key
    by_key = run("query", key, "--table", table_folder)
    assert by_key == run("query", BOTH, "--table", table_folder)


def test_query_of_a_graph_file(run, save, table_folder):
    path = save(nx.convert_node_labels_to_integers(Architecture.parse(BOTH).graph))
    by_graph = run("query", path, "--table", table_folder)
    assert by_graph == run("query", BOTH, "--table", table_folder)


def test_query_asks_the_embedded_table_by_default(run):
    name = load().architectures["name"][0].as_py()
    assert strict_json(run("query", name, "--json"))["name"] == name


# features


def test_features_of_a_name(run):
    name = "d3-s12-transposed-w16"
    architecture = Architecture.parse(name)
    found = strict_json(run("features", name, "--json"))
    assert (found["key"], found["depth"], found["slc"]) == (architecture.key, 3, 1)
    assert found["params"] == params(architecture.graph)
    assert found["macs"] == macs(architecture.graph)


@pytest.mark.parametrize("edges", ["links", "edges"])
def test_features_of_a_graph_file(run, save, graph, edges):
    found = strict_json(run("features", save(graph, edges), "--json"))
    assert found == {
        "key": canonical_key(graph),
        "depth": depth(graph),
        "slc": slc(graph),
        "params": params(graph),
        "macs": macs(graph),
    }


def test_features_need_no_table(run, save, graph, monkeypatch):
    monkeypatch.setattr("dipbench.cli.opening.load", None)
    lines = shown(run("features", save(graph)))
    # 3×3×1×3 + 2×3, then 1×1×1×2 + 2×2, then 5 weights and a bias.
    assert (lines["depth"], lines["slc"], lines["params"]) == ("0", "0", "45")


# table


def test_table_says_what_it_holds(run, table_folder):
    found = strict_json(run("table", "--table", table_folder, "--json"))
    assert found == {
        "protocol": "synthetic-v1",
        "space": "core64",
        "tasks": ["denoise25"],
        "architectures": 4,
        "complete": 1,
        "seeds": [0, 1],
        "images": ["camera-a", "camera-b"],
        "trainings": 5,
        "fits": 7,
        "censored": 1,
        "diverged": 2,
        "training_hours": {"a processor, kernel": pytest.approx(5 * 8 / 3600)},
        "fit_hours": {"a processor, kernel": pytest.approx(7 * 2 / 3600)},
        "devices": ["a processor"],
        "torch_versions": ["2.0.0"],
        "protocol_hash": "0" * 64,
    }


def test_table_as_text(run, table_folder):
    lines = shown(run("table", "--table", table_folder))
    assert lines["images"] == "camera-a, camera-b"
    assert lines["architectures"] == "4"
    assert lines["training_hours"] == "0.011 (a processor, kernel)"


def test_embedded_table_is_the_default(run):
    found = strict_json(run("table", "--json"))
    assert found["architectures"] == len(load())
    assert found["protocol_hash"] == load().manifest["protocol_hash"]


# plot


def test_plot_names_the_images_it_drew(run, table_folder, tmp_path):
    printed = run("plot", "--table", table_folder, "--out", tmp_path / "plots").splitlines()
    assert len(printed) == 3
    assert sorted(map(Path, printed)) == sorted((tmp_path / "plots").iterdir())


# Errors of use


def test_unknown_name(fail, table_folder):
    message = fail("query", "d5-s-nearest-w8", "--table", table_folder)
    expected = "is not among the 4 architectures of the table synthetic-v1"
    assert message == f"d5-s-nearest-w8 {expected}"


@pytest.mark.parametrize("command", ["query", "features"])
@pytest.mark.parametrize("name", ["resnet", "", "d2-s5-nearest-w8", "two\nlines"])
def test_malformed_name(fail, command, name):
    assert repr(name) in fail(command, name)


@pytest.mark.parametrize("seed", [9, -1])
def test_unmeasured_seed(fail, table_folder, seed):
    message = fail("query", BOTH, "--seed", seed, "--table", table_folder)
    assert message == f"{BOTH}: seed {seed} was not measured; expected one of 0, 1"


def test_unmeasured_image_and_task(fail, table_folder):
    assert "camera-a, camera-b" in fail("query", BOTH, "--image", "x", "--table", table_folder)
    assert "denoise25" in fail("query", BOTH, "--task", "x", "--table", table_folder)


@pytest.mark.parametrize(
    "arguments",
    [[], ["unknown"], ["query"], ["query", BOTH, "--seed", "one"], ["plot", "--json"], ["--what"]],
)
def test_arguments_that_argparse_refuses(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert "error: " in err.splitlines()[-1]


@pytest.mark.parametrize("command", [["query", BOTH], ["table"], ["plot"]])
def test_missing_table_folder(fail, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path / "none") in fail(*command, "--table", tmp_path / "none")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("file", ["architectures.parquet", "runs.parquet", "curves.parquet"])
@pytest.mark.parametrize("command", [["query", BOTH], ["table"], ["plot"]])
def test_flipped_byte_in_a_table(fail, make_table, tmp_path, file, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = make_table(tmp_path / "table")
    data = bytearray((folder / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / file).write_bytes(data)
    assert fail(*command, "--table", folder).startswith(f"{folder / file}: altered")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("command", ["query", "features"])
def test_missing_graph_file(fail, command, tmp_path):
    assert "none.json" in fail(command, tmp_path / "none.json")


NO_GRAPHS = [
    "",
    "{",
    "not json",
    "[]",
    "3",
    "null",
    '"text"',
    "{}",
    '{"nodes": []}',
    '{"edges": []}',
    '{"nodes": 3, "edges": []}',
    '{"nodes": {"id": "x"}, "edges": []}',
    '{"nodes": [{"id": {}}], "edges": []}',
    '{"nodes": [{"id": "x"}], "edges": [{"source": "x"}]}',
]


@pytest.mark.parametrize("text", NO_GRAPHS)
def test_file_that_is_no_graph(fail, tmp_path, text):
    path = tmp_path / "graph.json"
    path.write_text(text)
    assert f"{path}: not a node-link graph" in fail("features", path)


def test_graph_file_that_is_no_text(fail, tmp_path):
    path = tmp_path / "graph.json"
    path.write_bytes(b"\xff\xfe\x00")
    fail("features", path)


def cycle(graph):
    graph.add_node("back", op="concat")
    graph.add_edges_from([("a", "back"), ("join", "back"), ("back", "a")])


def disagreeing_levels(graph):
    graph.add_node("a", op="down", channels=3)


def two_outputs(graph):
    graph.add_node("z", op="output")
    graph.add_edge("a", "z")


def unknown_op(graph):
    graph.add_node("a", op="pool")


def no_channels(graph):
    del graph.nodes["a"]["channels"]


@pytest.mark.parametrize("command", ["query", "features"])
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (cycle, "lies on a cycle"),
        (disagreeing_levels, "node 'join' (concat) joins levels that disagree"),
        (two_outputs, "graph has 2 output nodes: 'z', 'y'; expected one"),
        (unknown_op, "node 'a' has op 'pool'"),
        (no_channels, "node 'a' (conv3) has no channels"),
    ],
)
def test_graph_that_is_no_network(fail, save, graph, command, edit, message):
    edit(graph)
    assert message in fail(command, save(graph))


def test_unmeasured_graph(fail, save, graph, table_folder):
    message = fail("query", save(graph), "--table", table_folder)
    assert message.startswith(f"{canonical_key(graph)} is not among")


@pytest.mark.parametrize("below", ["", "plots", "a/plots"])
def test_plot_into_an_unwritable_place(fail, table_folder, tmp_path, below):
    (tmp_path / "file").write_text("kept")
    assert "file" in fail("plot", "--table", table_folder, "--out", tmp_path / "file" / below)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "kept"


def test_plot_without_matplotlib(fail, table_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install" in fail("plot", "--table", table_folder, "--out", tmp_path)


def test_plot_of_a_table_without_scores(fail, make_table, tmp_path):
    folder = make_table(tmp_path / "table", runs=[])
    message = fail("plot", "--table", folder, "--out", tmp_path / "plots")
    assert "no architecture with both scores" in message
    assert not list(tmp_path.rglob("*.png"))


# As a program


def dipbench(*arguments):
    command = [sys.executable, "-m", "dipbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_program_prints_json(table_folder):
    done = dipbench("query", BOTH, "--json", "--table", table_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert strict_json(done.stdout)["dip_rmse"] == 26.5


def test_program_fails_with_one_line(tmp_path):
    done = dipbench("table", "--table", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_program_shows_its_commands():
    done = dipbench("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(command in done.stdout for command in ("query", "features", "table", "plot"))


# What is asked for in vain


@pytest.mark.parametrize("command", ["query", "findings", "proxy", "compare", "surrogate"])
def test_an_unknown_task_lists_those_that_there_are(fail, tmp_path, command):
    arguments = {"query": [BOTH], "proxy": ["--scores", tmp_path / "no.csv"]}.get(command, [])
    message = fail(command, *arguments, "--task", "nope")
    assert message.startswith("task 'nope' was not measured; expected one of denoise25")


@pytest.mark.parametrize("command", ["findings", "proxy"])
def test_a_report_without_matplotlib_computes_nothing(fail, monkeypatch, tmp_path, command):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    scores = ["--scores", tmp_path / "no.csv"] if command == "proxy" else []
    assert "matplotlib is not installed; expected pip" in fail(command, *scores)


@pytest.mark.parametrize("command", ["plot", "findings", "proxy", "compare"])
def test_an_output_that_cannot_be_written_is_found_first(fail, tmp_path, command):
    (tmp_path / "file").write_text("")
    scores = ["--scores", tmp_path / "no.csv"] if command == "proxy" else []
    message = fail(command, *scores, "--out", tmp_path / "file" / "out")
    assert f"cannot write to {tmp_path / 'file' / 'out'}" in message


def test_an_empty_repository_is_refused(fail):
    assert "repo_id is ''; expected OWNER/NAME" in fail("download", "--repo", "")


def test_a_file_of_many_graphs_asks_for_a_name_and_one_graph_for_none(fail, save, graph, tmp_path):
    one = save(graph)
    assert "holds one graph; expected no --name" in fail("features", one, "--name", "a")
    many = tmp_path / "many.json"
    many.write_text(json.dumps({name: json.loads(one.read_text()) for name in ("a", "b")}))
    assert "several graphs; expected --name with one of a, b" in fail("features", many)
    assert "no graph 'c'; expected --name with one of a, b" in fail("features", many, "--name", "c")
    assert f"{BOTH} is no file; expected no --name" in fail("features", BOTH, "--name", "a")


def test_of_many_graphs_the_one_that_is_no_network_is_named(fail, save, graph, tmp_path):
    good = json.loads(save(graph).read_text())
    cycle(graph)
    many = tmp_path / "many.json"
    many.write_text(json.dumps({"good": good, "bad": json.loads(save(graph).read_text())}))
    message = fail("features", many, "--name", "bad")
    assert message.startswith(f"{many}: graph 'bad': node ")
    assert "lies on a cycle" in message


def test_an_empty_revision_is_refused(fail):
    assert fail("download", "--revision", "") == (
        "revision is ''; expected a branch, a tag or a commit"
    )


def test_a_datasheet_has_all_that_is_said_of_it_or_nothing(fail):
    message = fail("datasheet", "--author", "me")
    assert message == (
        "datasheet of core64-v1: expected --author, --license and --description or, as it comes "
        "with dipbench, none of them"
    )


@pytest.mark.parametrize("option", ["--author", "--license", "--description"])
def test_what_is_published_has_an_author_a_licence_and_a_description(capsys, table_folder, option):
    said = {"--author": "me", "--license": "MIT", "--description": "what it is"}
    del said[option]
    with pytest.raises(SystemExit):
        main(["publish", str(table_folder), "--repo", "a/b", *chain(*said.items())])
    assert f"the following arguments are required: {option}" in capsys.readouterr().err


# Which table, which task


@pytest.mark.parametrize(
    ("asked", "protocol"),
    [
        ([], "core64-v1"),
        (["--task", "inpaint50"], "core64-inpaint50-v1"),
        (["--protocol", "core64-still-v1"], "core64-still-v1"),
        (["--table", "core64-inpaint50-v1"], "core64-inpaint50-v1"),
        (["--protocol", "core64-inpaint50-v1", "--task", "inpaint50"], "core64-inpaint50-v1"),
    ],
)
def test_a_table_is_named_by_task_protocol_or_folder(run, asked, protocol):
    assert strict_json(run("table", *asked, "--json"))["protocol"] == protocol


def test_a_named_table_brings_its_task(run):
    found = strict_json(
        run("query", "d3-s1-bilinear-w16", "--protocol", "core64-inpaint50-v1", "--json")
    )
    assert found["task"] == "inpaint50"
    assert found == strict_json(run("query", "d3-s1-bilinear-w16", "--task", "inpaint50", "--json"))


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (["--table", "nowhere"], "no folder 'nowhere'; expected one, or one of core64-v1"),
        (["--protocol", "nowhere"], "protocol is 'nowhere'; expected one of core64-v1"),
        (["--protocol", "core64-v1", "--task", "inpaint50"], "task 'inpaint50' was not measured"),
    ],
)
def test_no_such_table_lists_those_that_there_are(fail, asked, problem):
    assert problem in fail("table", *asked)
