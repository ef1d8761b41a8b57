"""Random numbers keyed by what they are for, so that no run depends on another.

A key is a list of words and numbers: protocol, architecture, seed, purpose.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["numpy_stream", "stream_seed", "weights_stream"]


def stream_seed(*key: object) -> int:
    """A seed of 63 bits that depends on `key`, and on nothing else."""
    text = "\n".join(map(str, key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_stream(*key: object) -> np.random.Generator:
    """A numpy generator that depends on `key`, and on nothing else."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(stream_seed(*key)))


def weights_stream(
    protocol: str, architecture: str, seed: int, image: str | None = None
) -> np.random.Generator:
    """The generator from which the initial weights of one run are drawn.

    Args:
        protocol: name of the protocol.
        architecture: canonical key of the graph.
        image: id of the image of a DIP fit; None for supervised training.
    """
    run = ("supervised",) if image is None else (image,)
    return numpy_stream(protocol, architecture, seed, *run, "weights")
