"""Make a table a data set of the Hugging Face Hub: a folder first, then, if asked, sent."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from dipbench.publish.folder import build, plan_text
from dipbench.publish.release import About, check_repo_id, check_tag
from dipbench.publish.upload import upload

__all__ = ["About", "build", "plan_text", "publish", "upload"]


def publish(
    table_folder: str | os.PathLike[str],
    repo_id: str,
    about: About,
    out: str | os.PathLike[str] | None = None,
    *,
    send: bool = False,
    tag: str | None = None,
    published: str | None = None,
) -> str:
    """Build the data set and say what would go up or, with `send`, upload it.

    Args:
        about: author, licence and description.
        out: where the folder stays; by default it is made in a temporary place and thrown away.

    Returns:
        `plan_text`, or the address of the commit.

    Raises:
        ValueError, InvalidTable, OSError: as `build` and `upload` do.
    """
    check_repo_id(repo_id)
    check_tag(tag)
    with TemporaryDirectory(prefix="dipbench-") as temporary:
        folder = Path(temporary, "data-set") if out is None else Path(out)
        build(table_folder, folder, repo_id, about, published, tag or "main")
        return upload(folder, repo_id, tag) if send else plan_text(folder, repo_id)
