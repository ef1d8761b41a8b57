"""What is captured and replayed: with a stand-in for a GPU, and on a GPU where there is one."""

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from dipbench import Architecture
from generate.measure.batches import measure_batch
from generate.networks.gpu.captured import WARM_UP, Captured, own_stream
from generate.protocols.plan import make_plan
from generate.training.gated_dip import Fit, GatedDip
from generate.training.gated_supervised import GatedTraining

GPU = torch.device("cuda")


@pytest.fixture
def counted(monkeypatch):
    """A step that counts; while it is being captured, nothing is done, as on a GPU."""
    state = {"steps": 0, "captures": 0, "capturing": False}

    def step():
        if not state["capturing"]:
            state["steps"] += 1
        return torch.tensor(state["steps"])

    class Graph:
        def replay(self):
            step()

    @contextmanager
    def graph(graph, stream):
        state["capturing"] = True
        yield
        state["capturing"] = False
        state["captures"] += 1

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: None)
    return step, state


@pytest.mark.parametrize("calls", [1, WARM_UP, WARM_UP + 1, WARM_UP + 6])
def test_every_call_is_one_step_and_one_capture_serves_all(counted, calls):
    step, state = counted
    captured = Captured(step, GPU)
    for _ in range(calls):
        captured()
    assert state["steps"] == calls
    assert state["captures"] == (calls > WARM_UP)


@pytest.mark.parametrize(("device", "replays"), [(torch.device("cpu"), True), (GPU, False)])
def test_without_replays_the_step_is_called_each_time(counted, device, replays):
    step, state = counted
    captured = Captured(step, device, replays)
    assert [int(captured()) for _ in range(WARM_UP + 3)] == list(range(1, WARM_UP + 4))
    assert state["captures"] == 0


def test_a_cpu_needs_no_stream(cpu):
    with own_stream(cpu):
        pass


on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
ARCHITECTURES = [Architecture(2, skips, "bilinear", 8) for skips in ((), (0,), (0, 1))]


@on_gpu
def test_replayed_fits_are_those_of_steps_one_by_one_bit_for_bit(tiny, images):
    fits = [Fit(a, 0, images.dip[0]) for a in ARCHITECTURES]
    runs = [GatedDip(tiny, fits, images, GPU).run(replays) for replays in (True, True, False)]
    for other in runs[1:]:
        assert other.stopped_iteration == runs[0].stopped_iteration
        for name, curve in runs[0].curves.items():
            np.testing.assert_array_equal(other.curves[name], curve)


@on_gpu
def test_replayed_trainings_are_those_of_steps_one_by_one_bit_for_bit(tiny, images):
    first, again, plain = (
        [
            (one.val_rmse, one.test_rmse)
            for one in GatedTraining(tiny, ARCHITECTURES, 0, images, GPU).run(replays)
        ]
        for replays in (True, True, False)
    )
    assert first == again == plain


@on_gpu
def test_a_gpu_and_a_cpu_agree_while_rounding_is_small(tiny, images, cpu):
    # Sines and cosines differ in their last bits, and a fit makes much of that.
    few = dataclasses.replace(tiny.dip, iterations=8, recorded=8, perturbation=0.0)
    short = dataclasses.replace(tiny, dip=few)
    fits = [Fit(a, 0, images.dip[0]) for a in ARCHITECTURES]
    here, there = (GatedDip(short, fits, images, d, torch.float64).run() for d in (cpu, GPU))
    for name, curve in here.curves.items():
        np.testing.assert_allclose(there.curves[name], curve, rtol=1e-5)


@on_gpu
def test_a_gpu_measures_the_whole_plan(tiny, images):
    plan = make_plan(tiny)
    found = dict(measure_batch(tiny, plan, images, GPU))
    assert found.keys() == set(plan)
    assert {row["status"] for rows in found.values() for row in rows} == {"ok"}
