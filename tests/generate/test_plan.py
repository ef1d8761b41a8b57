"""The order of the work."""

from collections import Counter

from generate.plan import make_plan, measured_architectures
from generate.protocols import get


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
