"""Spaces, architectures made of choices, predictions."""

from dataclasses import asdict

import networkx as nx
import numpy as np
import pytest

import dipbench
from api import spaces, work
from api.problems import Problem
from dipbench import Architecture, InvalidArchitecture, Space
from dipbench.spaces import parsed

CHOSEN = {"depth": 3, "skips": [True, False, True], "upsample": "nearest", "width": 8}


def test_spaces_with_their_choices(get):
    said = {space["name"]: space for space in get("/v1/spaces")["spaces"]}
    assert said["core64"]["size"] == 372
    fields = {field["name"]: field for field in said["core64"]["fields"]}
    assert fields["depth"]["choices"] == [1, 2, 3, 4, 5]
    assert (fields["skips"]["kind"], fields["skips"]["levels"]) == ("per_level", "0..depth-1")
    assert all(field["meaning"] for field in fields.values())


def test_choices_make_an_architecture(client, get):
    said = client.post("/v1/spaces/core64/architecture", json=CHOSEN).json()
    assert said == get("/v1/architectures/d3-s02-nearest-w8")
    assert said["fields"] == CHOSEN


def test_the_choices_of_every_architecture_of_core64_make_it_again():
    for a in Space("core64"):
        assert spaces.build("core64", spaces.fields_of("core64", a)) == a


def test_choices_and_edits_in_unet64():
    space, rng = Space("unet64"), np.random.default_rng(0)
    for a in (space.sample(rng) for _ in range(50)):
        fields = spaces.fields_of("unet64", a)
        assert spaces.build("unet64", fields) == a
        lengths = [len(fields[name]) for name in ("skips", "upsamples", "crossings")]
        assert lengths == [a.depth, a.depth, a.depth - 1]
        assert all(spaces.edit("unet64", a, other) for other in space.neighbours(a))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("u2-swn-ubb-c1-w8-x", "skips at level 0: narrow to wide"),
        ("u2-snn-utb-c1-w8-x", "upsamples at level 0: bilinear to transposed"),
        ("u2-snn-ubb-c1-w8-x0", "crossings at level 0: no to yes"),
        ("u2-snn-ubb-c2-w8g-x", "convs 1 to 2, growing no to yes"),
        ("u1-sn-ub-c1-w8-x", "depth 2 to 1"),
        ("u3-snno-ubbn-c1-w8-x", "depth 2 to 3, upsamples at level 2: nearest"),
        (
            "u3-snnw-ubbn-c1-w8-x1",
            "depth 2 to 3, skips at level 2: wide, upsamples at level 2: nearest, "
            "crossings at level 1: yes",
        ),
    ],
)
def test_edits_in_words(after, words):
    before = parsed("u2-snn-ubb-c1-w8-x")
    assert spaces.edit("unet64", before, parsed(after)) == words


def test_an_architecture_of_unet64(client, get):
    said = get("/v1/architectures/u2-snw-ubt-c2-w16g-x0")
    assert (said["spaces"], said["measured"]) == (["unet64"], [])
    assert said["fields"] == {
        "depth": 2,
        "skips": ["narrow", "wide"],
        "upsamples": ["bilinear", "transposed"],
        "crossings": [True],
        "convs": 2,
        "width": 16,
        "growing": True,
    }
    made = client.post("/v1/spaces/unet64/architecture", json=said["fields"])
    assert made.json() == said


def test_one_network_under_the_names_of_two_spaces(get):
    twin = "u2-sno-ubb-c1-w8-x"
    said = get(f"/v1/architectures/{twin}")
    other = get("/v1/architectures/d2-s0-bilinear-w8")
    assert said["spaces"] == ["unet64", "core64"]
    assert other["spaces"] == ["core64", "unet64"]
    assert said["key"] == other["key"]
    assert said["measured"] == other["measured"] != []
    assert get("/v1/query", architecture=twin)["supervised_rmse"] == 8.5


