"""Units side by side: which go together, and that it makes no difference to their rows."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dipbench.spaces import Space
from generate.measure.rows import measure
from generate.measure.side_by_side import divide, groups, in_turns, measure_all
from generate.networks.engines import engine
from generate.protocols.plan import Unit, make_plan
from generate.protocols.reading import get
from generate.protocols.settings import DipSettings, SupervisedSettings
from generate.training.batches import BatchesAhead, training_batches

SPACE = Space("core64")
GPU = torch.device("cuda")
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


@pytest.fixture(scope="module")
def short(tiny):
    return dataclasses.replace(
        tiny,
        architectures=("d2-s-nearest-w8", "d1-s0-bilinear-w8"),
        dip=DipSettings(iterations=6, recorded=6, input_channels=4, stop_window=3, stop_patience=2),
        supervised=SupervisedSettings(steps=4, batch=2, recorded=3),
        recording=2,
    )


@st.composite
def some_units(draw):
    chosen = draw(st.lists(st.integers(0, len(SPACE) - 1), min_size=1, max_size=30))
    units = []
    for number in chosen:
        mode = draw(st.sampled_from(["dip", "supervised"]))
        images = tuple("abcd"[: draw(st.integers(1, 4))]) if mode == "dip" else ()
        units.append(Unit("part", mode, SPACE[number % 5], draw(st.integers(0, 2)), images))
    return list(dict.fromkeys(units))


def networks(units):
    return sum(len(unit.images) or 1 for unit in units)


@given(some_units(), st.integers(1, 20))
def test_every_unit_is_in_one_group_and_in_one_part(units, most):
    found = groups(units)
    assert sorted(u.id for group in found for u in group.units) == sorted(u.id for u in units)
    for group in found:
        assert len({(u.mode, u.architecture.name) for u in group.units}) == 1
        assert group.networks == networks(group.units)
        halves = group.halves()
        assert tuple(u for half in halves for u in half.units) in (group.units, ())
    firsts = [units.index(group.units[0]) for group in found]
    assert firsts == sorted(firsts)
    parts = divide(units, most)
    assert [u for part in parts for u in part] == [u for group in found for u in group.units]
    for part in parts:
        assert networks(part) <= most or len(groups(part)) == 1


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [("core64-v1", 8), ("core64-inpaint50-v1", 48), ("core64-long-v1", 48), ("unet64-v1", 48)],
)
def test_the_fewer_networks_of_an_architecture_the_more_run_in_turns(protocol, expected):
    assert in_turns(groups(make_plan(get(protocol))[:4000])) == expected
    assert in_turns([]) == 48


def without_seconds(rows):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.mark.parametrize("task", ["denoise25", "inpaint50", "sr2"])
def test_rows_are_those_of_units_alone(short, images, cpu, task):
    short = dataclasses.replace(short, task=task)
    plan = make_plan(short)
    together = dict(measure_all(short, plan, images, cpu))
    assert together.keys() == set(plan)
    for unit in plan:
        alone = measure(short, unit, images, cpu)
        assert without_seconds(together[unit]) == without_seconds(alone)
        assert {row["engine"] for row in together[unit]} == {engine(cpu)}
        assert len({row["seconds"] for row in together[unit]}) == 1


def test_torch_runs_them_side_by_side_as_well(short, images, cpu):
    plan = make_plan(short)
    for unit, rows in measure_all(short, plan, images, cpu, dtype=torch.float64):
        for row, alone in zip(rows, measure(short, unit, images, cpu), strict=True):
            for name, curve in row["curve"].items():
                assert curve[:2] == pytest.approx(alone["curve"][name][:2], rel=1e-3)


def test_batches_ahead_are_those_drawn_in_time(short, images):
    ahead = BatchesAhead(pinned=False)
    for _ in range(2):  # the second time they are there already
        for seed, found in zip((1, 0), ahead.of(short, images, (1, 0)), strict=True):
            expected = training_batches(short, images, seed)
            for _ in range(short.supervised.steps):
                for ours, wanted in zip(next(found), next(expected), strict=True):
                    assert torch.equal(ours, wanted)
    ahead.close()


@on_gpu
def test_the_same_run_on_a_gpu_gives_the_same_bits(short, images):
    longer = dataclasses.replace(short, dip=dataclasses.replace(short.dip, iterations=30))
    plan = make_plan(longer)
    first, again, apart = (
        {u: without_seconds(rows) for u, rows in measure_all(longer, plan, images, GPU,
                                                             at_once=count)}
        for count in (8, 8, 1)
    )  # fmt: skip
    assert first == again == apart
    assert {row["status"] for rows in first.values() for row in rows} == {"ok"}


@on_gpu
def test_a_gpu_and_a_cpu_agree_while_rounding_is_small(short, images, cpu):
    # The noise of a CPU comes from other generators.
    still = dataclasses.replace(short, dip=dataclasses.replace(short.dip, perturbation=0.0))
    for unit, rows in measure_all(still, make_plan(still), images, GPU):
        for row, here in zip(rows, measure(still, unit, images, cpu), strict=True):
            for name, curve in row["curve"].items():
                np.testing.assert_allclose(curve[:2], here["curve"][name][:2], rtol=1e-3)


@on_gpu
def test_a_unit_alone_on_a_gpu_is_captured_as_well(short, images):
    plan = make_plan(short)
    together = dict(measure_all(short, plan, images, GPU))
    for unit in plan:
        for row, alone in zip(together[unit], measure(short, unit, images, GPU), strict=True):
            assert alone["status"] == "ok"
            for name, curve in row["curve"].items():
                np.testing.assert_allclose(curve[:2], alone["curve"][name][:2], rtol=1e-3)
