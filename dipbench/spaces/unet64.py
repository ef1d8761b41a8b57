"""The space ``unet64``: 8,002,872 encoder-decoder networks, none made before it is asked for.

It holds ``core64``, and varies in each level what there is one choice of: the width of the skip
connection, the up-sampling, and whether the encoder stage below joins too. An index is a number
in mixed radix whose digits are the choices, so name, index and architecture lead to each other
by arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture
from dipbench.spaces.architecture import checked_number
from dipbench.spaces.core64 import DEPTHS, UPSAMPLES, WIDTHS, Architecture
from dipbench.spaces.space import Dimension, Feature, Space, drawn
from dipbench.spaces.unet import CONVS, SKIPS, Fields, UNet, unchecked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from dipbench.graphs.dag import Graph

__all__ = ["CONVS", "SKIPS", "UNet", "Unet64"]

LEVELS = range(max(DEPTHS))

PLANS = len(CONVS) * len(WIDTHS) * 2  # of convolutions, width and growth
COUNTS: tuple[int, ...] = tuple(PLANS * 9**depth * 2 ** (depth - 1) for depth in DEPTHS)
STARTS: tuple[int, ...] = (0, *accumulate(COUNTS))  # index of the first architecture of each depth


class Unet64(Space[UNet], name="unet64"):
    """Networks of depth 1 to 5 with, per level, one of three skip connections, one of three
    kinds of up-sampling and, but for the deepest, a crossing or none; one or two convolutions
    per stage; 8 or 16 channels, the same at all levels or growing.

    A name of ``core64`` stands for the architecture with the same graph.

    An edit, which leads to a neighbour, changes the skip connection, the up-sampling or the
    crossing of one level, the convolutions, the width or the growth, drops the deepest level, or
    adds one with any skip connection, up-sampling and crossing.
    """

    dimensions = (
        Dimension("depth", DEPTHS, "integer"),
        *(Dimension(f"skip{level}", SKIPS, "choice", level + 1) for level in LEVELS),
        *(Dimension(f"upsample{level}", UPSAMPLES, "choice", level + 1) for level in LEVELS),
        *(Dimension(f"cross{level}", (False, True), "switch", level + 2) for level in LEVELS[:-1]),
        Dimension("convs", CONVS, "ordered"),
        Dimension("width", WIDTHS, "ordered"),
        Dimension("growing", (False, True), "switch"),
    )
    features = (
        Feature("depth", binary=False),
        Feature("width", binary=False),
        Feature("growing", binary=True),
        Feature("double", binary=True),
        *(Feature(f"{skip}{level}", binary=True) for level in LEVELS for skip in SKIPS[1:]),
        *(Feature(f"{kind}{level}", binary=True) for level in LEVELS for kind in UPSAMPLES),
        *(Feature(f"cross{level}", binary=True) for level in LEVELS[:-1]),
    )

    def __len__(self) -> int:
        return STARTS[-1]

    def indices(self, depth: int) -> range:
        """The indices of all architectures of one depth.

        Raises:
            InvalidArchitecture: there is no such depth.
        """
        place = DEPTHS.index(checked_number("depth", depth, DEPTHS))
        return range(STARTS[place], STARTS[place + 1])

    def at(self, index: int) -> UNet:
        """As `Space.at`."""
        return unchecked(_fields(index))

    def parse(self, name: str) -> UNet:
        """The architecture of a name, also of one of ``core64``.

        Raises:
            InvalidArchitecture: the name is malformed, or names none of this space.
        """
        if isinstance(name, str) and name.startswith("d"):
            return UNet.of(Architecture.parse(name))
        return UNet.parse(name)

    def from_graph(self, graph: Graph) -> UNet:
        """As `UNet.from_graph`."""
        return UNet.from_graph(graph)

    def _own(self, item: object) -> UNet | None:
        if isinstance(item, Architecture):
            return UNet.of(item)
        return item if isinstance(item, UNet) else None

    def _index(self, member: UNet) -> int:
        a = member
        number: int = (CONVS.index(a.convs) * 2 + WIDTHS.index(a.width)) * 2 + a.growing
        for level in range(a.depth):
            number = number * 3 + SKIPS.index(a.skips[level])
            number = number * 3 + UPSAMPLES.index(a.upsamples[level])
            if level < a.depth - 1:
                number = number * 2 + (level in a.crossings)
        return STARTS[DEPTHS.index(a.depth)] + number

    def _neighbours(self, member: UNet) -> list[UNet]:
        return [unchecked(fields) for fields in _edited(member)]

    def mutate(self, architecture: object, rng: np.random.Generator) -> UNet:
        """As `Space.mutate`; only the chosen neighbour is made."""
        edits = list(_edited(self.member(architecture)))  # of which one alone is made
        return unchecked(edits[drawn(rng, len(edits))])

    def encode_many(self, architectures: Any) -> npt.NDArray[np.float64]:
        """As `Space.encode_many`."""
        import numpy as np

        indices = [self.index(a) for a in architectures]
        return self.encode_at(np.array(indices, np.int64))

    def encode_at(self, indices: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """`encode` for the architectures with these indices, shape ``(count, len(features))``,
        without making one of them.

        Raises:
            IndexError: an index is out of range.
        """
        import numpy as np

        number = np.asarray(indices, np.int64).ravel()
        if np.any((number < 0) | (number >= len(self))):
            bad = number[(number < 0) | (number >= len(self))][0]
            raise IndexError(f"index is {bad}; the space unet64 has {len(self)} architectures")
        depth = np.searchsorted(STARTS, number, side="right")  # STARTS[depth - 1] <= number
        number = number - np.array(STARTS)[depth - 1]
        skips, upsamples = np.zeros((2, len(LEVELS), len(number)), np.int64)
        crossings = np.zeros((len(LEVELS), len(number)), np.int64)
        upsamples -= 1  # a level that the network lacks has none
        for level in reversed(LEVELS):
            there, crossed = depth > level, depth > level + 1
            crossings[level, crossed] = number[crossed] % 2
            number = np.where(crossed, number // 2, number)
            upsamples[level, there] = number[there] % 3
            skips[level, there] = number[there] // 3 % 3
            number = np.where(there, number // 9, number)
        columns = [depth, np.array(WIDTHS)[number // 2 % 2], number % 2, number // 4]
        columns += [skips[level] == kind for level in LEVELS for kind in (1, 2)]
        columns += [upsamples[level] == kind for level in LEVELS for kind in range(3)]
        columns += [crossings[level] for level in LEVELS[:-1]]
        encoded: npt.NDArray[np.float64] = np.stack(columns, axis=1).astype(np.float64)
        return encoded

    def _values(self, member: UNet) -> dict[str, Any]:
        a, own = member, range(member.depth)
        return {
            "depth": a.depth,
            **{f"skip{level}": a.skips[level] for level in own},
            **{f"upsample{level}": a.upsamples[level] for level in own},
            **{f"cross{level}": level in a.crossings for level in own[:-1]},
            "convs": a.convs,
            "width": a.width,
            "growing": a.growing,
        }

    def from_parameters(self, parameters: Mapping[str, Any]) -> UNet:
        """As `Space.from_parameters`; what a network of this depth lacks may be left out."""
        optional = {d.name for d in self.dimensions if d.from_depth > 1}
        self.check_parameters(parameters, optional)
        depth = checked_number("depth", parameters["depth"], DEPTHS)
        for dimension in self.dimensions:
            # What a network lacks may be set to what stands for nothing, and to nothing else.
            absent = dimension.from_depth > depth
            value = parameters.get(dimension.name, dimension.values[0])
            allowed = dimension.values[:1] if absent else dimension.values
            if dimension.name not in parameters and not absent and dimension.kind == "choice":
                raise InvalidArchitecture(f"parameter {dimension.name!r} is missing")
            if value not in allowed:
                listed = " or ".join(map(str, allowed))
                raise InvalidArchitecture(f"{dimension.name} is {value!r}; expected {listed}")
        levels = range(depth)
        return UNet(
            depth=depth,
            skips=tuple(str(parameters[f"skip{level}"]) for level in levels),
            upsamples=tuple(str(parameters[f"upsample{level}"]) for level in levels),
            convs=parameters["convs"],
            width=parameters["width"],
            growing=bool(parameters["growing"]),
            crossings=tuple(x for x in levels[:-1] if parameters.get(f"cross{x}", False)),
        )


def _fields(index: int) -> Fields:
    """The fields of the architecture with an index."""
    depth = next(d for d in DEPTHS if index < STARTS[d])
    number = index - STARTS[depth - 1]
    skips, upsamples, crossings = [""] * depth, [""] * depth, []
    for level in reversed(range(depth)):
        if level < depth - 1:
            number, crossed = divmod(number, 2)
            if crossed:
                crossings.append(level)
        number, kind = divmod(number, 3)
        upsamples[level] = UPSAMPLES[kind]
        number, kind = divmod(number, 3)
        skips[level] = SKIPS[kind]
    number, growing = divmod(number, 2)
    convs, width = divmod(number, 2)
    return (
        depth,
        tuple(skips),
        tuple(upsamples),
        CONVS[convs],
        WIDTHS[width],
        bool(growing),
        tuple(reversed(crossings)),
    )


def _edited(a: UNet) -> Iterator[Fields]:
    """The fields of each neighbour of `a`."""
    rest = a.convs, a.width, a.growing
    for level in range(a.depth):
        for skips in _changed(a.skips, level, SKIPS):
            yield (a.depth, skips, a.upsamples, *rest, a.crossings)
    for level in range(a.depth):
        for upsamples in _changed(a.upsamples, level, UPSAMPLES):
            yield (a.depth, a.skips, upsamples, *rest, a.crossings)
    for level in range(a.depth - 1):
        crossings = tuple(sorted({level} ^ set(a.crossings)))
        yield (a.depth, a.skips, a.upsamples, *rest, crossings)
    same = a.depth, a.skips, a.upsamples
    (convs,) = (n for n in CONVS if n != a.convs)
    (width,) = (n for n in WIDTHS if n != a.width)
    yield (*same, convs, a.width, a.growing, a.crossings)
    yield (*same, a.convs, width, a.growing, a.crossings)
    yield (*same, a.convs, a.width, not a.growing, a.crossings)
    if a.depth > DEPTHS[0]:
        deepest = a.depth - 2  # a crossing there would come from the stage that becomes last
        crossings = tuple(level for level in a.crossings if level < deepest)
        yield (a.depth - 1, a.skips[:-1], a.upsamples[:-1], *rest, crossings)
    if a.depth < DEPTHS[-1]:
        for skip in SKIPS:
            for kind in UPSAMPLES:
                for crossing in ((), (a.depth - 1,)):
                    deeper = (*a.skips, skip), (*a.upsamples, kind)
                    yield (a.depth + 1, *deeper, *rest, a.crossings + crossing)


def _changed(
    values: tuple[str, ...], level: int, choices: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    for choice in choices:
        if choice != values[level]:
            yield (*values[:level], choice, *values[level + 1 :])
