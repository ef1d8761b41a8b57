"""Names, architectures and the space core64."""

import dataclasses
import random
from itertools import combinations, pairwise
from typing import cast

import networkx as nx
import numpy as np
import pytest

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import canonical_key
from dipbench.spaces import SPACES, Architecture, Space
from dipbench.spaces.core64 import DEPTHS, UPSAMPLES, WIDTHS

SPACE = Space("core64")

# --- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", SPACE, ids=str)
def test_names_lead_back_to_their_architecture(architecture):
    assert Architecture.parse(architecture.name) == architecture
    assert str(architecture) == architecture.name


@pytest.mark.parametrize(
    ("architecture", "name"),
    [
        (Architecture(5, (0, 2, 4), "bilinear", 16), "d5-s024-bilinear-w16"),
        (Architecture(3, (), "nearest", 8), "d3-s-nearest-w8"),
        (Architecture(1, (0,), "transposed", 8), "d1-s0-transposed-w8"),
        (Architecture(2), "d2-s-bilinear-w16"),
    ],
)
def test_names_spell_out_the_fields(architecture, name):
    assert architecture.name == name


MALFORMED = [
    "",
    " ",
    "d5",
    "d5-s024-bilinear",
    "5-024-bilinear-16",
    "d5-s024-bilinear-w16 ",
    " d5-s024-bilinear-w16",
    "d5-s024-bilinear-w16\n",
    "D5-S024-BILINEAR-W16",
    "d5-s0,2,4-bilinear-w16",
    "d5_s024_bilinear_w16",
    "d-s024-bilinear-w16",
    "d5-024-bilinear-w16",
    "d5-s024--w16",
    "d5-s024-bilinear-w",
    "d5-s024-bilinear-w-16",
    "d-1-s-bilinear-w16",
    "d5.0-s024-bilinear-w16",
    "d٥-s024-bilinear-w16",
    "d5-s0²-bilinear-w16",
    "d5-s024-bilinear-w16-d5",
    None,
    5,
    b"d5-s024-bilinear-w16",
    ("d5-s024-bilinear-w16",),
]


@pytest.mark.parametrize("name", MALFORMED, ids=ascii)
def test_malformed_names_are_refused_by_name(name):
    with pytest.raises(InvalidArchitecture) as error:
        Architecture.parse(name)
    assert f"malformed name {name!r}; expected one like 'd5-s024" in str(error.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("d0-s-bilinear-w16", "depth is 0; expected one of 1, 2, 3, 4, 5"),
        ("d6-s-bilinear-w16", "depth is 6; expected one of 1, 2, 3, 4, 5"),
        ("d50-s-bilinear-w16", "depth is 50; expected one of 1, 2, 3, 4, 5"),
        ("d2-s2-bilinear-w16", "skip level is 2; expected one of 0, 1"),
        ("d5-s9-bilinear-w16", "skip level is 9; expected one of 0, 1, 2, 3, 4"),
        ("d5-s00-bilinear-w16", "skips is (0, 0); expected each level once"),
        ("d5-s-cubic-w16", "upsample is 'cubic'; expected one of nearest, bilinear, transposed"),
        ("d5-s-bilinear-w32", "width is 32; expected one of 8, 16"),
        ("d5-s-bilinear-w0", "width is 0; expected one of 8, 16"),
    ],
)
def test_names_of_other_architectures_are_refused_with_the_reason(name, reason):
    with pytest.raises(InvalidArchitecture) as error:
        Architecture.parse(name)
    assert str(error.value) == f"name {name!r}: {reason}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("d5-s420-bilinear-w16", "d5-s024-bilinear-w16"),
        ("d05-s-bilinear-w16", "d5-s-bilinear-w16"),
        ("d5-s-bilinear-w016", "d5-s-bilinear-w16"),
    ],
)
def test_a_name_spelt_another_way_is_refused_with_the_right_one(name, expected):
    with pytest.raises(InvalidArchitecture) as error:
        Architecture.parse(name)
    assert str(error.value) == f"name {name!r} is not canonical; expected {expected!r}"


