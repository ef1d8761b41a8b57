"""ConfigSpace: the space ``core64`` as a `ConfigurationSpace`, and both ways between the two.

The parameters are those of `dipbench.nas.adapters.parameters`; the skip of a level is active on
condition that the depth is greater, so every configuration is one architecture and vice versa.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dipbench.nas.adapters.parameters import SKIPS, from_parameters, to_parameters
from dipbench.spaces.space import DEPTHS, UPSAMPLES, WIDTHS, Architecture

try:
    import ConfigSpace
except ImportError:
    raise ImportError(
        "dipbench.nas.adapters.configspace needs ConfigSpace: pip install dipbench[adapters]"
    ) from None

__all__ = ["configuration_space", "from_configuration", "to_configuration"]


def configuration_space(seed: int | None = None) -> ConfigSpace.ConfigurationSpace:
    """The space ``core64``: its 372 configurations are the 372 architectures.

    Args:
        seed: of the space's own sampling; by default drawn from the operating system.
    """
    space = ConfigSpace.ConfigurationSpace(name="core64", seed=seed)
    depth = ConfigSpace.Integer("depth", (min(DEPTHS), max(DEPTHS)))
    skips = {level: ConfigSpace.Categorical(name, (False, True)) for name, level in SKIPS.items()}
    upsample = ConfigSpace.Categorical("upsample", UPSAMPLES)
    width = ConfigSpace.Categorical("width", WIDTHS, ordered=True)
    space.add(depth, *skips.values(), upsample, width)
    space.add(
        ConfigSpace.GreaterThanCondition(skip, depth, level)
        for level, skip in skips.items()
        if level >= min(DEPTHS)  # the skip at full resolution is always there
    )
    return space


def to_configuration(
    space: ConfigSpace.ConfigurationSpace, architecture: Architecture
) -> ConfigSpace.Configuration:
    """The configuration in `space`, made by `configuration_space`, of an architecture."""
    return ConfigSpace.Configuration(space, values=to_parameters(architecture))


def from_configuration(configuration: Mapping[str, Any]) -> Architecture:
    """The architecture of a configuration.

    Raises:
        InvalidArchitecture: it is of some other space.
    """
    return from_parameters(dict(configuration))
