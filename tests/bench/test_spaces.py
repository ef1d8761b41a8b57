"""Timings of the space unet64: a million random indices there and back, and single calls."""

import subprocess
import sys

import numpy as np
import pytest

from dipbench import Space
from dipbench.spaces import Unet64

SPACE = Unet64()
NAME = "u4-snwow-ubnbt-c2-w16g-x02"
MEMBER = SPACE.parse(NAME)


def round_trip(indices):
    """Index, architecture, name, architecture and index again, for each."""
    at, parse, index = SPACE.at, SPACE.parse, SPACE.index
    return sum(index(parse(at(i).name)) != i for i in indices)


@pytest.mark.benchmark(group="a million random indices of unet64, to names and back")
def test_a_million_indices(benchmark):
    indices = np.random.default_rng(0).integers(len(SPACE), size=1_000_000).tolist()
    wrong = benchmark.pedantic(round_trip, (indices,), rounds=1)
    assert wrong == 0


@pytest.mark.benchmark(group="features of a million random indices")
def test_features_of_a_million(benchmark):
    indices = np.random.default_rng(0).integers(len(SPACE), size=1_000_000)
    assert benchmark.pedantic(SPACE.encode_at, (indices,), rounds=3).shape[0] == 1_000_000


CALLS = {
    "Space(name)": lambda: Space("unet64"),
    "space[i]": lambda: SPACE[7_654_321],
    "space.index": lambda: SPACE.index(MEMBER),
    "in": lambda: MEMBER in SPACE,
    "name in": lambda: NAME in SPACE,
    "parse": lambda: SPACE.parse(NAME),
    "name": lambda: MEMBER.name,
    "neighbours": lambda: SPACE.neighbours(MEMBER),
}


@pytest.mark.benchmark(group="one call")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_calls(benchmark, call):
    benchmark(call)


@pytest.mark.benchmark(group="one call")
@pytest.mark.parametrize("draw", ["sample", "mutate"])
def test_draws(benchmark, draw):
    rng = np.random.default_rng(0)
    call = (lambda: SPACE.sample(rng)) if draw == "sample" else lambda: SPACE.mutate(MEMBER, rng)
    benchmark(call)


@pytest.mark.benchmark(group="keys")
def test_key_of_a_graph(benchmark):
    benchmark(lambda: SPACE[SPACE.index(MEMBER)].key)


def test_the_space_takes_no_memory_to_speak_of():
    script = (
        "import resource\nfrom dipbench import Space\nSpace('core64')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "space = Space('unet64')\nlen(space), space[-1].name in space\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(done.stdout) < 1000  # kilobytes
