"""The kernels against torch in float64, on any graph: on a GPU, or in Triton's interpreter."""

import functools
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch

GPU = torch.cuda.is_available()
pytest.importorskip("triton", "3.6", reason="Triton has wheels for Linux alone")

from dipbench import Architecture  # noqa: E402
from generate.networks.encoder_decoder import EncoderDecoder  # noqa: E402
from generate.networks.gpu.networks import GpuNetworks, launches_of  # noqa: E402
from generate.networks.networks import square_error  # noqa: E402

DEVICE = torch.device("cuda" if GPU else "cpu")
near = functools.partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)


def graph_of(nodes, edges):
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for name, (op, *channels) in nodes.items():
        graph.add_node(name, op=op, **({"channels": channels[0]} if channels else {}))
    graph.add_edges_from(edges.split() and [edge.split(">") for edge in edges.split()])
    return graph


def crossing():
    """Two kinds of up-sampling, of one another too; concatenations within one another."""
    nodes = {
        "x": ("input",),
        "a": ("conv3", 5),
        "b": ("down", 3),
        "c": ("down", 4),
        "d": ("up-nearest",),
        "e": ("up-bilinear",),
        "f": ("up-transposed", 6),
        "g": ("concat",),  # f and b, which others read too
        "h": ("up-bilinear",),
        "i": ("skip1", 4),
        "j": ("concat",),  # e, h, i and the concatenation k
        "k": ("concat",),  # a, the input
        "l": ("conv3", 18),
        "y": ("output",),
    }
    edges = "x>a a>b b>c c>d d>e c>f f>g b>g g>h a>i e>j h>j i>j k>j a>k x>k j>l l>y"
    return graph_of(nodes, edges)


def small():
    """Every kind of node but up-transposed ones; the node a is read by three."""
    nodes = {
        "x": ("input",),
        "a": ("conv3", 3),
        "b": ("down", 2),
        "c": ("up-bilinear",),
        "d": ("skip1", 2),
        "e": ("concat",),
        "f": ("conv3", 2),
        "y": ("output",),
    }
    return graph_of(nodes, "x>a a>b b>c a>d a>e c>e d>e e>f f>y")


def chain(*nodes):
    """One node after the other, between input and output."""
    named = {"x": ("input",)} | {f"n{i}": node for i, node in enumerate(nodes)} | {"y": ("output",)}
    return graph_of(named, " ".join(f"{a}>{b}" for a, b in pairwise(named)))


slow = [] if GPU else [pytest.mark.slow]
CASES = [
    ("small", small(), 1, (4, 4)),
    ("transposed", chain(("down", 2), ("up-transposed", 3)), 1, (4, 4)),
    ("output", chain(), 1, (4, 4)),
    ("more channels than a program has", chain(("conv3", 18), ("skip1", 17)), 1, (2, 2)),
    ("images of several blocks", chain(("down", 2), ("up-nearest",)), 2, (10, 8)),
    *(
        pytest.param(*case, marks=slow)
        for case in [
            ("crossing", crossing(), 1, (8, 8)),
            ("images, many kinds", crossing(), 2, (12, 8)),
            ("core64", Architecture(2, (0, 1), "transposed", 8).graph, 1, (16, 16)),
            ("aligned", small(), 1, (32, 32)),
            ("wide images", chain(("conv3", 2)), 1, (2, 66)),
            ("36 channels", chain(("conv3", 36), ("down", 20), ("up-transposed", 34)), 1, (4, 4)),
        ]
    ),
]


@pytest.fixture(autouse=True)
def _few_splits(monkeypatch):
    """Two of the gradient of the weights, where an interpreter runs one after the other."""
    if not GPU:
        monkeypatch.setattr("generate.networks.gpu.networks.MOST_SPLITS", 2)


def rngs(count):
    return [np.random.default_rng(seed) for seed in range(count)]


def uniform(*shape, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=draw, dtype=torch.float64).to(DEVICE)


