"""Where a table comes from: the package, a folder, or the Hugging Face Hub.

Downloads go through huggingface_hub, with its cache, progress bar, tokens and environment
variables (``HF_ENDPOINT``, ``HF_HUB_OFFLINE``, ``HF_TOKEN``). What arrives is believed only as
far as the manifest's checksums go: a broken file is fetched once more, and never used.
"""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

from dipbench.errors import HubFailed, InvalidTable, Unreachable
from dipbench.table.catalogue import PROTOCOL, REPO_ID, embedded, entries, entry
from dipbench.table.remote import TABLE_FILES, commit_of, snapshot
from dipbench.table.table import Table
from dipbench.version import __version__

__all__ = ["REPO_ID", "REVISION", "download", "load"]

# The tables that belong to this release.
REVISION = f"v{__version__}"

COMMIT = re.compile("[0-9a-f]{40}")


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    protocol: str | None = None,
    repo_id: str | None = None,
    revision: str | None = None,
) -> Table:
    """A verified table: an embedded one, that in the folder `path`, or one of the Hub.

    Args:
        path: a folder with a ``manifest.json``.
        protocol: name of an embedded table, one of `dipbench.tables`; by default ``core64-v1``.
        repo_id: a data set of the Hub, ``owner/name``. Nothing touches the network unless this
            is given. Where the Hub does not answer, the copy in the cache is used, or else the
            embedded table of that data set, ``core64-v1`` for one that is not ours; a
            `UserWarning` says which and why.
        revision: branch, tag or commit of `repo_id`; by default the one that belongs to this
            release for the data sets of embedded tables, and ``main`` for others.

    Raises:
        InvalidTable: files are missing, altered, cut short or of another schema version; or
            the data set or revision does not exist or is not open to you.
        HubFailed: the Hub answers with errors, and no whole copy is in the cache.
        ValueError: more than one of `path`, `protocol` and `repo_id`, a `revision` without
            `repo_id`, or an argument of another type.
    """
    places = {"path": path, "protocol": protocol, "repo_id": repo_id}
    given = [f"{name} {str(value)!r}" for name, value in places.items() if value is not None]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)}; expected one of them")
    if repo_id is not None:
        try:
            return _obtain(repo_id, revision)[1]
        except HubFailed:
            raise
        except Unreachable as error:
            table = embedded(entry(_ours().get(repo_id, PROTOCOL)))
            warnings.warn(f"{error}; using the embedded table {table!r}", stacklevel=2)
            return table
    if revision is not None:
        raise ValueError(f"revision {revision!r} without repo_id; expected both")
    if path is not None:
        return Table.read(path)
    return embedded(entry(PROTOCOL if protocol is None else protocol))


def download(repo_id: str = REPO_ID, revision: str | None = None) -> Path:
    """Bring a table of the Hub into the cache of huggingface_hub, verified; return its folder.

    Raises:
        InvalidTable, ValueError: as `load`.
        Unreachable: the Hub does not answer, or with errors, and no whole copy is in the cache.
    """
    return _obtain(repo_id, revision)[0]


def _ours() -> dict[str, str]:
    """The protocols of the embedded tables by their data set on the Hub."""
    return {found.repo_id: found.protocol for found in entries()}


def _obtain(repo_id: str, revision: str | None) -> tuple[Path, Table]:
    if revision is None:
        revision = REVISION if repo_id in _ours() else "main"
    if not isinstance(revision, str) or not revision.strip():
        raise ValueError(f"revision is {revision!r}; expected a branch, a tag or a commit")
    try:
        if COMMIT.fullmatch(revision):
            return _cached(repo_id, revision)  # a commit never changes: no need to ask
    except (Unreachable, InvalidTable):
        pass
    try:
        commit = commit_of(repo_id, revision)
        folder = snapshot(repo_id, revision)
        if folder.name != commit:
            raise HubFailed(f"{repo_id} at {revision}: commit {commit} did not arrive")
    except Unreachable as error:
        return _fallen_back(repo_id, revision, error)
    try:
        return folder, _verified(folder)
    except InvalidTable:
        return _mended(folder, repo_id, revision)


def _cached(repo_id: str, revision: str) -> tuple[Path, Table]:
    folder = snapshot(repo_id, revision, local_files_only=True)
    return folder, _verified(folder)


def _fallen_back(repo_id: str, revision: str, cause: Unreachable) -> tuple[Path, Table]:
    try:
        folder, table = _cached(repo_id, revision)
    except (Unreachable, InvalidTable):
        raise cause from None
    warnings.warn(f"{cause}; using the copy in the cache, {folder.name}", stacklevel=4)
    return folder, table


def _mended(folder: Path, repo_id: str, revision: str) -> tuple[Path, Table]:
    """A broken snapshot, fetched once more; by one process at a time."""
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined] # it is there

    with WeakFileLock(folder.parents[1] / "dipbench.lock"):
        try:
            return folder, _verified(folder)  # another process was faster
        except InvalidTable:
            pass
        # The client leaves a link to a wrong blob as it is, even where it downloads anew.
        for file in TABLE_FILES:
            (folder / file).unlink(missing_ok=True)
        folder = snapshot(repo_id, revision, force_download=True)
        return folder, _verified(folder)


def _verified(folder: Path) -> Table:
    table = Table.read(folder)
    table.verify()
    return table
