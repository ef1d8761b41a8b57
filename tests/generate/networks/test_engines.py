"""Which engine runs the networks."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
import torch

from generate.networks.engines import engine

GPU = torch.device("cuda")


class Triton(ModuleType):
    """A stand-in of some version."""

    def __init__(self, version):
        super().__init__("triton")
        self.__version__ = version
        self.__spec__ = ModuleSpec("triton", None)


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("3.2.0", "torch"),  # as torch 2.6 brings it
        ("3.6.0", "triton-float32"),
        ("3.10.1+git1234", "triton-float32"),
        ("4.0.0", "triton-float32"),
    ],
)
def test_kernels_for_a_gpu_need_a_triton_that_compiles_them(monkeypatch, version, found):
    monkeypatch.setitem(sys.modules, "triton", Triton(version))
    assert engine(GPU) == found


def test_without_triton_or_in_float64_torch_runs_on_a_gpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", Triton("3.6.0"))
    assert engine(GPU, precision="tf32") == "triton-tf32"
    assert engine(GPU, torch.float64) == "torch"
    monkeypatch.delitem(sys.modules, "triton")
    monkeypatch.setattr("generate.networks.engines.find_spec", lambda name: None)
    assert engine(GPU) == "torch"
