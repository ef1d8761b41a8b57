"""The graph of an encoder-decoder network, as the spaces wire it.

The encoder is a stem at level 0 and one stage per level below it, each of which halves the
resolution. The decoder has a stage per level, from the deepest to level 0: up-sampling, the
concatenation with what joins it there, and a convolution.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["NARROW", "encoder_decoder"]

NARROW = 4  # channels of a narrow skip connection and of a crossing


def encoder_decoder(
    channels: Sequence[int],
    skips: Mapping[int, int],
    upsamples: Sequence[str],
    convs: int = 1,
    crossings: Collection[int] = (),
) -> Graph:
    """A new graph, its nodes named after their place: ``down2``, ``skip0``, ``conv1`` ...

    Args:
        channels: per level, from 0 to the depth.
        skips: channels of the skip connection, by the level at which there is one.
        upsamples: per level below the depth, the up-sampling into it; ``transposed`` keeps the
            channels of what it reads.
        convs: 1, or 2 for a second 3×3 convolution in each stage (``stem-2``, ``down1-2``,
            ``conv0-2``).
        crossings: levels that the encoder stage one level deeper joins, by a 1×1 convolution
            (``cross0``) and nearest up-sampling (``crossup0``).
    """
    import networkx as nx

    graph: Graph = nx.DiGraph()

    def add(node: str, op: str, *inputs: str, channels: int | None = None) -> str:
        graph.add_node(node, op=op, **({} if channels is None else {"channels": channels}))
        graph.add_edges_from((source, node) for source in inputs)
        return node

    def stage(node: str, op: str, source: str, channels: int) -> str:
        last = add(node, op, source, channels=channels)
        for number in range(2, convs + 1):
            last = add(f"{node}-{number}", "conv3", last, channels=channels)
        return last

    encoder = [stage("stem", "conv3", add("input", "input"), channels[0])]
    for level in range(1, len(channels)):
        encoder.append(stage(f"down{level}", "down", encoder[-1], channels[level]))
    last = encoder[-1]
    for level in reversed(range(len(channels) - 1)):
        kept = channels[level + 1] if upsamples[level] == "transposed" else None
        last = add(f"up{level}", f"up-{upsamples[level]}", last, channels=kept)
        joined = [last]
        if level in skips:
            joined.append(add(f"skip{level}", "skip1", encoder[level], channels=skips[level]))
        if level in crossings:
            crossing = add(f"cross{level}", "skip1", encoder[level + 1], channels=NARROW)
            joined.append(add(f"crossup{level}", "up-nearest", crossing))
        if len(joined) > 1:
            last = add(f"concat{level}", "concat", *joined)
        last = stage(f"conv{level}", "conv3", last, channels[level])
    add("output", "output", last)
    return graph
