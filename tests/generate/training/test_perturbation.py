"""The noise of DIP inputs: by stream on a CPU, by counter where steps are captured."""

import pytest
import torch

from generate.training.perturbation import perturbed

GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if GPU else "cpu")

NAMES = [("p", "key", 0, "a"), ("p", "key", 1, "a")]
MASK = 0xFFFFFFFF


def philox(key, counter):
    """The words of Philox 4x32-10, straight from the paper."""
    low, high = key & MASK, key >> 32
    a, b, c, d = counter
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = second >> 32 ^ b ^ low, second & MASK, first >> 32 ^ d ^ high, first & MASK
        low, high = (low + 0x9E3779B9) & MASK, (high + 0xBB67AE85) & MASK
    return a, b, c, d


def test_philox_gives_its_authors_test_vector():
    assert philox(0, (0, 0, 0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)


def noise(count, iteration=0, names=NAMES):
    """Of the kernel, shape (fits, count)."""
    fixed = torch.zeros(1, len(names), 1, count, device=DEVICE)
    done = torch.tensor([iteration], device=DEVICE)
    return perturbed(fixed, names, 1.0, done, True)()[0, :, 0].cpu().double()


def test_the_kernel_draws_what_philox_and_box_muller_say():
    pytest.importorskip("triton", "3.6", reason="Triton has wheels for Linux alone")
    from generate.protocols.streams import torch_stream

    count, iteration = 10, 7
    found = noise(count, iteration)
    for name, drawn in zip(NAMES, found, strict=True):
        key = torch_stream(torch.device("cpu"), *name, "perturbation").initial_seed()
        words = torch.tensor([philox(key, (i, iteration, 0, 0)) for i in range(3)])
        uniform = ((words >> 8) + 1).double() * 2.0**-24
        expected = []
        for pair in (uniform[:, :2], uniform[:, 2:]):
            radius, angle = (-2 * pair[:, 0].log()).sqrt(), 2 * torch.pi * pair[:, 1]
            expected += [radius * angle.cos(), radius * angle.sin()]
        torch.testing.assert_close(drawn, torch.cat(expected)[:count], rtol=1e-4, atol=1e-5)


def test_noise_depends_on_the_fit_and_the_iteration_alone():
    pytest.importorskip("triton", "3.6", reason="Triton has wheels for Linux alone")
    together = noise(9)
    assert torch.equal(noise(9, names=NAMES[1:])[0], together[1])
    assert (together[0] != together[1]).all()
    assert (noise(9, iteration=1) != together).all()


def test_the_distribution_is_normal():
    pytest.importorskip("triton", "3.6", reason="Triton has wheels for Linux alone")
    flat = noise(2**16, names=NAMES[:1]).flatten()  # the bounds are five standard errors
    assert abs(flat.mean()) < 5 * len(flat) ** -0.5
    assert abs(flat.square().mean() - 1) < 5 * (2 / len(flat)) ** 0.5
    assert abs(flat.pow(4).mean() - 3) < 5 * (96 / len(flat)) ** 0.5


def test_noise_is_scaled_and_added_and_none_is_drawn_without_a_scale():
    fixed = torch.rand(1, 2, 8, 8)
    zero = torch.zeros(1, dtype=torch.int64)
    draw = perturbed(fixed, NAMES, 0.5, zero, False)
    first = draw().clone() - fixed
    assert float(first.std()) == pytest.approx(0.5, abs=0.15)
    assert (draw() - fixed != first).any()
    assert perturbed(fixed, NAMES, 0.0, zero, False)() is fixed
