"""Make an image manifest from a folder of photographs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generate.photographs.pixels import decode
from generate.protocols.manifest import SPLITS, check_manifest

__all__ = ["list_folder"]

KINDS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pgm", ".ppm", ".webp"}
DIP_IMAGES = 8


def list_folder(
    folder: Path, *, source: str, citation: str, terms: str, size: int = 64
) -> dict[str, Any]:
    """The manifest of the photographs in `folder`.

    With the folders ``train``, ``val`` and ``test`` in it, each is a split; otherwise, of the
    files sorted by name, the first half is for training and a quarter each for val and test. At
    most eight val images, evenly spaced, are for DIP.

    Args:
        source, citation, terms: what the manifest says of the photographs.
        size: of the protocol's images, in pixels; a photograph needs twice as many each way.

    Raises:
        ValueError: too few photographs, one that cannot be read or is too small, or a text that
            is empty.
    """
    files = _files(folder)
    splits = {split: [_entry(folder, path, size) for path in files[split]] for split in SPLITS}
    ids = [entry["id"] for entry in splits["val"]]
    step = max(1, -(-len(ids) // DIP_IMAGES))
    said = {"source": source, "citation": citation, "terms": terms}
    manifest = {**said, "splits": splits, "dip": ids[::step]}
    check_manifest(manifest, size)
    return manifest


def _files(folder: Path) -> dict[str, Sequence[Path]]:
    found: dict[str, Sequence[Path]]
    if all((folder / split).is_dir() for split in SPLITS):
        found = {split: _photographs(folder / split) for split in SPLITS}
    else:
        every = _photographs(folder)
        quarter = len(every) // 4
        train = len(every) - 2 * quarter
        found = {
            "train": every[:train],
            "val": every[train : train + quarter],
            "test": every[train + quarter :],
        }
    empty = [split for split in SPLITS if not found[split]]
    if empty:
        count = sum(map(len, found.values()))
        raise ValueError(
            f"{folder} has {count} photographs, none for {' and '.join(empty)}; expected at least "
            "4, or folders train, val and test with some in each"
        )
    return found


def _photographs(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder; expected a folder of photographs")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS)


def _entry(folder: Path, path: Path, size: int) -> dict[str, Any]:
    height, width = decode(path).shape[:2]
    if min(height, width) < 2 * size:
        raise ValueError(
            f"image {path}: {height} × {width} pixels; expected at least {2 * size} × {2 * size}"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    name = re.sub(r"[^\w.-]+", "-", path.stem)
    return {"id": name, "file": path.relative_to(folder).as_posix(), "sha256": digest}
