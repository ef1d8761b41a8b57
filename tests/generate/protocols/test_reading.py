"""A protocol and a space of one's own: read, refused, hashed, measured, queried."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from dipbench import (
    Architecture,
    InvalidArchitecture,
    NotInTable,
    Space,
    canonical_key,
    load,
)
from dipbench import query as ask
from dipbench.graphs.nodelink import from_node_link, to_node_link
from generate.measure.run import run
from generate.photographs.images import load_images
from generate.protocols.plan import make_plan, measured_architectures
from generate.protocols.reading import get, read_protocol
from generate.protocols.settings import MANIFESTS, Candidate
from generate.table.assemble import assemble
from generate.table.shards import read_results
from generate.training.observed import observe

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "example"
NAMES = ["plain", "thin-skip", "wide-skip"]


@pytest.fixture(scope="session")
def graphs(tmp_path_factory):
    """What the example's script writes, as text."""
    folder = tmp_path_factory.mktemp("graphs")
    subprocess.run(
        [sys.executable, EXAMPLE / "make_graphs.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    return (folder / "graphs.json").read_text("utf-8")


@pytest.fixture
def folder(graphs, tmp_path):
    (tmp_path / "graphs.json").write_text(graphs)
    return tmp_path


@pytest.fixture
def said():
    """The example's protocol as JSON gives it."""
    return json.loads((EXAMPLE / "protocol.json").read_bytes())


def write(folder, said):
    path = folder / "protocol.json"
    path.write_text(said if isinstance(said, str) else json.dumps(said))
    return path


@pytest.fixture
def own(folder, said):
    return read_protocol(write(folder, said))


@pytest.fixture
def variant(folder, said):
    """variant(**fields): the example with these fields changed; None leaves one out."""

    def variant(**fields):
        changed = {f: v for f, v in (said | fields).items() if v is not None}
        return read_protocol(write(folder, changed))

    return variant


def edited(graphs, change):
    """The example's graphs after `change(graphs)`, as text."""
    data = json.loads(graphs)
    change(data)
    return json.dumps(data)


# Reading


def test_the_example_says_what_its_file_says(own):
    assert (own.name, own.space, own.seeds) == ("mine-v1", "mine", (0,))
    assert (own.supervised.steps, own.supervised.batch, own.supervised.recorded) == (20, 4, 5)
    assert (own.dip.iterations, own.dip.recorded) == (40, 8)
    assert (own.dip.stop_window, own.dip.stop_patience) == (10, 10)


def test_what_is_left_out_is_as_in_core64(variant):
    own, core = variant(seeds=None, supervised=None, dip=None), get("core64-v1")
    different = {"name", "space", "manifest", "graphs"}
    assert {f: v for f, v in asdict(own).items() if f not in different} == {
        f: v for f, v in asdict(core).items() if f not in different
    }


def test_settings_left_out_are_as_in_core64(own):
    core = get("core64-v1")
    given = {"supervised": {"steps", "batch", "recorded"}}
    given["dip"] = {"iterations", "recorded", "stop_window", "stop_patience"}
    for field, known in given.items():
        found, expected = asdict(getattr(own, field)), asdict(getattr(core, field))
        assert {f: v for f, v in found.items() if f not in known} == {
            f: v for f, v in expected.items() if f not in known
        }


def test_candidates_are_the_graphs_in_the_order_of_the_file(own, graphs):
    assert [c.name for c in own.candidates] == NAMES
    for candidate in own.candidates:
        expected = canonical_key(from_node_link(json.loads(graphs)[candidate.name]))
        assert candidate.key == canonical_key(candidate.graph) == expected


def test_the_three_networks_differ(own):
    assert len({c.key for c in own.candidates}) == 3


def test_a_protocol_is_got_by_its_path(own, folder):
    assert get(str(folder / "protocol.json")) == own
    assert get(str(folder / "protocol.json")).hash == own.hash


def test_a_relative_path_is_looked_for_here(own, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert get("protocol.json").hash == own.hash


def test_own_name_is_no_known_protocol(own):
    with pytest.raises(ValueError, match=r"'mine-v1'; expected one of core64-v1.*\.json file"):
        get(own.name)


def test_an_own_manifest_lies_beside_the_protocol(variant, folder):
    manifest = json.loads((MANIFESTS / "demo.json").read_bytes())
    manifest["dip"] = manifest["dip"][:1]
    (folder / "photographs.json").write_text(json.dumps(manifest))
    own = variant(manifest="photographs.json")
    assert own.images == manifest
    assert own.hash != variant(manifest="demo.json").hash


# The hash


def test_the_hash_is_that_of_what_is_said(own):
    stated = own.as_dict()
    assert stated["graphs"] == {c.name: c.key for c in own.candidates}
    assert json.loads(json.dumps(stated)) == stated
    assert str(own.graphs) not in json.dumps(stated)


def test_the_hash_does_not_depend_on_where_the_files_are(own, folder, graphs, said):
    elsewhere = folder / "else" / "where"
    elsewhere.mkdir(parents=True)
    (elsewhere / "graphs.json").write_text(graphs)
    assert read_protocol(write(elsewhere, said)).hash == own.hash


def test_nor_on_the_name_of_the_file_of_graphs(own, folder, variant):
    shutil.copy(folder / "graphs.json", folder / "networks.json")
    assert variant(graphs="networks.json").hash == own.hash


def test_nor_on_where_an_own_manifest_is(folder, graphs, said):
    hashes = set()
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "graphs.json").write_text(graphs)
        shutil.copy(MANIFESTS / "demo.json", folder / name / "photographs.json")
        path = write(folder / name, said | {"manifest": "photographs.json"})
        hashes.add(read_protocol(path).hash)
    assert len(hashes) == 1


def renumbered(data):
    for name, graph in data.items():
        names = {node["id"]: f"{name} {node['id']}" for node in graph["nodes"]}
        for node in graph["nodes"]:
            node["id"] = names[node["id"]]
        for edge in graph["edges"]:
            edge |= {end: names[edge[end]] for end in ("source", "target")}
        graph["nodes"].reverse()


def reordered(data):
    for name in sorted(data, reverse=True):
        data[name] = data.pop(name)


@pytest.mark.parametrize("change", [renumbered, reordered])
def test_the_hash_does_not_depend_on_node_names_or_order(own, folder, variant, graphs, change):
    (folder / "graphs.json").write_text(edited(graphs, change))
    assert variant().hash == own.hash


def another_width(data):
    next(n for n in data["plain"]["nodes"] if n["op"] == "conv3")["channels"] = 9


def another_name(data):
    data["bare"] = data.pop("plain")


def one_less(data):
    del data["plain"]


@pytest.mark.parametrize("change", [another_width, another_name, one_less])
def test_the_hash_depends_on_the_graphs_and_their_names(own, folder, variant, graphs, change):
    (folder / "graphs.json").write_text(edited(graphs, change))
    assert variant().hash != own.hash


NUMBERS = {"size": 32, "seeds": [1], "task": "denoise26", "space": "ours"}
NUMBERS |= {"name": "mine-v2", "manifest": "bsds500.json"}
NUMBERS |= {"modes": ["dip"], "fitted": 1, "recording": 2, "streams": "core64-v1"}
SETTINGS = {
    "supervised": {"steps": 21, "batch": 5, "learning_rate": 0.1, "recorded": 6},
    "dip": {
        "iterations": 41,
        "input_channels": 4,
        "input_scale": 0.2,
        "perturbation": 0.5,
        "learning_rate": 0.2,
        "averaging": 0.9,
        "recorded": 9,
        "stop_window": 11,
        "stop_patience": 11,
    },
}


def test_these_are_all_fields(own):
    assert set(asdict(own)) == {*NUMBERS, *SETTINGS, "graphs", "architectures"}
    for field, numbers in SETTINGS.items():
        assert set(asdict(own)[field]) == set(numbers)


@pytest.mark.parametrize("field", NUMBERS)
def test_the_hash_depends_on_every_field(own, variant, field):
    assert variant(**{field: NUMBERS[field]}).hash != own.hash


def test_streams_of_another_protocol_are_the_same_draws(own, variant):
    """What all architectures share, such as noise, does not set two protocols apart."""
    other = variant(name="mine-v2", streams=own.name)
    assert (own.stream, other.stream) == (own.name, own.name)
    clean = np.zeros((8, 8), np.float32)
    noisy = [observe(p, "a", clean, 0).values for p in (own, other, variant(name="mine-v2"))]
    assert (noisy[0] == noisy[1]).all()
    assert (noisy[0] != noisy[2]).any()


@pytest.mark.parametrize("field", SETTINGS)
def test_the_hash_depends_on_every_setting(own, variant, said, field):
    hashes = {variant(**{field: said[field] | {k: v}}).hash for k, v in SETTINGS[field].items()}
    assert len(hashes | {own.hash}) == len(SETTINGS[field]) + 1


# What is no protocol


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"mine"', '{"name": "x"}', "\udcff"])
def test_a_file_that_is_no_protocol_is_refused_by_its_path(folder, text):
    path = folder / "protocol.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=f"^protocol {path}: "):
        read_protocol(path)


@pytest.mark.parametrize("name", ["nowhere.json", "folder.json"])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(folder, name):
    (folder / "folder.json").mkdir()
    with pytest.raises(OSError, match=str(folder / name)):
        get(str(folder / name))


@pytest.mark.parametrize("field", ["sigmas", "images", "hash", "Name", "protocol_hash"])
def test_an_unknown_field_is_refused_by_name(folder, variant, field):
    with pytest.raises(ValueError, match=rf"^protocol {folder}/protocol\.json: .*'{field}'"):
        variant(**{field: 3})


@pytest.mark.parametrize("field", ["supervised", "dip"])
def test_an_unknown_setting_is_refused_by_name(folder, variant, field):
    with pytest.raises(ValueError, match=rf"^protocol {folder}/protocol\.json: .*'rate'"):
        variant(**{field: {"rate": 3}})


@pytest.mark.parametrize("field", ["name", "space", "manifest"])
def test_a_field_that_has_no_default_is_asked_for(variant, field):
    with pytest.raises(ValueError, match=f"'{field}'"):
        variant(**{field: None})


WRONG = [
    ("name", 5),
    ("manifest", 5),
    ("graphs", 5),
    ("seeds", 5),
    ("architectures", 5),
    ("supervised", 3),
    ("supervised", ["steps"]),
    ("dip", [1]),
    ("dip", {"iterations": "many"}),
    ("dip", {"iterations": 40}),  # a window of 100
]
WRONG_TOO = [
    ("space", 5),
    ("task", 5),
    ("task", ""),
    ("name", ""),
    ("sigma", "25"),
    ("sigma", True),
    ("sigma", -1),
    ("sigma", 26),
    ("task", "denoise"),
    ("task", "denoise-25"),
    ("task", "inpaint0"),
    ("task", "sr1"),
    ("task", "sr3"),
    ("modes", []),
    ("modes", ["both"]),
    ("fitted", -1),
    ("recording", 3),
    ("size", "64"),
    ("size", 64.5),
    ("seeds", []),
    ("seeds", "012"),
    ("seeds", [0.5]),
    ("seeds", [0, 0]),
    ("architectures", "plain"),
    ("supervised", {"steps": "many"}),
    ("supervised", {"steps": 0}),
    ("dip", {"recorded": None}),
    ("dip", {"iterations": 0, "stop_window": 0}),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_value_of_the_wrong_kind_is_refused_naming_the_file(folder, variant, field, value):
    with pytest.raises(ValueError, match=rf"^protocol {folder}/protocol\.json: "):
        variant(**{field: value})


@pytest.mark.parametrize(("field", "value"), WRONG_TOO)
def test_any_other_wrong_value_is_refused_naming_the_file(folder, variant, field, value):
    with pytest.raises(ValueError, match=rf"^protocol {folder}/protocol\.json: "):
        variant(**{field: value})


@pytest.mark.parametrize("name", ["-", "a b", "a/b", "../a", "a_b", "a.b", "a\n"])
def test_a_bad_name_is_refused(variant, name):
    with pytest.raises(ValueError, match="expected a new one of letters and digits") as caught:
        variant(name=name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["core64-v1", "demo-v1"])
def test_a_taken_name_is_refused(variant, name):
    with pytest.raises(ValueError, match=f"name is '{name}'; expected a new one"):
        variant(name=name)


@pytest.mark.parametrize("field", ["graphs", "manifest"])
def test_a_missing_file_is_an_error_that_names_it(variant, field):
    with pytest.raises(OSError, match=r"nowhere\.json"):
        variant(**{field: "nowhere.json"})


def test_graphs_are_looked_for_beside_the_protocol_alone(folder, said, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "elsewhere").mkdir()
    with pytest.raises(OSError, match=r"graphs\.json"):
        read_protocol(write(folder / "elsewhere", said))


def a_cycle(data):
    last = data["plain"]["nodes"][-1]["id"]
    data["plain"]["edges"].append({"source": last, "target": 0})


def undirected(data):
    data["plain"]["directed"] = False


def without_an_op(data):
    del data["plain"]["nodes"][1]["op"]


def without_edges(data):
    del data["plain"]["edges"]


def a_number(data):
    data["plain"] = 3


def an_unknown_op(data):
    data["plain"]["nodes"][1]["op"] = "conv7"


def a_dead_node(data):
    data["plain"]["edges"].pop()


def without_an_input(data):
    data["plain"]["nodes"][0]["op"] = "down"


def below_full_resolution(data):
    data["plain"]["nodes"] = [n for n in data["plain"]["nodes"] if n["op"] != "up-bilinear"]
    ids = [node["id"] for node in data["plain"]["nodes"]]
    data["plain"]["edges"] = [{"source": a, "target": b} for a, b in pairwise(ids)]


@pytest.mark.parametrize("change", [a_cycle, undirected, without_an_op, without_edges, a_number])
def test_graphs_that_are_no_graphs_are_refused(folder, variant, graphs, change):
    (folder / "graphs.json").write_text(edited(graphs, change))
    with pytest.raises(ValueError, match=rf"^protocol {folder}/protocol\.json: "):
        variant()


@pytest.mark.parametrize(
    "change", [a_cycle, an_unknown_op, a_dead_node, without_an_input, below_full_resolution]
)
def test_graphs_that_are_no_networks_are_refused_by_name(folder, variant, graphs, change):
    (folder / "graphs.json").write_text(edited(graphs, change))
    where = rf"^protocol {folder}/protocol\.json: graphs\.json: (graph 'plain':|plain ends at)"
    with pytest.raises(ValueError, match=where):
        variant()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"plain"'])
def test_a_file_that_does_not_hold_graphs_by_name_is_refused(folder, variant, text):
    (folder / "graphs.json").write_text(text)
    with pytest.raises(ValueError, match=rf"^protocol {folder}/protocol\.json: "):
        variant()


def test_numbers_of_channels_too_long_to_be_any_are_refused(folder, variant, graphs):
    def endless(data):
        data["plain"]["nodes"][1]["channels"] = 10**30

    (folder / "graphs.json").write_text(edited(graphs, endless))
    with pytest.raises(ValueError, match="31 digits; expected at most 18"):
        variant()


def test_no_graphs_at_all_are_refused(folder, variant):
    (folder / "graphs.json").write_text("{}")
    with pytest.raises(ValueError, match=r"graphs\.json"):
        variant()


def test_two_names_of_one_network_are_refused(folder, variant, graphs):
    twins = edited(graphs, lambda data: data.update(twin=data["plain"]))
    (folder / "graphs.json").write_text(twins)
    with pytest.raises(ValueError, match="twin"):
        variant()


@pytest.mark.parametrize("name", ["", "a/b", "../a", "0" * 64, "a\0b", "x" * 300])
def test_names_that_cannot_be_a_file_or_are_a_key_are_refused(folder, variant, graphs, name):
    (folder / "graphs.json").write_text(json.dumps({name: json.loads(graphs)["plain"]}))
    with pytest.raises(ValueError, match=rf"^protocol {folder}/protocol\.json: "):
        variant()


# The plan


def test_the_plan_of_an_own_space(own):
    assert all(isinstance(a, Candidate) for a in measured_architectures(own))
    photographs = own.images["dip"]
    assert [(u.mode, u.architecture.name, u.seed, list(u.images)) for u in make_plan(own)] == [
        (mode, name, 0, images)
        for name in NAMES
        for mode, images in (("dip", photographs), ("supervised", []))
    ]
    assert make_plan(own)[0].id == f"dip-plain-seed0-{photographs[0]}"


def test_seeds_follow_each_other_in_the_plan(variant):
    plan = make_plan(variant(seeds=[3, 1]))
    assert [unit.seed for unit in plan] == [3] * 6 + [1] * 6
    assert len({unit.id for unit in plan}) == 12


SUBSET = ["d3-s1-nearest-w8", "d1-s-bilinear-w8"]


def test_some_of_core64_by_name(variant):
    own = variant(graphs=None, space="core64", architectures=SUBSET)
    assert own.candidates == ()
    assert measured_architectures(own) == [Architecture.parse(name) for name in SUBSET]
    assert [u.architecture.name for u in make_plan(own)] == [n for n in SUBSET for _ in (0, 1)]


def test_all_of_core64_under_other_rules(variant):
    own = variant(graphs=None, space="core64")
    assert measured_architectures(own) == measured_architectures(get("core64-v1"))


@pytest.mark.parametrize("name", ["d1-s1-bilinear-w8", "plain", 3, None])
def test_a_name_outside_core64_is_refused(variant, name):
    with pytest.raises(ValueError, match="name"):
        make_plan(variant(graphs=None, space="core64", architectures=[name]))


def test_some_of_unet64_by_name(variant):
    names = ["u5-swwown-ubbbnt-c2-w8-x23", "d3-s1-bilinear-w16"]
    own = variant(graphs=None, space="unet64", architectures=names)
    assert measured_architectures(own) == [Space("unet64").parse(name) for name in names]


def test_two_names_of_one_architecture_are_refused(variant):
    names = ["u3-sono-ubbb-c1-w16-x", "d3-s1-bilinear-w16"]
    with pytest.raises(ValueError, match=f"{names[0]} and {names[1]} are one network"):
        variant(graphs=None, space="unet64", architectures=names)


@pytest.mark.parametrize("size", [24, 64])
def test_images_too_small_for_a_listed_network_are_refused(variant, size):
    asked = {"space": "unet64", "architectures": ["u5-swwown-ubbbnt-c2-w8-x23"], "size": size}
    if size == 64:
        assert variant(graphs=None, **asked).size == 64
        return
    with pytest.raises(ValueError, match=r"u5-swwown-ubbbnt-c2-w8-x23: .*24"):
        variant(graphs=None, **asked)


def test_an_own_space_without_graphs_is_refused(variant):
    with pytest.raises(ValueError, match="'mine'"):
        make_plan(variant(graphs=None))


# Measured


@pytest.fixture(scope="module")
def measured(graphs, tmp_path_factory):
    """An own protocol of a second, its shards and its table."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "graphs.json").write_text(graphs)
    said = json.loads((EXAMPLE / "protocol.json").read_bytes())
    said["supervised"] = {"steps": 4, "batch": 2, "recorded": 3}
    said["dip"] = {"iterations": 8, "recorded": 4, "stop_window": 3, "stop_patience": 3}
    protocol = read_protocol(write(folder, said))
    shards = folder / "shards"
    assert run(protocol, load_images(protocol, None), shards, workers=2, quiet=True) == 0
    return protocol, shards, assemble(protocol, read_results(shards, protocol), folder / "table")


@pytest.fixture
def table(measured):
    return load(measured[2])


def test_every_unit_is_measured(measured):
    protocol, shards, _ = measured
    results = read_results(shards, protocol)
    assert set(results.units) == {unit.id for unit in make_plan(protocol)}
    rows = [row for unit in results.units.values() for row in unit]
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["protocol_hash"] for row in rows} == {protocol.hash}


def test_the_table_states_protocol_and_space(measured, table):
    protocol, _, folder = measured
    assert table.manifest["space"] == "mine"
    assert table.manifest["protocol"] == protocol.as_dict()
    assert table.manifest["protocol_hash"] == protocol.hash
    assert str(folder.parent) not in json.dumps(table.manifest)


def test_the_table_has_the_three_networks(measured, table):
    assert len(table) == 3
    rows = {row["name"]: row for row in table.architectures.to_pylist()}
    assert {name: row["key"] for name, row in rows.items()} == {
        c.name: c.key for c in measured[0].candidates
    }
    assert {(row["skips"], row["upsample"], row["width"]) for row in rows.values()} == {
        (None, None, None)
    }
    assert {name: (row["depth"], row["slc"]) for name, row in rows.items()} == {
        "plain": (1, 1),
        "thin-skip": (1, 0),
        "wide-skip": (1, 0),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_network_by_name_key_and_graph_is_the_same(measured, table, name):
    candidate = next(c for c in measured[0].candidates if c.name == name)
    renamed = nx.relabel_nodes(candidate.graph, {n: f"node {n}" for n in candidate.graph})
    by_name = ask(name, table=table)
    for notation in (candidate.key, candidate.graph, renamed):
        assert repr(ask(notation, table=table)) == repr(by_name)  # NaN is not equal to itself
    assert (by_name.name, by_name.key) == (name, candidate.key)
    assert (by_name.n_seeds, by_name.n_fits, by_name.n_failed) == (1, by_name.n_images, 0)
    assert 0 < by_name.dip_rmse < 255
    assert 0 < by_name.supervised_rmse < 255


def test_curves_are_of_the_protocols_steps(table):
    result = ask("thin-skip", table=table)
    assert (result.curve("dip").step[0], result.curve("dip").step[-1]) == (1, 8)
    assert result.curve("supervised").step[-1] == 4


def test_the_graph_column_gives_the_network_back(measured, table):
    graphs = dict(zip(table.frame["name"], table.frame["graph"], strict=True))
    for candidate in measured[0].candidates:
        data = json.loads(graphs[candidate.name])
        assert canonical_key(from_node_link(data)) == candidate.key
        assert data == to_node_link(candidate.graph)


@pytest.mark.parametrize("name", ["plaid", "", "d5-s9-bilinear-w16", "d5-s024-bilinear-w16"])
def test_an_unknown_name_is_not_in_the_table(table, name):
    with pytest.raises(NotInTable, match="is not among the 3 architectures of the table mine-v1"):
        ask(name, table=table)


def test_other_networks_are_not_in_the_table(table):
    other = Architecture.parse("d2-s-bilinear-w8")
    for notation in (other, other.key, other.graph):
        with pytest.raises(NotInTable):
            ask(notation, table=table)


def test_a_network_that_core64_has_too_is_found_by_its_architecture(table):
    same = Architecture.parse("d1-s-bilinear-w8")
    assert ask(same.key, table=table).name == ask(same.graph, table=table).name == "plain"
    assert same in table
    assert ask(same, table=table).name == "plain"


def test_a_graph_that_is_no_network_is_still_refused_as_such(table):
    with pytest.raises(InvalidArchitecture):
        ask(nx.DiGraph(), table=table)


def test_results_of_other_numbers_are_set_apart(measured):
    protocol, shards, _ = measured
    other = read_results(shards, replace(protocol, task="denoise26"))
    assert other.units == {}
    assert len(other.rejected) == len(make_plan(protocol))


def test_a_finished_own_space_is_not_measured_again(measured):
    protocol, shards, _ = measured
    before = {path: path.stat().st_mtime_ns for path in shards.iterdir()}
    assert run(protocol, load_images(protocol, None), shards, workers=2, quiet=True) == 0
    assert {path: path.stat().st_mtime_ns for path in shards.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": None}, "has no field 'name'"),
        ({"manifest": None}, "has no field 'manifest'"),
        ({"task": ""}, "'task' is ''; expected a string that is not empty"),
        ({"task": "nope"}, "unknown task 'nope'; expected one like denoise25"),
        ({"fitted": 9}, "'fitted' is 9; expected at most the 2 DIP images of demo.json"),
        ({"size": 31}, "plain: size is 31"),
    ],
)
def test_what_is_missing_or_empty_is_named(folder, said, change, problem):
    for field, value in change.items():
        said.pop(field, None)
        if value is not None:
            said[field] = value
    with pytest.raises(ValueError, match=problem):
        read_protocol(write(folder, said))


def test_a_whole_space_needs_images_that_it_can_halve(folder):
    said = {"name": "mine", "space": "core64", "manifest": "demo.json", "size": 48}
    with pytest.raises(ValueError, match="'size' is 48; expected a multiple of 32"):
        read_protocol(write(folder, said))


def test_a_file_of_graphs_that_is_a_list_or_one_graph_is_refused(folder, said, graphs):
    contents: list[Any] = [[], json.loads(graphs)["plain"]]
    for content in contents:
        (folder / "graphs.json").write_text(json.dumps(content))
        with pytest.raises(ValueError, match="is not a JSON object of node-link graphs"):
            read_protocol(write(folder, said))


@pytest.mark.parametrize("damage", ["cycle", "no graph"])
def test_the_graph_that_is_wrong_is_named(folder, said, graphs, damage):
    content = json.loads(graphs)
    if damage == "cycle":
        edges = content["thin-skip"]["edges"]
        edges.append({"source": edges[1]["target"], "target": edges[1]["source"]})
    else:
        content["thin-skip"] = 3
    (folder / "graphs.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"graphs.json: graph 'thin-skip': "):
        read_protocol(write(folder, said))
