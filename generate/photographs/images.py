"""Photographs: from files that a manifest lists to grey-scale arrays in [0, 1].

Training images are averaged 2×2 whole; validation and test images are the centre square of
twice the protocol's size, averaged 2×2. The manifest lists each file with its SHA-256, so
that a table states exactly which pictures it was measured on without containing them. How pixels
of each depth and mode become grey values is said in `generate.photographs.pixels`.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.files import replacing
from generate.photographs.pixels import decode, grey
from generate.protocols.settings import Protocol

__all__ = ["Images", "demo_folder", "load_images", "save_images"]

Array: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Images:
    """The images of a protocol, values in [0, 1].

    Attributes:
        train: arrays of shape (height, width), of any size not under the protocol's.
        val, test: per image id, shape (size, size).
        dip: the ids of the DIP images, all of them in `val`.
    """

    train: tuple[Array, ...]
    val: dict[str, Array]
    test: dict[str, Array]
    dip: tuple[str, ...]


def load_images(protocol: Protocol, source: str | os.PathLike[str] | None) -> Images:
    """The images of `protocol` from a folder of photographs, or from a prepared ``.npz``.

    Args:
        source: the folder that the manifest's paths start from, or a file of `save_images`;
            None takes the demo's photographs out of the scikit-image package.

    Raises:
        ValueError: a file is missing, is not the one of the manifest, cannot be decoded, is of a
            mode or depth that is not read, or is too small; the file is named.
    """
    if source is None:
        source = demo_folder(protocol)
    path = Path(source)
    if path.suffix == ".npz":
        return _load_prepared(protocol, path)
    if not path.is_dir():
        raise ValueError(
            f"image folder {path} does not exist; expected one with {_first(protocol)}"
        )
    splits, size = protocol.images["splits"], protocol.size

    def squares(entries: list[dict[str, Any]]) -> dict[str, Array]:
        return {e["id"]: halve(centre(_read(path, e), 2 * size, e["file"])) for e in entries}

    images = Images(
        train=tuple(halve(_read(path, e)) for e in splits["train"]),
        val=squares(splits["val"]),
        test=squares(splits["test"]),
        dip=protocol.dip_images,
    )
    _check(images, protocol, [e["file"] for e in splits["train"]])
    return images


def _check(images: Images, protocol: Protocol, train: list[str]) -> None:
    """What every later step relies on: shapes, and grey values in [0, 1].

    Args:
        train: what to call the training images in messages.
    """
    size = protocol.size
    for called, image in zip(train, images.train, strict=True):
        if min(image.shape) < size:
            height, width = image.shape
            raise ValueError(
                f"training image {called}: {height} × {width} pixels after averaging 2×2; "
                f"expected at least {size} × {size}"
            )
    named = [*zip(train, images.train, strict=True), *images.val.items(), *images.test.items()]
    for called, image in named:
        if not (np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1):
            low, high = float(image.min()), float(image.max())
            raise ValueError(f"image {called}: values from {low:g} to {high:g}; expected 0 to 1")


def demo_folder(protocol: Protocol) -> Path:
    """Where scikit-image keeps its photographs; several are CC0 or in the public domain.

    Raises:
        ValueError: `protocol` is measured on other photographs.
    """
    if protocol.images["source"] != "scikit-image":
        raise ValueError(
            f"protocol {protocol.name} is measured on {protocol.images['source']}; "
            "expected --images with its folder"
        )
    import skimage

    return Path(skimage.__file__).parent / "data"


def _first(protocol: Protocol) -> str:
    return str(protocol.images["splits"]["train"][0]["file"])


def _read(folder: Path, entry: dict[str, Any]) -> Array:
    """The part of one photograph that is used, as luma in [0, 1], shape (height, width)."""
    path = folder / entry["file"]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"image {path}: {error.strerror}; the manifest lists it") from None
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise ValueError(f"image {path}: SHA-256 is {found}; the manifest states {entry['sha256']}")
    return crop(grey(decode(path)), entry)


def crop(image: Array, entry: Mapping[str, Any]) -> Array:
    """The part of `image` that a manifest entry names, ``[top, left, height, width]``.

    Raises:
        ValueError: it goes beyond the image.
    """
    if "crop" not in entry:
        return image
    top, left, height, width = entry["crop"]
    if top + height > image.shape[0] or left + width > image.shape[1]:
        raise ValueError(
            f"image {entry['file']}: crop {entry['crop']} goes beyond its "
            f"{image.shape[0]} × {image.shape[1]} pixels"
        )
    return image[top : top + height, left : left + width]


def centre(image: Array, side: int, called: str = "") -> Array:
    """The central square of `side` pixels.

    Raises:
        ValueError: the image, which is `called` so, is smaller.
    """
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    if min(top, left) < 0:
        called = f" {called}" if called else ""
        raise ValueError(
            f"image{called} of {image.shape} pixels; expected at least {side} × {side}"
        )
    return image[top : top + side, left : left + side]


def halve(image: Array) -> Array:
    """The mean of each 2×2 block; an odd last row or column is left out."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    blocks = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    means: Array = blocks.mean(axis=(1, 3), dtype=np.float64).astype(np.float32)
    return means


def save_images(images: Images, protocol: Protocol, path: Path) -> None:
    """Prepared arrays for a machine without the photographs. Never publish them.

    One file serves every protocol with the same image manifest and size.
    """
    arrays = {f"train/{i:04d}": a for i, a in enumerate(images.train)}
    arrays |= {f"val/{i}": a for i, a in images.val.items()}
    arrays |= {f"test/{i}": a for i, a in images.test.items()}
    said: dict[str, Any] = {name: np.array(value) for name, value in _tied_to(protocol).items()}
    with replacing(path) as place, place.open("wb") as file:
        np.savez_compressed(file, **said, **arrays)  # type: ignore[arg-type]


def _tied_to(protocol: Protocol) -> dict[str, Any]:
    """What prepared arrays depend on."""
    return {"manifest_sha256": protocol.manifest_sha256, "size": protocol.size}


def _load_prepared(protocol: Protocol, path: Path) -> Images:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"prepared images {path}: {error}; expected a file that "
            "`python -m generate images` wrote"
        ) from None
    _check_tied(protocol, path, arrays)

    def split(name: str) -> dict[str, Array]:
        prefix = f"{name}/"
        return {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}

    train = sorted(split("train").items())
    images = Images(
        train=tuple(a for _, a in train),
        val=split("val"),
        test=split("test"),
        dip=protocol.dip_images,
    )
    _check(images, protocol, [name for name, _ in train])
    return images


def _check_tied(protocol: Protocol, path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Refuse arrays of other photographs or of another size."""
    if str(arrays.get("protocol_hash", "")) == protocol.hash:
        return  # a file of release 0.1.0 states the protocol alone
    for name, expected in _tied_to(protocol).items():
        found = str(arrays.get(name, "missing"))
        if found != str(expected):
            raise ValueError(
                f"prepared images {path}: {name} is {found}; expected {expected} ({protocol.name})"
            )
