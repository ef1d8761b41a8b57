"""From a file's pixels to grey values in [0, 1], whatever its mode and depth.

What is read: grey or RGB, with or without an opaque alpha channel or a palette, with 1, 8 or 16
bits a channel, or floating-point values in [0, 1]. All else is refused by name: a wrong scale
would run through every later step and end as numbers that look like results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["decode", "grey", "scaled"]

LUMA = np.array([0.299, 0.587, 0.114])
DEPTHS = {"bool": 1, "uint8": 255, "uint16": 65535}
READ = "grey or RGB with 1, 8 or 16 bits a channel, or floating-point values in [0, 1]"
# Modes of Pillow whose channels are no red, green and blue, though there are as many.
OTHER_COLOURS = ("CMYK", "YCbCr", "LAB", "HSV")


def decode(path: Path) -> npt.NDArray[np.float64]:
    """The pixels of a file, values in [0, 1], shape (height, width) or (height, width, 3).

    Raises:
        ValueError: naming the file: it cannot be decoded, or is of a mode or depth that is not
            read.
    """
    from PIL import Image
    from skimage.io import imread

    try:
        with Image.open(path) as opened:
            mode, bits = opened.mode, _stated_bits(opened)
    except (OSError, SyntaxError, ValueError):
        mode, bits = "", None  # a format that Pillow does not know: the array has to do
    try:
        pixels = np.asarray(imread(path))
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"image {path}: cannot be decoded ({error})") from None
    if mode in OTHER_COLOURS:
        raise ValueError(f"image {path}: mode {mode}; expected {READ}")
    if bits is not None and bits not in (1, 8, 16, 32, 64):
        raise ValueError(f"image {path}: {bits} bits a channel; expected {READ}")
    try:
        return scaled(pixels)
    except ValueError as error:
        raise ValueError(f"image {path}: {error}") from None


def _stated_bits(image: Any) -> int | None:
    """Bits a channel as a TIFF states them: 12 of them come as 16, on a scale of their own."""
    tags = getattr(image, "tag_v2", None)
    found = None if tags is None else tags.get(258)
    return int(found[0] if isinstance(found, tuple) else found) if found else None


def scaled(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Pixels of any depth as float64 in [0, 1], without an alpha channel.

    Args:
        pixels: shape (height, width), or (height, width, channels) with 1 to 4 channels: grey,
            grey and alpha, RGB, RGB and alpha.

    Raises:
        ValueError: another shape or type, values beyond [0, 1] in a floating-point image, or an
            alpha channel that is not opaque.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and not 1 <= pixels.shape[2] <= 4):
        raise ValueError(f"array of shape {pixels.shape}; expected one picture, {READ}")
    kind = pixels.dtype.name
    if kind in DEPTHS:
        values = pixels.astype(np.float64) / DEPTHS[kind]
    elif pixels.dtype.kind == "f":
        values = pixels.astype(np.float64)
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"{kind} values from {values.min():g} to {values.max():g}; expected {READ}"
            )
    else:
        raise ValueError(f"pixels of type {kind}; expected {READ}")
    if values.ndim == 3 and values.shape[2] in (2, 4):
        if values[..., -1].min() < 1:
            raise ValueError("its alpha channel is not opaque; expected a picture without one")
        values = values[..., :-1]
    return values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values


def grey(pixels: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Luma of an RGB image (ITU-R BT.601 weights); a grey image as it is."""
    luma = pixels if pixels.ndim == 2 else pixels @ LUMA
    # The weights add up to one but for the last bit.
    found: npt.NDArray[np.float32] = luma.astype(np.float32)
    return np.minimum(found, np.float32(1))
