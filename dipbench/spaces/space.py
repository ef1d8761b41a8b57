"""Architectures by name, and the space that they form.

`Architecture` is the notation of the space ``core64``: encoder-decoder networks that differ
in depth, in the levels joined by skip connections, in up-sampling and in width. Any other
network is a plain `networkx.DiGraph` (see `dipbench.graphs.dag`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import canonical_key, dag_key
from dipbench.graphs.dag import as_integer, check

if TYPE_CHECKING:
    import numpy as np

    from dipbench.graphs.dag import Graph

__all__ = ["DEPTHS", "SPACES", "UPSAMPLES", "WIDTHS", "Architecture", "Space"]

DEPTHS = (1, 2, 3, 4, 5)
UPSAMPLES = ("nearest", "bilinear", "transposed")
WIDTHS = (8, 16)
SKIP_CHANNELS = 4

NAME = re.compile(
    r"d(?P<depth>\d{1,3})-s(?P<skips>\d*)-(?P<upsample>[a-z]+)-w(?P<width>\d{1,4})", re.ASCII
)


@dataclass(frozen=True, order=True)
class Architecture:
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

    depth: int
    skips: tuple[int, ...] = ()
    upsample: str = "bilinear"
    width: int = 16

    def __post_init__(self) -> None:
        depth = _one_of("depth", self.depth, DEPTHS)
        try:
            levels = [_one_of("skip level", s, range(depth)) for s in self.skips]
        except TypeError:
            raise InvalidArchitecture(
                f"skips is {self.skips!r}; expected levels from 0 to {depth - 1}"
            ) from None
        if len(set(levels)) < len(levels):
            raise InvalidArchitecture(f"skips is {tuple(levels)}; expected each level once")
        if not isinstance(self.upsample, str) or self.upsample not in UPSAMPLES:
            raise InvalidArchitecture(
                f"upsample is {self.upsample!r}; expected one of {', '.join(UPSAMPLES)}"
            )
        # numpy integers and unsorted skips are welcome; plain sorted ones are kept.
        object.__setattr__(self, "depth", depth)
        object.__setattr__(self, "skips", tuple(sorted(levels)))
        object.__setattr__(self, "width", _one_of("width", self.width, WIDTHS))

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
        try:
            parsed = cls(
                depth=int(match["depth"]),
                skips=tuple(map(int, match["skips"])),
                upsample=match["upsample"],
                width=int(match["width"]),
            )
        except InvalidArchitecture as error:
            raise InvalidArchitecture(f"name {name!r}: {error}") from None
        if parsed.name != name:
            raise InvalidArchitecture(f"name {name!r} is not canonical; expected {parsed.name!r}")
        return parsed

    @classmethod
    def from_graph(cls, graph: Graph) -> Architecture:
        """The architecture whose graph is isomorphic to `graph`.

        Raises:
            InvalidArchitecture: `graph` is no network, or none of ``core64``.
        """
        network = check(graph)
        ops = [op for op, _ in network.labels]
        guess = cls._guess(ops, network.levels, max(channels for _, channels in network.labels))
        if guess is None or guess._size != len(ops) or guess.key != dag_key(network):
            raise InvalidArchitecture(
                f"graph of {len(ops)} nodes is a network, but none of the space core64"
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
        skips = "".join(map(str, self.skips))
        return f"d{self.depth}-s{skips}-{self.upsample}-w{self.width}"

    @cached_property
    def key(self) -> str:
        """The canonical key of `graph`."""
        return canonical_key(self.graph)

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
        import networkx as nx

        graph: Graph = nx.DiGraph()

        def add(node: str, op: str, *inputs: str, channels: int | None = None) -> str:
            graph.add_node(node, op=op, **({} if channels is None else {"channels": channels}))
            graph.add_edges_from((source, node) for source in inputs)
            return node

        encoder = [add("stem", "conv3", add("input", "input"), channels=self.width)]
        for level in range(1, self.depth + 1):
            encoder.append(add(f"down{level}", "down", encoder[-1], channels=self.width))
        last = encoder[-1]
        up_channels = self.width if self.upsample == "transposed" else None
        for level in reversed(range(self.depth)):
            last = add(f"up{level}", f"up-{self.upsample}", last, channels=up_channels)
            if level in self.skips:
                skip = add(f"skip{level}", "skip1", encoder[level], channels=SKIP_CHANNELS)
                last = add(f"concat{level}", "concat", last, skip)
            last = add(f"conv{level}", "conv3", last, channels=self.width)
        add("output", "output", last)
        return graph

    def __str__(self) -> str:
        return self.name


def _one_of(field: str, value: object, allowed: tuple[int, ...] | range) -> int:
    number = as_integer(value)
    if number is None or number not in allowed:
        choices = ", ".join(map(str, allowed))
        raise InvalidArchitecture(f"{field} is {value!r}; expected one of {choices}")
    return number


class Space:
    """A finite set of architectures, in a fixed order.

    ``Space("core64")`` has 372: every depth of 1 to 5 with every subset of the levels above
    it as skip connections (62 skeletons), three kinds of up-sampling, two widths.

    Raises:
        ValueError: `name` is not a known space.
    """

    def __init__(self, name: str = "core64"):
        if name not in SPACES:
            raise ValueError(f"unknown space {name!r}; expected one of {', '.join(SPACES)}")
        self.name = name
        self._members = tuple(
            Architecture(depth, skips, upsample, width)
            for depth in DEPTHS
            for count in range(depth + 1)
            for skips in combinations(range(depth), count)
            for upsample in UPSAMPLES
            for width in WIDTHS
        )

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Architecture]:
        return iter(self._members)

    def __getitem__(self, index: int) -> Architecture:
        return self._members[index]

    def __contains__(self, item: object) -> bool:
        return isinstance(item, Architecture)

    def __repr__(self) -> str:
        return f"Space({self.name!r})"

    def sample(self, rng: np.random.Generator) -> Architecture:
        """One architecture, each as likely as any other."""
        return self._members[int(rng.integers(len(self)))]

    def neighbours(self, architecture: Architecture) -> list[Architecture]:
        """All architectures one edit away, in a fixed order.

        An edit adds or removes one skip connection, adds or removes the deepest level (one
        without a skip connection), or changes up-sampling or width. So being neighbours is
        mutual, and edits lead from any architecture to any other.

        Raises:
            ValueError: `architecture` is not in the space.
        """
        a = architecture
        if a not in self:
            raise ValueError(f"{a!r} is not in the space {self.name}")
        found = [replace(a, skips=tuple(set(a.skips) ^ {level})) for level in range(a.depth)]
        found += [
            replace(a, depth=depth)
            for depth in (a.depth - 1, a.depth + 1)
            if depth in DEPTHS and all(level < depth for level in a.skips)
        ]
        found += [replace(a, upsample=u) for u in UPSAMPLES if u != a.upsample]
        found += [replace(a, width=w) for w in WIDTHS if w != a.width]
        return found

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """One of the `neighbours`, each as likely as any other."""
        found = self.neighbours(architecture)
        return found[int(rng.integers(len(found)))]


SPACES = ("core64",)
