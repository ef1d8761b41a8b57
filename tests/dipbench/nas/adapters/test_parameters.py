"""Architectures as parameters: both ways, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipbench import Architecture, InvalidArchitecture, Space
from dipbench.nas import BudgetExceeded, Problem
from dipbench.nas.adapters.parameters import (
    Choices,
    from_parameters,
    members,
    stepwise,
    switched,
    to_parameters,
)
from dipbench.spaces.core64 import DEPTHS, SKIPS, UPSAMPLES, WIDTHS

WHOLE = {"depth": 3, "skip0": True, "skip2": False, "upsample": "nearest", "width": 8}
SETTINGS = st.fixed_dictionaries(
    {
        "depth": st.sampled_from(DEPTHS),
        **{name: st.booleans() for name in SKIPS},
        "upsample": st.sampled_from(UPSAMPLES),
        "width": st.sampled_from(WIDTHS),
    }
)


def test_every_architecture_comes_back():
    assert [from_parameters(to_parameters(a)) for a in Space("core64")] == list(Space("core64"))


def test_only_the_skips_that_a_network_has_are_parameters():
    assert to_parameters(Architecture(2, (1,), "nearest", 8)) == {
        "depth": 2,
        "skip0": False,
        "skip1": True,
        "upsample": "nearest",
        "width": 8,
    }


def test_values_of_numpy_become_plain_ones():
    found = from_parameters(
        {
            "depth": np.int64(3),
            "skip0": np.True_,
            "skip1": np.False_,
            "upsample": np.str_("nearest"),
            "width": np.int64(8),
        }
    )
    assert found == Architecture(3, (0,), "nearest", 8)
    assert [type(v) for v in (found.depth, found.upsample, found.width)] == [int, str, int]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dropout": 0.1}, r"unknown parameter 'dropout'; expected depth, skip0, .*, width"),
        ({"depth": None}, r"depth is None; expected one of 1, 2, 3, 4, 5"),
        ({"depth": 6}, r"depth is 6; expected one of 1, 2, 3, 4, 5"),
        ({"skip3": True}, r"skip level is 3; expected one of 0, 1, 2"),
        ({"skip0": "yes"}, r"skip0 is 'yes'; expected True or False"),
        ({"upsample": 2}, r"upsample is 2; expected one of nearest, bilinear, transposed"),
        ({"width": 12}, r"width is 12; expected one of 8, 16"),
    ],
)
def test_what_is_no_architecture_is_refused(change, message):
    with pytest.raises(InvalidArchitecture, match=message):
        from_parameters(WHOLE | change)


@pytest.mark.parametrize("name", ["depth", "upsample", "width"])
def test_a_missing_parameter_is_named(name):
    with pytest.raises(InvalidArchitecture, match=f"parameter '{name}' is missing"):
        from_parameters({n: v for n, v in WHOLE.items() if n != name})


@given(SETTINGS)
def test_switching_off_gives_an_architecture_and_changes_nothing_that_it_has(settings):
    found = from_parameters(switched(settings))
    assert to_parameters(found).items() <= settings.items()
    assert switched(switched(settings)) == switched(settings)
    assert list(switched(settings)) == list(settings)


def test_the_choices_are_those_of_the_architectures(small, core64):
    assert Choices.of(Problem(table=core64)) == Choices.all_of("core64")
    found = Choices.of(Problem(table=small))
    assert {dimension.name: dimension.values for dimension in found.dimensions} == {
        "depth": (1, 2, 3),
        **dict.fromkeys(("skip0", "skip1", "skip2"), (False, True)),
        "upsample": ("bilinear",),
        "width": (8, 16),
    }


def test_graphs_of_ones_own_have_no_parameters(own_graphs):
    with pytest.raises(ValueError, match="expected the space core64"):
        members(Problem(table=own_graphs))
    with pytest.raises(ValueError, match="expected the space core64"):
        Choices.of(Problem(table=own_graphs))


def test_a_run_in_steps_costs_what_the_whole_run_does(small):
    for a in members(Problem(table=small)):
        problem, ours = Problem(table=small), Problem(table=small)
        *_, last = stepwise(problem, a, problem.fidelities)
        whole = ours.evaluate(a)
        assert last.values == whole.values
        assert problem.clock == pytest.approx(ours.clock, rel=1e-12)


def test_a_run_in_steps_keeps_to_one_seed(core64):
    problem = Problem(table=core64, seed="random", rng=np.random.default_rng(0))
    for a in problem.architectures[:20]:
        assert len({e.seed for e in stepwise(problem, a, problem.fidelities)}) == 1
    assert {e.seed for e in problem.history} == {0, 1, 2}


def test_a_run_in_steps_is_paid_for_as_far_as_the_budget_goes(small):
    deep = Architecture(3, (), "bilinear", 8)  # two trainings of 12 s, judged at 1, 4 and 16
    problem = Problem(table=small, seconds=10)
    with pytest.raises(BudgetExceeded):
        list(stepwise(problem, deep, problem.fidelities))
    assert [e.fidelity for e in problem.history] == [1, 4]
    assert problem.clock == 24 * 4 / 16
