"""SLC, parameters and MACs of many networks of ``unet64`` at once, from their encoded rows.

The formulas are those of `dipbench.graphs.features`, for the graph that
`dipbench.spaces.wiring` makes: here arrays take the place of graphs.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.spaces.unet64 import LEVELS, PLANS, SKIPS, STARTS, Unet64
from dipbench.spaces.wiring import NARROW

__all__ = ["COLUMN", "IMAGE", "NORM", "Sizes", "all_macs", "sizes"]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

COLUMN = {feature.name: column for column, feature in enumerate(Unet64.features)}
IMAGE = 64  # pixels of a side
NORM = 2  # learnt numbers per normalised channel


class Sizes(NamedTuple):
    """Features that graphs have, each of shape ``(count,)``; MACs of one 64×64 image."""

    slc: Integers
    params: Integers
    macs: Integers


def sizes(encoded: Floats) -> Sizes:
    """What `dipbench.slc`, `params` and `macs` say of each network.

    Args:
        encoded: shape ``(count, features)``, as `Unet64.encode_at` gives it.
    """
    rows = encoded.astype(np.int64)
    depth, width, growing, double = rows[:, :4].T
    channels = [width + growing * (width // 2) * level for level in (*LEVELS, len(LEVELS))]
    second = [double * 9 * c * c for c in channels]  # weights of a second convolution, if any
    slc, one = depth.copy(), np.ones_like(depth)

    weights = 9 * channels[0] + second[0] + channels[0]  # stem and output
    params = weights + NORM * channels[0] * (1 + double) + 1
    macs = weights * IMAGE**2
    for level in reversed(LEVELS):
        here, below = channels[level], channels[level + 1]
        side, deeper = (IMAGE >> level) ** 2, (IMAGE >> (level + 1)) ** 2
        there = depth > level
        kinds = [rows[:, COLUMN[f"{skip}{level}"]] for skip in SKIPS[1:]]
        skip = kinds[0] * NARROW + kinds[1] * here
        crossed = rows[:, COLUMN[f"cross{level}"]] if level in LEVELS[:-1] else 0 * one
        learnt_up = rows[:, COLUMN[f"transposed{level}"]] * below
        # Encoder stage one level deeper, and the decoder stage of this level.
        down = 9 * here * below + second[level + 1]
        joined = below + skip + crossed * NARROW
        stage = 9 * joined * here + second[level] + here * skip
        crossing = crossed * below * NARROW
        normalised = (below + here) * (1 + double) + skip + crossed * NARROW + learnt_up
        weights = down + stage + crossing + 4 * learnt_up * below
        params += there * (weights + NORM * normalised)
        macs += there * ((down + crossing) * deeper + (stage + learnt_up * below) * side)
        slc = np.where(crossed == 1, np.minimum(slc, level + 1), slc)
        slc = np.where(skip > 0, level, slc)
    return Sizes(slc, params, macs)


@cache
def all_macs() -> npt.NDArray[np.int32]:
    """MACs of every architecture of ``unet64``, by index: 32 MB, made in about a tenth of a second.

    What a choice at one level adds does not depend on the choices at others, so sums of small
    tables give them all.
    """
    space = Unet64()
    parts = []
    for start, depth in zip(STARTS, range(1, len(STARTS)), strict=False):
        radices = [18] * (depth - 1) + [9]  # skip × up-sampling × crossing, from level 0 on
        count = int(np.prod(radices))
        for plan in range(PLANS):
            first = start + plan * count
            base = sizes(space.encode_at([first])).macs
            total, stride = base, count
            for radix in radices:
                stride //= radix
                changed = first + stride * np.arange(radix)
                added = sizes(space.encode_at(changed)).macs - base
                total = np.add.outer(total, added).ravel()
            parts.append(total.astype(np.int32))
    return np.concatenate(parts)
