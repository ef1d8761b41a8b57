"""The order of the work."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dipbench.spaces import Architecture, UNet, Unet64
from generate.protocols import plan
from generate.protocols.plan import (
    PLANNED,
    make_plan,
    measured_architectures,
    sample,
    seed_sample,
)
from generate.protocols.reading import get


def members(protocol, kind):
    """The architectures of a protocol, all of one kind."""
    found = measured_architectures(get(protocol))
    assert all(isinstance(a, kind) for a in found)
    return found


def test_core64_plan_is_whole_and_free_of_repeats():
    units = make_plan(get("core64-v1"))
    assert Counter(unit.mode for unit in units) == {"dip": 372 * 2 * 3, "supervised": 372 * 3}
    assert len({unit.id for unit in units}) == len(units)
    fits = {(u.architecture, u.seed, image) for u in units for image in u.images}
    assert len(fits) == 372 * 8 * 3


def test_parts_come_in_the_declared_order():
    parts = list(dict.fromkeys(unit.part for unit in make_plan(get("core64-v1"))))
    assert parts == [
        f"seed {seed}, images {images}" for seed in (0, 1, 2) for images in ("1-4", "5-8")
    ]


def test_bilinear_w16_comes_first_and_w8_last():
    kinds = [(a.upsample, a.width) for a in members("core64-v1", Architecture)]
    assert list(dict.fromkeys(kinds)) == [
        ("bilinear", 16),
        ("nearest", 16),
        ("transposed", 16),
        ("bilinear", 8),
        ("nearest", 8),
        ("transposed", 8),
    ]


def test_names_are_those_of_the_protocols_space():
    chosen = replace(get("unet64-v1"), architectures=("u1-sw-ut-c2-w16g-x",))
    (architecture,) = measured_architectures(chosen)
    assert architecture == Unet64().parse("u1-sw-ut-c2-w16g-x")


def test_both_modes_of_an_architecture_stand_together():
    first, second = make_plan(get("core64-v1"))[:2]
    assert first.id == "dip-d1-s-bilinear-w16-seed0-101085"
    assert second.id == "supervised-d1-s-bilinear-w16-seed0"


def test_the_demo_measures_at_least_eight_architectures_of_different_depth_and_slc():
    architectures = members("demo-v1", Architecture)
    assert len({(a.depth, a.slc) for a in architectures}) >= 8


def test_a_sample_is_spread_over_the_space_as_the_space_itself_is():
    protocol = get("core64-v1")
    chosen, everything = sample(protocol, 40), measured_architectures(protocol)
    assert len(set(chosen)) == 40
    assert chosen == sample(protocol, 40)
    for feature in ("depth", "slc", "upsample", "width"):
        for value in {getattr(a, feature) for a in everything}:
            share, whole = (
                sum(getattr(a, feature) == value for a in of) / len(of)
                for of in (chosen, everything)
            )
            assert abs(share - whole) < 0.07, (feature, value)


def test_the_whole_space_is_a_sample_of_itself():
    protocol = get("demo-v1")
    architectures = measured_architectures(protocol)
    assert set(sample(protocol, len(architectures))) == set(architectures)
    for count in (0, len(architectures) + 1):
        with pytest.raises(ValueError, match=f"a sample of {count}; expected 1 to 12"):
            sample(protocol, count)


def test_the_sample_for_seeds_is_complete():
    protocol = get("core64-v1")
    units, chosen = seed_sample(protocol, 40), sample(protocol, 40)
    # Per seed a training and the fits to both groups of images.
    assert len(units) == 40 * 3 * 3
    assert units == [unit for unit in make_plan(protocol) if unit.architecture in chosen]


def test_the_plan_of_unet64_takes_depths_in_turn_and_is_pinned():
    planned = members("unet64-v1", UNet)
    assert len(planned) == PLANNED
    assert [a.name for a in planned[:7]] == [
        "u1-so-un-c1-w8-x",
        "u2-swn-unn-c1-w8g-x",
        "u3-soon-utbb-c1-w8g-x",
        "u4-swown-untbn-c2-w16-x012",
        "u5-sownnw-ubbbtt-c1-w8-x1",
        "u1-so-ub-c1-w8-x",
        "u2-son-ubn-c2-w8-x",
    ]
    assert [a.depth for a in planned[:360]] == [1, 2, 3, 4, 5] * 72
    assert planned[360].depth == 2, "all 72 of depth 1 are there"
    assert len({a.name for a in planned}) == PLANNED


def test_a_balanced_stream_ends_when_a_small_space_is_used_up(monkeypatch):
    monkeypatch.setattr(plan, "DEPTHS", (1, 2))
    drawn = list(plan.balanced(Unet64(), np.random.default_rng(0)))
    assert len(drawn) == len(set(drawn)) == 72 + 1296


def test_units_are_of_the_protocols_modes_and_images():
    units = make_plan(get("core64-still-v1"))
    assert len(units) == 372
    assert {(unit.mode, len(unit.images), unit.seed) for unit in units} == {("dip", 4, 0)}
    units = make_plan(get("core64-long-v1"))
    assert {(unit.mode, unit.images) for unit in units} == {("supervised", ())}
    assert len(units) == 62
