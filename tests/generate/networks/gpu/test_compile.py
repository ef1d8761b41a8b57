"""Kernels are compiled for a Hopper GPU, which needs none, each once and in parallel."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton has wheels for Linux alone")

ROOT = Path(__file__).parents[4]
# A process of its own: in this one kernels may be interpreted.
SCRIPT = """
import sys
from generate.networks.gpu.compile import HOPPER, compile_kernels, kernels_of
from dipbench.spaces import Space

if __name__ == "__main__":
    found = set()
    for name in sys.argv[2:]:
        graph = Space("unet64").parse(name).graph
        found |= kernels_of(graph, 1, 16, 64, ("float32", "tf32"))
        found |= kernels_of(graph, 16, 1, 64)
    if sys.argv[1] == "once":  # of each function the first
        found = {kernel[0]: kernel for kernel in sorted(found, key=repr)}.values()
    print(compile_kernels(found, HOPPER, processes=2))
"""


def compiled(tmp_path, *arguments):
    """How many kernels were asked for, and how many were compiled."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    variables = {"TRITON_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    kept = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, script, *arguments],
        env=kept | variables, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout), len(list((tmp_path / "cache").rglob("*.cubin")))


def test_every_kernel_compiles(tmp_path):
    asked, found = compiled(tmp_path, "once", "d1-s0-transposed-w8", "d1-s0-bilinear-w8")
    assert asked == found == 10


@pytest.mark.slow
def test_every_kernel_compiles_for_all_that_it_is_used_for(tmp_path):
    names = ["d5-s01234-bilinear-w16", "d3-s02-transposed-w8", "d2-s01-nearest-w8"]
    asked, found = compiled(tmp_path, "all", *names)
    assert asked == found > 100