@pytest.mark.parametrize(
    "name", ["d" + "9" * 5000 + "-s-nearest-w8", "d1-s-nearest-w" + "9" * 5000]
)
def test_numbers_of_thousands_of_digits_are_refused_like_others(name):
    with pytest.raises(InvalidArchitecture, match="999"):
        Architecture.parse(name)


# --- architectures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depth": 0}, "depth is 0; expected one of 1, 2, 3, 4, 5"),
        ({"depth": 6}, "depth is 6; expected one of 1, 2, 3, 4, 5"),
        ({"depth": -1}, "depth is -1; expected one of 1, 2, 3, 4, 5"),
        ({"depth": True}, "depth is True; expected one of 1, 2, 3, 4, 5"),
        ({"depth": 2.0}, "depth is 2.0; expected one of 1, 2, 3, 4, 5"),
        ({"depth": "2"}, "depth is '2'; expected one of 1, 2, 3, 4, 5"),
        ({"depth": None}, "depth is None; expected one of 1, 2, 3, 4, 5"),
        ({"skips": (2,)}, "skip level is 2; expected one of 0, 1"),
        ({"skips": (0, -1)}, "skip level is -1; expected one of 0, 1"),
        ({"skips": (False,)}, "skip level is False; expected one of 0, 1"),
        ({"skips": (1.0,)}, "skip level is 1.0; expected one of 0, 1"),
        ({"skips": "01"}, "skip level is '0'; expected one of 0, 1"),
        ({"skips": 1}, "skips is 1; expected levels from 0 to 1"),
        ({"skips": None}, "skips is None; expected levels from 0 to 1"),
        ({"skips": (1, 0, 1)}, "skips is (1, 0, 1); expected each level once"),
        ({"upsample": "Nearest"}, "upsample is 'Nearest'; expected one of nearest, bilinear"),
        ({"upsample": None}, "upsample is None; expected one of nearest, bilinear, transposed"),
        ({"width": 12}, "width is 12; expected one of 8, 16"),
        ({"width": 16.0}, "width is 16.0; expected one of 8, 16"),
        ({"width": "16"}, "width is '16'; expected one of 8, 16"),
    ],
    ids=str,
)
def test_a_bad_field_is_named_with_its_value_and_what_was_expected(fields, message):
    with pytest.raises(InvalidArchitecture) as error:
        Architecture(**{"depth": 2} | fields)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "skips",
    [
        (0, 2, 4),
        [4, 0, 2],
        {4, 2, 0},
        range(0, 5, 2),
        (level for level in (2, 4, 0)),
        np.array([4, 2, 0]),
        (np.int64(2), np.uint8(0), 4),
    ],
    ids=lambda skips: type(skips).__name__,
)
def test_skips_are_kept_as_a_sorted_tuple_of_plain_integers(skips):
    architecture = Architecture(5, skips)
    assert architecture.skips == (0, 2, 4)
    assert {type(level) for level in architecture.skips} == {int}
    assert architecture == Architecture(5, (0, 2, 4))
    assert hash(architecture) == hash(Architecture(5, (0, 2, 4)))


def test_numpy_integers_become_plain_ones():
    architecture = Architecture(cast(int, np.int64(3)), (), "nearest", cast(int, np.uint8(8)))
    assert (type(architecture.depth), type(architecture.width)) == (int, int)
    assert repr(architecture) == repr(Architecture(3, (), "nearest", 8))


@pytest.mark.parametrize(("skips", "slc"), [((), 4), ((0,), 0), ((3, 2), 2), ((1, 3), 1)])
def test_slc_is_the_least_skip_level_or_the_depth(skips, slc):
    assert Architecture(4, skips).slc == slc


