"""The space unet64: names, indices, graphs and neighbours by its laws, on random members."""

import copy
import pickle
import subprocess
import sys
from itertools import product
from typing import Any, cast

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dipbench import InvalidArchitecture, NotInTable, Space, canonical_key, depth, query, slc
from dipbench.graphs.features import macs, params
from dipbench.spaces import Architecture, UNet, Unet64
from dipbench.spaces.core64 import UPSAMPLES, WIDTHS
from dipbench.spaces.unet64 import CONVS, SKIPS

SPACE = Unet64()
CORE64 = Space("core64")
INDICES = st.integers(0, 8_002_871)
COUNTS = (72, 1_296, 23_328, 419_904, 7_558_272)
OTHER = UNet(
    depth=3,
    skips=("narrow", "none", "wide"),
    upsamples=("bilinear", "bilinear", "transposed"),
    convs=2,
    width=16,
    growing=True,
    crossings=cast(tuple[int, ...], [1]),  # any iterable is taken
)

# --- indices and names ---------------------------------------------------------------------


def test_the_counts_per_depth_are_those_of_the_design():
    assert len(SPACE) == sum(COUNTS) == 8_002_872
    assert [len(SPACE.indices(depth)) for depth in range(1, 6)] == list(COUNTS)
    for d in range(1, 6):
        ends = SPACE.indices(d)
        assert {SPACE[ends[0]].depth, SPACE[ends[-1]].depth} == {d}
    with pytest.raises(InvalidArchitecture, match="depth is 6; expected one of 1, 2, 3, 4, 5"):
        SPACE.indices(6)


# An index means the same architecture for ever: these may never change.
PINNED = {
    0: "u1-so-un-c1-w8-x",
    71: "u1-sw-ut-c2-w16g-x",
    72: "u2-soo-unn-c1-w8-x",
    1_367: "u2-sww-utt-c2-w16g-x0",
    1_368: "u3-sooo-unnn-c1-w8-x",
    24_695: "u3-swww-uttt-c2-w16g-x01",
    24_696: "u4-soooo-unnnn-c1-w8-x",
    444_600: "u5-sooooo-unnnnn-c1-w8-x",
    8_002_871: "u5-swwwww-uttttt-c2-w16g-x0123",
}


@pytest.mark.parametrize(("index", "name"), PINNED.items())
def test_an_index_stands_for_one_name_for_ever(index, name):
    assert SPACE[index].name == name
    assert SPACE.index(name) == index


@given(INDICES)
@settings(max_examples=2000, deadline=None)
def test_index_name_and_fields_lead_to_each_other(index):
    a = SPACE[index]
    assert SPACE.index(a) == SPACE.index(a.name) == index
    assert UNet.parse(a.name) == SPACE.parse(str(a)) == a
    assert a in SPACE
    assert a.name in SPACE
    again = UNet(a.depth, a.skips, a.upsamples, a.convs, a.width, a.growing, a.crossings)
    assert (again, hash(again), repr(again)) == (a, hash(a), repr(a))
    assert index in SPACE.indices(a.depth)


def test_members_of_depth_1_and_2_are_every_combination_of_fields():
    for d in (1, 2):
        crossings = [()] if d == 1 else [(), (0,)]
        levels = product(SKIPS, repeat=d), product(UPSAMPLES, repeat=d)
        every = set(map(tuple, product(*levels, CONVS, WIDTHS, (False, True), crossings)))
        found = [SPACE[i] for i in SPACE.indices(d)]
        assert len(found) == len(every)
        assert {
            (a.skips, a.upsamples, a.convs, a.width, a.growing, a.crossings) for a in found
        } == every


def test_graphs_of_depth_1_and_2_are_all_different():
    keys = {SPACE[i].key for d in (1, 2) for i in SPACE.indices(d)}
    assert len(keys) == 72 + 1_296


def test_negative_indices_count_from_the_end_and_others_are_refused():
    assert SPACE[-1] == SPACE[8_002_871]
    for index in (8_002_872, -8_002_873):
        with pytest.raises(IndexError, match=f"index is {index}; the space unet64 has 8002872"):
            SPACE[index]


