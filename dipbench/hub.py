"""Where a table comes from: the package, a folder, or the Hugging Face Hub.

Downloads go through huggingface_hub, with its cache, progress bar, tokens and environment
variables (``HF_ENDPOINT``, ``HF_HUB_OFFLINE``, ``HF_TOKEN``). What arrives is believed only as
far as the manifest's checksums go: a broken file is fetched once more, and never used.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from dipbench.errors import InvalidTable, Unreachable
from dipbench.manifest import MANIFEST
from dipbench.schema import FILES
from dipbench.table import Table

__all__ = ["EMBEDDED", "REPO_ID", "REVISION", "download", "load"]

EMBEDDED = Path(__file__).parent / "data"

# The table that belongs to this release.
REPO_ID = "dipbench/dipbench"
REVISION = "v0.1.0"


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    repo_id: str | None = None,
    revision: str | None = None,
) -> Table:
    """A verified table: the embedded one, that in the folder `path`, or one of the Hub.

    Args:
        path: a folder with a ``manifest.json``.
        repo_id: a data set of the Hub, ``owner/name``. Nothing touches the network unless this
            is given. Where the Hub does not answer, the copy in the cache is used, or else the
            embedded table; a `UserWarning` says which and why.
        revision: branch, tag or commit of `repo_id`; by default the one that belongs to this
            release for `REPO_ID`, and ``main`` for other data sets.

    Raises:
        InvalidTable: files are missing, altered, cut short or of another schema version; or
            the data set or revision does not exist or is not open to you.
        ValueError: both `path` and `repo_id`, or a `revision` without `repo_id`.
    """
    if path is not None and repo_id is not None:
        raise ValueError(f"path {str(path)!r} and repo_id {repo_id!r}; expected one of them")
    if repo_id is not None:
        try:
            return _obtain(repo_id, revision)[1]
        except Unreachable as error:
            warnings.warn(f"{error}; using the embedded table {_embedded()!r}", stacklevel=2)
            return _embedded()
    if revision is not None:
        raise ValueError(f"revision {revision!r} without repo_id; expected both")
    return _embedded() if path is None else Table.read(path)


def download(repo_id: str = REPO_ID, revision: str | None = None) -> Path:
    """Bring a table of the Hub into the cache of huggingface_hub, verified; return its folder.

    Raises:
        InvalidTable: as `load`.
        Unreachable: the Hub does not answer, and no whole copy is in the cache.
    """
    return _obtain(repo_id, revision)[0]


@cache
def _embedded() -> Table:
    return Table.read(EMBEDDED)


def _obtain(repo_id: str, revision: str | None) -> tuple[Path, Table]:
    if revision is None:
        revision = REVISION if repo_id == REPO_ID else "main"
    try:
        commit = _commit(repo_id, revision)
        folder = _snapshot(repo_id, revision)
        if folder.name != commit:
            raise Unreachable(f"{repo_id} at {revision}: commit {commit} did not arrive")
    except Unreachable as error:
        return _from_cache(repo_id, revision, error)
    try:
        return folder, _verified(folder)
    except InvalidTable:
        folder = _snapshot(repo_id, revision, force_download=True)
        return folder, _verified(folder)


def _verified(folder: Path) -> Table:
    table = Table.read(folder)
    table.verify()
    return table


def _from_cache(repo_id: str, revision: str, cause: Unreachable) -> tuple[Path, Table]:
    try:
        folder = _snapshot(repo_id, revision, local_files_only=True)
        table = _verified(folder)
    except (Unreachable, InvalidTable):
        raise cause from None
    warnings.warn(f"{cause}; using the copy in the cache, {folder.name}", stacklevel=4)
    return folder, table


def _commit(repo_id: str, revision: str) -> str:
    """The commit that `revision` stands for now."""
    from huggingface_hub import HfApi

    info = partial(HfApi().dataset_info, repo_id, revision=revision)
    return str(_answered(f"{repo_id} at {revision}", info).sha)


def _snapshot(repo_id: str, revision: str, **options: bool) -> Path:
    from huggingface_hub import snapshot_download

    fetch = partial(
        snapshot_download,
        repo_id,
        repo_type="dataset",
        revision=revision,
        allow_patterns=[MANIFEST, *FILES],
        **options,
    )
    return Path(_answered(f"{repo_id} at {revision}", fetch))


def _answered(where: str, ask: Callable[[], Any]) -> Any:
    """What the client answers; its errors as ours.

    Raises:
        InvalidTable: the Hub says that there is no such thing, or not for you.
        Unreachable: the Hub does not answer, or not sensibly.
    """
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return ask()
    except HFValidationError as error:
        raise InvalidTable(f"{where}: {_first_line(error)}") from None
    except LocalEntryNotFoundError as error:
        raise Unreachable(f"{where}: {_first_line(error)}") from None
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", 0)
        kind = Unreachable if status >= 500 or status in (0, 408, 429) else InvalidTable
        raise kind(f"{where}: {_first_line(error)}") from None
    except Exception as error:  # which HTTP library the client uses depends on its version
        raise Unreachable(f"{where}: {type(error).__name__}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no answer").splitlines()[0]
