"""The plan: all units of work of a protocol, in the order in which they are done.

A unit is the least that is done or not done: one supervised training, or the DIP fits of one
architecture to a few images. It depends on nothing but the protocol and its own fields, so it
can be done anywhere, at any time, and again. The order makes the table useful wherever the
computing stops: first every architecture on few images, then more images, then more seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from dipbench.graphs.features import depth, params, slc
from dipbench.spaces import Architecture, BaseArchitecture, Core64, Space, UNet, Unet64
from dipbench.spaces.core64 import DEPTHS, UPSAMPLES, WIDTHS
from generate.protocols.settings import Candidate, Protocol
from generate.protocols.streams import numpy_stream

__all__ = [
    "PLANNED",
    "Unit",
    "balanced",
    "make_plan",
    "measured_architectures",
    "sample",
    "seed_sample",
]

UPSAMPLE_ORDER = ("bilinear", *(u for u in UPSAMPLES if u != "bilinear"))
FITS_PER_UNIT = 4
# Of a space that is too large to measure. The stream goes on, so a later release may raise it.
PLANNED = 10_000
WIDTH_ORDER = tuple(sorted(WIDTHS, reverse=True))


@dataclass(frozen=True)
class Unit:
    """One unit of work.

    Attributes:
        part: the part of the plan that it belongs to, in words.
        mode: ``supervised`` or ``dip``.
        images: ids of the images to fit; empty for supervised training.
    """

    part: str
    mode: str
    architecture: BaseArchitecture | Candidate
    seed: int
    images: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A name that is unique in the plan and fit for a file."""
        first = f"-{self.images[0]}" if self.images else ""
        return f"{self.mode}-{self.architecture.name}-seed{self.seed}{first}"


def measured_architectures(protocol: Protocol) -> Sequence[BaseArchitecture | Candidate]:
    """The protocol's architectures in the order of the plan.

    A space that the plan has no order for is measured in its own order.
    """
    if protocol.graphs:
        return protocol.candidates
    if protocol.architectures:
        return [Space(protocol.space).parse(name) for name in protocol.architectures]
    space = Space(protocol.space)
    if isinstance(space, Unet64):
        return list(islice(balanced(space, numpy_stream(protocol.stream, "plan")), PLANNED))
    if isinstance(space, Core64):
        return sorted(
            space, key=lambda a: (WIDTH_ORDER.index(a.width), UPSAMPLE_ORDER.index(a.upsample))
        )
    return list(islice(space, PLANNED))


def balanced(space: Unet64, rng: np.random.Generator) -> Iterator[UNet]:
    """Architectures of depth 1 to 5 in turn, uniform within a depth, none twice.

    So every beginning of it is a balanced random sample. A depth that is used up is passed over.
    """
    drawn: dict[int, set[int]] = {level: set() for level in DEPTHS}
    while any(len(seen) < len(space.indices(level)) for level, seen in drawn.items()):
        for level, seen in drawn.items():
            indices = space.indices(level)
            if len(seen) == len(indices):
                continue
            index = indices[int(rng.integers(len(indices)))]
            while index in seen:
                index = indices[int(rng.integers(len(indices)))]
            seen.add(index)
            yield space.at(index)


def make_plan(protocol: Protocol) -> list[Unit]:
    """Every unit of `protocol`, in order.

    The first seed with the first group of images comes first for all architectures, then the
    other groups of images, then the other seeds.
    """
    architectures = measured_architectures(protocol)
    ids = protocol.dip_images
    groups = [tuple(ids[i : i + FITS_PER_UNIT]) for i in range(0, len(ids), FITS_PER_UNIT)]
    units = []
    for seed in protocol.seeds:
        for number, group in enumerate(groups):
            first = number * FITS_PER_UNIT + 1
            part = f"seed {seed}, images {first}-{first + len(group) - 1}"
            for a in architectures:
                if "dip" in protocol.modes:
                    units.append(Unit(part, "dip", a, seed, group))
                if "supervised" in protocol.modes and number == 0:
                    units.append(Unit(part, "supervised", a, seed))
    return units


def sample(protocol: Protocol, count: int) -> Sequence[BaseArchitecture | Candidate]:
    """`count` of the protocol's architectures, spread evenly over the space, the same each time.

    A systematic sample: one from each of `count` equal stretches of all, sorted by depth, SLC,
    up-sampling and width (where they have these) and size. For what needs many runs of few
    networks, such as the noise between seeds.

    Raises:
        ValueError: there are fewer.
    """
    architectures = sorted(measured_architectures(protocol), key=_stratum)
    if not 0 < count <= len(architectures):
        raise ValueError(f"a sample of {count}; expected 1 to {len(architectures)} architectures")
    step = len(architectures) / count
    return [architectures[int((k + 0.5) * step)] for k in range(count)]


def seed_sample(protocol: Protocol, count: int) -> list[Unit]:
    """All units of `sample`: how far seeds lie apart, before all of the plan is done."""
    chosen = {a.name for a in sample(protocol, count)}
    return [unit for unit in make_plan(protocol) if unit.architecture.name in chosen]


def _stratum(a: BaseArchitecture | Candidate) -> tuple[int, int, tuple[str, int], int, str]:
    kind = (a.upsample, a.width) if isinstance(a, Architecture) else ("", 0)
    return depth(a.graph), slc(a.graph), kind, params(a.graph), a.name
