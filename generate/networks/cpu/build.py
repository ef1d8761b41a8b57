"""Compile the kernel for this processor, once."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from functools import cache
from pathlib import Path

from dipbench.files import cache_folder, temporary_cache

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

    It is kept in `dipbench.files.cache_folder`, or where that cannot be written in a folder that
    goes with the process, named after source, options and what the compiler makes of
    this processor.

    Raises:
        RuntimeError: the compiler fails.
    """
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return None
    name = f"kernel-{_digest(compiler)}.so"
    path: Path | None
    try:
        path = _made(compiler, cache_folder() / name)
    except OSError as error:
        # The kernel is worth compiling once more, and where it cannot be, torch does the work.
        path = _made_for_now(compiler, name, f"the kernel cannot be kept: {error}")
        if path is None:
            return None
    found = ctypes.CDLL(str(path))
    found.network_forward.argtypes = [
        ctypes.POINTER(Network),
        *[ctypes.c_void_p] * 2,
        ctypes.c_float,
        *[ctypes.c_void_p] * 2,
    ]
    found.network_backward.argtypes = [ctypes.POINTER(Network), *[ctypes.c_void_p] * 4]
    return found


def _made(compiler: str, path: Path) -> Path:
    """Compile to `path`, unless that was done before.

    Raises:
        OSError: it cannot be written.
        RuntimeError: the compiler fails.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            made = Path(temporary, path.name)
            _run(compiler, *FLAGS, "-o", str(made), str(SOURCES[0]))
            made.replace(path)  # whole or not at all, whoever else compiles it now
    return path


def _made_for_now(compiler: str, name: str, reason: str) -> Path | None:
    """Compile to a folder that goes with this process; None, with a warning, if that fails too."""
    try:
        return _made(compiler, temporary_cache(reason) / name)
    except OSError as error:
        warnings.warn(f"{reason}; nor elsewhere: {error}; torch does the work", stacklevel=3)
        return None


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
