"""The order of the work."""

from collections import Counter

import pytest

from generate.protocols.plan import make_plan, measured_architectures, sample, seed_sample
from generate.protocols.reading import get


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
    kinds = [(a.upsample, a.width) for a in measured_architectures(get("core64-v1"))]
    assert list(dict.fromkeys(kinds)) == [
        ("bilinear", 16),
        ("nearest", 16),
        ("transposed", 16),
        ("bilinear", 8),
        ("nearest", 8),
        ("transposed", 8),
    ]


def test_both_modes_of_an_architecture_stand_together():
    first, second = make_plan(get("core64-v1"))[:2]
    assert first.id == "dip-d1-s-bilinear-w16-seed0-101085"
    assert second.id == "supervised-d1-s-bilinear-w16-seed0"


def test_the_demo_measures_at_least_eight_architectures_of_different_depth_and_slc():
    architectures = measured_architectures(get("demo-v1"))
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
