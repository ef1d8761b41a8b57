"""Synthetic panels and tables where the right answer is known; none of them is shipped."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dipbench.graphs.features import macs, params
from dipbench.reports.findings.panel import DIP, SUPERVISED, Panel
from dipbench.spaces import Space

IMAGES = ("p", "q", "r", "s")


def _features(architectures):
    return pd.DataFrame(
        {
            "key": [a.name for a in architectures],
            "name": [a.name for a in architectures],
            "depth": [a.depth for a in architectures],
            "slc": [a.slc for a in architectures],
            "upsample": [a.upsample for a in architectures],
            "width": [a.width for a in architectures],
            "params": [params(a.graph) for a in architectures],
            "skips": ["".join(map(str, a.skips)) for a in architectures],
            "macs": [macs(a.graph) for a in architectures],
        }
    ).sort_values("name", ignore_index=True)


@pytest.fixture(scope="session")
def core64():
    """The features of all 372 architectures, sorted by name."""
    return _features(list(Space("core64")))


@pytest.fixture(scope="session")
def make_panel_of():
    """make_panel_of(features, dip, supervised): a panel with these scores under all columns.

    `dip` has shape (A, J, K) for J images and K seeds, (A, J) for one seed, or (A,) for the same
    score on all images; `supervised` has shape (A, S), or (A,) for one seed.
    """

    def make(features, dip, supervised, images=IMAGES):
        dip = np.asarray(dip, float)
        if dip.ndim == 1:
            dip = np.repeat(dip[:, None], len(images), axis=1)
        dip = dip.reshape(*dip.shape[:2], -1)
        supervised = np.asarray(supervised, float).reshape(len(features), -1)
        count = len(features)
        return Panel(
            architectures=features,
            dip=dict.fromkeys(DIP, dip),
            supervised=dict.fromkeys(SUPERVISED, supervised),
            images=images[: dip.shape[1]],
            dip_seeds=tuple(range(dip.shape[2])),
            supervised_seeds=tuple(range(supervised.shape[1])),
            measured=count,
            diverged=0,
            censored=0,
            fits=dip.size,
        )

    return make


@pytest.fixture(scope="session")
def score_runs(make_run):
    """score_runs(architectures, dip, supervised, images, seeds): runs scored by two functions.

    They are called with (architecture, image, seed) and (architecture, seed); a score of None is
    a diverged run, and NotImplemented none at all.
    """

    def make(architectures, dip, supervised, images=IMAGES, seeds=(0,)):
        runs = [
            make_run(a.name, mode, seed, score, image)
            for a in architectures
            for seed in seeds
            for mode, image, score in (
                ("supervised", None, supervised(a, seed)),
                *(("dip", image, dip(a, image, seed)) for image in images),
            )
            if score is not NotImplemented
        ]
        return sorted(runs, key=lambda run: (run["key"], run["mode"], run["seed"]))

    return make


@pytest.fixture(scope="session")
def bilinear():
    """62 architectures: every skeleton, one kind of up-sampling, one width."""
    return [a for a in Space("core64") if (a.upsample, a.width) == ("bilinear", 16)]


@pytest.fixture(scope="session")
def noisy():
    """noisy(): two scoring functions after the report's claims, with noise."""

    def make(seed=0):
        rng = np.random.default_rng(seed)
        return SimpleNamespace(
            dip=lambda a, image, run: 20.0 - a.depth + rng.normal(0, 0.3) + IMAGES.index(image),
            supervised=lambda a, run: 12.0 + 2 * a.slc + rng.normal(0, 0.3),
        )

    return make


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory, make_table, score_runs, noisy):
    """A table of 124 architectures on four images with one seed; read it, never change it."""
    scores = noisy()
    both_widths = [a for a in Space("core64") if a.upsample == "bilinear"]
    runs = score_runs(both_widths, scores.dip, scores.supervised)
    return make_table(tmp_path_factory.mktemp("small"), runs=runs)
