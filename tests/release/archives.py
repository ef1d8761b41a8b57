"""The two archives of a release: built twice and once more, and what they hold."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from tests.release.command import ROOT, CheckFailed, fail_with, run

__all__ = ["contents", "names", "reproducible", "unwanted"]

WHEEL_LIMIT = 12_000_000  # bytes
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
BUILT = {"__pycache__", "_build", "build", "dist", "demo", "node_modules"}
RESULTS = ("results/", "generate/results/")


def exported(folder: Path) -> Path:
    """The files of the commit, in `folder`."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def built(source: Path, *what: str) -> dict[str, bytes]:
    """The files that hatchling makes of `source`, by name."""
    epoch = run("git", "log", "-1", "--format=%ct")
    out = source.parent / f"{source.name}-dist"
    targets = [word for target in what for word in ("-t", target)]
    command = [sys.executable, "-m", "hatchling", "build", *targets, "-d", str(out)]
    run(*command, cwd=source, SOURCE_DATE_EPOCH=epoch)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def reproducible(dist: Path) -> str:
    """Build in two folders and the wheel once more from the sdist; the files go to `dist`."""
    with tempfile.TemporaryDirectory(prefix="dipbench-") as temporary:
        first = built(exported(Path(temporary, "one")), "sdist", "wheel")
        second = built(exported(Path(temporary, "a", "deeper", "folder")), "sdist", "wheel")
        (sdist,) = (name for name in first if name.endswith(".tar.gz"))
        with tarfile.open(fileobj=io.BytesIO(first[sdist])) as files:
            files.extractall(temporary, filter="data")
        third = built(Path(temporary, sdist.removesuffix(".tar.gz")), "wheel")
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    for name, data in first.items():
        (dist / name).write_bytes(data)
    fail_with(f"{name} differs in another folder" for name in first if second[name] != first[name])
    fail_with(
        f"{name} built from the sdist differs" for name in third if third[name] != first[name]
    )
    return f"two folders and the sdist give the same bytes, by hatchling {version('hatchling')}"


def names(path: Path) -> list[str]:
    """The files in an archive; of an sdist, below its one folder."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.namelist()
    with tarfile.open(path) as sdist:
        return [member.name.partition("/")[2] for member in sdist if member.isfile()]


def unwanted(files: Iterable[str], pictures: str | None = None) -> list[str]:
    """Those files that no release may hold: pictures, results, caches, what was built.

    Args:
        pictures: the folder in which pictures may be, such as ``docs/``.
    """
    found = []
    for name in files:
        path = Path(name)
        picture = path.suffix.lower() in PICTURES
        hidden = any(part.startswith(".") and part != ".gitignore" for part in path.parts)
        if (
            hidden
            or path.suffix in (".pyc", ".so", ".tmp")
            or not BUILT.isdisjoint(path.parts)
            or name.startswith(RESULTS)
            or (picture and not (pictures and name.startswith(pictures)))
        ):
            found.append(name)
    return found


def contents(path: Path) -> str:
    """What an archive holds, its size and its SHA-256."""
    files, size = names(path), path.stat().st_size
    wheel = path.suffix == ".whl"
    fail_with(f"holds {name}" for name in unwanted(files, None if wheel else "docs/"))
    top = {name.partition("/")[0] for name in files}
    if wheel and not all(re.fullmatch(r"dipbench(-[\w.]+\.dist-info)?", name) for name in top):
        raise CheckFailed(f"holds {', '.join(sorted(top))}; expected dipbench and its metadata")
    if wheel and size >= WHEEL_LIMIT:
        raise CheckFailed(f"{size:,} bytes; expected less than {WHEEL_LIMIT:,}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{len(files)} files, {size / 1e6:.1f} MB, SHA-256 {digest[:16]}…"
