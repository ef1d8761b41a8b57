"""Canonical keys: equal for isomorphic graphs, different for all others, the same for ever."""

import hashlib
from enum import StrEnum
from itertools import combinations, pairwise, permutations, product
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dipbench.errors import InvalidArchitecture, SearchLimitExceeded
from dipbench.graphs import canonical
from dipbench.graphs.canonical import canonical_key, canonical_order, dag_key
from dipbench.graphs.dag import labelled_dag
from dipbench.spaces import Architecture, Space

CORE64 = tuple(Space("core64"))


def labelled(edges, ops="conv3", nodes=()):
    """A graph of `edges`; `ops` is one op for all nodes or a mapping from node to op."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    nx.set_node_attributes(graph, ops, "op")
    return graph


def label(attributes):
    return attributes["op"], attributes.get("channels", 0)


def written_in_order(graph):
    """The labelled graph that is left when each node is replaced by its canonical position."""
    order = canonical_order(graph)
    position = {node: i for i, node in enumerate(order)}
    return [
        (label(graph.nodes[node]), sorted(position[p] for p in graph.predecessors(node)))
        for node in order
    ]


# --- the space -----------------------------------------------------------------------------


def test_372_architectures_have_372_keys():
    assert len({canonical_key(a.graph) for a in CORE64}) == 372


def test_relabelled_architectures_keep_their_keys(relabelled):
    rng = np.random.default_rng(20)
    for a in CORE64:
        graph = a.graph
        keys = {canonical_key(relabelled(graph, rng)) for _ in range(20)}
        assert keys == {a.key}, a.name


def test_keys_are_64_hexadecimal_digits():
    key = CORE64[0].key
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")


def test_dag_key_is_the_key_of_a_graph_already_read():
    graph = CORE64[100].graph
    assert dag_key(labelled_dag(graph)) == canonical_key(graph)


# --- exactness -----------------------------------------------------------------------------

SHARED = [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7), (6, 7)]
TWISTED_PAIR = (
    labelled([*SHARED, (1, 5), (2, 6)]),
    labelled([*SHARED, (1, 6), (2, 5)]),
)


@pytest.mark.filterwarnings("ignore:The hashes produced for directed graphs changed")
def test_a_pair_that_weisfeiler_lehman_confuses_is_told_apart():
    one, other = TWISTED_PAIR
    hashes = {
        nx.weisfeiler_lehman_graph_hash(g, node_attr="op", iterations=8) for g in (one, other)
    }
    assert len(hashes) == 1
    assert canonical_key(one) != canonical_key(other)


def least_encodings(adjacency, labels, label_count):
    """Brute force: per graph, the least of its encodings over all permutations of the nodes."""
    graphs, n = labels.shape
    bits = np.hstack([adjacency.reshape(graphs, n * n), labels]).astype(float)
    sums = []
    for order in permutations(range(n)):
        edges = [2.0 ** (n * i + j) for i, j in product(order, repeat=2)]
        sums.append(edges + [2.0 ** (n * n) * label_count**i for i in order])
    # Exact: every sum is an integer below 2**53.
    weights = np.array(sums).T
    return np.concatenate([(rows @ weights).min(axis=1) for rows in np.array_split(bits, 64)])


# How many there are with one label: https://oeis.org/A003087
@pytest.mark.parametrize(
    ("n", "label_count", "classes"),
    [
        (1, 3, 3),
        (2, 3, 6 + 9),
        (3, 3, 10 + 27 + 27 + 18 + 18 + 27),
        (2, 1, 2),
        (3, 1, 6),
        (4, 1, 31),
        (5, 1, 302),
        (6, 1, 5984),
        (4, 3, None),
        (5, 2, None),
    ],
)
def test_keys_part_all_small_labelled_dags_as_brute_force_does(n, label_count, classes):
    slots = list(combinations(range(n), 2))
    every = list(product(product((0, 1), repeat=len(slots)), product(range(label_count), repeat=n)))
    adjacency = np.zeros((len(every), n, n))
    keys = []
    for g, (chosen, ops) in enumerate(every):
        edges = [slot for slot, present in zip(slots, chosen, strict=True) if present]
        for i, j in edges:
            adjacency[g, i, j] = 1
        graph: nx.DiGraph[Any] = nx.DiGraph()
        # Inserted backwards every other time, so that insertion order has its say as well.
        graph.add_nodes_from([(i, {"op": "abc"[ops[i]]}) for i in range(n)][:: -1 if g % 2 else 1])
        graph.add_edges_from(edges)
        keys.append(canonical_key(graph))
    codes = least_encodings(adjacency, np.array([ops for _, ops in every]), label_count)
    codes = codes.tolist()
    assert len(set(keys)) == len(set(codes)) == len(set(zip(keys, codes, strict=True)))
    assert classes in (None, len(set(keys)))


@st.composite
def labelled_dags(draw, least_edges=0):
    n = draw(st.integers(min_value=3, max_value=9))
    slots = list(combinations(range(n), 2))
    edges = draw(st.lists(st.sampled_from(slots), unique=True, min_size=least_edges))
    ops = draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n))
    return labelled(edges, dict(enumerate(ops)), nodes=range(n))


def isomorphic(one, other):
    return nx.is_isomorphic(one, other, node_match=lambda a, b: label(a) == label(b))


@settings(deadline=None, max_examples=150)
@given(graph=labelled_dags(), seed=st.integers(0, 2**32 - 1))
def test_permuted_copies_have_one_key_and_one_canonical_graph(relabelled, graph, seed):
    copy = relabelled(graph, np.random.default_rng(seed))
    assert canonical_key(copy) == canonical_key(graph)
    assert written_in_order(copy) == written_in_order(graph)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), graph=labelled_dags(least_edges=1))
def test_keys_agree_with_isomorphism_when_one_edge_is_moved(data, graph):
    edge = data.draw(st.sampled_from(sorted(graph.edges)))
    free = [slot for slot in combinations(range(len(graph)), 2) if not graph.has_edge(*slot)]
    moved = graph.copy()
    moved.remove_edge(*edge)
    moved.add_edge(*data.draw(st.sampled_from([*free, edge])))
    assert (canonical_key(graph) == canonical_key(moved)) == isomorphic(graph, moved)


@settings(deadline=None, max_examples=300)
@given(data=st.data(), graph=labelled_dags(least_edges=2))
def test_keys_agree_with_isomorphism_when_two_edges_swap_targets(data, graph):
    """All degrees stay, so these pairs are harder to tell apart."""
    (a, b), (c, d) = data.draw(
        st.lists(st.sampled_from(sorted(graph.edges)), min_size=2, max_size=2, unique=True)
    )
    swapped = graph.copy()
    if a < d and c < b and not (graph.has_edge(a, d) or graph.has_edge(c, b)):
        swapped.remove_edges_from([(a, b), (c, d)])
        swapped.add_edges_from([(a, d), (c, b)])
    assert (canonical_key(graph) == canonical_key(swapped)) == isomorphic(graph, swapped)


def bipartite(size, rows):
    """A DAG of two layers: source i reads into the sinks of rows[i]."""
    return labelled(((0, i), (1, j)) for i in range(size) for j in rows[i])


def test_regular_two_layer_dags_are_told_apart_as_isomorphism_does(relabelled):
    """Every source and sink has three neighbours: refinement alone sees no difference."""
    rng = np.random.default_rng(8)
    graphs: list[nx.DiGraph[Any]] = []
    while len(graphs) < 20:
        shifts = [rng.permutation(8) for _ in range(3)]
        rows = [{int(shift[i]) for shift in shifts} for i in range(8)]
        if all(len(row) == 3 for row in rows):
            graphs.append(bipartite(8, rows))
    graphs += [relabelled(graph, rng) for graph in graphs[:5]]
    keys = [canonical_key(graph) for graph in graphs]
    same = [isomorphic(a, b) for a, b in combinations(graphs, 2)]
    assert [a == b for a, b in combinations(keys, 2)] == same
    assert 5 <= sum(same) < len(same)


# --- canonical order -----------------------------------------------------------------------


def test_canonical_order_is_topological_and_has_every_node_once(random_network):
    rng = np.random.default_rng(3)
    for _ in range(100):
        graph = random_network(rng)
        order = canonical_order(graph)
        assert len(order) == len(graph)
        position = {node: i for i, node in enumerate(order)}
        assert position.keys() == set(graph)
        assert all(position[source] < position[target] for source, target in graph.edges)


def test_isomorphic_networks_are_the_same_graph_in_canonical_order(random_network, relabelled):
    rng = np.random.default_rng(4)
    for _ in range(100):
        graph = random_network(rng)
        copy = relabelled(graph, rng)
        assert written_in_order(copy) == written_in_order(graph)
        assert canonical_key(copy) == canonical_key(graph)


# --- symmetric graphs ----------------------------------------------------------------------


def parallel_branches(count, length):
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for branch in range(count):
        nx.add_path(graph, ["in", *((branch, i) for i in range(length)), "join"])
    nx.set_node_attributes(graph, {n: {"op": "conv3", "channels": 4} for n in graph})
    graph.add_node("in", op="input")
    graph.add_node("join", op="concat")
    return graph


def layered(*sizes):
    """Every node of a layer reads every node of the layer before."""
    layers = [[(depth, i) for i in range(size)] for depth, size in enumerate(sizes)]
    return labelled(edge for one, two in pairwise(layers) for edge in product(one, two))


def crown(size):
    """Two layers, each source read by every sink but its own."""
    return bipartite(size, [set(range(size)) - {i} for i in range(size)])


def crowns(*sizes):
    """Disjoint cycles, their edges turned to run from sources to sinks."""
    return nx.disjoint_union_all(
        [bipartite(size, [{i, (i + 1) % size} for i in range(size)]) for size in sizes]
    )


def rook_incidence(size):
    """Rows and columns of a board, read by the squares that lie on them."""
    board = list(product(range(size), repeat=2))
    return labelled(
        [(("row", i), (i, j)) for i, j in board] + [(("column", j), (i, j)) for i, j in board]
    )


def rook_moves(size):
    """Two copies of a board; a square is read by those one rook's move away."""
    board = list(product(range(size), repeat=2))
    return labelled(
        (("from", a), ("to", b))
        for a, b in product(board, repeat=2)
        if (a[0] == b[0]) != (a[1] == b[1])
    )