def test_nothing_is_listed_when_the_space_is_walked_through():
    first = iter(SPACE)
    assert [next(first).name for _ in range(2)] == ["u1-so-un-c1-w8-x", "u1-so-ub-c1-w8-x"]


def test_the_space_loads_no_library():
    script = (
        "import sys\nfrom dipbench import Space\na = Space('unet64')[8002871]\n"
        "Space('unet64').neighbours(a), a.name in Space('unet64'), a.slc\n"
        "assert not {'numpy', 'networkx', 'pandas', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


MALFORMED = ["", "u3", "u3-snow-ubbt-c2-w16g", "u3-s-ubbt-c2-w16g-x", "U3-snow-ubbt-c2-w16g-x1",
             "u3-snow-ubbt-c2-w16g-x1 ", "u3-snow-ubbt-c2-w16G-x1", "u-3-snow-ubbt-c2-w16-x",
             "u٣-snow-ubbt-c2-w16-x", None, 3, b"u3-snow-ubbt-c2-w16g-x1"]  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED, ids=ascii)
def test_malformed_names_are_refused_by_name(name):
    with pytest.raises(InvalidArchitecture) as error:
        SPACE.parse(name)
    assert (
        str(error.value) == f"malformed name {name!r}; expected one like 'u3-snow-ubbt-c2-w16g-x1'"
    )
    assert name not in SPACE


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("u0-sn-ub-c1-w16-x", "depth is 0; expected one of 1, 2, 3, 4, 5"),
        ("u6-snnnnnn-ubbbbbb-c1-w16-x", "depth is 6; expected one of 1, 2, 3, 4, 5"),
        ("u2-sn-ubb-c1-w16-x", "skips is ('narrow',); expected 2, one for each level from 0 to 1"),
        ("u1-sx-ub-c1-w16-x", "skip is 'x'; expected one of o (none), n (narrow), w (wide)"),
        ("u1-sn-uw-c1-w16-x", "upsample is 'w'; expected one of n (nearest), b (bilinear), t (tr"),
        ("u2-snn-ub-c1-w16-x", "upsamples is ('bilinear',); expected 2, one for each level"),
        ("u1-sn-ub-c3-w16-x", "convs is 3; expected one of 1, 2"),
        ("u1-sn-ub-c1-w12-x", "width is 12; expected one of 8, 16"),
        ("u1-sn-ub-c1-w16-x0", "crossings is (0,); a network of depth 1 has none"),
        ("u3-snow-ubbt-c2-w16g-x2", "crossing is 2; expected one of 0, 1"),
        ("u3-snow-ubbt-c2-w16g-x11", "crossings is (1, 1); expected each level once"),
    ],
)
def test_impossible_names_are_refused_with_the_part(name, reason):
    with pytest.raises(InvalidArchitecture) as error:
        SPACE.parse(name)
    assert str(error.value).startswith(f"name {name!r}: {reason}")


