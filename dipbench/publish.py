"""From a table to a data set of the Hugging Face Hub: a folder first, then, if asked, sent.

The folder holds the table's own four files, byte for byte, with a card, a datasheet, a Croissant
description and a citation. The same table gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from dipbench.card import card
from dipbench.coverage import coverage
from dipbench.croissant import croissant
from dipbench.datasheet import datasheet
from dipbench.errors import InvalidTable
from dipbench.hub import load
from dipbench.manifest import MANIFEST
from dipbench.release import Release, cff, check_date, check_repo_id, check_tag
from dipbench.schema import FILES

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = ["build", "plan_text", "publish", "upload"]

TABLE = (*FILES, MANIFEST)
TEXTS = ("CITATION.cff", "DATASHEET.md", "README.md", "croissant.json")
DATA_SET = frozenset((*TABLE, *TEXTS))


def publish(
    table_folder: str | os.PathLike[str],
    repo_id: str,
    out: str | os.PathLike[str] | None = None,
    *,
    send: bool = False,
    tag: str | None = None,
    published: str | None = None,
) -> str:
    """Build the data set and say what would go up or, with `send`, upload it.

    Args:
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
        build(table_folder, folder, repo_id, published)
        return upload(folder, repo_id, tag) if send else plan_text(folder, repo_id)


def build(
    table_folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    repo_id: str,
    published: str | None = None,
) -> list[Path]:
    """Verify the table and write the complete data set folder `out`.

    An earlier data set in `out` is replaced, at once and only when the new one is complete.

    Args:
        table_folder: a folder with a table.
        out: a new folder, an empty one, or one that this function wrote.
        repo_id: the data set on the Hub, ``OWNER/NAME``, which the texts speak of.
        published: the day of publication, ``YYYY-MM-DD``; without it no file states a date.

    Returns:
        The files, sorted.

    Raises:
        InvalidTable: `table_folder` is no table, or its files changed meanwhile.
        ValueError: a bad `repo_id` or `published`, an `out` that holds other things or lies in
            the table's folder. Nothing was touched then.
        OSError: something cannot be read or written; `out` is as it was.
    """
    check_repo_id(repo_id)
    check_date(published)
    source, target = Path(table_folder).resolve(), Path(out).resolve()
    table = load(source)
    _check_target(source, target)
    release = Release(repo_id, table.manifest, coverage(table), published)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
        new = Path(temporary, "new")
        new.mkdir()
        _write(release, source, new)
        _exchange(new, target, Path(temporary, "old"))
    return sorted(target / name for name in DATA_SET)


def _write(release: Release, source: Path, folder: Path) -> None:
    """All files: the table's as they are, the texts from `release`."""
    for name in TABLE:
        shutil.copyfile(source / name, folder / name)
    digests = {name: _digest(folder / name) for name in TABLE}
    stated = release.manifest["files"]
    for name in FILES:
        if digests[name][1] != stated[name]["sha256"]:
            raise InvalidTable(
                f"{source / name}: changed while it was copied: SHA-256 is {digests[name][1]}, "
                f"the manifest states {stated[name]['sha256']}"
            )
    if json.loads((folder / MANIFEST).read_bytes()) != release.manifest:
        raise InvalidTable(f"{source / MANIFEST}: changed while it was copied")
    texts = {
        "CITATION.cff": cff(release),
        "DATASHEET.md": datasheet(release),
        "README.md": card(release),
        "croissant.json": croissant(release, digests),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())


def _exchange(new: Path, target: Path, old: Path) -> None:
    """Put `new` in the place of `target`, which goes to `old`, or leave all as it was."""
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


def plan_text(folder: str | os.PathLike[str], repo_id: str) -> str:
    """What an upload of `folder` would send, and that nothing was sent.

    Raises:
        ValueError: a bad `repo_id`, or `folder` is no data set folder.
    """
    check_repo_id(repo_id)
    path = _data_set(folder)
    digests = {name: _digest(path / name) for name in sorted(DATA_SET)}
    total = sum(size for size, _ in digests.values())
    width = len(str(total))
    return "\n".join(
        [
            f"https://huggingface.co/datasets/{repo_id} would get:",
            *(f"{size:>{width}} B  {sha256[:12]}  {n}" for n, (size, sha256) in digests.items()),
            f"{total} B  in {len(digests)} files, with the start of their SHA-256",
            "Nothing was sent.",
        ]
    )


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
    path = _data_set(folder)
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


def _check_target(source: Path, target: Path) -> None:
    """Refuse an `out` whose replacement could lose anything but an earlier data set."""
    if target == source or source in target.parents:
        raise ValueError(f"out is {target}, in the table's folder {source}; expected another")
    if not target.exists():
        return
    if not target.is_dir():
        raise ValueError(f"out is {target}, not a folder")
    if any(target.iterdir()):
        _data_set(target)


def _data_set(folder: str | os.PathLike[str]) -> Path:
    """`folder`, if it holds the files of a data set and no others."""
    path = Path(folder).resolve()
    found = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if found != DATA_SET or not all((path / name).is_file() for name in DATA_SET):
        raise ValueError(
            f"{path} holds {', '.join(sorted(found)[:8]) or 'nothing'}; expected a data set as "
            f"`dipbench publish` writes it: {', '.join(sorted(DATA_SET))}"
        )
    return path


def _digest(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 in hex."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return path.stat().st_size, digest.hexdigest()
