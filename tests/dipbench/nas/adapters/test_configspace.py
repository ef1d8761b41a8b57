"""ConfigSpace: its configurations are the architectures."""

import pytest

from dipbench import Architecture, InvalidArchitecture, Space

ConfigSpace = pytest.importorskip("ConfigSpace")

from dipbench.nas.adapters.configspace import (  # noqa: E402 # it needs ConfigSpace
    configuration_space,
    from_configuration,
    to_configuration,
)

TWO_DEEP = {"depth": 2, "skip0": True, "skip1": False, "upsample": "nearest", "width": 8}


def test_every_architecture_has_one_configuration():
    space = configuration_space()
    configurations = [to_configuration(space, a) for a in Space("core64")]
    assert len(set(configurations)) == 372
    assert [from_configuration(c) for c in configurations] == list(Space("core64"))
    for configuration in configurations:
        configuration.check_valid_configuration()


def test_every_configuration_is_an_architecture():
    found = {from_configuration(c) for c in configuration_space(seed=0).sample_configuration(3000)}
    assert len(found) > 340
    assert found <= set(Space("core64"))


def test_neighbours_in_configspace_are_architectures_too():
    from ConfigSpace.util import get_one_exchange_neighbourhood

    space = configuration_space(seed=0)
    start = to_configuration(space, Architecture(4, (1, 3), "nearest", 8))
    found = {from_configuration(c) for c in get_one_exchange_neighbourhood(start, seed=0)}
    assert Architecture(4, (1,), "nearest", 8) in found
    assert Architecture(4, (1, 3), "nearest", 16) in found


def test_the_seed_is_the_callers():
    first, again, other = (configuration_space(s).sample_configuration(20) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_skip_at_a_level_that_is_not_there_is_forbidden():
    with pytest.raises(ValueError, match="skip3"):
        ConfigSpace.Configuration(configuration_space(), values=TWO_DEEP | {"skip3": True})


def test_a_skip_at_a_level_that_is_there_must_be_decided():
    undecided = {name: value for name, value in TWO_DEEP.items() if name != "skip1"}
    with pytest.raises(ValueError, match="skip1"):
        ConfigSpace.Configuration(configuration_space(), values=undecided)


def test_a_configuration_of_another_space_is_refused():
    other = ConfigSpace.ConfigurationSpace({"depth": (1, 9), "rate": (0.0, 1.0)}, seed=0)
    with pytest.raises(InvalidArchitecture, match="unknown parameter 'rate'"):
        from_configuration(other.sample_configuration())
