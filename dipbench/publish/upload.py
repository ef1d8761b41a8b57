"""From the folder of a data set to the Hugging Face Hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dipbench.publish.folder import data_set
from dipbench.publish.release import check_repo_id, check_tag
from dipbench.table.hub import load

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = ["upload"]


def upload(folder: str | os.PathLike[str], repo_id: str, revision: str | None = None) -> str:
    """Send the data set folder to the Hub as one commit; make the repository if there is none.

    The token is that of huggingface_hub: ``HF_TOKEN``, or what its login stored.

    Args:
        folder: as `build` wrote it.
        repo_id: the data set, ``OWNER/NAME``.
        revision: a tag for the commit; it must be new.

    Returns:
        The address of the commit.

    Raises:
        ValueError: a bad `repo_id` or `revision`, no data set folder, or the tag is taken.
        InvalidTable: the folder's table was altered.
        OSError: the Hub refuses or cannot be reached.
    """
    check_repo_id(repo_id)
    check_tag(revision)
    path = data_set(folder)
    message = f"Table {load(path).protocol}"

    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    # Its bases are the errors of whatever HTTP library huggingface_hub uses.
    refused = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, OSError))
    try:
        return _send(HfApi(), path, repo_id, message, revision)
    except refused as error:
        raise OSError(f"{repo_id}: {' '.join(str(error).split())}") from error


def _send(api: HfApi, folder: Path, repo_id: str, message: str, tag: str | None) -> str:
    """Repository, commit, tag; a tag that is taken stops it before the commit."""
    kind = "dataset"
    api.create_repo(repo_id, repo_type=kind, exist_ok=True)
    if tag is not None:
        taken = [ref.name for ref in api.list_repo_refs(repo_id, repo_type=kind).tags]
        if tag in taken:
            raise ValueError(f"{repo_id} has the tag {tag!r}; expected none of {', '.join(taken)}")
    commit = api.upload_folder(
        repo_id=repo_id, repo_type=kind, folder_path=folder, commit_message=message
    )
    if tag is not None:
        api.create_tag(repo_id, repo_type=kind, tag=tag, revision=commit.oid)
    return str(commit.commit_url)
