"""Batches: which units go together, that it makes no difference, and what happens without room."""

import dataclasses
import math
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dipbench import Space
from generate.bench.tune import Way, errors, tune
from generate.measure import batches
from generate.measure.batches import divide, measure_batch, program_of
from generate.networks.gpu.memory import is_out_of_memory
from generate.protocols.plan import Unit, make_plan
from generate.protocols.reading import get
from generate.protocols.settings import Candidate, DipSettings, SupervisedSettings
from generate.training.dip import fit
from generate.training.gated_dip import Fit, GatedDip
from generate.training.gated_supervised import GatedTraining
from generate.training.record import CURVES, DipFits
from generate.training.supervised import train

DOUBLE = torch.float64
OutOfMemory = torch.cuda.OutOfMemoryError


@pytest.fixture(scope="module")
def short(tiny):
    """Two programs of several architectures each; float64 keeps so few iterations comparable."""
    return dataclasses.replace(
        tiny,
        architectures=("d2-s-nearest-w8", "d1-s0-bilinear-w8", "d2-s01-nearest-w8"),
        dip=DipSettings(iterations=6, recorded=6, input_channels=4, stop_window=3, stop_patience=2),
        supervised=SupervisedSettings(steps=4, batch=2, recorded=3),
    )


@pytest.fixture(scope="module")
def few(short):
    """The units of seed 0."""
    return [unit for unit in make_plan(short) if unit.seed == 0]


def assert_same(found, wanted):
    """Equal rows but for the seconds and for rounding, which a fit makes larger."""
    assert len(found) == len(wanted)
    for row, other in zip(found, wanted, strict=True):
        assert row.keys() == other.keys()
        for name, value in (row | row["curve"]).items():
            expected = (other | other["curve"])[name]
            if isinstance(value, (float, list)) and name != "seconds":
                assert value == pytest.approx(expected, rel=1e-5), name
            elif name not in ("seconds", "curve"):
                assert value == expected, name


# Which units go together.

SPACE = Space()


@st.composite
def some_units(draw):
    chosen = draw(st.lists(st.integers(0, len(SPACE) - 1), min_size=1, max_size=30))
    units = []
    for number in chosen:
        mode = draw(st.sampled_from(["dip", "supervised"]))
        images = tuple("abcd"[: draw(st.integers(1, 4))]) if mode == "dip" else ()
        units.append(Unit("part", mode, SPACE[number], draw(st.integers(0, 2)), images))
    return list(dict.fromkeys(units))


def networks(batch):
    return sum(len(unit.images) or 1 for unit in batch)


@given(some_units(), st.integers(1, 20))
def test_batches_hold_every_unit_once_and_keep_to_their_limit(units, most):
    found = divide(units, most)
    together = [unit for batch in found for unit in batch]
    assert len(together) == len(units)
    assert set(together) == set(units)
    for batch in found:
        assert networks(batch) <= most or len(batch) == 1
        (program,) = {program_of(unit) for unit in batch}
        assert (program.seed is None) == (batch[0].mode == "dip")
        assert batch == sorted(batch, key=units.index)
    assert [units.index(b[0]) for b in found] == sorted(units.index(b[0]) for b in found)


def test_the_whole_plan_of_core64_makes_few_and_even_batches():
    plan = make_plan(get("core64-v1"))
    found = divide(plan, 256)
    assert sum(map(len, found)) == len(plan)
    dip = [batch for batch in found if batch[0].mode == "dip"]
    largest = [networks(b) for b in dip if program_of(b[0]).depth == 5]
    assert largest == [256] * 18  # 32 architectures x 8 images x 3 seeds, 6 programs
    assert len({program_of(batch[0]) for batch in dip}) == 30


# That it makes no difference.