def incidence(graph):
    """The vertices of an undirected graph, read by its edges."""
    ends = [(end, ("edge", i)) for i, edge in enumerate(graph.edges) for end in edge]
    return labelled(ends)


def torus(size, steps):
    """A Cayley graph: squares of a board that wraps around, joined by `steps`."""
    board = list(product(range(size), repeat=2))
    return nx.Graph(((i, j), ((i + x) % size, (j + y) % size)) for i, j in board for x, y in steps)


# Strongly regular with the same parameters: even individualising a vertex parts them badly.
SHRIKHANDE = incidence(torus(4, [(0, 1), (1, 0), (1, 1)]))
ROOK_GRAPH = incidence(torus(4, [(0, 1), (0, 2), (1, 0), (2, 0)]))

SYMMETRIC = {
    "12 branches of 1": parallel_branches(12, 1),
    "12 branches of 3": parallel_branches(12, 3),
    "12 branches of 8": parallel_branches(12, 8),
    "one layer": labelled([], nodes=range(40)),
    "complete layers": layered(4, 4, 4),
    "many complete layers": layered(3, 5, 5, 5, 2, 8),
    "crown of 4": crown(4),
    "crown of 8": crown(8),
    "crown of 20": crown(20),
    "cycles": crowns(*[4] * 8),
    "cycles of two lengths": crowns(4, 4, 4, 6, 6, 3),
    "two twisted pairs": nx.disjoint_union_all(TWISTED_PAIR * 2),
    "rook incidence": rook_incidence(8),
    "rook moves": rook_moves(5),
    "Petersen": incidence(nx.petersen_graph()),
    "Shrikhande": SHRIKHANDE,
    "rook graph": ROOK_GRAPH,
    "Shrikhande and rook graph": nx.disjoint_union(SHRIKHANDE, ROOK_GRAPH),
}


