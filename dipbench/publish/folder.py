"""The folder of a data set, made of a table.

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

from dipbench.errors import InvalidTable
from dipbench.files import check_writable
from dipbench.publish.card import card
from dipbench.publish.croissant import croissant
from dipbench.publish.datasheet import datasheet
from dipbench.publish.release import About, Release, cff, check_date, check_repo_id
from dipbench.table.coverage import coverage
from dipbench.table.hub import load
from dipbench.table.manifest import MANIFEST, digest
from dipbench.table.schema import FILES

__all__ = ["build", "data_set", "plan_text"]

TABLE = (*FILES, MANIFEST)
TEXTS = ("CITATION.cff", "DATASHEET.md", "README.md", "croissant.json")
SEALED = ("CITATION.cff", "DATASHEET.md", "README.md")
SEAL = "written by dipbench; SHA-256 of the above {}"
DATA_SET = frozenset((*TABLE, *TEXTS))


def build(
    table_folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    repo_id: str,
    about: About,
    published: str | None = None,
    revision: str = "main",
) -> list[Path]:
    """Verify the table and write the complete data set folder `out`.

    An earlier data set in `out` is replaced, at once and only when the new one is complete. A
    ``CITATION.cff``, card or datasheet there that was edited by hand stays as it is.

    Args:
        table_folder: a folder with a table.
        out: a new folder, an empty one, or one that this function wrote.
        repo_id: the data set on the Hub, ``OWNER/NAME``, which the texts speak of.
        about: author, licence and description.
        published: the day of publication, ``YYYY-MM-DD``; without it no file states a date.
        revision: tag or branch of `repo_id` where the files will be found.

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
    _check_target(source, target)
    check_writable(target)
    table = load(source)
    release = Release(repo_id, table.manifest, coverage(table), about, published, revision)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
        new = Path(temporary, "new")
        new.mkdir()
        _write(release, source, new)
        for name in edited(target):
            shutil.copyfile(target / name, new / name)
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
        "CITATION.cff": _sealed(cff(release), "# {}"),
        "DATASHEET.md": _sealed(datasheet(release), "<!-- {} -->"),
        "README.md": _sealed(card(release), "<!-- {} -->"),
        "croissant.json": croissant(release, digests),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())


def _sealed(text: str, comment: str) -> str:
    """`text` with its digest in a last line, by which it is known that nobody edited it."""
    stated = SEAL.format(hashlib.sha256(text.encode()).hexdigest())
    return f"{text}{comment.format(stated)}\n"


def edited(folder: Path) -> list[str]:
    """Those texts of a data set in `folder` that are not as `build` wrote them."""
    return [name for name in SEALED if (folder / name).is_file() and _is_edited(folder / name)]


def _is_edited(path: Path) -> bool:
    text, _, last = path.read_bytes().decode(errors="replace").rstrip("\n").rpartition("\n")
    return SEAL.format(hashlib.sha256(f"{text}\n".encode()).hexdigest()) not in last


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
    path = data_set(folder)
    digests = {name: _digest(path / name) for name in sorted(DATA_SET)}
    total = sum(size for size, _ in digests.values())
    width = len(str(total))
    return "\n".join(
        [
            f"https://huggingface.co/datasets/{repo_id} would get:",
            *(f"{size:>{width}} B  {sha256[:12]}  {n}" for n, (size, sha256) in digests.items()),
            f"{total} B  in {len(digests)} files, with the start of their SHA-256",
            *([f"as edited by hand: {', '.join(edited(path))}"] if edited(path) else []),
            "Nothing was sent.",
        ]
    )


def _check_target(source: Path, target: Path) -> None:
    """Refuse an `out` whose replacement could lose anything but an earlier data set."""
    if target == source or source in target.parents:
        raise ValueError(f"out is {target}, in the table's folder {source}; expected another")
    if not target.exists():
        return
    if not target.is_dir():
        raise ValueError(f"out is {target}, not a folder")
    if any(target.iterdir()):
        data_set(target)


def data_set(folder: str | os.PathLike[str]) -> Path:
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
    return path.stat().st_size, digest(path)
