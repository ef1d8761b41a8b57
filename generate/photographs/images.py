"""Photographs: from files that a manifest lists to grey-scale arrays in [0, 1].

Training images are averaged 2×2 whole; validation and test images are the centre square of
twice the protocol's size, averaged 2×2. The manifest lists each file with its SHA-256, so
that a table states exactly which pictures it was measured on without containing them.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.files import replacing
from generate.protocols.settings import Protocol

__all__ = ["Images", "demo_folder", "load_images", "save_images"]

Array: TypeAlias = npt.NDArray[np.float32]
LUMA = np.array([0.299, 0.587, 0.114])


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
        ValueError: a file is missing, is not the one of the manifest, or cannot be decoded.
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
    splits = protocol.images["splits"]
    size = protocol.size
    return Images(
        train=tuple(halve(crop(_read(path, e), e)) for e in splits["train"]),
        val={e["id"]: halve(centre(crop(_read(path, e), e), 2 * size)) for e in splits["val"]},
        test={e["id"]: halve(centre(crop(_read(path, e), e), 2 * size)) for e in splits["test"]},
        dip=protocol.dip_images,
    )


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
    """One photograph as luma in [0, 1], shape (height, width)."""
    from skimage.io import imread

    path = folder / entry["file"]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"image {path}: {error.strerror}; the manifest lists it") from None
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise ValueError(f"image {path}: SHA-256 is {found}; the manifest states {entry['sha256']}")
    try:
        pixels = np.asarray(imread(path), dtype=np.float64) / 255
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"image {path}: cannot be decoded ({error})") from None
    return grey(pixels)


def grey(pixels: npt.NDArray[np.float64]) -> Array:
    """Luma of an RGB image (ITU-R BT.601 weights); a grey image as it is."""
    luma: Array = (pixels if pixels.ndim == 2 else pixels[..., :3] @ LUMA).astype(np.float32)
    return luma


def crop(image: Array, entry: dict[str, Any]) -> Array:
    """The part of `image` that a manifest entry names, ``[top, left, height, width]``."""
    if "crop" not in entry:
        return image
    top, left, height, width = entry["crop"]
    return image[top : top + height, left : left + width]


def centre(image: Array, side: int) -> Array:
    """The central square of `side` pixels."""
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    if min(top, left) < 0:
        raise ValueError(f"image of {image.shape} pixels; expected at least {side} × {side}")
    return image[top : top + side, left : left + side]


def halve(image: Array) -> Array:
    """The mean of each 2×2 block; an odd last row or column is left out."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    blocks = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    means: Array = blocks.mean(axis=(1, 3), dtype=np.float64).astype(np.float32)
    return means


def save_images(images: Images, protocol: Protocol, path: Path) -> None:
    """Prepared arrays for a machine without the photographs. Never publish them."""
    arrays = {f"train/{i:04d}": a for i, a in enumerate(images.train)}
    arrays |= {f"val/{i}": a for i, a in images.val.items()}
    arrays |= {f"test/{i}": a for i, a in images.test.items()}
    with replacing(path) as place, place.open("wb") as file:
        np.savez_compressed(file, protocol_hash=np.array(protocol.hash), **arrays)  # type: ignore[arg-type]


def _load_prepared(protocol: Protocol, path: Path) -> Images:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"prepared images {path}: {error}; expected a file that "
            "`python -m generate images` wrote"
        ) from None
    found = str(arrays.pop("protocol_hash", "missing"))
    if found != protocol.hash:
        raise ValueError(
            f"prepared images {path}: protocol hash is {found}; "
            f"expected {protocol.hash} ({protocol.name})"
        )

    def split(name: str) -> dict[str, Array]:
        prefix = f"{name}/"
        return {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}

    return Images(
        train=tuple(a for _, a in sorted(split("train").items())),
        val=split("val"),
        test=split("test"),
        dip=protocol.dip_images,
    )