def test_architectures_are_frozen():
    architecture = Architecture(2)
    for field in ("depth", "skips", "upsample", "width"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(architecture, field, getattr(architecture, field))


def test_architectures_are_ordered_by_their_fields_in_turn():
    ordered = [
        Architecture(1, (), "transposed", 16),
        Architecture(1, (0,), "nearest", 8),
        Architecture(2, (), "bilinear", 8),
        Architecture(2, (), "bilinear", 16),
        Architecture(2, (), "nearest", 8),
        Architecture(2, (0, 1), "bilinear", 8),
        Architecture(2, (1,), "bilinear", 8),
    ]
    assert all(a < b for a, b in pairwise(ordered))


def test_equal_architectures_are_one_in_a_set_also_after_the_key_was_asked_for():
    one, other = Architecture(3, (1,)), Architecture(3, cast(tuple[int, ...], [1]))
    assert one.key == canonical_key(one.graph)
    assert one == other
    assert {one, other} == {other}


# --- graphs --------------------------------------------------------------------------------


def test_the_graph_is_wired_as_the_space_says():
    graph = Architecture(2, (0,), "transposed", 8).graph
    assert dict(graph.nodes(data=True)) == {
        "input": {"op": "input"},
        "stem": {"op": "conv3", "channels": 8},
        "down1": {"op": "down", "channels": 8},
        "down2": {"op": "down", "channels": 8},
        "up1": {"op": "up-transposed", "channels": 8},
        "conv1": {"op": "conv3", "channels": 8},
        "up0": {"op": "up-transposed", "channels": 8},
        "skip0": {"op": "skip1", "channels": 4},
        "concat0": {"op": "concat"},
        "conv0": {"op": "conv3", "channels": 8},
        "output": {"op": "output"},
    }
    assert set(graph.edges) == {
        ("input", "stem"),
        ("stem", "down1"),
        ("down1", "down2"),
        ("down2", "up1"),
        ("up1", "conv1"),
        ("conv1", "up0"),
        ("up0", "concat0"),
        ("stem", "skip0"),
        ("skip0", "concat0"),
        ("concat0", "conv0"),
        ("conv0", "output"),
    }


@pytest.mark.parametrize("upsample", ["nearest", "bilinear"])
def test_up_sampling_without_weights_has_no_channels(upsample):
    graph = Architecture(1, (), upsample).graph
    assert graph.nodes["up0"] == {"op": f"up-{upsample}"}


def test_every_graph_is_a_new_one():
    architecture = Architecture(2, (0,))
    architecture.graph.clear()
    assert len(architecture.graph) == 11


def test_from_graph_finds_every_architecture_relabelled(relabelled):
    rng = np.random.default_rng(11)
    for architecture in SPACE:
        assert Architecture.from_graph(relabelled(architecture.graph, rng)) == architecture


def another_width(graph):
    nx.set_node_attributes(graph, {n: 32 for n in graph if n.startswith(("conv", "d"))}, "channels")


def one_wider_layer(graph):
    graph.add_node("conv1", channels=32)


def one_narrower_layer(graph):
    graph.add_node("conv1", channels=8)


def wider_skip(graph):
    graph.add_node("skip0", channels=5)


def mixed_up_sampling(graph):
    graph.add_node("up1", op="up-nearest")


def one_level_less_and_more_layers(graph):
    graph.add_node("down2", op="conv3")
    graph.add_node("up1", op="conv3", channels=16)


def another_layer(graph):
    graph.remove_edge("conv0", "output")
    graph.add_node("more", op="conv3", channels=16)
    nx.add_path(graph, ["conv0", "more", "output"])


def skip_before_the_stem(graph):
    graph.remove_edge("stem", "skip0")
    graph.add_edge("input", "skip0")


def skip_without_a_layer(graph):
    graph.remove_node("skip0")
    graph.add_edge("stem", "concat0")


def second_skip_of_one_level(graph):
    graph.add_node("skip0b", op="skip1", channels=4)
    nx.add_path(graph, ["stem", "skip0b", "concat0"])


def skip_above_the_input(graph):
    graph.remove_edge("conv0", "output")
    graph.add_node("above", op="up-bilinear")
    graph.add_node("skip", op="skip1", channels=4)
    graph.add_node("below", op="down", channels=16)
    nx.add_path(graph, ["conv0", "above", "skip", "below", "output"])


def nothing_but_input_and_output(graph):
    graph.remove_nodes_from([n for n in graph if n not in ("input", "output")])
    graph.add_edge("input", "output")


@pytest.mark.parametrize(
    "edit",
    [
        another_width,
        one_wider_layer,
        one_narrower_layer,
        wider_skip,
        mixed_up_sampling,
        one_level_less_and_more_layers,
        another_layer,
        skip_before_the_stem,
        skip_without_a_layer,
        second_skip_of_one_level,
        skip_above_the_input,
        nothing_but_input_and_output,
    ],
)
def test_from_graph_refuses_other_networks(edit):
    graph = Architecture(2, (0,)).graph
    edit(graph)
    with pytest.raises(InvalidArchitecture) as error:
        Architecture.from_graph(graph)
    assert str(error.value) == (
        f"graph of {len(graph)} nodes is a network, but not in the space core64"
    )


def test_from_graph_refuses_a_network_that_is_too_deep():
    graph = Architecture(5).graph
    graph.remove_edge("down5", "up4")
    graph.add_node("down6", op="down", channels=16)
    graph.add_node("up5", op="up-bilinear")
    graph.add_node("conv5", op="conv3", channels=16)
    nx.add_path(graph, ["down5", "down6", "up5", "conv5", "up4"])
    with pytest.raises(InvalidArchitecture, match="not in the space core64"):
        Architecture.from_graph(graph)


def test_from_graph_refuses_what_is_no_network():
    graph = Architecture(2, (0,)).graph
    graph.remove_edge("skip0", "concat0")
    with pytest.raises(InvalidArchitecture, match=r"node 'concat0' \(concat\) has 1 input"):
        Architecture.from_graph(graph)


# --- the space -----------------------------------------------------------------------------


def test_an_unknown_space_is_named():
    with pytest.raises(ValueError, match="unknown space 'core65'; expected one of core64"):
        Space("core65")


def test_core64_has_372_different_architectures():
    assert tuple(SPACES)[:2] == ("core64", "unet64")
    assert len(SPACE) == len(list(SPACE)) == len(set(SPACE)) == 62 * 3 * 2 == 372


def test_core64_has_every_combination_of_fields():
    every = {
        (depth, skips, upsample, width)
        for depth in DEPTHS
        for size in range(depth + 1)
        for skips in combinations(range(depth), size)
        for upsample in UPSAMPLES
        for width in WIDTHS
    }
    assert {dataclasses.astuple(a) for a in SPACE} == every
    assert (DEPTHS, UPSAMPLES, WIDTHS) == (
        (1, 2, 3, 4, 5),
        ("nearest", "bilinear", "transposed"),
        (8, 16),
    )


def test_the_order_of_the_space_is_fixed():
    names = [a.name for a in SPACE]
    assert names[:8] == [
        "d1-s-nearest-w8",
        "d1-s-nearest-w16",
        "d1-s-bilinear-w8",
        "d1-s-bilinear-w16",
        "d1-s-transposed-w8",
        "d1-s-transposed-w16",
        "d1-s0-nearest-w8",
        "d1-s0-nearest-w16",
    ]
    assert names[12] == "d2-s-nearest-w8"
    assert names[180] == "d5-s-nearest-w8"
    assert names[-2:] == ["d5-s01234-transposed-w8", "d5-s01234-transposed-w16"]
    assert names == [a.name for a in Space()]


def test_members_are_had_by_index():
    assert [SPACE[i] for i in range(len(SPACE))] == list(SPACE)
    assert SPACE[-1].name == "d5-s01234-transposed-w16"
    with pytest.raises(IndexError):
        SPACE[372]


def test_the_space_contains_its_architectures_and_nothing_else():
    assert all(a in SPACE for a in SPACE)
    assert Architecture.parse("d4-s13-nearest-w8") in SPACE
    for other in ("d6-s-nearest-w8", "", 0, None, Architecture(1).graph, (1, (), "nearest", 8)):
        assert other not in SPACE


def test_the_space_shows_its_name():
    assert repr(SPACE) == "Space('core64')"


# --- neighbours ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "neighbours"),
    [
        (
            "d2-s0-nearest-w8",
            "d2-s-nearest-w8 d2-s01-nearest-w8 d1-s0-nearest-w8 d3-s0-nearest-w8 "
            "d2-s0-bilinear-w8 d2-s0-transposed-w8 d2-s0-nearest-w16",
        ),
        (
            "d1-s-transposed-w16",
            "d1-s0-transposed-w16 d2-s-transposed-w16 d1-s-nearest-w16 d1-s-bilinear-w16 "
            "d1-s-transposed-w8",
        ),
        (
            "d5-s4-bilinear-w8",
            "d5-s04-bilinear-w8 d5-s14-bilinear-w8 d5-s24-bilinear-w8 d5-s34-bilinear-w8 "
            "d5-s-bilinear-w8 d5-s4-nearest-w8 d5-s4-transposed-w8 d5-s4-bilinear-w16",
        ),
    ],
)
def test_neighbours_are_one_edit_away_in_a_fixed_order(name, neighbours):
    found = SPACE.neighbours(Architecture.parse(name))
    assert [a.name for a in found] == neighbours.split()


