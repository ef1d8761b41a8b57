"""Both trainings against straight-line torch scripts that share no code with the generator.

The networks are written out by hand and the loops are the everyday ones: one network, one
image, default Adam. Images come from the generator; random numbers are drawn here, from the
streams that the protocol names.
"""

import dataclasses
import hashlib
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from dipbench import Architecture
from generate.measure.rows import measure
from generate.protocols.plan import Unit
from generate.protocols.settings import DipSettings, SupervisedSettings
from generate.training.dip import fit
from generate.training.record import CURVES
from generate.training.supervised import train

NAMES = ["d1-s-bilinear-w8", "d3-s02-bilinear-w8", "d2-s0-nearest-w8", "d2-s01-transposed-w8"]


def seed_of(*key):
    digest = hashlib.sha256("\n".join(map(str, key)).encode()).digest()[:8]
    return int.from_bytes(digest, "big") >> 1


def numbers(*key):
    return np.random.Generator(np.random.PCG64(seed_of(*key)))


def block(before, after, kernel=3, stride=1):
    conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.LeakyReLU(0.2))


class HandWritten(nn.Module):
    """The encoder-decoder of an architecture, in the everyday way."""

    def __init__(self, a, in_channels):
        super().__init__()
        self.a = a
        width = a.width
        self.stem = block(in_channels, width)
        self.down = nn.ModuleList(block(width, width, stride=2) for _ in range(a.depth))
        self.skip = nn.ModuleDict({str(s): block(width, 4, kernel=1) for s in a.skips})
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(width, width, 2, 2, bias=False),
                nn.BatchNorm2d(width),
                nn.LeakyReLU(0.2),
            )
            for _ in range(a.depth if a.upsample == "transposed" else 0)
        )
        self.conv = nn.ModuleList(
            block(width + (4 if level in a.skips else 0), width) for level in range(a.depth)
        )
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        encoded = [self.stem(x)]
        for down in self.down:
            encoded.append(down(encoded[-1]))
        x = encoded[-1]
        for level in reversed(range(self.a.depth)):
            if self.a.upsample == "transposed":
                x = self.up[level](x)
            elif self.a.upsample == "nearest":
                x = functional.interpolate(x, scale_factor=2)
            else:
                x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            if level in self.a.skips:
                x = torch.cat([self.skip[str(level)](encoded[level]), x], dim=1)
            x = self.conv[level](x)
        return torch.sigmoid(self.out(x))

    @torch.no_grad()
    def initialise(self, rng):
        """Draw the weights in the canonical order: by longest path from the input, then op."""
        a = self.a
        layers = [self.stem]
        for level in range(a.depth):
            layers.append(self.down[level])
            if level in a.skips:
                layers.append(self.skip[str(level)])
        for level in reversed(range(a.depth)):
            if a.upsample == "transposed":
                layers.append(self.up[level])
            layers.append(self.conv[level])
        for conv in [*(layer[0] for layer in layers), self.out]:
            bound = 1 / math.sqrt(conv.weight[0].numel())
            for values in (conv.weight, conv.bias):
                if values is not None:
                    drawn = rng.uniform(-bound, bound, tuple(values.shape))
                    values.copy_(torch.from_numpy(drawn.astype(np.float32)))


def grey_levels(output, clean):
    return 255 * float(((output - clean) ** 2).mean() ** 0.5)


def noisy_version(protocol, image_id, clean, seed):
    noise = numbers(protocol.name, "noise", image_id, seed).standard_normal(
        clean.shape, dtype=np.float32
    )
    return clean + noise * np.float32(25 / 255)


def plain_dip(protocol, a, image_id, clean, seed, dtype=torch.float64):
    """Curves of one fit: raw and averaged output against clean and noisy, every iteration."""
    key = (protocol.name, a.key, seed, image_id)
    network = HandWritten(a, 16)
    network.initialise(numbers(*key, "weights"))
    network.to(dtype)
    fixed = numbers(*key, "input").random((16, 64, 64), dtype=np.float32)
    fixed = torch.from_numpy(fixed)[None] * 0.1
    perturbation = torch.Generator().manual_seed(seed_of(*key, "perturbation"))
    noisy = torch.from_numpy(noisy_version(protocol, image_id, clean, seed)).to(dtype)
    clean = torch.from_numpy(clean).to(dtype)
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    curves, averaged = [], None
    for _ in range(protocol.dip.iterations):
        adam.zero_grad()
        noise = torch.empty(1, 16, 64, 64).normal_(generator=perturbation)
        output = network((fixed + noise * (1 / 30)).to(dtype))[0, 0]
        functional.mse_loss(output, noisy).backward()
        adam.step()
        output = output.detach()
        averaged = output if averaged is None else 0.99 * averaged + 0.01 * output
        curves.append([grey_levels(o, t) for o in (output, averaged) for t in (clean, noisy)])
    return np.array(curves)


