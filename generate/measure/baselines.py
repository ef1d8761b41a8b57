"""Methods that anybody knows, on the same images, observations and metric as the networks.

They give the numbers of a table a meaning: what doing nothing costs, and what a classical method of
scikit-image reaches. Methods with a parameter take the one that is best on the validation images.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from dipbench.files import replacing
from dipbench.table.aggregate import psnr
from generate.photographs.images import Images
from generate.protocols.settings import Protocol
from generate.tasks import Array, Observation, rmse
from generate.tasks.denoise import Denoise
from generate.tasks.inpaint import Inpaint
from generate.tasks.super_resolution import SuperResolution
from generate.training.observed import observe

__all__ = ["Baseline", "baselines", "write_baselines"]

Method = Callable[[Observation, Array], Array]  # of what was observed and a network's input
SEED = 0
NLM_STRENGTHS = (0.6, 0.8, 1.0, 1.2)  # of the noise's standard deviation
TV_WEIGHTS = (0.05, 0.08, 0.12, 0.18, 0.25)


@dataclass(frozen=True)
class Baseline:
    """One method on one set of images.

    Attributes:
        images: ``test``, what supervised RMSE is measured on, or ``dip``, the fitted images.
        count: how many images.
        rmse: mean over images, in grey levels on 0-255, where the task counts it.
        psnr: mean over images, in dB.
    """

    protocol: str
    task: str
    method: str
    images: str
    count: int
    rmse: float
    psnr: float


def baselines(protocol: Protocol, images: Images) -> Iterator[Baseline]:
    """Every method for the task of `protocol`, on the test images and on the fitted ones."""
    fitted = {i: images.val[i] for i in protocol.dip_images}
    for name, candidates in _methods(protocol).items():
        method = candidates[0]
        if len(candidates) > 1:
            method = min(candidates, key=lambda m: fmean(_errors(protocol, m, images.val)))
        for label, wanted in (("test", images.test), ("dip", fitted)):
            errors = _errors(protocol, method, wanted)
            yield Baseline(
                protocol.name,
                protocol.task,
                name,
                label,
                len(errors),
                fmean(errors),
                fmean(map(psnr, errors)),
            )


def write_baselines(found: Iterable[Baseline], path: Path) -> None:
    """Write `found` as CSV with a header, whole or not at all."""
    with replacing(path) as place, place.open("w", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Baseline)], lineterminator="\n")
        writer.writeheader()
        for one in found:
            writer.writerow(asdict(one) | {"rmse": round(one.rmse, 4), "psnr": round(one.psnr, 4)})


def _methods(protocol: Protocol) -> Mapping[str, list[Method]]:
    """By name, each with its candidates."""
    task = protocol.operator
    if isinstance(task, Denoise):
        sigma = task.sigma / 255
        return {
            "noisy input": [_input],
            "total variation": [partial(_total_variation, weight=w) for w in TV_WEIGHTS],
            "non-local means": [
                partial(_non_local_means, sigma=sigma, strength=s) for s in NLM_STRENGTHS
            ],
        }
    if isinstance(task, Inpaint):
        return {"mean of what is observed": [_observed_mean], "biharmonic": [_biharmonic]}
    if isinstance(task, SuperResolution):
        return {
            "nearest": [_input],
            "bilinear": [partial(_resized, order=1)],
            "bicubic": [partial(_resized, order=3)],
        }
    raise ValueError(f"no classical methods are known for {task.name}")


def _errors(protocol: Protocol, method: Method, images: Mapping[str, Array]) -> list[float]:
    """RMSE of each image, where the task counts it."""
    task, errors = protocol.operator, []
    for image, clean in images.items():
        seen = observe(protocol, image, clean, SEED)
        restored = method(seen, task.network_input(seen).numpy())
        output = torch.from_numpy(np.asarray(restored, np.float32))
        errors.append(float(rmse(output, torch.from_numpy(clean), task.scored(seen))))
    return errors


def _input(seen: Observation, given: Array) -> Array:
    return given


def _total_variation(seen: Observation, given: Array, weight: float) -> Array:
    from skimage.restoration import denoise_tv_chambolle

    restored: Array = denoise_tv_chambolle(given, weight=weight)
    return restored


def _non_local_means(seen: Observation, given: Array, sigma: float, strength: float) -> Array:
    from skimage.restoration import denoise_nl_means

    restored: Array = denoise_nl_means(
        given, patch_size=5, patch_distance=8, h=strength * sigma, sigma=sigma, fast_mode=True
    )
    return restored


def _observed_mean(seen: Observation, given: Array) -> Array:
    assert seen.mask is not None
    mask = seen.mask.numpy()
    filled: Array = np.where(mask == 1, given, given.sum() / mask.sum()).astype(np.float32)
    return filled


def _biharmonic(seen: Observation, given: Array) -> Array:
    from skimage.restoration import inpaint_biharmonic

    assert seen.mask is not None
    restored: Array = inpaint_biharmonic(given, seen.mask.numpy() == 0)
    return restored


def _resized(seen: Observation, given: Array, order: int) -> Array:
    from skimage.transform import resize

    restored: Array = resize(
        seen.values.numpy(), given.shape, order=order, mode="edge", anti_aliasing=False
    )
    return restored
