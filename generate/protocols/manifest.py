"""Image manifests: which photographs a protocol is measured on, each with its SHA-256.

A JSON object:

``source``, ``citation``, ``terms``
    Where the photographs come from, how to cite them, how they may be used. ``files``, which says
    where to find them, may be left out.
``splits``
    ``train``, ``val`` and ``test``, each a list of images: ``id`` (for val and test), ``file``,
    its path below the folder of photographs, ``sha256`` of the file and, if only a part is used,
    ``crop``: ``[top, left, height, width]`` in pixels.
``dip``
    Ids of val images, those that are fitted by DIP, in the order of the plan.
"""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

__all__ = ["SPLITS", "check_manifest", "read_manifest"]

SPLITS = ("train", "val", "test")
TEXTS = ("source", "citation", "terms")
SHA256 = re.compile("[0-9a-f]{64}")
ID = re.compile(r"[\w.-]{1,100}")


def read_manifest(path: Path, size: int) -> dict[str, Any]:
    """The manifest in the file `path`, checked for images of `size` pixels.

    Raises:
        ValueError: naming the file, the field and what was expected.
        OSError: it cannot be read.
    """
    try:
        manifest = json.loads(path.read_bytes())
        check_manifest(manifest, size)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"image manifest {path.name}: {error}") from None
    found: dict[str, Any] = manifest
    return found


def check_manifest(manifest: Any, size: int) -> None:
    """All that can be known of a manifest without the photographs.

    Raises:
        ValueError: naming the field, the value found and what was expected.
    """
    if not isinstance(manifest, dict):
        raise ValueError(f"{_shown(manifest)}; expected an object with splits and dip")
    for field in TEXTS:
        if not isinstance(manifest.get(field), str) or not manifest[field].strip():
            raise ValueError(f"{field!r} is {_shown(manifest.get(field))}; expected some text")
    splits = manifest.get("splits")
    if not isinstance(splits, dict) or set(splits) != set(SPLITS):
        raise ValueError(f"'splits' is {_shown(splits)}; expected {', '.join(SPLITS)}")
    for split in SPLITS:
        _check_split(split, splits[split], size)
    _check_dip(manifest.get("dip"), [entry["id"] for entry in splits["val"]])


def _check_split(split: str, entries: Any, size: int) -> None:
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{split!r} is {_shown(entries)}; expected a list with at least one image")
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        where = f"{split} image {number}"
        if not isinstance(entry, dict):
            raise ValueError(f"{where} is {_shown(entry)}; expected an object with file and sha256")
        _check_file(where, entry)
        if "crop" in entry:
            _check_crop(where, entry["crop"], 2 * size)
        name = entry.get("id", entry["file"] if split == "train" else None)
        if not isinstance(name, str) or (split != "train" and not ID.fullmatch(name)):
            raise ValueError(
                f"{where}: 'id' is {_shown(name)}; expected letters, digits, dots and dashes"
            )
        if name in seen:
            raise ValueError(f"{where}: 'id' {name!r} is given twice")
        seen.add(name)


def _check_file(where: str, entry: dict[str, Any]) -> None:
    file, sha256 = entry.get("file"), entry.get("sha256")
    path = PurePosixPath(file) if isinstance(file, str) and file else None
    if path is None or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{where}: 'file' is {_shown(file)}; expected a path below the folder")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise ValueError(f"{where}: 'sha256' is {_shown(sha256)}; expected 64 hexadecimal digits")


def _check_crop(where: str, crop: Any, least: int) -> None:
    whole = isinstance(crop, list) and all(type(n) is int and n >= 0 for n in crop)
    if not whole or len(crop) != 4 or min(crop[2:]) < least:
        raise ValueError(
            f"{where}: 'crop' is {_shown(crop)}; expected [top, left, height, width] with at "
            f"least {least} × {least} pixels"
        )


def _check_dip(ids: Any, val: list[str]) -> None:
    if not isinstance(ids, list) or not ids or len(set(map(str, ids))) < len(ids):
        raise ValueError(f"'dip' is {_shown(ids)}; expected ids of val images, each once")
    for name in ids:
        if name not in val:
            raise ValueError(
                f"'dip' names {_shown(name)}, which is not a val image; expected some of "
                f"{', '.join(val[:8])}{', ...' if len(val) > 8 else ''}"
            )


def _shown(value: Any) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