@pytest.mark.parametrize("graph", SYMMETRIC.values(), ids=SYMMETRIC.keys())
def test_relabelled_copies_of_symmetric_graphs_agree(graph, relabelled):
    rng = np.random.default_rng(1)
    copies = [relabelled(graph, rng) for _ in range(5)]
    assert {canonical_key(copy) for copy in copies} == {canonical_key(graph)}
    assert all(written_in_order(copy) == written_in_order(graph) for copy in copies)


def test_symmetric_graphs_differ_from_each_other():
    assert len({canonical_key(graph) for graph in SYMMETRIC.values()}) == len(SYMMETRIC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (crowns(6), crowns(3, 3)),
        (crowns(8, 3), crowns(7, 4)),
        (crowns(4, 4, 8), crowns(4, 6, 6)),
        (crown(3), crown(4)),
        (parallel_branches(12, 3), parallel_branches(11, 3)),
    ],
)
def test_near_misses_of_symmetric_graphs_are_told_apart(one, other):
    assert canonical_key(one) != canonical_key(other)


def test_relabelled_copies_of_large_random_dags_agree(relabelled):
    rng = np.random.default_rng(2)
    for _ in range(20):
        graph = labelled(
            (edge for edge in combinations(range(200), 2) if rng.random() < 0.012),
            {node: "ab"[rng.integers(2)] for node in range(200)},
            nodes=range(200),
        )
        assert len({canonical_key(relabelled(graph, rng)) for _ in range(4)}) == 1


