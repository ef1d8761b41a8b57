"""Gated networks against the networks of each architecture alone, in float64."""

import functools
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from dipbench import Architecture
from dipbench.graphs.canonical import canonical_order
from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.gpu.convolutions import CONVOLUTIONS, on_device, up_bilinear, up_transposed
from generate.networks.gpu.gated import GatedNetworks
from generate.networks.networks import square_error

UPSAMPLES = ("nearest", "bilinear", "transposed")
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
WAYS = [(name, device) for device in DEVICES for name in on_device(torch.device(device))]
near = functools.partial(torch.testing.assert_close, rtol=1e-9, atol=1e-10)


def of_depth(depth, upsample="bilinear", width=8):
    """Every architecture with these, whatever its skip connections."""
    subsets = [s for count in range(depth + 1) for s in combinations(range(depth), count)]
    return [Architecture(depth, skips, upsample, width) for skips in subsets]


def rngs(count):
    return [np.random.default_rng(seed) for seed in range(count)]


def uniform(*shape, seed=0, device="cpu"):
    draw = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=draw, dtype=torch.float64).to(device)


def own_gradients(architecture, network):
    """Per node of the graph, the gradients of its parameters."""
    names = canonical_order(architecture.graph)
    return {
        name: [p.grad for p in layer.parameters()]
        for name, layer in zip(names, network.layers, strict=True)
    }


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_every_subset_of_skips_trains_as_its_own_network_does(depth, upsample, device):
    architectures = of_depth(depth, upsample)
    count, inputs, size = len(architectures), 2, 16
    together = GatedNetworks(architectures, inputs, rngs(count)).double().to(device)
    apart = [
        EncoderDecoder(a.graph, inputs, [rng]).double().to(device)
        for a, rng in zip(architectures, rngs(count), strict=True)
    ]
    optimisers = [torch.optim.Adam(n.parameters(), lr=0.01, fused=True) for n in [together, *apart]]
    for step in range(4):
        x = uniform(1, count * inputs, size, size, seed=step, device=device)
        target = uniform(1, count, size, size, seed=step + 9, device=device)
        outputs = together.gradients(x, square_error(target))
        for k, (a, network) in enumerate(zip(architectures, apart, strict=True)):
            own = network.gradients(
                x[:, k * inputs : (k + 1) * inputs], square_error(target[:, k : k + 1])
            )
            near(outputs[:, k : k + 1], own)
            for name, gradients in own_gradients(a, network).items():
                for gradient, shared in zip(
                    gradients, together.layers[name].parameters() if gradients else (), strict=True
                ):
                    # In another order, for an architecture joins its inputs in its own.
                    found = shared.grad[k].flatten().sort().values
                    zeros = torch.zeros(len(found) - gradient.numel()).to(gradient)
                    near(found, torch.cat([gradient.flatten(), zeros]).sort().values)
        for optimiser in optimisers:
            optimiser.step()
    x = uniform(3, count * inputs, size, size, device=device)
    outputs = together.predict(x)
    for k, network in enumerate(apart):
        near(outputs[:, k : k + 1], network.predict(x[:, k * inputs : (k + 1) * inputs]))


@pytest.mark.parametrize(("name", "device"), WAYS)
def test_batches_of_images_and_every_way_to_convolve(name, device):
    architectures = of_depth(2, "transposed")
    together = GatedNetworks(architectures, 1, rngs(4), CONVOLUTIONS[name]).double().to(device)
    x, target = (uniform(3, 1, 16, 16, seed=seed, device=device) for seed in (0, 1))
    outputs = together.gradients(x.expand(-1, 4, -1, -1), square_error(target))
    for k, a in enumerate(architectures):
        own = EncoderDecoder(a.graph, 1, [rngs(4)[k]]).double().to(device)
        near(outputs[:, k : k + 1], own.gradients(x, square_error(target)))
        near(together.layers["stem"].weight.grad[k], own.layers[1][0].weight.grad)


