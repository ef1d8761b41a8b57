"""What a network's graph says without training: depth, SLC, parameters, operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dipbench.graphs.dag import Network, as_integer, check

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from dipbench.graphs.dag import Graph

__all__ = ["depth", "macs", "params", "reaches", "slc", "slc_many"]

# Kernel area of each op that learns. A transposed convolution with kernel 2 and stride 2
# has four weights per channel pair, of which one meets each output pixel.
KERNEL = {"conv3": 9, "down": 9, "up-transposed": 4, "skip1": 1, "output": 1}
PER_OUTPUT_PIXEL = KERNEL | {"up-transposed": 1}


def reaches(network: Network) -> tuple[int, int]:
    """Greatest and least *reach* over all input-output paths, that is depth and SLC.

    The reach of a path is the greatest level that it visits. Both extremes obey a recurrence
    over the nodes in topological order, so no path is ever enumerated.
    """
    greatest: list[int] = []
    least: list[int] = []
    for level, preds in zip(network.levels, network.preds, strict=True):
        greatest.append(max([level, *(greatest[p] for p in preds)]))
        least.append(max(level, min([least[p] for p in preds], default=level)))
    return greatest[network.output], least[network.output]


def depth(graph: Graph) -> int:
    """Depth: the greatest level visited, over all paths from input to output.

    Raises:
        InvalidArchitecture: `graph` is not a network.
    """
    return reaches(check(graph))[0]


def slc(graph: Graph) -> int:
    """Shallowest level of connection: the least, over all paths, of the level reached.

    ``0 <= slc <= depth``; without a skip connection they are equal, and one skip connection
    at full resolution makes it 0.

    Raises:
        InvalidArchitecture: `graph` is not a network.
    """
    return reaches(check(graph))[1]


def slc_many(depths: npt.ArrayLike, skips: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """SLC of many encoder-decoder networks at once, from arrays of one shape.

    Args:
        depths: how often each encoder halves the resolution, at most 62; that is its depth.
        skips: per network a bit mask, bit *l* set for a skip connection at level *l*.

    Raises:
        ValueError: naming the first network whose skips are not below its depth.
    """
    import numpy as np

    depth, mask = np.broadcast_arrays(np.asarray(depths, np.int64), np.asarray(skips, np.int64))
    bad = (depth < 0) | (depth > 62) | (mask < 0) | (mask >> np.clip(depth, 0, 62) != 0)
    if bad.any():
        first = int(bad.ravel().argmax())
        raise ValueError(
            f"network {first} has depth {depth.ravel()[first]} and skips "
            f"{mask.ravel()[first]:#b}; expected skips at levels below the depth"
        )
    # frexp gives the exponent of the lowest bit, a power of two, exactly.
    lowest = np.frexp((mask & -mask).astype(np.float64))[1] - 1
    return np.where(mask == 0, depth, lowest)


def params(graph: Graph, in_channels: int = 1) -> int:
    """Learnt numbers of the network: weights, two per normalised channel, the output's bias.

    Convolutions that batch normalisation follows have no bias. The default `in_channels` is
    the supervised network's one grey channel.

    Raises:
        InvalidArchitecture: `graph` is not a network.
    """
    network = check(graph)
    channels = network.channels(in_channels)
    total = 0
    for i, (op, _) in enumerate(network.labels):
        if op in KERNEL:
            weights = KERNEL[op] * channels[network.preds[i][0]] * channels[i]
            total += weights + (1 if op == "output" else 2 * channels[i])
    return total


def macs(graph: Graph, in_channels: int = 1, size: int = 64) -> int:
    """Multiply-accumulates of the convolutions, for one `size` × `size` image.

    Normalisation, activations and parameter-free up-sampling are not counted.

    Raises:
        InvalidArchitecture: `graph` is not a network.
        ValueError: `size` cannot be halved as often as the network asks.
    """
    network = check(graph)
    deepest = max(network.levels)
    side = as_integer(size)
    if side is None or side < 1 or side % 2**deepest:
        raise ValueError(f"size is {size!r}; expected a positive multiple of {2**deepest}")
    channels = network.channels(in_channels)
    total = 0
    for i, (op, _) in enumerate(network.labels):
        if op in KERNEL:
            side = size * 2 ** max(0, -network.levels[i]) >> max(0, network.levels[i])
            pair = channels[network.preds[i][0]] * channels[i]
            total += PER_OUTPUT_PIXEL[op] * pair * side * side
    return total