def plain_supervised(protocol, a, images, seed):
    """Validation RMSE at every step and test RMSE at the end, of one training."""
    network = HandWritten(a, 1)
    network.initialise(numbers(protocol.name, a.key, seed, "supervised", "weights"))
    network.double()
    settings = protocol.supervised
    adam = torch.optim.Adam(network.parameters())
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        adam, 3e-3, total_steps=settings.steps, cycle_momentum=False
    )
    rng = numbers(protocol.name, "batches", seed)
    curve = []
    for _ in range(settings.steps):
        crops = []
        for _ in range(settings.batch):
            image = images.train[rng.integers(len(images.train))]
            top = rng.integers(image.shape[0] - 63)
            left = rng.integers(image.shape[1] - 63)
            down, across = rng.choice((1, -1), 2)
            crops.append(image[top : top + 64, left : left + 64][::down, ::across])
        clean = np.stack(crops)[:, None]
        noise = rng.standard_normal(clean.shape, dtype=np.float32) * np.float32(25 / 255)
        adam.zero_grad()
        output = network(torch.from_numpy(clean + noise).double())
        functional.mse_loss(output, torch.from_numpy(clean).double()).backward()
        adam.step()
        cycle.step()
        curve.append(plain_evaluation(protocol, network, images.val, seed))
    return curve, plain_evaluation(protocol, network, images.test, seed)


@torch.no_grad()
def plain_evaluation(protocol, network, images, seed):
    network.eval()
    errors = []
    for image_id, clean in images.items():
        noisy = torch.from_numpy(noisy_version(protocol, image_id, clean, seed)).double()
        errors.append(grey_levels(network(noisy[None, None])[0, 0], torch.from_numpy(clean)))
    network.train()
    return float(np.mean(errors))


@pytest.fixture(scope="module")
def short(tiny):
    """Long enough that a wrong decay, perturbation or learning rate shows.

    Much longer is no use: a DIP fit is chaotic, and the last bit of a sum in another order
    grows, even in double precision, past 1e-4 within some thirty iterations.
    """
    return dataclasses.replace(
        tiny, dip=DipSettings(iterations=24, recorded=24, stop_window=8, stop_patience=6)
    )


@pytest.mark.parametrize("name", NAMES)
def test_dip_fits_equal_the_plain_script_curve_for_curve(short, images, cpu, name):
    a = Architecture.parse(name)
    clean = {image_id: images.val[image_id] for image_id in images.dip}
    found = fit(short, a.graph, a.key, clean, 1, cpu, torch.float64)
    at = [step - 1 for step in found.step]
    for k, image_id in enumerate(clean):
        curves = plain_dip(short, a, image_id, clean[image_id], 1)
        for column, curve in enumerate(CURVES):
            assert found.curves[curve][k] == pytest.approx(curves[at, column], abs=1e-4)
        stopped = curves[found.stopped_iteration[k] - 1, 0]
        assert found.stopped_rmse[k] == pytest.approx(stopped, abs=1e-4)


def test_in_single_precision_the_first_iterations_are_the_same_too(tiny, images, cpu):
    # Adam's first steps go by the sign of the gradient, so rounding soon makes a difference.
    a = Architecture.parse("d3-s02-bilinear-w8")
    image_id = images.dip[0]
    clean = images.val[image_id]
    found = fit(tiny, a.graph, a.key, {image_id: clean}, 0, cpu)
    curves = plain_dip(tiny, a, image_id, clean, 0, torch.float32)
    assert found.step[:3] == (1, 2, 3)
    assert found.curves["rmse"][0][:3] == pytest.approx(curves[:3, 0], rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_supervised_training_equals_the_plain_script(tiny, images, cpu, name):
    a = Architecture.parse(name)
    found = train(tiny, a.graph, a.key, images, 0, cpu, torch.float64)
    curve, test = plain_supervised(tiny, a, images, 0)
    assert found.val_rmse == pytest.approx([curve[step - 1] for step in found.step], abs=1e-4)
    assert found.test_rmse == pytest.approx(test, abs=1e-4)


@pytest.fixture(scope="module")
def honest(tiny):
    """A budget at which networks have learnt something, and rounding has had its say."""
    return dataclasses.replace(
        tiny,
        dip=DipSettings(iterations=150, recorded=12, stop_window=8, stop_patience=150),
        supervised=SupervisedSettings(steps=40, batch=4, recorded=6),
    )


@pytest.mark.parametrize("name", ["d1-s0-nearest-w8", "d2-s1-transposed-w16", "d3-s-bilinear-w8"])
def test_rows_are_what_the_plain_script_finds(honest, images, cpu, name):
    a = Architecture.parse(name)
    image_id = images.dip[0]
    (row,) = measure(honest, Unit("", "dip", a, 0, (image_id,)), images, cpu)
    curves = plain_dip(honest, a, image_id, images.val[image_id], 0)
    recorded = curves[[step - 1 for step in row["curve"]["step"]]]
    # By then the two are on courses of their own; what they reach is the same.
    assert row["peak_rmse"] == pytest.approx(recorded[:, 0].min(), rel=0.06)
    assert row["averaged_final_rmse"] == pytest.approx(recorded[-1, 2], rel=0.01)
    assert recorded[-1, 2] < 0.8 * recorded[0, 2]
    (row,) = measure(honest, Unit("", "supervised", a, 0), images, cpu)
    curve, test = plain_supervised(honest, a, images, 0)
    assert row["test_rmse"] == pytest.approx(test, rel=2e-3)
    assert row["val_rmse"] == pytest.approx(curve[-1], rel=2e-3)
    assert test < 0.8 * curve[0]
