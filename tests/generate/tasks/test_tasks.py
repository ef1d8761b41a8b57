"""Each task: operator and adjoint, what is observed and given, where errors count."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generate.protocols.known import PROTOCOLS
from generate.tasks import Observation, Task, kinds, psnr, rmse, task
from generate.training.observed import observe


def observed(protocol, image, clean, seed):
    return observe(protocol, image, clean, seed).values.numpy()


def test_noise_has_the_protocols_sigma_and_is_not_clipped(tiny):
    clean = np.full((256, 256), 0.5, np.float32)
    noise = 255 * (observed(tiny, "any", clean, 0) - clean)
    # The standard error of a standard deviation is sigma / sqrt(2 n) = 0.07 here.
    assert noise.std() == pytest.approx(25, abs=0.3)
    assert noise.mean() == pytest.approx(0, abs=0.4)
    assert observed(tiny, "any", np.ones((64, 64), np.float32), 0).max() > 1


def test_noise_depends_on_image_and_seed_alone(tiny):
    clean = np.zeros((8, 8), np.float32)
    first = observed(tiny, "a", clean, 0)
    assert np.array_equal(first, observed(tiny, "a", clean, 0))
    assert not np.array_equal(first, observed(tiny, "b", clean, 0))
    assert not np.array_equal(first, observed(tiny, "a", clean, 1))


def test_noise_is_pinned(tiny):
    # The draw that tables are made of: it may not change with a version of numpy.
    drawn = observed(tiny, "a", np.zeros((1, 3), np.float32), 0)
    assert drawn[0].tolist() == pytest.approx([-0.1071602, -0.0347907, -0.0527716], abs=1e-7)


def test_rmse_is_per_image_and_in_grey_levels():
    target = torch.zeros(2, 1, 4, 4)
    output = torch.stack([torch.full((1, 4, 4), 0.1), torch.full((1, 4, 4), 0.2)])
    assert rmse(output, target).flatten().tolist() == pytest.approx([25.5, 51.0])


NAMES = ["denoise25", "denoise12.5", "inpaint50", "inpaint90", "sr2", "sr4"]
sizes = st.sampled_from([12, 16, 20])  # of 8 × 8 pixels inpaint90 may observe none


def seen_of(name, shape, seed=0):
    rng = np.random.default_rng(seed)
    clean = rng.random(shape, dtype=np.float32)
    return clean, task(name).observe(clean, rng).to(torch.device("cpu"), torch.float64)


@pytest.mark.parametrize("name", NAMES)
@given(height=sizes, width=sizes, copies=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_adjoint_is_the_transpose(name, height, width, copies, seed):
    """The dot test: <A x, y> = <x, A^T y>."""
    _, seen = seen_of(name, (copies, height, width), seed)
    rng = np.random.default_rng(seed + 100)
    image = torch.from_numpy(rng.random((copies, height, width)))
    residual = torch.from_numpy(rng.random(tuple(seen.values.shape)))
    left = (task(name).forward(image, seen) * residual).sum()
    right = (image * task(name).adjoint(residual, seen)).sum()
    assert float(left) == pytest.approx(float(right), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_of_the_mean_square_over_what_was_observed(name):
    operator = task(name)
    _, seen = seen_of(name, (2, 16, 16))
    image = torch.rand(2, 16, 16, dtype=torch.float64, requires_grad=True)
    (operator.misfit_rmse(image, seen) / 255).square().sum().backward()
    found = operator.misfit_gradient(image.detach(), seen)
    assert image.grad is not None
    assert torch.allclose(found, image.grad, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_without_noise_the_clean_image_fits_exactly(name):
    operator = task(name)
    clean, seen = seen_of(name, (3, 16, 16))
    misfit = operator.misfit_rmse(torch.from_numpy(clean).double(), seen)
    assert misfit.tolist() == pytest.approx([operator.sigma] * 3, rel=0.2, abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_network_is_given_has_full_size_and_the_operator_gives_back_what_was_seen(name):
    operator = task(name)
    _, seen = seen_of(name, (2, 16, 16))
    x = operator.network_input(seen)
    assert x.shape == (2, 16, 16)
    assert torch.allclose(operator.forward(x, seen), seen.values)


def test_inpainting_scores_the_missing_pixels_alone():
    clean, seen = seen_of("inpaint50", (1, 16, 16))
    scored = task("inpaint50").scored(seen)
    assert scored is not None
    assert set(scored.unique().tolist()) == {0.0, 1.0}
    assert float(scored.mean()) == pytest.approx(0.5, abs=0.1)
    target = torch.from_numpy(clean).double()
    wrong = torch.where(scored == 1, target + 0.1, target + 5)
    assert float(rmse(wrong, target, scored)) == pytest.approx(25.5)
    assert task("denoise25").scored(seen) is None


def test_super_resolution_sees_means_of_blocks():
    image = np.arange(16, dtype=np.float32).reshape(4, 4)
    seen = task("sr2").observe(image, np.random.default_rng(0))
    assert seen.values.tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert task("sr2").network_input(seen)[0].tolist() == [2.5, 2.5, 4.5, 4.5]


def test_psnr_is_in_decibels():
    assert float(psnr(torch.tensor(25.5))) == pytest.approx(20)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_found_by_its_name_and_equal_by_value(name):
    assert task(name).name == name
    assert task(name) == type(task(name)).parse(
        *(task(name).name.strip("abcdefghijklmnopqrstuvwxyz"),)
    )


@pytest.mark.parametrize(("name", "least"), [("inpaint50", 40), ("inpaint99", 2750)])
def test_images_whose_masks_may_be_empty_are_refused(name, least):
    """A share of 1e-12 of the masks: a training draws tens of thousands."""
    with pytest.raises(ValueError, match=f"{name}: size 1 × {least - 1} .*at least {least}"):
        task(name).check_size(1, least - 1)
    task(name).check_size(1, least)
    small = replace(PROTOCOLS["demo-v1"], name="small-v1", size=32)
    with pytest.raises(ValueError, match="inpaint99: size 32 × 32 is too small"):
        replace(small, task="inpaint99")


BAD = ["", "denoise", "denoise-5", "denoise25.0", "Denoise25", "denoisenan", "inpaint0"]
BAD += ["inpaint100", "sr1", "sr0", "blur", "inpaint50 ", "sr02"]


@pytest.mark.parametrize("name", BAD)
def test_an_unknown_task_or_useless_numbers_are_refused(name):
    with pytest.raises(ValueError, match="expected"):
        task(name)


def test_sizes_that_super_resolution_does_not_divide_are_refused_before_anything(tiny):
    with pytest.raises(ValueError, match=r"sr3: size 64 × 64 cannot be divided by 3"):
        replace(tiny, task="sr3")


def test_a_mask_that_observes_nothing_is_refused():
    with pytest.raises(ValueError, match="observes none or all"):
        task("inpaint99").observe(np.ones((2, 2), np.float32), np.random.default_rng(0))


def test_a_new_task_needs_only_its_own_class():
    """A task of a dozen lines: every second row is observed."""

    class Rows(Task):
        PATTERN, EXAMPLE, sigma, name = r"rows", "rows", 0.0, "rows"

        @classmethod
        def parse(cls, *groups):
            return cls()

        def observe(self, clean, rng):
            return Observation.of(np.ascontiguousarray(clean[..., ::2, :]))

        def network_input(self, seen):
            return seen.values.repeat_interleave(2, -2)

        def forward(self, image, seen):
            return image[..., ::2, :]

        def adjoint(self, residual, seen):
            return torch.stack([residual, torch.zeros_like(residual)], -2).flatten(-3, -2)

    assert Rows in kinds()
    operator = task("rows")
    clean = np.random.default_rng(0).random((2, 8, 8)).astype(np.float32)
    seen = operator.observe(clean, np.random.default_rng(0))
    assert operator.misfit_rmse(torch.from_numpy(clean), seen).tolist() == [0, 0]
    gradient = operator.misfit_gradient(torch.zeros(2, 8, 8), seen)
    assert gradient[:, 1::2].abs().sum() == 0
    assert torch.allclose(gradient[:, ::2], -2 * seen.values / 32)
    task.cache_clear()
