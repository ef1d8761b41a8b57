"""ConfigSpace: a space as a `ConfigurationSpace`, and both ways between the two.

The parameters are those of `dipbench.nas.adapters.parameters`. What only deeper networks have, such
as the skip of a level, is active on condition of the depth, so every configuration is one
architecture and vice versa.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dipbench.extras import how_to_install
from dipbench.nas.adapters.parameters import from_parameters, to_parameters
from dipbench.spaces import BaseArchitecture, Dimension, Space

try:
    import ConfigSpace
except ImportError:
    raise ImportError(
        f"dipbench.nas.adapters.configspace needs ConfigSpace: {how_to_install('adapters')}"
    ) from None

__all__ = ["configuration_space", "from_configuration", "to_configuration"]


def configuration_space(
    seed: int | None = None, space: str = "core64"
) -> ConfigSpace.ConfigurationSpace:
    """A space whose configurations are the architectures: 372 in ``core64``.

    Args:
        seed: of the space's own sampling; by default drawn from the operating system.
        space: name of the space.

    Raises:
        ValueError: there is no space of this name.
    """
    dimensions = Space(space).dimensions
    made = ConfigSpace.ConfigurationSpace(name=space, seed=seed)
    parameters = {dimension.name: _parameter(dimension) for dimension in dimensions}
    made.add(*parameters.values())
    depths = dimensions[0]
    made.add(
        ConfigSpace.GreaterThanCondition(parameters[d.name], parameters["depth"], d.from_depth - 1)
        for d in dimensions
        if d.from_depth > min(depths.values)  # what the shallowest has is always there
    )
    return made


def _parameter(dimension: Dimension) -> Any:
    name, values = dimension.name, dimension.values
    if dimension.kind == "integer":
        return ConfigSpace.Integer(name, (min(values), max(values)))
    return ConfigSpace.Categorical(name, values, ordered=dimension.kind == "ordered")


def to_configuration(
    space: ConfigSpace.ConfigurationSpace, architecture: BaseArchitecture
) -> ConfigSpace.Configuration:
    """The configuration in `space`, made by `configuration_space`, of an architecture."""
    return ConfigSpace.Configuration(space, values=to_parameters(architecture))


def from_configuration(configuration: Mapping[str, Any], space: str = "core64") -> BaseArchitecture:
    """The architecture of a configuration.

    Raises:
        InvalidArchitecture: it is of some other space.
    """
    return from_parameters(dict(configuration), space)