def test_an_automorphism_that_moves_the_path_excuses_no_branch():
    image = [1, 0, 3, 2]
    assert canonical._Orbits(4, path=[]).join([image], 3, explored=[2])
    assert not canonical._Orbits(4, path=[0]).join([image], 3, explored=[2])


def test_the_limit_raises_rather_than_answers_wrongly(monkeypatch):
    """This graph needs 43,575 steps, of which the first leaf takes about a third."""
    graph = rook_incidence(6)
    monkeypatch.setattr(canonical, "WORK_LIMIT", 40_000)
    for read in (canonical_key, canonical_order):
        with pytest.raises(SearchLimitExceeded, match=r"40000 steps of work; a graph of 48 nodes"):
            read(graph)


def test_the_limit_counts_refinement_also_where_nothing_is_searched(monkeypatch):
    """Every step of this refinement tells two nodes more from the rest, over dense layers."""
    staircase = bipartite(60, [set(range(60 - i)) for i in range(60)])
    key = canonical_key(staircase)
    monkeypatch.setattr(canonical, "WORK_LIMIT", 1_000)
    with pytest.raises(SearchLimitExceeded, match="1000 steps of work"):
        canonical_key(staircase)
    monkeypatch.setattr(canonical, "WORK_LIMIT", 20_000)
    assert canonical_key(staircase) == key


def test_the_limit_does_not_touch_graphs_without_symmetry(monkeypatch):
    expected = [a.key for a in CORE64]
    monkeypatch.setattr(canonical, "WORK_LIMIT", 1_000)
    assert [canonical_key(a.graph) for a in CORE64] == expected


def switched_hadamard(order, seed):
    """A Hadamard matrix that random switchings of Sylvester's have left with little symmetry.

    Orrick, "Switching operations for Hadamard matrices", 2008: four rows whose product is
    constant agree, up to sign, on each of four sets of columns; one such block may be negated.
    """
    rng = np.random.default_rng(seed)
    matrix = np.ones((1, 1), int)
    while len(matrix) < order:
        matrix = np.kron(matrix, [[1, 1], [1, -1]])
    switched = 0
    while switched < 20:
        rows = rng.choice(order, 4, replace=False)
        if abs(matrix[rows].prod(axis=0).sum()) == order:
            alike = (
                matrix[rows] * matrix[rows[0]] == matrix[rows][:, [0]] * matrix[rows[0], 0]
            ).all(0)
            matrix[np.ix_(rows, np.flatnonzero(alike))] *= -1
            switched += 1
    assert (matrix @ matrix.T == order * np.eye(order)).all()
    return matrix


def test_a_graph_that_took_half_a_minute_is_refused():
    """The search visits few nodes of the tree, but refines long at each."""
    matrix = switched_hadamard(32, seed=0)
    doubled = np.block([[matrix > 0, matrix < 0], [matrix < 0, matrix > 0]])
    graph = bipartite(64, [set(np.flatnonzero(row).tolist()) for row in doubled])
    with pytest.raises(SearchLimitExceeded, match="128 nodes"):
        canonical_key(graph)


# --- labels --------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["conv3", "down", "up-transposed", "skip1"])
def test_channels_count_for_ops_that_learn_filters(op):
    def key(channels):
        graph = labelled([("in", "a"), ("a", "out")], {"in": "input", "a": op, "out": "output"})
        graph.add_node("a", channels=channels)
        return canonical_key(graph)

    assert len({key(4), key(5), key(44)}) == 3
    assert key(np.int64(4)) == key(4)


@pytest.mark.parametrize("op", ["input", "up-nearest", "up-bilinear", "concat", "output"])
def test_channels_do_not_count_for_other_ops(op):
    graph = labelled([("in", "a"), ("in", "b"), ("b", "a")], {"in": "conv3", "a": op, "b": "conv3"})
    key = canonical_key(graph)
    graph.add_node("a", channels=7)
    assert canonical_key(graph) == key


