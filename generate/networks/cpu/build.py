"""Compile the kernel for this processor, once."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["Network", "Node", "library"]

SOURCES = [Path(__file__).with_name(name) for name in ("network.cpp", "conv.hpp")]
# Sums may be reordered, so that they run in vectors; NaN and infinity stay what they are.
FLAGS = [
    *("-O3", "-march=native", "-shared", "-fPIC"),
    *("-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno"),
]


class Node(ctypes.Structure):
    """`Node` of network.cpp."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("op", "kernel", "stride", "padding")),
        *((name, ctypes.c_int) for name in ("channels", "height", "width")),
        *((name, ctypes.c_int) for name in ("first_input", "inputs")),
        *((name, ctypes.c_size_t) for name in ("weights", "running")),
        *((name, ctypes.c_size_t) for name in ("stored", "gradient", "step", "norms")),
    ]

    @property
    def size(self) -> int:
        """How many values an image has here."""
        values: int = self.channels * self.height * self.width
        return values


class Network(ctypes.Structure):
    """`Network` of network.cpp."""

    _fields_ = [
        ("nodes", ctypes.POINTER(Node)),
        ("count", ctypes.c_int),
        ("inputs", ctypes.POINTER(ctypes.c_int)),
        ("adds", ctypes.POINTER(ctypes.c_int)),
        ("images", ctypes.c_int),
        ("eps", ctypes.c_float),
        ("slope", ctypes.c_float),
    ]


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernel, or None where there is no C++ compiler; then torch does the work.

    It is kept in the user's cache, named after source, options and what the compiler makes of
    this processor.

    Raises:
        RuntimeError: the compiler fails.
    """
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    path = _folder() / f"kernel-{_digest(compiler)}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            made = Path(temporary, path.name)
            _run(compiler, *FLAGS, "-o", str(made), str(SOURCES[0]))
            made.replace(path)  # whole or not at all, whoever else compiles it now
    found = ctypes.CDLL(str(path))
    found.network_forward.argtypes = [
        ctypes.POINTER(Network),
        *[ctypes.c_void_p] * 2,
        ctypes.c_float,
        *[ctypes.c_void_p] * 2,
    ]
    found.network_backward.argtypes = [ctypes.POINTER(Network), *[ctypes.c_void_p] * 4]
    return found


def _folder() -> Path:
    given = os.environ.get("DIPBENCH_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "dipbench"


def _digest(compiler: str) -> str:
    known = hashlib.sha256(" ".join([compiler, *FLAGS]).encode())
    for source in SOURCES:
        known.update(source.read_bytes())
    # What -march=native stands for here.
    known.update(_run(compiler, "-march=native", "-dM", "-E", "-x", "c++", os.devnull).encode())
    return known.hexdigest()[:16]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout
