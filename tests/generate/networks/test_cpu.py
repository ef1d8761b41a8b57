"""The CPU kernel against the torch network: outputs, gradients, statistics, whole trainings."""

import shutil
import subprocess
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

from dipbench import Architecture, Space
from generate.networks import engines
from generate.networks.cpu import CpuNetworks, build, library
from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.networks import square_error

pytestmark = pytest.mark.skipif(library() is None, reason="no C++ compiler")

CPU = torch.device("cpu")
NAMES = [
    *(f"d5-s01234-{upsample}-w16" for upsample in ("nearest", "bilinear", "transposed")),
    *("d1-s-bilinear-w8", "d2-s1-transposed-w8", "d3-s02-nearest-w8", "d4-s-bilinear-w16"),
]


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def by_copy(network):
    """The gradients of an `EncoderDecoder`, one row per copy, in the order of its parameters."""
    parts = zip(*(p.grad.chunk(network.copies) for p in network.parameters()), strict=True)
    return torch.stack([torch.cat([part.flatten() for part in of_copy]) for of_copy in parts])


def distance(found, wanted):
    return float((found - wanted).norm() / wanted.norm())


def errors(graph, in_channels, copies, images, seed, size=64):
    """Relative errors of outputs and gradients against torch in float64."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(images, copies * in_channels, size, size, generator=draw)
    target = torch.rand(images, copies, size, size, generator=draw)
    seeds = range(seed, seed + copies)
    exact = EncoderDecoder(graph, in_channels, rngs(*seeds)).double()
    ours = CpuNetworks(graph, in_channels, rngs(*seeds))
    wanted = exact.gradients(x.double(), square_error(target.double()))
    found = ours.gradients(x, square_error(target))
    return distance(found, wanted), distance(ours.weights.grad, by_copy(exact))


def check(graph, in_channels, copies, images):
    outputs, gradients = zip(
        *(errors(graph, in_channels, copies, images, seed) for seed in (0, 10, 20)), strict=True
    )
    assert max(outputs) < 1e-5
    # A value within rounding of LeakyReLU's kink may fall on either side, which now and then
    # changes a gradient in float32, torch's too; what is wrong is wrong every time.
    assert min(gradients) < 1e-5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("in_channels", "copies", "images"), [(16, 3, 1), (1, 1, 4), (2, 2, 3)])
def test_outputs_and_gradients_are_those_of_torch(name, in_channels, copies, images):
    check(Architecture.parse(name).graph, in_channels, copies, images)


@pytest.mark.parametrize("number", np.random.default_rng(0).integers(0, 372, 8))
def test_architectures_of_the_space(number):
    check(Space()[int(number)].graph, 16, 1, 1)


def graph_of(*nodes):
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for node, op, channels, inputs in nodes:
        graph.add_node(node, op=op, **({"channels": channels} if channels else {}))
        graph.add_edges_from((source, node) for source in inputs)
    return graph


@pytest.mark.parametrize(
    "graph",
    [
        graph_of(("x", "input", None, ""), ("y", "output", None, "x")),
        graph_of(  # cross-level, odd channels, the input in a concatenation, values used thrice
            *(("x", "input", None, ""), ("a", "conv3", 5, "x"), ("b", "down", 7, "a")),
            *(("c", "down", 3, "b"), ("d", "up-bilinear", None, "c"), ("e", "down", 2, "a")),
            *(("f", "concat", None, "bde"), ("g", "up-transposed", 6, "f")),
            *(("h", "skip1", 1, "a"), ("i", "concat", None, "aghx"), ("y", "output", None, "i")),
        ),
        graph_of(  # concatenations within one another; each kind of node adds to a gradient
            *(("x", "input", None, ""), ("a", "conv3", 3, "x"), ("b", "down", 5, "a")),
            *(("t", "up-transposed", 4, "b"), ("u", "up-nearest", None, "b")),
            *(("c", "conv3", 2, "b"), ("e", "concat", None, "bc"), ("v", "up-bilinear", None, "e")),
            *(("k", "concat", None, "tuva"), ("m", "concat", None, "ka")),
            *(("y", "output", None, "m"),),
        ),
        graph_of(  # above full resolution
            *(("x", "input", None, ""), ("u", "up-nearest", None, "x"), ("d", "down", 9, "u")),
            *(("y", "output", None, "d"),),
        ),
    ],
    ids=["output only", "many paths", "nested", "above level 0"],
)
def test_any_graph(graph):
    if len(graph) == 2:  # no batch normalisation, no kink
        assert errors(graph, 3, 1, 2, 0)[1] < 1e-5
    else:
        check(graph, 3, 2, 2)


def test_training_and_running_statistics_are_those_of_torch():
    graph = Architecture.parse("d3-s02-bilinear-w8").graph
    x, target = torch.rand(4, 1, 32, 32), torch.rand(4, 1, 32, 32)
    trained = []
    for network in (CpuNetworks(graph, 1, rngs(0)), EncoderDecoder(graph, 1, rngs(0))):
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
        for _ in range(5):
            network.gradients(x, square_error(target))
            optimiser.step()
        weights = parameters_to_vector(network.parameters()).detach()
        trained.append((network.predict(x[:3]), weights))
    (found, weights), (wanted, same) = trained
    assert distance(found, wanted) < 1e-3
    assert distance(weights, same) < 1e-3
    assert distance(found, target[:3]) < distance(torch.zeros(3, 1, 32, 32), target[:3])


def test_nan_stays_nan():
    network = CpuNetworks(Architecture.parse("d1-s0-bilinear-w8").graph, 1, rngs(0))
    output = network.gradients(
        torch.full((1, 1, 16, 16), torch.nan), square_error(torch.zeros(1, 1, 16, 16))
    )
    assert output.isnan().all()
    assert network.weights.grad is not None
    assert network.weights.grad.isnan().any()


def test_one_value_per_channel_is_refused_as_torch_refuses_it():
    network = CpuNetworks(Architecture.parse("d3-s-bilinear-w8").graph, 1, rngs(0))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        network.gradients(torch.rand(1, 1, 8, 8), square_error(torch.rand(1, 1, 8, 8)))


def test_sizes_that_cannot_be_halved_are_refused():
    network = CpuNetworks(Architecture.parse("d3-s-bilinear-w8").graph, 1, rngs(0))
    with pytest.raises(ValueError, match="12"):
        network.gradients(torch.rand(1, 1, 12, 12), square_error(torch.rand(1, 1, 12, 12)))


def test_without_a_compiler_torch_does_the_work(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    library.cache_clear()
    try:
        assert engines.engine(CPU) == "torch"
        graph = Architecture.parse("d1-s-bilinear-w8").graph
        assert isinstance(engines.make_networks(graph, 1, rngs(0), CPU), EncoderDecoder)
    finally:
        monkeypatch.undo()
        library.cache_clear()


def test_a_compiler_that_fails_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DIPBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "FLAGS", ["--no-such-option"])
    library.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="--no-such-option"):
            library()
        assert list(tmp_path.iterdir()) == []
    finally:
        monkeypatch.undo()
        library.cache_clear()


def test_where_it_cannot_be_kept_it_is_compiled_for_now(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIPBENCH_CACHE", str(tmp_path / "file" / "cache"))
    library.cache_clear()
    try:
        with pytest.warns(UserWarning, match=r"cannot be kept: .*file.*using .*dipbench-cache-"):
            assert library() is not None
    finally:
        monkeypatch.undo()
        library.cache_clear()


def test_it_is_compiled_once(monkeypatch, tmp_path):
    monkeypatch.setenv("DIPBENCH_CACHE", str(tmp_path))
    library.cache_clear()
    try:
        assert library() is not None
        (made,) = tmp_path.iterdir()
        library.cache_clear()
        monkeypatch.setattr(build, "_run", lambda *command: _only_asks(command))
        assert library() is not None
        assert list(tmp_path.iterdir()) == [made]
    finally:
        monkeypatch.undo()
        library.cache_clear()


def _only_asks(command):
    assert "-dM" in command
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
