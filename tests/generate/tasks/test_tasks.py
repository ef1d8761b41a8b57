"""Noise and error."""

import numpy as np
import pytest
import torch

from generate.tasks import rmse
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