@pytest.mark.parametrize("kind", [np.str_, StrEnum("Op", {"CONV": "conv3"})])
def test_ops_count_by_value_and_not_by_type(kind):
    assert canonical_key(labelled([], kind("conv3"), [0])) == canonical_key(
        labelled([], "conv3", [0])
    )


def test_other_attributes_do_not_count():
    graph = Architecture(3, (0, 2)).graph
    graph.graph["title"] = "mine"
    for i, node in enumerate(graph):
        graph.add_node(node, colour=i)
    for i, edge in enumerate(graph.edges):
        graph.add_edge(*edge, weight=i)
    assert canonical_key(graph) == Architecture(3, (0, 2)).key


def test_ops_count():
    path = [("a", "b"), ("b", "c")]
    ops = product(("conv3", "skip1"), repeat=3)
    assert len({canonical_key(labelled(path, dict(zip("abc", o, strict=True)))) for o in ops}) == 8


def test_edge_direction_counts():
    fork, join = labelled([("a", "b"), ("a", "c")]), labelled([("b", "a"), ("c", "a")])
    assert canonical_key(fork) != canonical_key(join)


def test_ops_that_contain_the_separators_do_not_run_together():
    one = labelled([], {0: "a' 0 []\n'b", 1: "c"}, nodes=[0, 1])
    two = labelled([], {0: "a", 1: "b' 0 []\n'c"}, nodes=[0, 1])
    three = labelled([], {0: "a", 1: "b", 2: "c"}, nodes=[0, 1, 2])
    assert len({canonical_key(graph) for graph in (one, two, three)}) == 3


def test_ops_beyond_ascii_are_hashed():
    assert canonical_key(labelled([], {0: "é"}, [0])) != canonical_key(labelled([], {0: "è"}, [0]))


@pytest.mark.parametrize("read", [canonical_key, canonical_order])
@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (labelled([("a", "b"), ("b", "a")]), r"node '[ab]' lies on a cycle"),
        (nx.DiGraph([("a", "b")]), r"node 'a' has op None"),
        (nx.Graph(), r"expected a networkx\.DiGraph"),
    ],
)
def test_graphs_that_cannot_be_read_are_refused(read, graph, message):
    with pytest.raises(InvalidArchitecture, match=message):
        read(graph)


# --- pinned: a key never changes -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("d1-s-nearest-w8", "4adebe6e90bcbcc5c0592117f381fac1167566fdcb52ae7a91e9baee750af318"),
        ("d3-s0-bilinear-w16", "d2ddabba93c3e78f9aa2e9267d8cce72d63dd18117c07748bf1f1bcbe5bda2b3"),
        (
            "d5-s01234-transposed-w16",
            "ef0a3bf2d678f3c3b33626912b5a63afe8c4cec934d8a7dc9631ca1bb5a24dcb",
        ),
    ],
)
def test_keys_of_three_architectures(name, key):
    assert Architecture.parse(name).key == key


def cross_level_skip():
    """The second level joins the first by a skip that is up-sampled on its own way."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("in", op="input")
    for node, op, channels in [
        ("stem", "conv3", 16),
        ("down1", "down", 16),
        ("down2", "down", 24),
        ("side", "skip1", 4),
        ("side up", "up-transposed", 4),
        ("conv", "conv3", 16),
    ]:
        graph.add_node(node, op=op, channels=channels)
    for node, op in [("up1", "up-bilinear"), ("up0", "up-nearest"), ("join", "concat")]:
        graph.add_node(node, op=op)
    graph.add_node("out", op="output")
    nx.add_path(graph, ["in", "stem", "down1", "down2", "up1", "up0", "join", "conv", "out"])
    nx.add_path(graph, ["down1", "side", "side up", "join"])
    nx.add_path(graph, ["stem", "join"])
    return graph


def test_key_of_a_network_with_a_cross_level_skip():
    assert (
        canonical_key(cross_level_skip())
        == "41a33a423d03c5c3bbd1be5fa2e2830bd217ac9baccb24db25f9a40e6f2c8918"
    )


def test_key_of_a_graph_that_needs_the_search():
    assert (
        canonical_key(rook_incidence(3))
        == "703314725cd17f8b9d442f4e2f35f50e9e4296892c11f60c147e18023a813acb"
    )


def test_all_keys_of_the_space_in_order():
    digest = hashlib.sha256("\n".join(a.key for a in CORE64).encode("ascii")).hexdigest()
    assert digest == "f2c0fa14acf9dc063545d925331345af38f066e9f070c1005cc26b6d40d9de6c"