def test_rows_are_the_same_however_units_are_batched(short, few, images, cpu):
    together = dict(measure_batch(short, few, images, cpu, DOUBLE))
    assert together.keys() == set(few)
    apart = {}
    for unit in reversed(few):
        apart |= dict(measure_batch(short, [unit], images, cpu, DOUBLE, most=1))
    for unit in few:
        assert_same(together[unit], apart[unit])
        assert [row["image"] for row in together[unit]] == list(unit.images or [None])
        assert {row["engine"] for row in together[unit]} == {"gated"}
        assert {row["name"] for row in together[unit]} == {unit.architecture.name}


def test_without_perturbation_fits_are_those_of_the_plain_engine(short, few, images, cpu):
    # The perturbation alone is drawn in another way.
    still = dataclasses.replace(short, dip=dataclasses.replace(short.dip, perturbation=0.0))
    units = [unit for unit in few if unit.mode == "dip" and unit.architecture.depth == 2]
    fits = [Fit(u.architecture, u.seed, image) for u in units for image in u.images]
    found = GatedDip(still, fits, images, cpu, DOUBLE).run()
    first = 0
    for unit in units:
        a, count = unit.architecture, len(unit.images)
        clean = {image: images.val[image] for image in unit.images}
        wanted = fit(still, a.graph, a.key, clean, unit.seed, cpu, DOUBLE)
        assert found.step == wanted.step
        for curve in CURVES:
            shown = found.curves[curve][first : first + count]
            np.testing.assert_allclose(shown, wanted.curves[curve], rtol=1e-6)
        assert found.stopped_iteration[first : first + count] == wanted.stopped_iteration
        first += count


def test_perturbation_makes_a_difference_from_iteration_to_iteration(short, images, cpu):
    work = GatedDip(short, [Fit(SPACE[0], 0, images.dip[0])], images, cpu)
    inputs = []
    for _ in range(2):
        work.step()
        inputs.append(work.inputs.clone())
    noise = [(x - work.fixed) / short.dip.perturbation for x in inputs]
    for one in noise:
        assert float(one.std()) == pytest.approx(1, abs=0.02)
    assert abs(float((noise[0] * noise[1]).mean())) < 0.05


def test_trainings_are_those_of_the_plain_engine(short, few, images, cpu):
    units = [u for u in few if u.mode == "supervised" and u.architecture.depth == 2]
    architectures = [unit.architecture for unit in units]
    found = GatedTraining(short, architectures, 0, images, cpu, DOUBLE).run()
    for a, training in zip(architectures, found, strict=True):
        wanted = train(short, a.graph, a.key, images, 0, cpu, DOUBLE)
        assert training.step == wanted.step
        assert training.val_rmse == pytest.approx(wanted.val_rmse, rel=1e-6)
        assert training.test_rmse == pytest.approx(wanted.test_rmse, rel=1e-6)


def test_a_network_of_an_own_space_is_measured_as_ever(short, few, images, cpu):
    own = Candidate("mine", few[0].architecture.graph)
    unit = Unit("part", "supervised", own, 0)
    assert program_of(unit) is None
    ((found, rows),) = measure_batch(short, [unit], images, cpu)
    assert found is unit
    assert (rows[0]["name"], rows[0]["engine"] == "gated") == ("mine", False)
    assert nx.utils.graphs_equal(own.graph, few[0].architecture.graph)


# What happens without room.


class Scarce:
    """Networks that take one unit of memory each, of `room`; the numbers run are in `sizes`."""

    def __init__(self, room):
        self.room, self.sizes, self.freed = room, [], 0
        self.fault: type[Exception] = OutOfMemory

    def fits(self, protocol, fits, *others):
        """Stands in for `GatedDip`."""
        return SimpleNamespace(run=lambda: self.run(protocol, fits))

    def run(self, protocol, fits):
        self.sizes.append(len(fits))
        if len(fits) > self.room:
            raise self.fault("no room")
        # As the curve of a fit, its place in the plan.
        value = np.array([[hash((f.architecture, f.seed, f.image)) % 997] for f in fits], float)
        count = len(fits)
        curves = {name: np.float32(value) for name in CURVES}
        return DipFits((1,), curves, [1.0] * count, [1] * count, 2.0 * count)

    def free(self):
        self.freed += 1
        return self.room

    def taken(self, work):
        work()
        return self.sizes[-1]


