"""Files that are there whole or not at all, and folders that are not left empty."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["output_folder", "replacing"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; it takes the place of `path` if nothing was raised."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """The folder, made and known to be writable before anything is computed for it.

    If the block ends early, by an error or by Ctrl-C, folders that were made here and are still
    empty are removed.

    Raises:
        OSError: it cannot be made or written.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        yield folder
    except BaseException:
        for each in made:
            with suppress(OSError):
                each.rmdir()  # which refuses a folder that is not empty
        raise