def test_the_largest_architecture_of_all_spaces():
    rng = np.random.default_rng(1)
    drawn = max(len(Space("unet64").sample(rng).graph) for _ in range(200))
    assert drawn <= spaces.largest() == len(parsed("u5-swwwww-uttttt-c2-w16g-x0123").graph)


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({}, "'depth' is missing"),
        (CHOSEN | {"kernel": 3}, "'kernel' is unknown; expected depth, skips, upsample, width"),
        (CHOSEN | {"depth": 9, "skips": [False] * 9}, "depth is 9; expected one of 1, 2, 3, 4, 5"),
        (CHOSEN | {"depth": "3"}, "depth is '3'"),
        (CHOSEN | {"depth": 3.0}, "depth is 3.0"),
        (CHOSEN | {"depth": True, "skips": [True]}, "depth is True"),
        (CHOSEN | {"skips": [True]}, "expected a list of 3, for the levels 0..depth-1"),
        (CHOSEN | {"skips": "yes"}, "skips is 'yes'"),
        (CHOSEN | {"skips": [1, 0, 1]}, "skips at level 0 is 1; expected one of no, yes"),
        (CHOSEN | {"upsample": ["nearest"]}, "upsample is"),
        (CHOSEN | {"width": 12}, "width is 12"),
        ([CHOSEN], "expected an object"),
    ],
)
def test_choices_that_are_none(client, problem, chosen, named):
    assert named in problem(client.post("/v1/spaces/core64/architecture", json=chosen), 400)


def test_a_space_that_there_is_not(client, problem):
    reply = client.post("/v1/spaces/nas/architecture", json=CHOSEN)
    assert "no space 'nas'; expected one of core64, unet64" in problem(reply, 404)


PREDICTED = "d3-s0-bilinear-w16"


def test_predictions_are_those_of_the_library(client, get, node_link):
    said = get("/v1/predict", architecture=PREDICTED)
    expected = asdict(dipbench.predict(PREDICTED))
    a = Architecture.parse(PREDICTED)
    assert said == expected | {"key": a.key, "level": 0.9, "predicted": True}
    assert said["dip_low"] < said["dip_rmse"] < said["dip_high"]
    by_graph = client.post("/v1/predict", content=node_link(a.graph))
    assert by_graph.json() == said


def test_the_space_that_predicts_can_be_named(client, get, problem):
    asked = {"architecture": PREDICTED, "space": "core64"}
    assert get("/v1/predict", **asked) == get("/v1/predict", architecture=PREDICTED)
    assert get("/v1/predict", **asked | {"space": "unet64"})["protocol"] == "unet64-v1"
    reply = client.get("/v1/predict", params=asked | {"space": "nowhere"})
    assert "unknown space" in problem(reply, 404)
    unet = asked | {"space": "unet64", "task": "sr2"}
    assert "which has no surrogate" in problem(client.get("/v1/predict", params=unet), 404)


def test_what_nothing_predicts_is_not_found(client, problem, node_link):
    reply = client.get("/v1/predict", params={"architecture": PREDICTED, "task": "sr1000"})
    assert "sr1000" in problem(reply, 404)
    graph = nx.DiGraph([("x", "c"), ("c", "y")])
    for node, attributes in {"x": {"op": "input"}, "y": {"op": "output"}}.items():
        graph.add_node(node, **attributes)
    graph.add_node("c", op="conv3", channels=3)
    assert "3 nodes" in problem(client.post("/v1/predict", content=node_link(graph)), 400)


def test_an_error_is_clipped_and_keeps_its_end():
    with pytest.raises(InvalidArchitecture) as caught:
        parsed("x" * 10_000)
    detail = work._problem(caught.value)["detail"]
    assert len(detail) < 600
    assert detail.startswith("malformed name 'xxx")
    assert detail.endswith("without skip connections")
    assert str(Problem(400, "short")) == "short"
