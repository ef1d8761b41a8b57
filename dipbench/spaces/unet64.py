"""The space ``unet64``: 8,002,872 encoder-decoder networks, none made before it is asked for.

It holds ``core64``, and varies in each level what there is one choice of: the width of the skip
connection, the up-sampling, and whether the encoder stage below joins too. An index is a number
in mixed radix whose digits are the choices, so name, index and architecture lead to each other
by arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import dag_key
from dipbench.graphs.dag import Network, check
from dipbench.spaces.architecture import (
    BaseArchitecture,
    checked_choice,
    checked_levels,
    checked_number,
)
from dipbench.spaces.core64 import DEPTHS, UPSAMPLES, WIDTHS, Architecture
from dipbench.spaces.space import Dimension, Feature, Space, drawn
from dipbench.spaces.wiring import NARROW, encoder_decoder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from dipbench.graphs.dag import Graph

__all__ = ["CONVS", "SKIPS", "UNet", "Unet64"]

SKIPS = ("none", "narrow", "wide")
CONVS = (1, 2)
LEVELS = range(max(DEPTHS))

# Letters of a name.
SKIP_OF = {"o": "none", "n": "narrow", "w": "wide"}
UPSAMPLE_OF = {kind[0]: kind for kind in UPSAMPLES}
LETTER = {word: letter for letter, word in SKIP_OF.items()}
NAME = re.compile(
    r"u(?P<depth>\d{1,3})-s(?P<skips>[a-z]+)-u(?P<upsamples>[a-z]+)-c(?P<convs>\d{1,3})"
    r"-w(?P<width>\d{1,4})(?P<growing>g?)-x(?P<crossings>\d*)",
    re.ASCII,
)
EXAMPLE = "u3-snow-ubbt-c2-w16g-x1"

PLANS = len(CONVS) * len(WIDTHS) * 2  # of convolutions, width and growth
COUNTS: tuple[int, ...] = tuple(PLANS * 9**depth * 2 ** (depth - 1) for depth in DEPTHS)
STARTS: tuple[int, ...] = (0, *accumulate(COUNTS))  # index of the first architecture of each depth

Fields: TypeAlias = tuple[int, tuple[str, ...], tuple[str, ...], int, int, bool, tuple[int, ...]]


@dataclass(frozen=True, order=True)
class UNet(BaseArchitecture):
    """One encoder-decoder network of ``unet64``.

    Attributes:
        depth: how many times the encoder halves the resolution, 1 to 5.
        skips: per level, from 0 to `depth` - 1, the skip connection there: ``none``, ``narrow``
            (4 channels) or ``wide`` (as many as the level has).
        upsamples: per level, the up-sampling into it: ``nearest``, ``bilinear`` or
            ``transposed``.
        convs: 3×3 convolutions per stage, 1 or 2.
        width: channels at level 0, 8 or 16.
        growing: whether level *l* has `width` × (1 + *l* / 2) channels; else all have `width`.
        crossings: the levels, each less than `depth` - 1, that the encoder stage one level
            deeper joins; any iterable of integers is taken, a sorted tuple is kept.

    Raises:
        InvalidArchitecture: naming the field, the value found and those expected.
    """

    space: ClassVar[str] = "unet64"

    depth: int
    skips: tuple[str, ...]
    upsamples: tuple[str, ...]
    convs: int = 1
    width: int = 16
    growing: bool = False
    crossings: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        depth = checked_number("depth", self.depth, DEPTHS)
        if self.growing not in (False, True):
            raise InvalidArchitecture(f"growing is {self.growing!r}; expected False or True")
        crossings = _checked_crossings(self.crossings, depth)
        for field, value in {
            "depth": depth,
            "skips": _per_level("skip", "skips", self.skips, SKIPS, depth),
            "upsamples": _per_level("upsample", "upsamples", self.upsamples, UPSAMPLES, depth),
            "convs": checked_number("convs", self.convs, CONVS),
            "width": checked_number("width", self.width, WIDTHS),
            "growing": bool(self.growing),
            "crossings": crossings,
        }.items():
            object.__setattr__(self, field, value)

    @classmethod
    def parse(cls, name: str) -> UNet:
        """The architecture of a name such as ``u3-snow-ubbt-c2-w16g-x1``.

        That is: depth 3; from level 0, a narrow skip connection (n), none (o), a wide one (w);
        bilinear up-sampling (b) into levels 0 and 1, transposed (t) into level 2; 2 convolutions
        per stage; 16 channels, growing (g); a crossing at level 1.

        Raises:
            InvalidArchitecture: the name is malformed, or not the one that `name` would give.
        """
        match = NAME.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            raise InvalidArchitecture(f"malformed name {name!r}; expected one like {EXAMPLE!r}")
        try:
            parsed = cls(
                depth=int(match["depth"]),
                skips=tuple(_word("skip", x, SKIP_OF) for x in match["skips"]),
                upsamples=tuple(_word("upsample", x, UPSAMPLE_OF) for x in match["upsamples"]),
                convs=int(match["convs"]),
                width=int(match["width"]),
                growing=bool(match["growing"]),
                crossings=tuple(map(int, match["crossings"])),
            )
        except InvalidArchitecture as error:
            raise InvalidArchitecture(f"name {name!r}: {error}") from None
        if parsed.name != name:
            raise InvalidArchitecture(f"name {name!r} is not canonical; expected {parsed.name!r}")
        return parsed

    @classmethod
    def from_graph(cls, graph: Graph) -> UNet:
        """The architecture whose graph is isomorphic to `graph`.

        Raises:
            InvalidArchitecture: `graph` is no network, or none of ``unet64``.
        """
        network = check(graph)
        guess = _guess(network)
        if guess is None or guess.key != dag_key(network):
            raise InvalidArchitecture(
                f"graph of {len(network.nodes)} nodes is a network, but none of the space unet64"
            )
        return guess

    @classmethod
    def of(cls, architecture: Architecture) -> UNet:
        """The twin of an architecture of ``core64``: the one with the same graph."""
        a = architecture
        skips = tuple("narrow" if level in a.skips else "none" for level in range(a.depth))
        return _made((a.depth, skips, (a.upsample,) * a.depth, 1, a.width, False, ()))

    @property
    def twin(self) -> Architecture | None:
        """The architecture of ``core64`` with the same graph, if there is one."""
        plain = not (self.crossings or self.growing or "wide" in self.skips)
        if not plain or self.convs != 1 or len(set(self.upsamples)) > 1:
            return None
        levels = tuple(level for level, skip in enumerate(self.skips) if skip == "narrow")
        return Architecture(self.depth, levels, self.upsamples[0], self.width)

    @property
    def name(self) -> str:
        """Its name, such as ``u3-snow-ubbt-c2-w16g-x1``."""
        skips = "".join([LETTER[skip] for skip in self.skips])
        upsamples = "".join([kind[0] for kind in self.upsamples])
        growing, crossings = "g" if self.growing else "", "".join(map(str, self.crossings))
        size = f"c{self.convs}-w{self.width}{growing}"
        return f"u{self.depth}-s{skips}-u{upsamples}-{size}-x{crossings}"

    @property
    def slc(self) -> int:
        """Shallowest level of connection: the least level that a path reaches.

        A path through a skip connection reaches its level, one through a crossing the level
        below, and the one through all stages the depth.
        """
        levels = [level for level, skip in enumerate(self.skips) if skip != "none"]
        return min([*levels, *(level + 1 for level in self.crossings), self.depth])

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each level, from 0 to `depth`."""
        step = self.width // 2 if self.growing else 0
        return tuple(self.width + step * level for level in range(self.depth + 1))

    @property
    def graph(self) -> Graph:
        """A new `networkx.DiGraph` of the network, its nodes named after their place in it."""
        channels = self.channels
        width = {"narrow": NARROW, "none": 0}
        skips = {level: width.get(skip, channels[level]) for level, skip in enumerate(self.skips)}
        return encoder_decoder(
            channels=channels,
            skips={level: count for level, count in skips.items() if count},
            upsamples=self.upsamples,
            convs=self.convs,
            crossings=self.crossings,
        )

    def __str__(self) -> str:
        return self.name


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
        return _made(_fields(index))

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
        return [_made(fields) for fields in _edited(member)]

    def mutate(self, architecture: object, rng: np.random.Generator) -> UNet:
        """As `Space.mutate`; only the chosen neighbour is made."""
        edits = list(_edited(self.member(architecture)))  # of which one alone is made
        return _made(edits[drawn(rng, len(edits))])

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


