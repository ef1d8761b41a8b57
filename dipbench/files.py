"""Files that are there whole or not at all, folders not left empty, and that of the cache."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

__all__ = ["cache_folder", "check_writable", "output_folder", "replacing", "temporary_cache"]

PROBE = 1 << 16  # bytes: a full disk still takes an empty file


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; it takes the place of `path` if nothing was raised."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path, *, file: bool = False) -> None:
    """See that the folder `path`, or with `file` a file there, can be written; nothing is left.

    Raises:
        OSError: naming `path` and what is wrong.
    """
    try:
        if file and path.is_dir():
            raise IsADirectoryError(f"it is a folder; expected a file such as {path / 'NAME'}")
        folder = path.parent if file else path
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent  # it will be made, and the others in it
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(PROBE))
            probe.flush()
    except OSError as error:
        raise OSError(f"cannot write to {path}: {error.strerror or error}") from error


def cache_folder() -> Path:
    """The folder for what can be made again; it need not exist.

    It is that of the environment variable ``DIPBENCH_CACHE``, else ``dipbench`` in the user's
    cache folder. A leading ``~`` stands for the home folder in both. Where the user has no home,
    it is `temporary_cache`.
    """
    chosen = os.environ.get("DIPBENCH_CACHE")
    try:
        if chosen:
            return Path(chosen).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "dipbench"
    except RuntimeError:  # what pathlib raises where there is no home folder
        return temporary_cache("this user has no home folder")


@cache
def temporary_cache(reason: str) -> Path:
    """A private folder that goes with this process; a warning gives the reason."""
    folder = Path(tempfile.mkdtemp(prefix="dipbench-cache-"))
    warnings.warn(
        f"{reason}; using {folder} until this process ends (DIPBENCH_CACHE names a folder to keep)",
        stacklevel=3,
    )
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked process leaves it to its parent
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """The folder, made and known to be writable before anything is computed for it.

    If the block ends early, by an error or by Ctrl-C, folders that were made here or in the block
    and are still empty are removed.

    Raises:
        OSError: it cannot be made or written.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    before = set(folder.iterdir()) if folder.is_dir() else set()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        yield folder
    except BaseException:
        within = set(folder.iterdir()) - before if folder.is_dir() else set()
        for each in [*(each for each in within if each.is_dir()), *made]:
            with suppress(OSError):
                each.rmdir()  # which refuses a folder that is not empty
        raise