def test_neighbours_are_mutual_and_never_oneself_nor_twice():
    neighbours = {a: SPACE.neighbours(a) for a in SPACE}
    for a, found in neighbours.items():
        assert a not in found
        assert len(set(found)) == len(found)
        assert all(b in neighbours and a in neighbours[b] for b in found)


def test_edits_lead_from_any_architecture_to_any_other():
    reached = {SPACE[0]}
    frontier = [SPACE[0]]
    while frontier:
        frontier = [b for b in SPACE.neighbours(frontier.pop()) if b not in reached] + frontier
        reached.update(frontier)
    assert len(reached) == 372


@pytest.mark.parametrize("stranger", [(), None, 3])
def test_neighbours_of_a_stranger_are_refused(stranger):
    with pytest.raises(ValueError, match="is not in the space core64") as error:
        SPACE.neighbours(stranger)
    assert repr(stranger) in str(error.value)


def test_names_stand_for_their_architectures():
    name = "d3-s1-bilinear-w16"
    a = Architecture.parse(name)
    assert name in SPACE
    assert SPACE[SPACE.index(name)] == a
    assert SPACE.neighbours(name) == SPACE.neighbours(a)
    assert SPACE.mutate(name, np.random.default_rng(1)) in SPACE.neighbours(a)
    assert (SPACE.encode(name) == SPACE.encode(a)).all()


