"""Synthetic panels and tables where the right answer is known; none of them is shipped."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from dipbench.graphs.features import macs, params
from dipbench.reports.findings.panel import DIP, SUPERVISED, Panel
from dipbench.spaces import Architecture, Core64

Run: TypeAlias = dict[str, Any]  # a row of runs, with its curve

IMAGES = ("p", "q", "r", "s")


def _features(architectures: Sequence[Architecture]) -> pd.DataFrame:
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
def core64() -> pd.DataFrame:
    """The features of all 372 architectures, sorted by name."""
    return _features(list(Core64()))


@pytest.fixture(scope="session")
def make_panel_of() -> Callable[..., Panel]:
    """make_panel_of(features, dip, supervised): a panel with these scores under all columns.

    `dip` has shape (A, J, K) for J images and K seeds, (A, J) for one seed, or (A,) for the same
    score on all images; `supervised` has shape (A, S), or (A,) for one seed.
    """

    def make(
        features: pd.DataFrame,
        dip: npt.ArrayLike,
        supervised: npt.ArrayLike,
        images: tuple[str, ...] = IMAGES,
    ) -> Panel:
        fits = np.asarray(dip, float)
        if fits.ndim == 1:
            fits = np.repeat(fits[:, None], len(images), axis=1)
        fits = fits.reshape(*fits.shape[:2], -1)
        trainings = np.asarray(supervised, float).reshape(len(features), -1)
        count = len(features)
        return Panel(
            architectures=features,
            dip=dict.fromkeys(DIP, fits),
            supervised=dict.fromkeys(SUPERVISED, trainings),
            images=images[: fits.shape[1]],
            dip_seeds=tuple(range(fits.shape[2])),
            supervised_seeds=tuple(range(trainings.shape[1])),
            measured=count,
            diverged=0,
            censored=0,
            fits=fits.size,
        )

    return make


@pytest.fixture(scope="session")
def score_runs(make_run: Callable[..., Run]) -> Callable[..., list[Run]]:
    """score_runs(architectures, dip, supervised, images, seeds): runs scored by two functions.

    They are called with (architecture, image, seed) and (architecture, seed); a score of None is
    a diverged run, and NotImplemented none at all.
    """

    def make(
        architectures: Sequence[Architecture],
        dip: Callable[[Architecture, str, int], Any],
        supervised: Callable[[Architecture, int], Any],
        images: Sequence[str] = IMAGES,
        seeds: Sequence[int] = (0,),
    ) -> list[Run]:
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
def bilinear() -> list[Architecture]:
    """62 architectures: every skeleton, one kind of up-sampling, one width."""
    return [a for a in Core64() if (a.upsample, a.width) == ("bilinear", 16)]


@pytest.fixture(scope="session")
def noisy() -> Callable[..., SimpleNamespace]:
    """noisy(): two scoring functions after the report's claims, with noise."""

    def make(seed: int = 0) -> SimpleNamespace:
        rng = np.random.default_rng(seed)
        return SimpleNamespace(
            dip=lambda a, image, run: 20.0 - a.depth + rng.normal(0, 0.3) + IMAGES.index(image),
            supervised=lambda a, run: 12.0 + 2 * a.slc + rng.normal(0, 0.3),
        )

    return make


@pytest.fixture(scope="session")
def small_folder(
    tmp_path_factory: pytest.TempPathFactory,
    make_table: Callable[..., Path],
    score_runs: Callable[..., list[Run]],
    noisy: Callable[..., SimpleNamespace],
) -> Path:
    """A table of 124 architectures on four images with one seed; read it, never change it."""
    scores = noisy()
    both_widths = [a for a in Core64() if a.upsample == "bilinear"]
    runs = score_runs(both_widths, scores.dip, scores.supervised)
    return make_table(tmp_path_factory.mktemp("small"), runs=runs)
