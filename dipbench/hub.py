"""Where a table comes from: the package, a folder, or the Hugging Face Hub."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from dipbench.table import Table

__all__ = ["EMBEDDED", "load"]

EMBEDDED = Path(__file__).parent / "data"


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    repo_id: str | None = None,
    revision: str | None = None,
) -> Table:
    """A verified table: the embedded one, that in the folder `path`, or one of the Hub.

    Args:
        path: a folder with a ``manifest.json``.
        repo_id: a data set of the Hub, ``owner/name``; it is downloaded into the cache of
            huggingface_hub. Nothing touches the network unless this is given.
        revision: branch, tag or commit of `repo_id`.

    Raises:
        InvalidTable: files are missing, altered, cut short or of another schema version.
        ValueError: both `path` and `repo_id`, or a `revision` without `repo_id`.
    """
    if path is not None and repo_id is not None:
        raise ValueError(f"path {str(path)!r} and repo_id {repo_id!r}; expected one of them")
    if repo_id is not None:
        return Table.read(_download(repo_id, revision))
    if revision is not None:
        raise ValueError(f"revision {revision!r} without repo_id; expected both")
    return _embedded() if path is None else Table.read(path)


@cache
def _embedded() -> Table:
    return Table.read(EMBEDDED)


def _download(repo_id: str, revision: str | None) -> str:
    from huggingface_hub import snapshot_download

    from dipbench.schema import FILES
    from dipbench.table import MANIFEST

    return snapshot_download(
        repo_id, repo_type="dataset", revision=revision, allow_patterns=[MANIFEST, *FILES]
    )
