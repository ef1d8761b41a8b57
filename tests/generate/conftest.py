"""A protocol of seconds, on the demo's photographs."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generate.measure.run import run
from generate.photographs.images import Images, load_images
from generate.protocols.reading import get
from generate.protocols.settings import DipSettings, Protocol, SupervisedSettings

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is first imported


@pytest.fixture(scope="session")
def tiny() -> Protocol:
    return replace(
        get("demo-v1"),
        name="tiny",
        seeds=(0, 1),
        architectures=("d1-s-bilinear-w8", "d2-s0-nearest-w8", "d2-s01-transposed-w8"),
        supervised=SupervisedSettings(steps=6, batch=2, recorded=4),
        dip=DipSettings(iterations=12, recorded=6, stop_window=4, stop_patience=5),
    )


@pytest.fixture(scope="session")
def images(tiny: Protocol) -> Images:
    return load_images(tiny, None)


@pytest.fixture(scope="session")
def finished(tiny: Protocol, images: Images, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert run(tiny, images, folder, workers=2, quiet=True) == 0
    return folder


@pytest.fixture(scope="session")
def cpu() -> torch.device:
    return torch.device("cpu")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
