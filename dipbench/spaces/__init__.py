"""Sets of architectures that a search can walk through.

A space is a subclass of `Space` that says its name, in a file of its own. Those imported here
are found by name, as ``Space("core64")``.
"""

from dipbench.spaces.architecture import BaseArchitecture
from dipbench.spaces.core64 import Architecture, Core64
from dipbench.spaces.own import OwnArchitecture, OwnSpace
from dipbench.spaces.space import SPACES, Dimension, Feature, Space, named, parsed
from dipbench.spaces.unet64 import UNet, Unet64

__all__ = [
    "SPACES",
    "Architecture",
    "BaseArchitecture",
    "Core64",
    "Dimension",
    "Feature",
    "OwnArchitecture",
    "OwnSpace",
    "Space",
    "UNet",
    "Unet64",
    "named",
    "parsed",
]