def _made(fields: Fields) -> UNet:
    """The architecture of fields that are known to be right: they are not checked again."""
    made = object.__new__(UNet)
    made.__dict__.update(zip(NAMES, fields, strict=True))
    return made


NAMES = ("depth", "skips", "upsamples", "convs", "width", "growing", "crossings")


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


def _guess(network: Network) -> UNet | None:
    """The only architecture with these nodes; the caller compares the keys."""
    skips, upsamples, crossings = {}, {}, []
    for i, (op, channels) in enumerate(network.labels):
        level, before = network.levels[i], network.labels[network.preds[i][0]] if i else ("", 0)
        after = [network.labels[j][0] for j in network.succs[i]]
        if op.startswith("up-") and before[0] == "skip1":
            crossings.append(level)
        elif op.startswith("up-"):
            upsamples[level] = op.removeprefix("up-")
        elif op == "skip1" and after == ["concat"]:
            skips[level] = "narrow" if channels == NARROW else "wide"
    depth = max(network.levels)
    at_top = [
        channels
        for (op, channels), level in zip(network.labels, network.levels, strict=True)
        if op == "conv3" and level == 0
    ]
    growing = any(op == "down" and at_top[:1] != [n] for op, n in network.labels)
    convs = [op for op, _ in network.labels].count("conv3")
    try:
        return UNet(
            depth=depth,
            skips=tuple(skips.get(level, "none") for level in range(depth)),
            upsamples=tuple(upsamples.get(level, "") for level in range(depth)),
            convs=1 if convs == depth + 1 else 2,
            width=at_top[0] if at_top else 0,
            growing=growing,
            crossings=tuple(crossings),
        )
    except InvalidArchitecture:
        return None


def _word(field: str, letter: str, words: Mapping[str, str]) -> str:
    if letter not in words:
        expected = ", ".join(f"{letter} ({word})" for letter, word in words.items())
        raise InvalidArchitecture(f"{field} is {letter!r}; expected one of {expected}")
    return words[letter]


def _per_level(
    field: str, plural: str, values: Any, allowed: tuple[str, ...], depth: int
) -> tuple[str, ...]:
    listed = (values,) if isinstance(values, str) else values
    try:
        words = tuple(checked_choice(field, value, allowed) for value in listed)
    except TypeError:
        raise InvalidArchitecture(f"{plural} is {values!r}; expected one per level") from None
    if len(words) != depth:
        raise InvalidArchitecture(
            f"{plural} is {words}; expected {depth}, one for each level from 0 to {depth - 1}"
        )
    return words


def _checked_crossings(values: Any, depth: int) -> tuple[int, ...]:
    if depth == 1 and not isinstance(values, str) and tuple(values):
        raise InvalidArchitecture(f"crossings is {tuple(values)}; a network of depth 1 has none")
    return checked_levels("crossing", "crossings", values, depth - 1)
