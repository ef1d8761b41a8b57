"""`to_torch`: the network of an architecture, as a module of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from dipbench.graphs.canonical import canonical_key
from dipbench.graphs.dag import as_integer
from dipbench.spaces import BaseArchitecture, parsed
from dipbench.streams import weights_stream

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph
    from dipbench.networks.module import GraphNetwork

    Buildable: TypeAlias = BaseArchitecture | str | Graph

__all__ = ["to_torch"]


def to_torch(
    architecture: Buildable,
    in_channels: int = 1,
    *,
    seed: int | None = None,
    image: str | None = None,
    protocol: str = "core64-v1",
) -> GraphNetwork:
    """The network of `architecture` as a `torch.nn.Module`, untrained.

    It maps (batch, in_channels, height, width) to (batch, 1, height, width), values in [0, 1].
    Height and width are multiples of 2 to the power of the depth. Layers are named after the nodes
    of the graph, as in ``network.nodes.down1.conv.weight``. Needs torch: ``pip install torch``.

    Args:
        architecture: an architecture of a space, its name, or a `networkx.DiGraph`.
        in_channels: 1 for a grey image, as in supervised training; 16 for the input of the
            protocols' DIP fits.
        seed: draw the initial weights as the run of `protocol` with this seed draws them, which
            touches no global generator. None leaves it to torch, which draws them from its own
            global generator.
        image: with `seed`, the weights of the DIP fit to the image of this id; None means those of
            supervised training.
        protocol: name of the protocol, part of the key of the random numbers; of one that states
            ``streams``, that name.

    Raises:
        InvalidArchitecture: a malformed name, or a graph that is not a network.
        ValueError: `in_channels` is not a positive integer, `seed` is not an integer, or `image`
            is given without `seed`.
        ImportError: torch is not installed.
    """
    graph = _graph(architecture)
    channels = as_integer(in_channels)
    if channels is None or channels < 1:
        raise ValueError(f"in_channels is {in_channels!r}; expected a positive integer")
    if seed is None and image is not None:
        raise ValueError(f"image {image!r} without seed; expected both")
    number = None if seed is None else as_integer(seed)
    if seed is not None and number is None:
        raise ValueError(f"seed is {seed!r}; expected an integer or None")
    try:
        from dipbench.networks.module import GraphNetwork
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ImportError("dipbench.to_torch needs torch: pip install torch") from None
    if number is None:
        return GraphNetwork(graph, channels)
    rng = weights_stream(protocol, canonical_key(graph), number, image)
    return GraphNetwork(graph, channels, [rng])


def _graph(architecture: Buildable) -> Graph:
    if isinstance(architecture, str):
        architecture = parsed(architecture)
    return architecture.graph if isinstance(architecture, BaseArchitecture) else architecture