@pytest.fixture
def scarce(monkeypatch):
    def having(room):
        memory = Scarce(room)
        monkeypatch.setattr(batches, "GatedDip", memory.fits)
        return memory

    return having


def all_dip(protocol):
    """The units of one program, first seed and images: 32 architectures, 128 fits."""
    wanted = batches.Program("dip", 5, "bilinear", 16, None)
    return [u for u in make_plan(protocol) if program_of(u) == wanted and u.seed == 0][:32]


def test_out_of_memory_halves_the_batch_and_goes_on(scarce, images, cpu):
    memory = scarce(20)
    units = all_dip(get("core64-v1"))
    found = dict(measure_batch(get("core64-v1"), units, images, cpu, most=128))
    assert memory.sizes == [128, 64, 32, *[16] * 8]
    assert found.keys() == set(units)
    for unit, rows in found.items():
        for row in rows:
            wanted = hash((unit.architecture, unit.seed, row["image"])) % 997
            assert row["peak_rmse"] == wanted
            assert row["seconds"] == 2.0


def test_running_out_in_mid_capture_counts_too(scarce, images, cpu):
    memory = scarce(20)

    def fails(protocol, fits, run=memory.run):
        try:
            return run(protocol, fits)
        finally:
            if len(fits) > memory.room:  # as the end of a capture that failed
                raise RuntimeError("operation failed due to a previous error during capture")

    memory.run = fails
    units = all_dip(get("core64-v1"))[:8]
    assert len(dict(measure_batch(get("core64-v1"), units, images, cpu, most=32))) == 8
    assert memory.sizes == [32, 16, 16]


def test_other_errors_are_not_swallowed(scarce, images, cpu):
    memory = scarce(0)
    memory.fault = RuntimeError
    units = all_dip(get("core64-v1"))
    with pytest.raises(RuntimeError, match="no room"):
        list(measure_batch(get("core64-v1"), units, images, cpu))
    assert not is_out_of_memory(RuntimeError("no room"))


def test_a_unit_that_never_fits_is_named(scarce, images, cpu):
    scarce(3)
    units = all_dip(get("core64-v1"))
    with pytest.raises(RuntimeError, match=f"unit {units[0].id} by itself is too large for cpu"):
        list(measure_batch(get("core64-v1"), units, images, cpu))


@pytest.mark.parametrize(
    ("room", "sizes"),
    [
        (1000, [128]),
        (100, [64, 64]),
        (50, [32] * 4),
        (10, [8] * 16),  # 16 do not fit, so half of them
        (5, [8, *[4] * 32]),  # nor 8
    ],
)
def test_the_batch_is_fitted_to_the_memory_by_trying_few(scarce, images, cpu, room, sizes):
    memory = scarce(room)
    units = all_dip(get("core64-v1"))
    found = dict(measure_batch(get("core64-v1"), units, images, cpu, memory=memory))
    assert found.keys() == set(units)
    assert memory.sizes == [batches.TRIED, *sizes]


def test_few_units_are_not_tried_before(scarce, images, cpu):
    memory = scarce(100)
    list(measure_batch(get("core64-v1"), all_dip(get("core64-v1"))[:4], images, cpu, memory=memory))
    assert memory.sizes == [16]


# The choice of a convolution.


def test_tune_times_every_way_and_shows_their_errors(tiny, images, cpu):
    ways = [Way(count, name, False, False) for count in (1, 2) for name in ("grouped", "products")]
    timed = list(tune(tiny, images, cpu, SPACE[0], ways, 4))
    assert [one.way for one in timed] == ways
    assert all(one.rate != 0 and math.isfinite(one.rate) for one in timed)
    found = errors(tiny, images, cpu, SPACE[0])
    assert found.keys() == {"grouped", "channels-last", "products"}
    for output, gradient in found.values():
        assert 0 < output < 1e-5
        assert 0 < gradient < 1e-2
