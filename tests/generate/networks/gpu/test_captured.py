"""What is captured and replayed, with a stand-in for a GPU."""

import pytest
import torch

pytest.importorskip("triton", "3.6", reason="Triton has wheels for Linux alone")

from generate.networks.gpu.networks import WARM_UP, Captured


@pytest.fixture
def counted(monkeypatch):
    """A step that counts; while it is being captured, nothing is done, as on a GPU."""
    state = {"steps": 0, "captures": 0, "capturing": False}

    def step():
        if not state["capturing"]:
            state["steps"] += 1

    class Graph:
        def capture_begin(self, capture_error_mode):
            state["capturing"] = True

        def capture_end(self):
            state["capturing"] = False
            state["captures"] += 1

        def replay(self):
            step()

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    return step, state


@pytest.mark.parametrize("calls", [1, WARM_UP, WARM_UP + 1, WARM_UP + 6])
def test_every_call_is_one_step_and_one_capture_serves_all(counted, calls):
    step, state = counted
    captured = Captured(step, torch.device("cuda"))
    for _ in range(calls):
        captured()
    assert state["steps"] == calls
    assert state["captures"] == (calls > WARM_UP)


def test_on_a_cpu_the_step_is_called_each_time(counted):
    step, state = counted
    captured = Captured(step, torch.device("cpu"))
    for _ in range(WARM_UP + 3):
        captured()
    assert state == {"steps": WARM_UP + 3, "captures": 0, "capturing": False}


def test_a_capture_that_fails_is_ended(counted):
    _, state = counted

    def fails():
        if state["capturing"]:
            raise RuntimeError("no room")

    captured = Captured(fails, torch.device("cuda"))
    for _ in range(WARM_UP):
        captured()
    with pytest.raises(RuntimeError, match="no room"):
        captured()
    assert not state["capturing"]
