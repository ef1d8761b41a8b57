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
from generate.protocols.known import PROTOCOLS
from generate.protocols.plan import Unit
from generate.protocols.settings import DipSettings, SupervisedSettings
from generate.training.dip import fit
from generate.training.observed import observe
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


class Degraded:
    """One observation of `clean`, an array of any shape, as each task is defined.

    Attributes:
        given: what a supervised network sees.
    """

    def __init__(self, task, clean, rng):
        self.task, self.mask = task, None
        self.given = self.y = torch.from_numpy(clean)
        if task == "denoise25":
            noise = rng.standard_normal(clean.shape, dtype=np.float32) * np.float32(25 / 255)
            self.given = self.y = torch.from_numpy(clean + noise)
        elif task == "inpaint50":
            self.mask = torch.from_numpy(rng.random(clean.shape, np.float32) >= 0.5)
            self.given = self.y * self.mask
        else:
            small = functional.avg_pool2d(self.y.view(-1, 1, *self.y.shape[-2:]), 2)
            self.y = small.view(*self.y.shape[:-2], *small.shape[-2:])
            self.given = functional.interpolate(small, scale_factor=2).view(clean.shape)

    def residual(self, output):
        """A(output) - y, only what was observed."""
        if self.task == "inpaint50":
            return (output - self.y)[self.mask]
        if self.task == "sr2":
            return functional.avg_pool2d(output[None, None], 2)[0, 0] - self.y
        return output - self.y

    def misfit(self, output):
        return 255 * float((self.residual(output) ** 2).mean() ** 0.5)

    def score(self, output, clean):
        if self.mask is not None:
            return grey_levels(output[~self.mask], clean[~self.mask])
        return grey_levels(output, clean)


def degraded(protocol, image_id, clean, seed):
    return Degraded(protocol.task, clean, numbers(protocol.name, "noise", image_id, seed))


def plain_dip(protocol, a, image_id, clean, seed, dtype=torch.float64):
    """Curves of one fit: raw and averaged output against the clean image and against what was
    observed, and the output for the fixed input, every iteration."""
    key = (protocol.name, a.key, seed, image_id)
    network = HandWritten(a, 16)
    network.initialise(numbers(*key, "weights"))
    network.to(dtype)
    fixed = numbers(*key, "input").random((16, 64, 64), dtype=np.float32)
    fixed = torch.from_numpy(fixed)[None] * 0.1
    perturbation = torch.Generator().manual_seed(seed_of(*key, "perturbation"))
    seen = degraded(protocol, image_id, clean, seed)
    clean = torch.from_numpy(clean).to(dtype)
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    curves, averaged = [], None
    for _ in range(protocol.dip.iterations):
        adam.zero_grad()
        with torch.no_grad():
            still = network(fixed.to(dtype))[0, 0]
        noise = torch.empty(1, 16, 64, 64).normal_(generator=perturbation)
        output = network((fixed + noise * protocol.dip.perturbation).to(dtype))[0, 0]
        (seen.residual(output) ** 2).mean().backward()
        adam.step()
        output = output.detach()
        averaged = output if averaged is None else 0.99 * averaged + 0.01 * output
        curves.append(
            [
                f(o)
                for o in (output, averaged)
                for f in (lambda o: seen.score(o, clean), seen.misfit)
            ]
        )
        curves[-1].append(seen.score(still, clean))
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
        seen = Degraded(protocol.task, clean, rng)
        adam.zero_grad()
        output = network(seen.given.double())
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
        seen = degraded(protocol, image_id, clean, seed)
        output = network(seen.given[None, None].double())[0, 0]
        errors.append(seen.score(output, torch.from_numpy(clean)))
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


