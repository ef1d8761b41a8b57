"""Kernels are compiled for a Hopper GPU, which needs none, each once and in parallel."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", "3.6", reason="Triton has wheels for Linux alone")

ROOT = Path(__file__).parents[4]
# A process of its own: in this one kernels may be interpreted.
SCRIPT = """
import sys
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
import torch
from dipbench.spaces import Space
from generate.networks.gpu.networks import launches_of
from generate.networks.gpu.noise import perturb
from generate.networks.gpu.plan import compile_all


class Hopper:
    '''What Triton asks of a GPU until it launches something.'''
    def get_current_target(self):
        return GPUTarget("cuda", 90, 32)
    def get_current_device(self):
        return 0
    def get_current_stream(self, device):
        return 0


driver.set_active(Hopper())
launches = []
for name in sys.argv[2:]:
    graph = Space("unet64").parse(name).graph
    launches += launches_of(graph, 1, 16, 64) + launches_of(graph, 1, 16, 64, "tf32")
    launches += launches_of(graph, 16, 1, 64)
if sys.argv[1] == "once":  # of each function the one with the least options
    launches.sort(key=lambda one: repr(one.kind), reverse=True)
    launches = {one.kernel.__name__: one for one in launches}.values()
asked = compile_all(launches)
noise = torch.empty(1, device="meta")
perturb.warmup(noise, noise, noise.long(), noise.long(), 0.1, 1, 1, 128, grid=(1, 1))
print(asked + 1)
"""


def compiled(tmp_path, *arguments):
    """How many kernels were asked for, and how many were compiled."""
    variables = {"TRITON_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    kept = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=kept | variables, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout), len(list((tmp_path / "cache").rglob("*.cubin")))


def test_every_kernel_compiles(tmp_path):
    asked, found = compiled(tmp_path, "once", "d1-s0-bilinear-w8")
    assert asked == found == 6


@pytest.mark.slow
def test_every_kernel_compiles_for_all_that_it_is_used_for(tmp_path):
    names = ["d5-s01234-bilinear-w16", "d3-s02-transposed-w8", "d2-s01-nearest-w8"]
    asked, found = compiled(tmp_path, "all", *names)
    assert asked == found > 40
