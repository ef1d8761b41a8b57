"""The seam: what a new space needs, which is one file, and what it is given then."""

import copy
import pickle
from dataclasses import dataclass
from typing import Any, ClassVar

import networkx as nx
import numpy as np
import pytest

from dipbench import InvalidArchitecture, Space, canonical_key
from dipbench.nas.adapters.parameters import from_parameters, switched, to_parameters
from dipbench.spaces import SPACES, Architecture, BaseArchitecture, Dimension, Feature, OwnSpace
from dipbench.spaces.wiring import encoder_decoder


@dataclass(frozen=True)
class Plain(BaseArchitecture):
    space: ClassVar[str] = "plain"
    depth: int

    @property
    def name(self):
        return f"plain{self.depth}"

    @property
    def slc(self):
        return self.depth

    @property
    def graph(self):
        return encoder_decoder([8] * (self.depth + 1), {}, ["nearest"] * self.depth)


class PlainSpace(Space[Plain]):
    dimensions = (Dimension("depth", (1, 2, 3, 4), "integer"),)
    features = (Feature("depth", binary=False),)

    def __len__(self):
        return 4

    def at(self, index):
        return Plain(index + 1)

    def parse(self, name):
        for a in self:
            if a.name == name:
                return a
        raise InvalidArchitecture(f"malformed name {name!r}")

    def from_graph(self, graph):
        for a in self:
            if a.key == canonical_key(graph):
                return a
        raise InvalidArchitecture("no such graph")

    def _own(self, item):
        return item if isinstance(item, Plain) else None

    def _index(self, member):
        return member.depth - 1

    def _neighbours(self, member):
        return [Plain(d) for d in (member.depth - 1, member.depth + 1) if 1 <= d <= 4]

    def _numbers(self, member):
        return [member.depth]

    def _values(self, member):
        return {"depth": member.depth}

    def from_parameters(self, parameters):
        self.check_parameters(parameters, ())
        return Plain(parameters["depth"])


@pytest.fixture
def _plain(monkeypatch):
    monkeypatch.setitem(Space._known, "plain", PlainSpace)
    monkeypatch.setattr(PlainSpace, "name", "plain", raising=False)


@pytest.mark.usefixtures("_plain")
def test_a_new_space_needs_its_own_file_alone():
    space = Space("plain")
    assert "plain" in SPACES
    assert [a.name for a in space] == ["plain1", "plain2", "plain3", "plain4"]
    assert space[-1] == Plain(4)
    assert space.index("plain3") == 2
    assert "plain2" in space
    assert "plain9" not in space
    assert Architecture(2, (), "nearest", 8) in space  # the same graph
    assert Plain(2) in Space("core64")
    rng = np.random.default_rng(0)
    assert space.mutate("plain1", rng) == Plain(2)
    assert space.sample(rng) in space
    assert space.encode_many(["plain1", Plain(3)]).tolist() == [[1], [3]]
    assert from_parameters(to_parameters(Plain(3)), "plain") == Plain(3)
    assert switched({"depth": 2}, space) == {"depth": 2}


def test_a_space_says_its_name_as_it_is_defined():
    class Empty(PlainSpace, name="empty"):
        def __len__(self):
            return 0

    try:
        assert Space("empty").name == "empty"
        assert list(Space("empty")) == []
        assert Space("empty").encode_many([]).shape == (0, 1)
    finally:
        del Space._known["empty"]


def test_a_space_without_all_methods_cannot_be_made():
    class Unfinished(Space[Any]):
        def __len__(self):
            return 1

    with pytest.raises(TypeError, match="abstract"):
        Unfinished()


@pytest.mark.parametrize("name", ["core65", "", None, 3, ["core64"]])
def test_an_unknown_space_is_named(name):
    with pytest.raises(
        ValueError, match=r"unknown space .*; expected one of core64, unet64"
    ) as error:
        Space(name)
    assert repr(name) in str(error.value)


def test_by_default_it_is_core64():
    assert Space() == Space("core64")
    assert isinstance(Space(), Space)


# --- graphs of one's own -------------------------------------------------------------------

GRAPHS = {"a": Architecture(1).graph, "b": Architecture(2, (0,)).graph, "c": Architecture(2).graph}


def test_graphs_of_ones_own_are_a_space():
    space = OwnSpace("mine", GRAPHS)
    assert [(a.name, a.depth, a.slc) for a in space] == [("a", 1, 1), ("b", 2, 0), ("c", 2, 2)]
    assert space.parse("b").key == Architecture(2, (0,)).key
    assert space.from_graph(Architecture(2).graph).name == "c"
    assert Architecture(2) in space
    assert "d3-s-bilinear-w16" not in space
    assert "d2-s-bilinear-w16" in space
    assert [a.name for a in space.neighbours("b")] == ["a", "c"]
    assert space.index("c") == 2
    assert space.encode_many(space).shape == (3, 0)
    assert repr(space) == "<space mine: 3 graphs>"


def test_own_graphs_are_copied_in_and_out():
    graphs = {"a": Architecture(1).graph}
    space = OwnSpace("mine", graphs)
    graphs["a"].clear()
    space[0].graph.clear()
    assert len(space[0].graph) == 6


def test_one_graph_under_two_names_is_refused():
    with pytest.raises(InvalidArchitecture, match="graphs 'a' and 'd' are isomorphic"):
        OwnSpace("mine", GRAPHS | {"d": Architecture(1).graph})
    with pytest.raises(InvalidArchitecture, match="graph 'e': node 'x'"):
        OwnSpace("mine", {"e": nx.DiGraph([("x", "y")])})


def test_own_spaces_travel_by_value():
    space = OwnSpace("mine", GRAPHS)
    for again in (pickle.loads(pickle.dumps(space)), copy.deepcopy(space)):  # noqa: S301 our own
        assert again == space
        assert hash(again) == hash(space)
    assert space != OwnSpace("yours", GRAPHS)
    assert space != OwnSpace("mine", {"a": GRAPHS["a"]})