def test_a_name_spelt_another_way_is_refused_with_the_right_one():
    for name, expected in [
        ("u03-snow-ubbt-c2-w16g-x1", OTHER.name),
        ("u3-snow-ubbt-c2-w16g-x10", "u3-snow-ubbt-c2-w16g-x01"),
    ]:
        with pytest.raises(InvalidArchitecture, match=f"not canonical; expected '{expected}'"):
            SPACE.parse(name)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depth": True}, "depth is True; expected one of 1, 2, 3, 4, 5"),
        ({"skips": ("narrow",)}, r"skips is \('narrow',\); expected 2"),
        ({"skips": ("narrow", 4)}, "skip is 4; expected one of none, narrow, wide"),
        ({"skips": None}, "skips is None; expected one per level"),
        ({"upsamples": ("nearest", "cubic")}, "upsample is 'cubic'; expected one of nearest"),
        ({"upsamples": "bilinear"}, r"upsamples is \('bilinear',\); expected 2"),
        ({"convs": 0}, "convs is 0; expected one of 1, 2"),
        ({"width": 16.0}, "width is 16.0; expected one of 8, 16"),
        ({"growing": "yes"}, "growing is 'yes'; expected False or True"),
        ({"crossings": (1,)}, "crossing is 1; expected one of 0"),
        ({"crossings": 0}, "crossings is 0; expected levels from 0 to 0"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_was_expected(fields, message):
    right = {"depth": 2, "skips": ("none", "wide"), "upsamples": ("nearest", "nearest")}
    with pytest.raises(InvalidArchitecture, match=f"^{message}"):
        UNet(**right | fields)


# --- graphs --------------------------------------------------------------------------------


def test_the_graph_is_wired_as_the_design_says():
    graph = UNet(2, ("wide", "none"), ("nearest", "transposed"), 2, 8, True, (0,)).graph
    nodes = {node: (data["op"], data.get("channels", 0)) for node, data in graph.nodes(data=True)}
    assert nodes == {
        "input": ("input", 0),
        "stem": ("conv3", 8),
        "stem-2": ("conv3", 8),
        "down1": ("down", 12),
        "down1-2": ("conv3", 12),
        "down2": ("down", 16),
        "down2-2": ("conv3", 16),
        "up1": ("up-transposed", 16),
        "conv1": ("conv3", 12),
        "conv1-2": ("conv3", 12),
        "up0": ("up-nearest", 0),
        "skip0": ("skip1", 8),
        "cross0": ("skip1", 4),
        "crossup0": ("up-nearest", 0),
        "concat0": ("concat", 0),
        "conv0": ("conv3", 8),
        "conv0-2": ("conv3", 8),
        "output": ("output", 0),
    }
    trunk = "input stem stem-2 down1 down1-2 down2 down2-2 up1 conv1 conv1-2 up0 concat0 conv0"
    edges = [*nx.utils.pairwise([*trunk.split(), "conv0-2", "output"])]
    edges += [("stem-2", "skip0"), ("skip0", "concat0")]
    edges += [("down1-2", "cross0"), ("cross0", "crossup0"), ("crossup0", "concat0")]
    assert set(graph.edges) == set(edges)


def reaches(graph):
    """The greatest level on each path from input to output, by enumerating them."""
    found = []
    for path in nx.all_simple_paths(graph, "input", "output"):
        level, reached = 0, 0
        for node in path:
            op = graph.nodes[node]["op"]
            level += (op == "down") - op.startswith("up-")
            reached = max(reached, level)
        found.append(reached)
    return found


@given(INDICES)
@example(SPACE.index("u5-swwwww-uttttt-c2-w16g-x0123"))
@example(SPACE.index("u3-sooo-ubbb-c1-w8-x0"))
@settings(max_examples=150, deadline=None)
def test_depth_and_slc_are_those_of_the_paths_crossings_included(index):
    a = SPACE[index]
    paths = reaches(a.graph)
    assert (a.depth, a.slc) == (max(paths), min(paths)) == (depth(a.graph), slc(a.graph))


def test_a_crossing_alone_makes_an_slc_that_skips_do_not_see():
    assert SPACE.parse("u3-sooo-ubbb-c1-w8-x").slc == 3
    assert SPACE.parse("u3-sooo-ubbb-c1-w8-x0").slc == 1
    assert SPACE.parse("u3-soow-ubbb-c1-w8-x1").slc == 2


@given(INDICES, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_graph_leads_back_to_its_architecture_however_it_is_labelled(index, random):
    a = SPACE[index]
    labels = list(a.graph)
    random.shuffle(labels)
    graph = nx.relabel_nodes(a.graph, dict(zip(a.graph, labels, strict=True)))
    shuffled: nx.DiGraph[Any] = nx.DiGraph()
    shuffled.add_nodes_from(random.sample(list(graph.nodes(data=True)), len(graph)))
    shuffled.add_edges_from(random.sample(list(graph.edges), graph.number_of_edges()))
    assert UNet.from_graph(shuffled) == a
    assert canonical_key(shuffled) == a.key


def another_skip(graph):
    graph.nodes["skip0"]["channels"] = 6


def third_convolution(graph):
    graph.remove_edge("conv0-2", "output")
    graph.add_node("conv0-3", op="conv3", channels=16)
    nx.add_path(graph, ["conv0-2", "conv0-3", "output"])


def bilinear_crossing(graph):
    graph.nodes["crossup1"]["op"] = "up-bilinear"


def nothing_but_input_and_output(graph):
    graph.remove_nodes_from([n for n in graph if n not in ("input", "output")])
    graph.add_edge("input", "output")


@pytest.mark.parametrize(
    "edit", [another_skip, third_convolution, bilinear_crossing, nothing_but_input_and_output]
)
def test_other_networks_are_refused(edit):
    graph = OTHER.graph
    edit(graph)
    with pytest.raises(InvalidArchitecture, match="is a network, but not in the space unet64"):
        UNet.from_graph(graph)


# --- twins ---------------------------------------------------------------------------------


@pytest.mark.parametrize("a", CORE64, ids=str)
def test_a_core64_architecture_has_a_twin_with_the_same_key(a):
    twin = SPACE.parse(a.name)
    assert isinstance(twin, UNet)
    assert (twin.key, twin.depth, twin.slc) == (a.key, a.depth, a.slc)
    assert nx.utils.graphs_equal(twin.graph, a.graph)
    assert SPACE.index(a) == SPACE.index(a.name) == SPACE.index(twin)
    assert a in SPACE


def test_twins_are_members_of_core64_and_others_are_not():
    twin = SPACE.parse("d3-s1-bilinear-w16")
    assert twin.name == "u3-sono-ubbb-c1-w16-x"
    assert twin in CORE64
    assert twin.name in CORE64
    assert CORE64.member(twin) == Architecture.parse("d3-s1-bilinear-w16")
    assert CORE64.neighbours(twin) == CORE64.neighbours("d3-s1-bilinear-w16")
    for name in ("u3-sowo-ubbb-c1-w16-x", "u3-sono-ubbn-c1-w16-x", "u3-sono-ubbb-c2-w16-x"):
        assert UNet.parse(name) not in CORE64
    assert OTHER not in CORE64


def test_a_twin_is_queried_as_its_core64_architecture():
    name = "d3-s1-bilinear-w16"
    twin = SPACE.parse(name)
    assert query(twin) == query(name) == query(twin.name)


def test_what_was_not_measured_is_not_in_the_table():
    for asked in (OTHER, OTHER.name, OTHER.graph):
        with pytest.raises(NotInTable, match="is not among the"):
            query(asked)


def test_a_twin_needs_as_much_as_its_core64_architecture():
    a = Architecture.parse("d4-s02-transposed-w8")
    twin = SPACE.member(a)
    assert (params(twin.graph), macs(twin.graph)) == (params(a.graph), macs(a.graph))


# --- neighbours ----------------------------------------------------------------------------


@given(INDICES)
@settings(max_examples=300, deadline=None)
def test_neighbours_are_mutual_members_each_once_and_in_a_fixed_order(index):
    a = SPACE[index]
    found = SPACE.neighbours(a)
    assert a not in found
    assert len(set(found)) == len(found)
    assert found == SPACE.neighbours(a.name)
    for b in found:
        assert SPACE[SPACE.index(b)] == b == UNet.parse(b.name)
        assert a in SPACE.neighbours(b)
        assert differing(a, b) == 1


def differing(a, b):
    """How many choices differ; those of a level that one lacks count as one."""
    if a.depth != b.depth:
        less = min(a.depth, b.depth)
        same = a.skips[:less] == b.skips[:less] and a.upsamples[:less] == b.upsamples[:less]
        shared = [tuple(x for x in c.crossings if x < less - 1) for c in (a, b)]
        rest = [(c.convs, c.width, c.growing) for c in (a, b)]
        return (
            abs(a.depth - b.depth) if same and shared[0] == shared[1] and rest[0] == rest[1] else 9
        )
    levels = [(x, y) for fields in ("skips", "upsamples") for x, y in
              zip(getattr(a, fields), getattr(b, fields), strict=True)]  # fmt: skip
    levels += [(a.convs, b.convs), (a.width, b.width), (a.growing, b.growing)]
    return sum(x != y for x, y in levels) + len(set(a.crossings) ^ set(b.crossings))


def test_the_number_of_neighbours_is_moderate():
    counts = [len(SPACE.neighbours(SPACE[SPACE.indices(d)[0]])) for d in range(1, 6)]
    # per level 4, crossings, three sizes, 18 ways to go deeper and one to go back
    assert counts == [4 + 3 + 18, 8 + 1 + 22, 12 + 2 + 22, 16 + 3 + 22, 20 + 4 + 3 + 1]


def test_the_order_of_neighbours_is_fixed():
    names = [a.name for a in SPACE.neighbours("u1-sn-ub-c1-w16-x")]
    assert names[:8] == [
        "u1-so-ub-c1-w16-x",
        "u1-sw-ub-c1-w16-x",
        "u1-sn-un-c1-w16-x",
        "u1-sn-ut-c1-w16-x",
        "u1-sn-ub-c2-w16-x",
        "u1-sn-ub-c1-w8-x",
        "u1-sn-ub-c1-w16g-x",
        "u2-sno-ubn-c1-w16-x",
    ]
    assert names[8] == "u2-sno-ubn-c1-w16-x0"
    assert names[-1] == "u2-snw-ubt-c1-w16-x0"


def test_draws_come_from_the_generator_alone_and_reach_all_depths_by_their_share():
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(20_000)]
    assert drawn[:50] == [SPACE.sample(r) for r in [np.random.default_rng(0)] for _ in range(50)]
    share = np.mean([a.depth == 5 for a in drawn])
    assert share == pytest.approx(7_558_272 / 8_002_872, abs=0.008)
    for a in drawn[:20]:
        assert SPACE.mutate(a, rng) in SPACE.neighbours(a)


# --- for learners and tuners ----------------------------------------------------------------


def test_features_say_what_the_fields_say():
    row = dict(zip([f.name for f in SPACE.features], SPACE.encode(OTHER), strict=True))
    on = {
        "narrow0",
        "wide2",
        "bilinear0",
        "bilinear1",
        "transposed2",
        "cross1",
        "growing",
        "double",
    }
    assert row == {name: float(name in on) for name in row} | {"depth": 3, "width": 16}


@given(st.lists(INDICES, max_size=20))
@settings(max_examples=50, deadline=None)
def test_features_of_many_are_those_of_each_and_tell_all_apart(indices):
    found = SPACE.encode_at(indices)
    assert found.shape == (len(indices), len(SPACE.features))
    assert np.array_equal(found, SPACE.encode_many([SPACE[i] for i in indices]))
    assert len({row.tobytes() for row in found}) == len(set(indices))
    for row, index in zip(found, indices, strict=True):
        assert np.array_equal(row, SPACE.encode(SPACE[index]))


def test_features_of_all_architectures_of_depth_1_and_2_differ():
    found = SPACE.encode_at(range(72 + 1_296))
    assert len(np.unique(found, axis=0)) == len(found)
    binary = [f.binary for f in SPACE.features]
    assert set(np.unique(found[:, binary])) == {0, 1}


@pytest.mark.parametrize("index", [-1, 8_002_872])
def test_features_of_no_architecture_are_refused(index):
    with pytest.raises(IndexError, match=f"index is {index}"):
        SPACE.encode_at([0, index])


@given(INDICES)
@settings(max_examples=300, deadline=None)
def test_parameters_lead_back_to_the_architecture(index):
    a = SPACE[index]
    parameters = SPACE.parameters(a)
    assert SPACE.from_parameters(parameters) == a
    for dimension in SPACE.dimensions:
        assert (dimension.name in parameters) == (dimension.from_depth <= a.depth)
        assert parameters.get(dimension.name, dimension.values[0]) in dimension.values


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": 5}, "unknown parameter 'kernel'; expected depth, skip0"),
        ({"depth": 6}, "depth is 6; expected one of 1, 2, 3, 4, 5"),
        ({"skip3": "wide"}, "skip3 is 'wide'; expected none"),
        ({"skip0": True}, "skip0 is True; expected none or narrow or wide"),
        ({"cross1": "yes"}, "cross1 is 'yes'; expected False or True"),
        ({"depth": 4}, "parameter 'skip3' is missing"),
    ],
)
def test_parameters_of_no_architecture_are_refused(change, message):
    with pytest.raises(InvalidArchitecture, match=message):
        SPACE.from_parameters(SPACE.parameters(OTHER) | change)


# --- values --------------------------------------------------------------------------------


def test_architectures_and_spaces_travel():
    for value in (OTHER, SPACE, CORE64, CORE64[5]):
        for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):  # noqa: S301 our own
            assert again == value
            assert hash(again) == hash(value)
    assert Space("unet64") == Unet64() != CORE64
