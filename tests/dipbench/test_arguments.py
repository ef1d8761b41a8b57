"""Arguments of the wrong type: each error names the value and what was expected."""

from typing import Any

import numpy as np
import pytest

import dipbench
import dipbench.nas
from dipbench import Architecture, Space, load
from dipbench.nas import Problem

NAME = "d3-s1-bilinear-w16"
# Without types: these are the errors of callers who use no type checker.
dip: Any = dipbench
nas: Any = dipbench.nas


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (
            lambda: dip.query(NAME, table="/tmp"),
            r"table is '/tmp'; expected dipbench.load\('/tmp'",
        ),
        (lambda: dip.query(NAME, table=3), r"table is 3; expected what dipbench.load"),
        (lambda: dip.query_many([], table="/tmp"), r"table is '/tmp'; expected dipbench.load"),
        (
            lambda: nas.Problem(table="/nope"),
            r"table is '/nope'; expected dipbench.load\('/nope'",
        ),
        (lambda: dip.query(NAME, [1]), r"task is \[1\]; expected a name such as 'denoise25'"),
        (lambda: dip.query(NAME, seed="0"), "seed is '0'; expected an integer"),
        (lambda: dip.query(NAME, seed=np.True_), "seed is .*True_?; expected an integer"),
        (lambda: dip.query(NAME, image=3), "image is 3; expected an id"),
        (lambda: dip.query_many(NAME), f"architectures is '{NAME}'; expected several, such as"),
        (lambda: dip.query_many(3), "architectures is 3; expected several, as a list"),
        (lambda: dip.query_many(None), "architectures is None; expected several, as a list"),
        (lambda: nas.Problem(None), "objectives is None; expected several, as a list"),
        (lambda: nas.Problem(within=3), "within is 3; expected several, as a list"),
        (lambda: nas.Problem(within=NAME), f"within is '{NAME}'; expected several, such as"),
        (lambda: nas.Problem(rng=0), "rng is 0; expected a numpy Generator"),
        (lambda: nas.Problem(seconds="3"), "seconds is '3'; expected a number"),
        (lambda: nas.search("random_search", Problem(), 0), "rng is 0; expected a numpy Generator"),
        (
            lambda: nas.search("random_search", None, None),
            "problem is None; expected a dipbench",
        ),
        (
            lambda: nas.search(None, Problem(), None),
            "algorithm is None; expected one of random",
        ),
        (lambda: dip.Space().sample(None), "rng is None; expected a numpy Generator"),
        (lambda: Space().neighbours(3), "3 is not in the space core64"),
        (lambda: nas.Problem().sample(None), "rng is None; expected a numpy Generator"),
        (lambda: nas.Problem().mutate(NAME, None), "rng is None; expected a numpy Generator"),
        (lambda: dip.load(3), "path is 3; expected a folder"),
        (lambda: dip.load(protocol=""), "protocol is ''; expected one of core64-v1"),
        (lambda: dip.Table.read(None), "path is None; expected a folder"),
        (
            lambda: dip.macs(Architecture.parse(NAME).graph, size=None),
            "size is None; expected a p",
        ),
        (lambda: dip.macs(Architecture.parse(NAME).graph, size=0.5), "size is 0.5; expected a p"),
    ],
)
def test_the_value_and_what_was_expected_are_named(call, problem):
    with pytest.raises(ValueError, match=problem):
        call()


def test_names_are_taken_wherever_architectures_are():
    space, architecture = Space(), Architecture.parse(NAME)
    assert NAME in space
    assert NAME in load()
    assert space.neighbours(NAME) == space.neighbours(architecture)
    assert space.index(NAME) == space.index(architecture)
