"""Arrays say of many networks what their graphs say of each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dipbench import Space
from dipbench.graphs.features import macs, params, slc
from dipbench.spaces.sizes import all_macs, sizes
from dipbench.spaces.unet64 import UNet, Unet64

SPACE = Unet64()


@given(st.lists(st.integers(0, len(SPACE) - 1), min_size=1, max_size=3))
def test_sizes_are_those_of_the_graphs(indices):
    found = sizes(SPACE.encode_at(indices))
    graphs = [SPACE[index].graph for index in indices]
    assert found.slc.tolist() == [slc(g) for g in graphs]
    assert found.params.tolist() == [params(g) for g in graphs]
    assert found.macs.tolist() == [macs(g) for g in graphs]


def test_all_macs_are_those_of_the_indices():
    known = all_macs()
    indices = np.random.default_rng(0).integers(len(SPACE), size=5000)
    indices = np.concatenate([indices, np.arange(1500), [len(SPACE) - 1]])
    assert len(known) == len(SPACE)
    assert (known[indices] == sizes(SPACE.encode_at(indices)).macs).all()


def test_a_twin_has_the_same_graph():
    for a in Space("core64"):
        assert UNet.of(a).twin == a
    rng = np.random.default_rng(0)
    outside = [a for a in (SPACE.sample(rng) for _ in range(200)) if a.twin is None]
    assert len(outside) > 150
    assert all(a not in Space("core64") for a in outside[:20])
