"""The space ``core64``: 372 encoder-decoder networks, each by a name.

They differ in depth, in the levels joined by skip connections, in up-sampling and in width.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import dag_key
from dipbench.graphs.dag import check
from dipbench.spaces.architecture import (
    BaseArchitecture,
    checked_choice,
    checked_levels,
    checked_name,
    checked_number,
)
from dipbench.spaces.space import Dimension, Feature, Space
from dipbench.spaces.wiring import NARROW, encoder_decoder

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["DEPTHS", "SKIP_CHANNELS", "UPSAMPLES", "WIDTHS", "Architecture", "Core64"]

DEPTHS = (1, 2, 3, 4, 5)
UPSAMPLES = ("nearest", "bilinear", "transposed")
WIDTHS = (8, 16)
SKIP_CHANNELS = NARROW
SKIPS = {f"skip{level}": level for level in range(max(DEPTHS))}  # level, by parameter

NAME = re.compile(
    r"d(?P<depth>\d{1,3})-s(?P<skips>\d*)-(?P<upsample>[a-z]+)-w(?P<width>\d{1,4})", re.ASCII
)


@dataclass(frozen=True, order=True)
class Architecture(BaseArchitecture):
    """One encoder-decoder network of ``core64``.

    Attributes:
        depth: how many times the encoder halves the resolution, 1 to 5.
        skips: the levels, each less than `depth`, at which a skip connection joins encoder
            and decoder; any iterable of integers is taken, a sorted tuple is kept.
        upsample: ``nearest``, ``bilinear`` or ``transposed``.
        width: channels at every level, 8 or 16.

    Raises:
        InvalidArchitecture: naming the field, the value found and those expected.
    """

    space: ClassVar[str] = "core64"

    depth: int
    skips: tuple[int, ...] = ()
    upsample: str = "bilinear"
    width: int = 16

    def __post_init__(self) -> None:
        depth = checked_number("depth", self.depth, DEPTHS)
        # numpy integers and unsorted skips are welcome; plain sorted ones are kept.
        object.__setattr__(self, "depth", depth)
        object.__setattr__(self, "skips", checked_levels("skip level", "skips", self.skips, depth))
        object.__setattr__(self, "upsample", checked_choice("upsample", self.upsample, UPSAMPLES))
        object.__setattr__(self, "width", checked_number("width", self.width, WIDTHS))

    @classmethod
    def parse(cls, name: str) -> Architecture:
        """The architecture of a name such as ``d5-s024-bilinear-w16``.

        Raises:
            InvalidArchitecture: the name is malformed, or not the one that `name` would give.
        """
        match = NAME.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            raise InvalidArchitecture(
                f"malformed name {name!r}; expected one like 'd5-s024-bilinear-w16', "
                "or 'd3-s-nearest-w8' without skip connections"
            )
        return checked_name(
            name,
            lambda: cls(
                depth=int(match["depth"]),
                skips=tuple(map(int, match["skips"])),
                upsample=match["upsample"],
                width=int(match["width"]),
            ),
        )

    @classmethod
    def from_graph(cls, graph: Graph) -> Architecture:
        """The architecture whose graph is isomorphic to `graph`.

        Raises:
            InvalidArchitecture: `graph` is not a valid network, or not in ``core64``.
        """
        network = check(graph)
        ops = [op for op, _ in network.labels]
        guess = cls._guess(ops, network.levels, max(channels for _, channels in network.labels))
        if guess is None or guess._size != len(ops) or guess.key != dag_key(network):
            raise InvalidArchitecture(
                f"graph of {len(ops)} nodes is a network, but not in the space core64"
            )
        return guess

    @classmethod
    def _guess(cls, ops: list[str], levels: tuple[int, ...], width: int) -> Architecture | None:
        """The only architecture with these counts; the caller compares the keys."""
        ups = {op.removeprefix("up-") for op in ops if op.startswith("up-")}
        if len(ups) != 1:
            return None
        skips = [level for op, level in zip(ops, levels, strict=True) if op == "skip1"]
        try:
            return cls(ops.count("down"), tuple(skips), ups.pop(), width)
        except InvalidArchitecture:
            return None

    @property
    def name(self) -> str:
        """Its name, such as ``d5-s024-bilinear-w16``."""
        skips = "".join(map(str, self.skips))
        return f"d{self.depth}-s{skips}-{self.upsample}-w{self.width}"

    @property
    def slc(self) -> int:
        """Shallowest level of connection: the least skip level, or `depth` without any."""
        return self.skips[0] if self.skips else self.depth

    @property
    def _size(self) -> int:
        """How many nodes the graph has."""
        return 3 + 3 * self.depth + 2 * len(self.skips)

    @property
    def graph(self) -> Graph:
        """A new `networkx.DiGraph` of the network, its nodes named after their place in it."""
        return encoder_decoder(
            channels=(self.width,) * (self.depth + 1),
            skips=dict.fromkeys(self.skips, SKIP_CHANNELS),
            upsamples=(self.upsample,) * self.depth,
        )

    def __str__(self) -> str:
        return self.name


class Core64(Space[Architecture], name="core64"):
    """Every depth of 1 to 5 with every subset of the levels above it as skip connections (62
    skeletons), three kinds of up-sampling, two widths.

    An edit, which leads to a neighbour, adds or removes one skip connection, adds or removes
    the deepest level (one without a skip connection), or changes up-sampling or width. Edits
    lead from any architecture to any other.
    """

    dimensions = (
        Dimension("depth", DEPTHS, "integer"),
        *(Dimension(name, (False, True), "switch", level + 1) for name, level in SKIPS.items()),
        Dimension("upsample", UPSAMPLES, "choice"),
        Dimension("width", WIDTHS, "ordered"),
    )
    features = (
        Feature("width", binary=False),
        *(Feature(name, binary=True) for name in SKIPS),
        *(Feature(f"upsample_{kind}", binary=True) for kind in UPSAMPLES),
    )

    def __len__(self) -> int:
        return len(_members())

    def at(self, index: int) -> Architecture:
        """As `Space.at`."""
        return _members()[index]

    def parse(self, name: str) -> Architecture:
        """As `Architecture.parse`."""
        return Architecture.parse(name)

    def from_graph(self, graph: Graph) -> Architecture:
        """As `Architecture.from_graph`."""
        return Architecture.from_graph(graph)

    def _own(self, item: object) -> Architecture | None:
        return item if isinstance(item, Architecture) else None

    def _index(self, member: Architecture) -> int:
        return _indices()[member]

    def _neighbours(self, member: Architecture) -> list[Architecture]:
        a = member
        found = [replace(a, skips=tuple(set(a.skips) ^ {level})) for level in range(a.depth)]
        found += [
            replace(a, depth=depth)
            for depth in (a.depth - 1, a.depth + 1)
            if depth in DEPTHS and all(level < depth for level in a.skips)
        ]
        found += [replace(a, upsample=u) for u in UPSAMPLES if u != a.upsample]
        found += [replace(a, width=w) for w in WIDTHS if w != a.width]
        return found

    def _numbers(self, member: Architecture) -> list[float]:
        skips = [float(level in member.skips) for level in SKIPS.values()]
        return [float(member.width), *skips, *(float(member.upsample == u) for u in UPSAMPLES)]

    def _values(self, member: Architecture) -> dict[str, Any]:
        skips = {name: level in member.skips for name, level in SKIPS.items()}
        fields = {"depth": member.depth, "upsample": member.upsample, "width": member.width}
        return fields | skips

    def from_parameters(self, parameters: Mapping[str, Any]) -> Architecture:
        """As `Space.from_parameters`; a skip that is not given is none."""
        self.check_parameters(parameters, optional=SKIPS)
        for name in SKIPS:
            if parameters.get(name, False) not in (True, False):
                raise InvalidArchitecture(f"{name} is {parameters[name]!r}; expected True or False")
        return Architecture(
            depth=parameters["depth"],
            skips=tuple(level for name, level in SKIPS.items() if parameters.get(name, False)),
            upsample=parameters["upsample"],
            width=parameters["width"],
        )


@cache
def _members() -> tuple[Architecture, ...]:
    return tuple(
        Architecture(depth, skips, upsample, width)
        for depth in DEPTHS
        for count in range(depth + 1)
        for skips in combinations(range(depth), count)
        for upsample in UPSAMPLES
        for width in WIDTHS
    )


@cache
def _indices() -> dict[Architecture, int]:
    return {member: index for index, member in enumerate(_members())}