def flat_gradients(plain):
    return torch.cat([p.grad.view(plain.copies, -1) for p in plain.parameters()], 1)


def both(graph, copies=2, inputs=2, precision="float32"):
    ours = GpuNetworks(graph, inputs, rngs(copies), DEVICE, precision)
    plain = EncoderDecoder(graph, inputs, rngs(copies)).double().to(DEVICE)
    return ours, plain


@pytest.mark.parametrize(("name", "graph", "images", "size"), CASES)
def test_outputs_and_gradients_are_those_of_torch(name, graph, images, size):
    copies, inputs = 2, 1
    ours, plain = both(graph, copies, inputs)
    x = uniform(images, copies * inputs, *size)
    target = uniform(images, copies, *size, seed=1)
    found = ours.gradients(x.float(), square_error(target.float())).double()
    near(found, plain.gradients(x, square_error(target)))
    wanted = flat_gradients(plain)
    error = (ours.weights.grad - wanted).norm() / wanted.norm()
    assert error < 1e-5
    near(ours.predict(x.float()).double(), plain.predict(x))  # by the running statistics
    running = ours.running.clone()
    near(ours.batch_output(x.float()).double(), plain.batch_output(x))
    assert torch.equal(ours.running, running)


def test_copies_do_not_touch_one_another():
    ours, _ = both(chain(("conv3", 2)))
    x = uniform(1, 4, 2, 2).float()
    x[:, :2] = torch.nan
    output = ours.gradients(x, square_error(torch.zeros(1, 2, 2, 2, device=DEVICE)))
    assert output[:, 0].isnan().all()
    assert output[:, 1].isfinite().all()
    assert ours.weights.grad[1].isfinite().all()


def test_a_copy_alone_is_the_network_of_torch():
    ours, _ = both(chain(("conv3", 2)), inputs=1)
    x = uniform(1, 2, 2, 2).float()
    ours.batch_output(x)
    ours.running += 0.5
    alone = ours.alone(1).eval().to(DEVICE)
    near(alone(x[:, 1:]), ours.predict(x)[:, 1:])


def test_the_same_steps_give_the_same_bits_whatever_came_before():
    x = uniform(2, 4, 2, 2).float()
    target = torch.zeros(2, 2, 2, 2, device=DEVICE)
    first, second = (both(chain(("conv3", 2)))[0] for _ in range(2))
    second.gradients(x, square_error(target))  # each of the two images is a part of the sums
    for networks in (first, second):
        networks.gradients(x[:1], square_error(target[:1]))
    assert torch.equal(first.weights.grad, second.weights.grad)


def test_what_cannot_be_trained_is_refused():
    ours, _ = both(chain(("down", 2), ("up-nearest",)))
    with pytest.raises(ValueError, match="cannot be halved"):
        ours.plan(torch.Size((1, 4, 3, 3)))
    with pytest.raises(ValueError, match="more than 1 value"):
        ours.batch_output(torch.rand(1, 4, 2, 2, device=DEVICE))


def test_a_large_network_needs_few_kernels():
    """They are compiled for kinds of launches, not for numbers of channels or sizes."""
    launches = launches_of(Architecture.parse("d5-s01234-bilinear-w16").graph, 1, 16, 64)
    assert len({launch.kind for launch in launches}) < 30


@pytest.mark.skipif(not GPU, reason="an interpreter computes products in float32 at any precision")
def test_tf32_is_less_precise_but_close():
    errors = []
    for precision in ("float32", "tf32"):
        ours, plain = both(crossing(), precision=precision)
        x = uniform(1, 4, 32, 32)
        target = uniform(1, 2, 32, 32, seed=1)
        found = ours.gradients(x.float(), square_error(target.float())).double()
        wanted = plain.gradients(x, square_error(target))
        errors.append((found - wanted).norm() / wanted.norm())
    assert errors[0] < 1e-5 < errors[1] < 1e-2
