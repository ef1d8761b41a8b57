"""`to_torch`: the networks of architectures and graphs as modules of torch."""

import copy
import pickle
import shutil
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch

from dipbench import Architecture, InvalidArchitecture, Space, macs, params, to_torch
from dipbench.streams import weights_stream

A = Architecture(depth=3, skips=(0, 2), upsample="transposed", width=8)


def own_graph(**names):
    """A network with a skip connection, its nodes named a to e unless `names` says otherwise."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("a", op="input")
    graph.add_node("b", op="conv3", channels=3)
    graph.add_node("c", op="skip1", channels=2)
    graph.add_node("d", op="concat")
    graph.add_node("e", op="output")
    graph.add_edges_from((start, end) for start, end in ("ab", "ac", "bd", "cd", "de"))
    return nx.relabel_nodes(graph, names)


def drawn_weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


@pytest.mark.parametrize("space", ["core64", "unet64"])
@pytest.mark.parametrize("in_channels", [1, 16])
def test_shapes_and_numbers_of_parameters_for_architectures_of_every_space(space, in_channels):
    rng = np.random.default_rng(0)
    for _ in range(3):
        a = Space(space).sample(rng)
        network = to_torch(a, in_channels)
        output = network(torch.rand(2, in_channels, 32, 64))
        assert output.shape == (2, 1, 32, 64)
        assert 0 < output.min() < output.max() < 1
        assert len(drawn_weights(network)) == params(a.graph, in_channels)


def test_multiply_accumulates_are_those_of_the_features():
    """Counted by hooks: kernel area × channels of each output value."""
    counted = []

    def count(conv, given, found):
        per_pair = conv.weight[0, 0].numel()
        pixels = given[0][0, 0].numel() if conv.transposed else found[0, 0].numel()
        counted.append(per_pair * conv.in_channels * conv.out_channels * pixels)

    network = to_torch(A)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.register_forward_hook(count)
    network(torch.rand(1, 1, 64, 64))
    assert sum(counted) == macs(A.graph)


def conv_of(network, node):
    conv = network.get_submodule(f"nodes.{node}.conv")
    assert isinstance(conv, torch.nn.Conv2d)
    return conv


def test_layers_are_named_after_the_nodes():
    network = to_torch(A)
    assert set(network.nodes) == set(A.graph)
    assert conv_of(network, "down1").stride == (2, 2)
    assert conv_of(network, "skip2").weight.shape == (4, 8, 1, 1)
    assert "nodes.conv0.norm.running_mean" in network.state_dict()
    assert "(down3): Sequential(" in repr(network)


def test_any_node_name_becomes_a_name_that_torch_allows():
    names = {"a": "keys", "b": "x.1", "c": ("x", 1), "d": "", "e": "x_1"}
    network = to_torch(own_graph(**names))
    assert sorted(network.nodes) == ["('x', 1)", "keys_", "node", "x_1", "x_1_"]
    assert network(torch.rand(1, 1, 5, 7)).shape == (1, 1, 5, 7)


def test_names_graphs_and_architectures_are_the_same_network():
    x = torch.rand(1, 1, 16, 16)
    outputs = [to_torch(form, seed=1)(x) for form in (A, A.name, A.graph)]
    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[0], outputs[2])


def test_a_seed_draws_the_weights_of_the_protocol_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    supervised, fit = to_torch(A, seed=2), to_torch(A, 16, seed=2, image="101085")
    other = to_torch(A, seed=2, protocol="another")
    assert torch.equal(torch.random.get_rng_state(), before)
    for network, key in (
        (supervised, ("core64-v1", A.key, 2, "supervised", "weights")),
        (fit, ("core64-v1", A.key, 2, "101085", "weights")),
    ):
        conv = conv_of(network, "stem").weight
        bound = conv[0].numel() ** -0.5
        rng = weights_stream(key[0], key[1], 2, None if key[3] == "supervised" else key[3])
        first = rng.uniform(-bound, bound, tuple(conv.shape)).astype("float32")
        assert np.array_equal(conv.detach().numpy(), first)
    assert not torch.equal(drawn_weights(supervised), drawn_weights(other))


def test_these_are_the_weights_of_the_protocol_as_numbers():
    """So that no release of anything changes them unseen."""
    weights = conv_of(to_torch("d1-s-nearest-w8", seed=0), "stem").weight
    found = weights[0, 0].flatten()[:3].tolist()
    assert found == pytest.approx([-0.0166457, -0.1686751, -0.1581783], abs=1e-6)


def test_without_a_seed_torch_draws_them_in_its_own_way():
    state = torch.random.get_rng_state()
    torch.manual_seed(5)
    first, second = to_torch(A), to_torch(A)
    torch.manual_seed(5)
    again = to_torch(A)
    torch.random.set_rng_state(state)
    assert torch.equal(drawn_weights(first), drawn_weights(again))
    assert not torch.equal(drawn_weights(first), drawn_weights(second))


@pytest.mark.parametrize(
    ("arguments", "named", "text"),
    [
        ((A, 0), {}, "in_channels is 0; expected a positive integer"),
        ((A, 1.5), {}, "in_channels is 1.5"),
        ((A,), {"seed": "0"}, "seed is '0'; expected an integer"),
        ((A,), {"image": "101085"}, "image '101085' without seed"),
        (("d9-s-nearest-w8",), {}, "9"),
    ],
)
def test_bad_arguments_are_named(arguments, named, text):
    with pytest.raises(ValueError, match=text):
        to_torch(*arguments, **named)


def test_a_graph_that_is_no_network_is_refused():
    graph = own_graph()
    graph.remove_edge("c", "d")
    with pytest.raises(InvalidArchitecture, match="'d'"):
        to_torch(graph)


@pytest.mark.parametrize("size", [(12, 16), (16, 12)])
def test_a_size_that_cannot_be_halved_is_named(size):
    with pytest.raises(ValueError, match=f"size {size[0]}×{size[1]}; expected multiples of 8"):
        to_torch(A)(torch.rand(1, 1, *size))


def test_it_can_be_copied_pickled_and_its_weights_loaded():
    x = torch.rand(2, 1, 16, 16)
    network = to_torch(A, seed=0).eval()
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):  # noqa: S301
        assert torch.equal(other(x), network(x))
    another = to_torch(A)
    another.load_state_dict(network.state_dict())
    assert torch.equal(another.eval()(x), network(x))


def test_without_torch_the_error_says_what_to_install(python):
    script = """
