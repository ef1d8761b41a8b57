"""Measure one unit: from its place in the plan to finished rows."""

from __future__ import annotations

import math
import platform
from itertools import chain
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch

from generate.networks.engines import engine
from generate.photographs.images import Images
from generate.protocols.plan import Unit
from generate.protocols.settings import Protocol
from generate.training.dip import fit
from generate.training.record import DipFits
from generate.training.supervised import Trainings, train
from generate.training.watch import Watch

__all__ = ["device_name", "dip_rows", "measure", "supervised_rows"]

Row = dict[str, Any]


def measure(
    protocol: Protocol,
    unit: Unit,
    images: Images,
    device: torch.device,
    watch: Watch | None = None,
) -> list[Row]:
    """The rows of `unit`: the columns of RUNS in `dipbench.table.schema`, and a ``curve``.

    A run in which any number is not finite has the status ``diverged`` and no results.

    Args:
        watch: is told of each step; see `generate.training`.
    """
    a = unit.architecture
    if unit.mode == "supervised":
        found = train(protocol, a.graph, a.key, images, unit.seed, device, watch=watch)
        return supervised_rows(protocol, unit, found, 0, device, engine(device))
    clean = {i: images.val[i] for i in unit.images}
    fits = fit(protocol, a.graph, a.key, clean, unit.seed, device, watch=watch)
    return dip_rows(protocol, unit, fits, 0, device, engine(device))


def supervised_rows(
    protocol: Protocol,
    unit: Unit,
    trainings: Trainings,
    number: int,
    device: torch.device,
    engine: str,
) -> list[Row]:
    """The rows of a unit of supervised training, which is one of `trainings`.

    Trainings done together have equal shares of the seconds.
    """
    training = trainings.each[number]
    found: Row = {
        "test_rmse": training.test_rmse,
        "val_rmse": training.val_rmse[-1],
        "curve": {"step": list(training.step), "val_rmse": training.val_rmse},
    }
    if protocol.recording >= 2:
        found["test_psnr"] = fmean(20 * math.log10(255 / error) for error in training.test_errors)
        found["test_rmse_std"] = stdev(training.test_errors)
    own = {"image": None, "seconds": trainings.seconds / len(trainings.each)}
    return [_row(_common(protocol, unit, device, engine) | own, found)]


def dip_rows(
    protocol: Protocol, unit: Unit, fits: DipFits, first: int, device: torch.device, engine: str
) -> list[Row]:
    """The rows of a unit of DIP fits, whose first image is number `first` of `fits`.

    Fits done together have equal shares of the seconds.
    """
    common = _common(protocol, unit, device, engine)
    seconds = fits.seconds / len(fits.stopped_iteration)
    return [
        _row(common | {"image": image, "seconds": seconds}, _dip_results(fits, k))
        for k, image in enumerate(unit.images, first)
    ]


def _common(protocol: Protocol, unit: Unit, device: torch.device, engine: str) -> Row:
    return {
        "key": unit.architecture.key,
        "name": unit.architecture.name,
        "task": protocol.task,
        "mode": unit.mode,
        "seed": unit.seed,
        "device": device_name(device),
        "torch_version": str(torch.__version__),
        "engine": engine,
        "protocol_hash": protocol.hash,
    }


def _dip_results(fits: DipFits, k: int) -> Row:
    # The shortest decimals that give back the same float32 keep the shards small.
    curves = {name: [float(str(v)) for v in values[k]] for name, values in fits.curves.items()}
    found: Row = {
        "final_rmse": curves["rmse"][-1],
        "averaged_final_rmse": curves["averaged_rmse"][-1],
        "stopped_rmse": fits.stopped_rmse[k],
        "stopped_iteration": fits.stopped_iteration[k],
        "curve": {"step": list(fits.step), **curves},
    }
    found |= {name: values[k] for name, values in fits.exact.items()}
    for prefix, curve in (("", curves["rmse"]), ("averaged_", curves["averaged_rmse"])):
        peak = min(range(len(curve)), key=curve.__getitem__)
        found[f"{prefix}peak_rmse"] = curve[peak]
        found[f"{prefix}peak_iteration"] = fits.step[peak]
        found[f"{prefix}peak_censored"] = peak == len(curve) - 1
    return found


def _row(common: Row, found: Row) -> Row:
    """A finished row, or a diverged one without results."""
    scores = [value for value in found.values() if isinstance(value, float)]
    if not all(map(math.isfinite, chain(scores, *found["curve"].values()))):
        return common | {"status": "diverged"}
    return common | {"status": "ok"} | found


def device_name(device: torch.device) -> str:
    """Model name of the GPU or of the processor."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
