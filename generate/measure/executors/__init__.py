"""Where units are measured: in processes of this machine, or as tasks of a Ray cluster.

An executor yields each unit with its rows, in whatever order they are done. It writes nothing:
`generate.measure.run` puts the rows on disk, so workers need no file system in common with it.
"""

from __future__ import annotations

import math
from functools import partial
from importlib.util import find_spec

from dipbench.extras import how_to_install
from generate.measure.executors.job import Executor

__all__ = ["on_ray"]


def on_ray(device: str, address: str, num_gpus: float | None) -> tuple[Executor, str]:
    """The executor of a Ray cluster, and the device of its workers.

    The workers are elsewhere, so ``auto`` goes by the GPUs that are asked for.

    Raises:
        ValueError: Ray is not installed, or `device` and `num_gpus` contradict each other.
    """
    if find_spec("ray") is None:
        raise ValueError(f"--executor ray without Ray; expected {how_to_install('ray')}")
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device {device!r}; expected auto, cpu or cuda: Ray chooses the GPU")
    if num_gpus is None:
        num_gpus = 1.0 if device == "cuda" else 0.0
    kind = "cuda" if num_gpus > 0 else "cpu"
    if not 0 <= num_gpus < math.inf or device not in ("auto", kind):
        raise ValueError(f"--num-gpus {num_gpus:g} with --device {device}; expected one for cuda")
    from generate.measure.executors.ray import run_units

    return partial(run_units, address=address, num_gpus=num_gpus), kind