import sys
sys.modules["torch"] = None
from dipbench import to_torch
try:
    to_torch("d1-s-nearest-w8")
except ImportError as error:
    print(error)
"""
    assert python(script).stdout.strip() == "dipbench.to_torch needs torch: pip install torch"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["d2-s0-bilinear-w8", "d1-s-nearest-w8", "d2-s1-transposed-w8"])
def test_it_is_exported_to_onnx_and_computes_the_same_there(name, tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from onnx.reference import ReferenceEvaluator

    network, x = to_torch(name, seed=0).eval(), torch.rand(2, 1, 16, 16)
    program = torch.onnx.export(network, (x,), dynamo=True, verbose=False)
    assert program
    program.save(tmp_path / "network.onnx")
    model = onnx.load(tmp_path / "network.onnx")
    onnx.checker.check_model(model)
    (given,) = (value.name for value in model.graph.input)
    (found,) = ReferenceEvaluator(model).run(None, {given: x.numpy()})
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, network(x).detach().numpy(), atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler")
def test_it_is_compiled_and_computes_and_learns_the_same():
    network, x = to_torch("d1-s0-transposed-w8", seed=0), torch.rand(2, 1, 16, 16)
    plain = copy.deepcopy(network)
    with torch.no_grad():
        torch.testing.assert_close(
            torch.compile(network.eval(), fullgraph=True)(x), plain.eval()(x), atol=1e-5, rtol=1e-4
        )
    # Gradients are traced by the same front end; its eager back end does not call the compiler.
    traced = torch.compile(network.train(), fullgraph=True, backend="aot_eager")
    for one in (traced, plain.train()):
        one(x).square().mean().backward()
    for mine, own in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, own.grad, atol=1e-4, rtol=1e-3)
