"""Arguments of the wrong type: each error names the value and what was expected."""

import numpy as np
import pytest

from dipbench import Architecture, Space, load, macs, query, query_many
from dipbench.nas import Problem, search

NAME = "d3-s1-bilinear-w16"


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: query(NAME, table="/tmp"), r"table is '/tmp'; expected dipbench.load\('/tmp'\)"),
        (lambda: query(NAME, table=3), r"table is 3; expected what dipbench.load"),
        (lambda: query_many([], table="/tmp"), r"table is '/tmp'; expected dipbench.load"),
        (lambda: Problem(table="/nope"), r"table is '/nope'; expected dipbench.load\('/nope'\)"),
        (lambda: query(NAME, [1]), r"task is \[1\]; expected a name such as 'denoise25'"),
        (lambda: query(NAME, seed="0"), "seed is '0'; expected an integer"),
        (lambda: query(NAME, seed=np.True_), "seed is .*True_?; expected an integer"),
        (lambda: query(NAME, image=3), "image is 3; expected an id"),
        (lambda: query_many(NAME), f"architectures is '{NAME}'; expected several, such as"),
        (lambda: query_many(3), "architectures is 3; expected several, as a list"),
        (lambda: query_many(None), "architectures is None; expected several, as a list"),
        (lambda: Problem(None), "objectives is None; expected several, as a list"),
        (lambda: Problem(within=3), "within is 3; expected several, as a list"),
        (lambda: Problem(within=NAME), f"within is '{NAME}'; expected several, such as"),
        (lambda: Problem(rng=0), "rng is 0; expected a numpy Generator"),
        (lambda: Problem(seconds="3"), "seconds is '3'; expected a number"),
        (lambda: search("random_search", Problem(), 0), "rng is 0; expected a numpy Generator"),
        (lambda: search("random_search", None, None), "problem is None; expected a dipbench.nas"),
        (lambda: search(None, Problem(), None), "algorithm is None; expected one of random_search"),
        (lambda: Space().sample(None), "rng is None; expected a numpy Generator"),
        (lambda: Space().neighbours(3), "3 is not in the space core64"),
        (lambda: load(3), "path is 3; expected a folder"),
        (lambda: macs(Architecture.parse(NAME).graph, size=None), "size is None; expected a pos"),
        (lambda: macs(Architecture.parse(NAME).graph, size=0.5), "size is 0.5; expected a pos"),
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