@pytest.mark.parametrize(("name", "device"), WAYS)
def test_what_is_shut_stays_exactly_zero(name, device):
    architectures = [Architecture(2, (), "bilinear", 8), Architecture(2, (0, 1), "bilinear", 8)]
    networks = GatedNetworks(architectures, 1, rngs(2), CONVOLUTIONS[name]).to(device)
    optimiser = torch.optim.Adam(networks.parameters(), lr=0.01, fused=True)
    for seed in range(5):
        x = uniform(1, 2, 16, 16, seed=seed, device=device).float()
        networks.gradients(x, square_error(torch.ones_like(x)))
        optimiser.step()
    for level in (0, 1):
        skip = networks.layers[f"skip{level}"]
        reads = networks.layers[f"conv{level}"].weight[:, :, -4:]
        for values in (*skip.parameters(), reads):
            assert values[0].count_nonzero() == 0
            assert values[1].count_nonzero() == values[1].numel()


@pytest.mark.parametrize("device", DEVICES)
def test_a_network_that_diverges_leaves_the_others_alone(device):
    networks = GatedNetworks(of_depth(1), 1, rngs(2)).to(device)
    x = torch.rand(1, 2, 8, 8, device=device)
    x[:, 0] = torch.nan
    output = networks.gradients(x, square_error(torch.zeros_like(x)))
    assert output[:, 0].isnan().all()
    assert output[:, 1].isfinite().all()
    assert all(p.grad[1].isfinite().all() for p in networks.parameters())


def test_architectures_that_share_no_program_are_refused():
    mixed = [Architecture(1), Architecture(2)]
    with pytest.raises(ValueError, match=r"\(1, 'bilinear', 16\), \(2, 'bilinear', 16\)"):
        GatedNetworks(mixed, 1, rngs(2))


@settings(deadline=None)  # kernels of our own are compiled when first used
@given(
    st.sampled_from(WAYS),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([(1, 1), (3, 1), (3, 2)]),
)
def test_every_way_to_convolve_is_a_convolution_per_network(
    way, batch, copies, before, after, kernel
):
    (name, device), (kernel, stride), size = way, kernel, 6
    x = uniform(batch, copies * before, size, size, device=device).requires_grad_()
    weight = uniform(copies, after, before, kernel, kernel, seed=1, device=device).requires_grad_()
    found = CONVOLUTIONS[name](x, weight, stride)
    parts = zip(x.chunk(copies, dim=1), weight, strict=True)
    own = [functional.conv2d(*part, stride=stride, padding=kernel // 2) for part in parts]
    expected = torch.cat(own, dim=1)
    near(found, expected)
    given = uniform(*expected.shape, seed=2, device=device)
    wanted = torch.autograd.grad(expected, (x, weight), given)
    for gradient, own_gradient in zip(
        torch.autograd.grad(found, (x, weight), given), wanted, strict=True
    ):
        near(gradient, own_gradient)


@pytest.mark.parametrize(("name", "device"), WAYS)
def test_transposed_convolution(name, device):
    x = uniform(2, 3 * 4, 5, 5, device=device)
    weight = uniform(3, 4, 2, 2, 2, seed=1, device=device)
    expected = functional.conv_transpose2d(x, weight.flatten(0, 1), stride=2, groups=3)
    near(up_transposed(x, weight, CONVOLUTIONS[name]), expected)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_bilinear_up_sampling_and_its_gradient(size):
    x, other = uniform(2, 3, size, size + 1), uniform(2, 3, size, size + 1)
    expected = functional.interpolate(other.requires_grad_(), scale_factor=2, mode="bilinear")
    found = up_bilinear(x.requires_grad_())
    near(found, expected)
    for y in (found, expected):
        (y * uniform(*y.shape, seed=2)).sum().backward()
    near(x.grad, other.grad)
