"""Counter-based noise: known answers, the distribution, and that nothing but the seed counts."""

import pytest
import torch

from generate.networks.gpu.available import triton_runs
from generate.networks.gpu.philox import normals, perturb, philox

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def words(*numbers):
    return [torch.tensor([n - 2**64 if n >= 2**63 else n]) for n in numbers]


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [  # from the authors' own test vectors, key and counter with their low words first
        (0, (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (2**64 - 1, (2**32 - 1,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            0x299F31D0A4093822,
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_known_answers(key, counter, expected):
    assert [int(word) for word in philox(*words(key), tuple(words(*counter)))] == list(expected)


def test_numbers_depend_on_seed_and_iteration_alone():
    seeds = torch.tensor([3, 2**62 + 5, 11])
    together = normals(seeds, torch.tensor(7), 21)
    assert together.shape == (3, 21)
    for k, seed in enumerate(seeds):
        assert torch.equal(normals(seed[None], torch.tensor(7), 21)[0], together[k])
    others = [normals(seeds, torch.tensor(8), 21), normals(seeds + 2**32, torch.tensor(7), 21)]
    for other in others:
        assert (other != together).all()


def test_the_distribution_is_normal():
    drawn = normals(torch.arange(4), torch.tensor(1), 2**16).double()
    assert drawn.isfinite().all()
    flat = drawn.flatten()  # the bounds are five standard errors
    assert abs(flat.mean()) < 5 * len(flat) ** -0.5
    assert abs(flat.square().mean() - 1) < 5 * (2 / len(flat)) ** 0.5
    assert abs(flat.pow(4).mean() - 3) < 5 * (96 / len(flat)) ** 0.5
    below = (flat < torch.tensor([-2.0, -1.0, 0.5, 1.5])[:, None]).double().mean(1)
    expected = torch.special.ndtr(torch.tensor([-2.0, -1.0, 0.5, 1.5], dtype=torch.float64))
    assert (below - expected).abs().max() < 5 * 0.5 * len(flat) ** -0.5
    quarters = drawn.view(4, 4, -1)  # the four numbers that come from one counter
    for i in range(4):
        for j in range(i):
            together = (quarters[:, i] * quarters[:, j]).mean()
            assert abs(together) < 5 * quarters[:, i].numel() ** -0.5


def test_perturb_adds_scaled_noise():
    seeds, iteration = torch.tensor([1, 2]), torch.tensor(5)
    fixed, out = torch.rand(2, 10), torch.full((2, 10), torch.nan)
    perturb(out, fixed, seeds, iteration, 0.5)
    torch.testing.assert_close(out, fixed + 0.5 * normals(seeds, iteration, 10))


@pytest.mark.skipif(not triton_runs(DEVICE), reason="no Triton for this machine")
@pytest.mark.parametrize("count", [10, 65536, 8195])
def test_the_kernel_draws_the_same(count):
    seeds, iteration = torch.tensor([1, 2**62 + 3, 77]), torch.tensor(2999)
    fixed = torch.rand(3, count)
    wanted = fixed + normals(seeds, iteration, count) / 30
    found = torch.full_like(fixed, torch.nan).to(DEVICE)
    perturb(found, *(given.to(DEVICE) for given in (fixed, seeds, iteration)), 1 / 30)
    torch.testing.assert_close(found.cpu(), wanted, rtol=0, atol=1e-6)