def test_a_malformed_name_has_no_neighbours():
    with pytest.raises(InvalidArchitecture, match="name 'd6-s-nearest-w8': depth is 6"):
        SPACE.neighbours("d6-s-nearest-w8")


@pytest.mark.parametrize("rng", [None, 0, "0"])
def test_what_is_no_generator_is_refused(rng):
    with pytest.raises(ValueError, match=f"rng is {rng!r}; expected a numpy Generator"):
        SPACE.sample(rng)
    with pytest.raises(ValueError, match="expected a numpy Generator"):
        SPACE.mutate(SPACE[0], rng)


# --- random draws --------------------------------------------------------------------------


def assert_uniform(drawn, choices):
    """Chi-square within five standard deviations of its mean, its degrees of freedom."""
    counts = np.array([drawn.count(choice) for choice in choices])
    assert counts.sum() == len(drawn), "something else was drawn"
    assert counts.all(), "something was never drawn"
    expected = len(drawn) / len(choices)
    freedom = len(choices) - 1
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi_square - freedom) < 5 * (2 * freedom) ** 0.5


def test_sample_reaches_all_architectures_alike():
    rng = np.random.default_rng(0)
    names = [SPACE.sample(rng).name for _ in range(50 * 372)]
    assert_uniform(names, [a.name for a in SPACE])


@pytest.mark.parametrize("name", ["d2-s0-nearest-w8", "d5-s01234-transposed-w16"])
def test_mutate_reaches_all_neighbours_alike(name):
    architecture = Architecture.parse(name)
    rng = np.random.default_rng(0)
    drawn = [SPACE.mutate(architecture, rng) for _ in range(1000)]
    assert_uniform(drawn, SPACE.neighbours(architecture))


def draws(seed):
    rng = np.random.default_rng(seed)
    sampled = [SPACE.sample(rng) for _ in range(20)]
    return sampled + [SPACE.mutate(a, rng) for a in sampled]


def test_one_seed_gives_the_same_draws_and_another_seed_gives_others():
    assert draws(3) == draws(3)
    assert draws(3) != draws(4)


def test_global_random_states_are_left_alone():
    numpy_before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002 what must not be touched
    draws(5)
    numpy_after = np.random.get_state()  # noqa: NPY002 what must not be touched
    assert random.getstate() == python_before
    assert all(np.array_equal(a, b) for a, b in zip(numpy_before, numpy_after, strict=True))