@pytest.mark.parametrize("task", ["denoise25", "inpaint50", "sr2"])
def test_in_single_precision_the_first_iterations_are_the_same_too(tiny, images, cpu, task):
    # Adam's first steps go by the sign of the gradient, so rounding soon makes a difference.
    a, protocol = Architecture.parse("d3-s02-bilinear-w8"), dataclasses.replace(tiny, task=task)
    image_id = images.dip[0]
    clean = images.val[image_id]
    found = fit(protocol, a.graph, a.key, {image_id: clean}, 0, cpu)
    curves = plain_dip(protocol, a, image_id, clean, 0, torch.float32)
    assert found.step[:3] == (1, 2, 3)
    assert found.curves["rmse"][0][:3] == pytest.approx(curves[:3, 0], rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_supervised_training_equals_the_plain_script(tiny, images, cpu, name):
    a = Architecture.parse(name)
    (found,) = train(tiny, a.graph, a.key, images, 0, cpu, torch.float64).each
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


@pytest.fixture(scope="module", params=["inpaint50", "sr2"])
def other(short, request):
    """Another task, and all that later protocols record."""
    return dataclasses.replace(short, task=request.param, recording=2)


def test_fits_of_other_tasks_equal_the_plain_script(other, images, cpu):
    a = Architecture.parse("d2-s0-nearest-w8")
    clean = {image_id: images.val[image_id] for image_id in images.dip[:1]}
    found = fit(other, a.graph, a.key, clean, 0, cpu, torch.float64)
    assert len(found.step) > 15, "and the peak is not only looked for at some of them"
    for k, image_id in enumerate(clean):
        curves = plain_dip(other, a, image_id, clean[image_id], 0)
        at = [step - 1 for step in found.step]
        for column, curve in enumerate((*CURVES, "unperturbed_rmse")):
            assert found.curves[curve][k] == pytest.approx(curves[at, column], abs=1e-4)
        for column, prefix in ((0, ""), (2, "averaged_")):
            exact = found.exact[f"{prefix}exact_peak_rmse"][k]
            assert exact == pytest.approx(curves[:, column].min(), abs=1e-4)
            iteration = found.exact[f"{prefix}exact_peak_iteration"][k]
            assert curves[iteration - 1, column] == pytest.approx(exact, abs=1e-4)


def test_trainings_of_other_tasks_equal_the_plain_script(other, images, cpu):
    a = Architecture.parse("d2-s01-transposed-w8")
    (found,) = train(other, a.graph, a.key, images, 0, cpu, torch.float64).each
    curve, test = plain_supervised(other, a, images, 0)
    assert found.val_rmse == pytest.approx([curve[step - 1] for step in found.step], abs=1e-4)
    assert found.test_rmse == pytest.approx(test, abs=1e-4)


def test_a_fit_without_perturbation_equals_the_plain_script(short, images, cpu):
    settings = dataclasses.replace(short.dip, perturbation=0.0)
    still = dataclasses.replace(short, dip=settings, recording=2)
    a, image_id = Architecture.parse("d2-s0-nearest-w8"), images.dip[0]
    found = fit(still, a.graph, a.key, {image_id: images.val[image_id]}, 0, cpu, torch.float64)
    curves = plain_dip(still, a, image_id, images.val[image_id], 0)
    assert found.curves["rmse"][0] == pytest.approx(
        curves[[s - 1 for s in found.step], 0], abs=1e-4
    )
    assert np.array_equal(found.curves["unperturbed_rmse"], found.curves["rmse"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_recording_more_changes_nothing_of_a_fit(short, images, cpu, dtype):
    """Bit for bit, in the kernel (float32) and in torch (float64)."""
    a, image_id = Architecture.parse("d2-s01-transposed-w8"), images.dip[0]
    clean = {image_id: images.val[image_id]}
    less, more = (
        fit(dataclasses.replace(short, recording=r), a.graph, a.key, clean, 0, cpu, dtype)
        for r in (1, 2)
    )
    for curve in CURVES:
        assert np.array_equal(less.curves[curve], more.curves[curve])
    assert not np.array_equal(more.curves["unperturbed_rmse"], more.curves["rmse"])


def test_rows_of_later_protocols_have_psnr_and_spread_of_test_images(tiny, images, cpu):
    later = dataclasses.replace(tiny, recording=2)
    a = Architecture.parse("d1-s-bilinear-w8")
    (row,) = measure(later, Unit("", "supervised", a, 0), images, cpu)
    (training,) = train(later, a.graph, a.key, images, 0, cpu).each
    errors = training.test_errors
    assert row["test_rmse"] == pytest.approx(np.mean(errors))
    assert row["test_psnr"] == pytest.approx(np.mean(20 * np.log10(255 / np.array(errors))))
    assert row["test_rmse_std"] == pytest.approx(np.std(errors, ddof=1))


@pytest.mark.parametrize(("name", "sigma"), [("denoise15", 15.0), ("denoise50", 50.0)])
def test_units_of_the_protocols_that_wait_for_a_gpu(tiny, images, cpu, name, sigma):
    """Both modes, as they are but for fewer steps and other photographs."""
    known = PROTOCOLS[f"core64-{name}-v1"]
    short = dataclasses.replace(
        known, manifest=tiny.manifest, dip=tiny.dip, supervised=tiny.supervised, fitted=1
    )
    a = Architecture.parse("d1-s-bilinear-w8")
    (fitted,) = measure(short, Unit("", "dip", a, 0, images.dip[:1]), images, cpu)
    (trained,) = measure(short, Unit("", "supervised", a, 0), images, cpu)
    assert {row["task"] for row in (fitted, trained)} == {name}
    assert {row["protocol_hash"] for row in (fitted, trained)} == {short.hash}
    seen = observe(short, images.dip[0], images.val[images.dip[0]], 0).values.numpy()
    assert 255 * np.std(seen - images.val[images.dip[0]]) == pytest.approx(sigma, rel=0.05)
    # The untrained network's output is as far from what was observed as from a grey picture.
    assert fitted["curve"]["rmse_noisy"][0] > fitted["curve"]["rmse"][0]
    assert trained["test_psnr"] > 0
    assert len(fitted["curve"]["unperturbed_rmse"]) == len(fitted["curve"]["step"])
