"""A table of the whole space, made up: for what needs one as large as the real one."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dipbench.graphs.features import macs, params
from dipbench.spaces import Architecture, Core64
from dipbench.table.aggregate import summarise
from dipbench.table.schema import CURVES, FILES, RUNS
from dipbench.table.table import write_table

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

SUPERVISED_STEPS = [1, 3, 10, 37, 111, 223, 333, 548, 741, 1000]
DIP_STEPS = [1, 10, 30, 100, 300, 1000, 3000]
IMAGES = ("camera-a", "camera-b")


def pytest_configure() -> None:
    # Where a shell runs the suite in the background, Ctrl-C is ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _curve(
    rng: np.random.Generator, steps: list[int], start: float, end: float, noise: float
) -> list[float]:
    """From start to end on a logarithmic time axis, with noise that dies down."""
    part = np.log(steps) / np.log(steps[-1])
    values = end + (start - end) * (1 - part) ** 1.5 + rng.normal(0, noise, len(steps)) * (1 - part)
    return [float(value) for value in np.maximum(values, 1.0)]


def _supervised(rng: np.random.Generator, a: Architecture, seed: int) -> dict[str, Any]:
    score = 13 + 1.5 * a.slc + 0.4 * abs(a.depth - 4) + 0.8 * (a.width == 8)
    score += 0.5 * (a.upsample == "transposed") + rng.normal(0, 0.3)
    val = score - 1 + rng.normal(0, 0.1)
    curve = _curve(rng, SUPERVISED_STEPS, 57.0, val, 6.0)
    run: dict[str, Any] = {
        "mode": "supervised",
        "seed": seed,
        "image": None,
        "test_rmse": score,
        "val_rmse": val,
    }
    return run | {"curve": {"step": SUPERVISED_STEPS, "val_rmse": curve}}


def _dip(rng: np.random.Generator, a: Architecture, seed: int, image: str) -> dict[str, Any]:
    peak = 12 + 3 * abs(a.depth - 3) + 0.3 * a.slc + rng.normal(0, 0.5)
    raw = _curve(rng, DIP_STEPS, 50.0, peak, 3.0)
    run: dict[str, Any] = {"mode": "dip", "seed": seed, "image": image, "peak_rmse": min(raw)}
    run |= {"peak_iteration": 3000, "peak_censored": False, "final_rmse": raw[-1] + 2}
    run |= {"averaged_peak_rmse": peak - 1, "averaged_peak_iteration": 3000}
    run |= {"averaged_peak_censored": False, "averaged_final_rmse": peak + 1}
    run |= {"stopped_rmse": peak + 1, "stopped_iteration": 1000}
    other = ("rmse_noisy", "averaged_rmse", "averaged_rmse_noisy")
    return run | {"curve": {"step": DIP_STEPS, "rmse": raw} | dict.fromkeys(other, raw)}


def _runs(rng: np.random.Generator, a: Architecture, operations: int) -> list[dict[str, Any]]:
    runs = [_supervised(rng, a, seed) for seed in (0, 1, 2)]
    runs += [_dip(rng, a, seed, image) for seed in (0, 1, 2) for image in IMAGES]
    for run in runs:
        seconds = (20 if run["mode"] == "supervised" else 8) * (0.5 + operations / 1e7)
        run |= {"key": a.key, "name": a.name, "task": "denoise25", "status": "ok"}
        run |= {"seconds": seconds * rng.uniform(0.9, 1.1), "device": "a processor"}
        run |= {"torch_version": "2.0.0", "protocol_hash": "0" * 64}
    return runs


def _row(a: Architecture, runs: list[dict[str, Any]], graph: "Graph") -> dict[str, Any]:
    row = {"key": a.key, "name": a.name, "task": "denoise25", "depth": a.depth, "slc": a.slc}
    row |= {"skips": "".join(map(str, a.skips)), "upsample": a.upsample, "width": a.width}
    return row | {"params": params(graph), "macs": macs(graph)} | summarise(runs)


@pytest.fixture(scope="session")
def made_up_core64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a table of all 372 architectures, three seeds and two DIP images.

    SLC, depth and width decide the scores, which are made up.
    """
    rng = np.random.default_rng(0)
    rows: dict[str, list[dict[str, Any]]] = {file: [] for file in FILES}
    for a in Core64():
        graph = a.graph
        runs = _runs(rng, a, macs(graph))
        rows["architectures.parquet"].append(_row(a, runs, graph))
        rows["runs.parquet"] += [{c.name: run.get(c.name) for c in RUNS} for run in runs]
        curves = [run | run["curve"] for run in runs]
        rows["curves.parquet"] += [{c.name: curve.get(c.name) for c in CURVES} for curve in curves]
    stated = {"space": "core64", "protocol": {"name": "made-up-v1"}, "protocol_hash": "0" * 64}
    return write_table(tmp_path_factory.mktemp("core64"), rows, stated, compression_level=1)
