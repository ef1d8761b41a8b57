"""Training-free scores: what a network's initial weights say of it, without any training.

What each is, is stated in `dipbench.reports.proxy.scores`. The gradient is that of the first step
of the supervised training of a seed; the output whose spectrum is compared is that which the DIP
fit of a seed begins with, but for the perturbation of its input.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from tqdm import tqdm

from dipbench.files import replacing
from dipbench.reports.proxy.scores import COLUMNS
from generate.measure.rows import device_name
from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.engines import make_networks
from generate.networks.networks import square_error
from generate.photographs.images import Array, Images
from generate.protocols.plan import measured_architectures
from generate.protocols.settings import Protocol
from generate.protocols.streams import numpy_stream
from generate.training.batches import training_batches
from generate.training.clock import clock
from generate.training.dip import fixed_input
from generate.training.observed import observe
from generate.training.supervised import weights_stream

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["Scorer", "ring_spectrum", "scores_csv", "synflow", "write_scores"]

CPU = torch.device("cpu")
DIGITS = 6  # significant: what processors differ in comes after them


class Scorer:
    """The scores of any network under one protocol.

    Args:
        seeds: of the initial weights, batches and noise; by default those of the protocol.
    """

    def __init__(self, protocol: Protocol, images: Images, seeds: Sequence[int] | None = None):
        self.protocol = protocol
        self.seeds = tuple(protocol.seeds if seeds is None else seeds)
        self.image = images.dip[0]
        clean = images.val[self.image]
        # These are the same for all networks, so no network's clock runs for them.
        self._batches = {s: next(training_batches(protocol, images, s)) for s in self.seeds}
        self._spectra = {s: ring_spectrum(self._given(clean, s)) for s in self.seeds}

    def __call__(self, graph: Graph, key: str) -> dict[str, float]:
        """Every score, the mean over the seeds, and its seconds, of all seeds together.

        Args:
            key: canonical key of `graph`; it names the streams of initial weights.
        """
        found = {}
        for compute in (self.gradient, self.flow, self.spectrum):
            started = clock(CPU)
            by_seed = [compute(graph, key, seed) for seed in self.seeds]
            seconds = clock(CPU) - started
            for name in by_seed[0]:
                found[name] = float(np.mean([values[name] for values in by_seed]))
                found[f"{name}_seconds"] = seconds  # each of several would take this much alone
        return found

    def _given(self, clean: Array, seed: int) -> Array:
        """The degraded image, of full size."""
        seen = observe(self.protocol, self.image, clean, seed)
        return self.protocol.operator.network_input(seen).numpy()

    def gradient(self, graph: Graph, key: str, seed: int) -> dict[str, float]:
        """Scores of the first gradient of a training."""
        network = make_networks(graph, 1, [weights_stream(self.protocol, key, seed)], CPU)
        given, clean = self._batches[seed]
        network.gradients(given, square_error(clean))
        learnt = [(p, p.grad) for p in network.parameters() if p.grad is not None]
        weights, gradient = (
            torch.cat([part.detach().flatten() for part in parts]).double()
            for parts in zip(*learnt, strict=True)
        )
        return {
            "grad_norm": float(gradient.norm()),
            "snip": float((weights * gradient).abs().sum()),
        }

    def flow(self, graph: Graph, key: str, seed: int) -> dict[str, float]:
        """Logarithm (base 10) of SynFlow of the untrained supervised network."""
        network = EncoderDecoder(graph, 1, [weights_stream(self.protocol, key, seed)])
        return {"synflow": float(np.log10(synflow(network, self.protocol.size)))}

    def spectrum(self, graph: Graph, key: str, seed: int) -> dict[str, float]:
        """Distance of the spectrum of the untrained DIP output from that of the degraded image."""
        name = (self.protocol.stream, key, seed, self.image)
        channels = self.protocol.dip.input_channels
        network = EncoderDecoder(graph, channels, [numpy_stream(*name, "weights")])
        with torch.no_grad():
            output = network(fixed_input(self.protocol, name)[None])
        apart = ring_spectrum(output[0, 0].numpy()) - self._spectra[seed]
        return {"spectrum": float(np.sqrt(np.mean(apart**2)))}


def synflow(network: EncoderDecoder, size: int) -> float:
    """Sum of weight × gradient of the summed output, for an input of ones of `size` × `size`.

    `network`, of one input channel, is changed: its weights become positive, in double
    precision, and it loses its normalisation and its sigmoid. All that remains is linear in
    each layer, LeakyReLU included, as nothing is negative any more.
    """
    for layer in network.layers:
        if isinstance(layer, nn.Sequential):
            layer[1] = nn.Identity()  # the normalisation, or the sigmoid of the output
    network.double()
    with torch.no_grad():
        for weights in network.parameters():
            weights.abs_()
    network(torch.ones(1, 1, size, size, dtype=torch.float64)).sum().backward()
    flows = [(p * p.grad).sum() for p in network.parameters() if p.grad is not None]
    return float(torch.stack(flows).sum().detach())


def ring_spectrum(image: Array) -> npt.NDArray[np.float64]:
    """The power of a square image by frequency, in decibels of its whole, without its mean.

    Returns:
        The mean power in rings one cycle wide, 1 to half the side, shape ``(side // 2,)``.
    """
    side = len(image)
    power = np.abs(np.fft.fft2(image.astype(np.float64))) ** 2
    cycles = np.fft.fftfreq(side, 1 / side)
    ring = np.hypot(*np.meshgrid(cycles, cycles)).round().astype(int).ravel()
    means = np.bincount(ring, power.ravel()) / np.bincount(ring)
    inner = means[1 : side // 2 + 1]  # ring 0 is the mean of the image
    least = np.finfo(np.float64).tiny  # a flat image has no power anywhere
    decibels: npt.NDArray[np.float64] = 10 * np.log10(
        np.maximum(inner, least) / max(inner.sum(), least)
    )
    return decibels


def scores_csv(protocol: Protocol, images: Images) -> str:
    """The scores of every architecture of `protocol`, as CSV with the columns of `COLUMNS`."""
    architectures = measured_architectures(protocol)
    scorer = Scorer(protocol, images)
    scorer(architectures[0].graph, architectures[0].key)  # what is done once is on no clock
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for a in tqdm(architectures, unit="network", disable=None):
        found = scorer(a.graph, a.key)
        stated = {"key": a.key, "name": a.name, "protocol": protocol.name}
        stated |= {"seeds": " ".join(map(str, scorer.seeds)), "device": device_name(CPU)}
        writer.writerow(stated | {n: f"{v:.{_digits(n)}g}" for n, v in found.items()})
    return text.getvalue()


def _digits(column: str) -> int:
    return 3 if column.endswith("_seconds") else DIGITS


def write_scores(protocol: Protocol, images: Images, path: Path) -> None:
    """Write `scores_csv` to a file; an unwritable place fails before anything is computed.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as place:
        place.touch()
        place.write_text(scores_csv(protocol, images), "utf-8")
