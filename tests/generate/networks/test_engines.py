"""Which engine runs the networks."""

from importlib.metadata import PackageNotFoundError

import pytest
import torch

from generate.networks import engines
from generate.networks.cpu import library
from generate.networks.engines import engine

GPU = torch.device("cuda")


@pytest.fixture
def triton(monkeypatch):
    """Pretends that this version is installed."""

    def installed(found):
        def version(name):
            assert name == "triton"
            if found is None:
                raise PackageNotFoundError(name)
            return found

        monkeypatch.setattr(engines, "version", version)

    return installed


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (None, "torch"),
        ("3.2.0", "torch"),  # as torch 2.6 brings it
        ("3.6.0", "triton-float32"),
        ("3.10.1+git1234", "triton-float32"),
        ("4.0.0", "triton-float32"),
    ],
)
def test_kernels_for_a_gpu_need_a_triton_that_compiles_them(triton, version, found):
    triton(version)
    assert engine(GPU) == found


def test_the_engine_follows_device_and_precision(triton, cpu):
    triton("3.6.0")
    assert engine(GPU, precision="tf32") == "triton-tf32"
    assert engine(GPU, torch.float64) == "torch"
    assert engine(cpu) == ("torch" if library() is None else "kernel")
    assert engine(cpu, torch.float64) == "torch"
