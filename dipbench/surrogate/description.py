"""What a surrogate knows of an architecture before it is measured: one row of numbers.

The rows of all spaces are made from the encoding of ``unet64``, which holds ``core64``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.errors import NoSurrogate
from dipbench.spaces import Space, UNet, Unet64
from dipbench.spaces.core64 import UPSAMPLES
from dipbench.spaces.sizes import COLUMN, IMAGE, NORM, sizes
from dipbench.spaces.unet64 import LEVELS
from dipbench.spaces.wiring import NARROW

__all__ = ["COLUMNS", "GROUPS", "ORDERED", "describe", "described", "encoded"]

Floats: TypeAlias = npt.NDArray[np.float64]

SKIPS = {f"skip {level}": (f"narrow{level}",) for level in LEVELS}
KINDS = tuple(f"share {kind}" for kind in UPSAMPLES)

# Per space, groups of columns: a model may give each group a weight of its own.
GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "core64": {
        "depth": ("depth",),
        "SLC": ("slc",),
        **SKIPS,
        "up-sampling": KINDS,
        "width": ("width",),
        "MACs": ("log macs",),
    },
    "unet64": {
        "depth": ("depth",),
        "SLC": ("slc",),
        **{f"skip {level}": (f"narrow{level}", f"wide{level}") for level in LEVELS},
        "up-sampling": KINDS,
        **{f"up-sampling {x}": tuple(f"{kind}{x}" for kind in UPSAMPLES) for x in LEVELS},
        "crossings": tuple(f"cross{level}" for level in LEVELS[:-1]),
        "convolutions": ("double",),
        "width": ("width",),
        "growth": ("growing",),
        "MACs": ("log macs",),
    },
}
COLUMNS: Mapping[str, tuple[str, ...]] = {
    space: tuple(column for columns in groups.values() for column in columns)
    for space, groups in GROUPS.items()
}
ORDERED = ("depth", "slc", "log macs")  # in every space; errors depend on them, too
PLACES = {space: {name: i for i, name in enumerate(names)} for space, names in COLUMNS.items()}


def encoded(space: Space[Any], indices: npt.ArrayLike) -> Floats:
    """The encoding in ``unet64`` of the architectures of a space with these indices.

    Raises:
        NoSurrogate: the space has no description.
    """
    if space.name not in COLUMNS:
        raise NoSurrogate(
            f"the space {space.name} has no surrogate; expected one of {', '.join(COLUMNS)}"
        )
    wanted = np.asarray(indices, np.int64).ravel()
    if isinstance(space, Unet64):
        return space.encode_at(wanted)
    if "rows" not in _twins:
        _twins["rows"] = Unet64().encode_many(space)
    return _twins["rows"][wanted]


_twins: dict[str, Floats] = {}


def described(space: str, rows: Floats) -> Floats:
    """The description of architectures, shape ``(count, len(COLUMNS[space]))``.

    Args:
        rows: as `encoded` gives them.
    """
    found = sizes(rows)
    depth = rows[:, COLUMN["depth"]]
    made = {"slc": found.slc, "log macs": np.log(found.macs)} | {
        f"share {kind}": rows[:, [COLUMN[f"{kind}{level}"] for level in LEVELS]].sum(1) / depth
        for kind in UPSAMPLES
    }
    return np.stack([_column(name, made, rows) for name in COLUMNS[space]], axis=1)


def _column(name: str, made: Mapping[str, Any], rows: Floats) -> Floats:
    column: Floats = np.asarray(made[name] if name in made else rows[:, COLUMN[name]], np.float64)
    return column


def describe(space: str, member: UNet) -> tuple[Floats, int, int]:
    """The description of one architecture, shape ``(1, columns)``, its MACs and parameters.

    It is `described`, bit for bit, without the cost of many arrays of one number.
    """
    a, channels = member, member.channels
    second = a.convs - 1
    weights = 9 * channels[0] + second * 9 * channels[0] ** 2 + channels[0]
    params = weights + NORM * channels[0] * (1 + second) + 1
    macs = weights * IMAGE**2
    known: dict[str, float] = {"depth": a.depth, "width": a.width, "growing": a.growing}
    known |= {"slc": a.slc, "double": second}
    for level in range(a.depth):
        here, below, kind = channels[level], channels[level + 1], a.upsamples[level]
        skip = {"none": 0, "narrow": NARROW, "wide": here}[a.skips[level]]
        cross = NARROW * (level in a.crossings)
        up = below if kind == "transposed" else 0
        down = 9 * here * below + second * 9 * below**2
        stage = 9 * (below + skip + cross) * here + second * 9 * here**2 + here * skip
        macs += (down + cross * below) * (IMAGE >> (level + 1)) ** 2
        macs += (stage + up * below) * (IMAGE >> level) ** 2
        normalised = (below + here) * (1 + second) + skip + cross + up
        params += down + stage + cross * below + 4 * up * below + NORM * normalised
        known[f"{kind}{level}"] = known[f"{a.skips[level]}{level}"] = 1.0
        known[f"cross{level}"] = float(cross > 0)
        known[f"share {kind}"] = known.get(f"share {kind}", 0.0) + 1.0
    for kind in KINDS:
        known[kind] = known.get(kind, 0.0) / a.depth
    known["log macs"] = np.log(macs)
    places, row = PLACES[space], np.zeros((1, len(COLUMNS[space])))
    for name, value in known.items():
        if name in places:
            row[0, places[name]] = value
    return row, macs, params
