"""The fixed observations of a protocol: one draw per image and seed, for every architecture."""

from __future__ import annotations

from collections.abc import Mapping

from generate.protocols.settings import Protocol
from generate.protocols.streams import numpy_stream
from generate.tasks import Array, Observation

__all__ = ["observe", "observe_all"]


def observe(protocol: Protocol, image_id: str, clean: Array, seed: int) -> Observation:
    """What is observed of `clean`, of any shape; the same for both modes."""
    rng = numpy_stream(protocol.stream, "noise", image_id, seed)
    return protocol.operator.observe(clean, rng)


def observe_all(protocol: Protocol, images: Mapping[str, Array], seed: int) -> Observation:
    """All of `images`, by id, one after another along a first axis."""
    return Observation.stack([observe(protocol, i, clean, seed) for i, clean in images.items()])
