"""Requests to the Hugging Face Hub through its client, whose many errors become three.

`InvalidTable` if the Hub says that a data set does not exist or that you may not read it;
`Unreachable` if nothing answers; `HubFailed`, a subclass, if an answer is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from dipbench.errors import HubFailed, InvalidTable, Unreachable
from dipbench.table.manifest import MANIFEST
from dipbench.table.schema import FILES

__all__ = ["TABLE_FILES", "commit_of", "snapshot"]

TABLE_FILES = (MANIFEST, *FILES)
PAUSE = 1.0  # seconds before the second and last attempt
TEMPORARY = (408, 429)  # statuses of a client's error that pass


def commit_of(repo_id: str, revision: str) -> str:
    """The commit that `revision` stands for now."""
    from huggingface_hub import HfApi, constants

    # Without a limit the client waits for ever.
    limit = constants.HF_HUB_ETAG_TIMEOUT
    ask = partial(HfApi().dataset_info, repo_id, revision=revision, timeout=limit)
    return str(_answered(f"{repo_id} at {revision}", ask).sha)


def snapshot(repo_id: str, revision: str, **options: bool) -> Path:
    """The folder in the client's cache with the table's files at `revision`."""
    from huggingface_hub import snapshot_download

    fetch = partial(
        snapshot_download,
        repo_id,
        repo_type="dataset",
        revision=revision,
        allow_patterns=list(TABLE_FILES),
        **options,
    )
    ask = _once if options.get("local_files_only") else _answered
    try:
        return Path(ask(f"{repo_id} at {revision}", fetch))
    except Unreachable as error:  # though it has told us the commit
        raise HubFailed(str(error)) from error.__cause__


def _answered(where: str, ask: Callable[[], Any]) -> Any:
    """What the client answers, at the second attempt if need be."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        return _once(where, ask)
    except Unreachable as error:
        if isinstance(error.__cause__, OfflineModeIsEnabled):
            raise
    time.sleep(PAUSE)
    return _once(where, ask)


def _once(where: str, ask: Callable[[], Any]) -> Any:
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return ask()
    except HFValidationError as error:
        raise InvalidTable(f"{where}: {_first_line(error)}") from None
    except Exception as error:  # which HTTP library the client uses depends on its version
        hidden = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else None
        cause = hidden or error
        problem = f"{where}: {type(cause).__name__}: {_first_line(cause)}"
        response = cause.response if isinstance(cause, HfHubHTTPError) else None
        status = getattr(response, "status_code", 0)
        if 400 <= status < 500 and status not in TEMPORARY:
            raise InvalidTable(problem) from None
        raise (HubFailed if status else Unreachable)(problem) from cause


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or "no answer").splitlines()[0]
