"""One network of the space ``unet64``: its fields, name, key and graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import dag_key
from dipbench.graphs.dag import Network, check
from dipbench.spaces.architecture import (
    BaseArchitecture,
    checked_choice,
    checked_levels,
    checked_name,
    checked_number,
)
from dipbench.spaces.core64 import DEPTHS, UPSAMPLES, WIDTHS, Architecture
from dipbench.spaces.wiring import NARROW, encoder_decoder

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["CONVS", "SKIPS", "Fields", "UNet", "unchecked"]

SKIPS = ("none", "narrow", "wide")
CONVS = (1, 2)

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
        return checked_name(
            name,
            lambda: cls(
                depth=int(match["depth"]),
                skips=tuple(_word("skip", x, SKIP_OF) for x in match["skips"]),
                upsamples=tuple(_word("upsample", x, UPSAMPLE_OF) for x in match["upsamples"]),
                convs=int(match["convs"]),
                width=int(match["width"]),
                growing=bool(match["growing"]),
                crossings=tuple(map(int, match["crossings"])),
            ),
        )

    @classmethod
    def from_graph(cls, graph: Graph) -> UNet:
        """The architecture whose graph is isomorphic to `graph`.

        Raises:
            InvalidArchitecture: `graph` is not a valid network, or not in ``unet64``.
        """
        network = check(graph)
        guess = _guess(network)
        if guess is None or guess.key != dag_key(network):
            raise InvalidArchitecture(
                f"graph of {len(network.nodes)} nodes is a network, but not in the space unet64"
            )
        return guess

    @classmethod
    def of(cls, architecture: Architecture) -> UNet:
        """The twin of an architecture of ``core64``: the one with the same graph."""
        a = architecture
        skips = tuple("narrow" if level in a.skips else "none" for level in range(a.depth))
        return unchecked((a.depth, skips, (a.upsample,) * a.depth, 1, a.width, False, ()))

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


def unchecked(fields: Fields) -> UNet:
    """The architecture of fields that are known to be right: they are not checked again."""
    made = object.__new__(UNet)
    made.__dict__.update(zip(NAMES, fields, strict=True))
    return made


NAMES = ("depth", "skips", "upsamples", "convs", "width", "growing", "crossings")


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
