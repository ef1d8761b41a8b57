"""Work in turns: all of it is done once, in order, whatever runs out of memory."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generate.networks.gpu import in_flight as module
from generate.networks.gpu.in_flight import in_flight

OutOfMemory = torch.cuda.OutOfMemoryError
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Work:
    name: str
    size: int
    steps: int = 3

    def halves(self):
        half = Work(self.name + "-", self.size // 2, self.steps)
        return (half, half) if self.size > 1 else ()


class Machine:
    """Runs work in a memory of `room`; notes how much ran at once."""

    def __init__(self, room, fault=OutOfMemory, chained=False):
        self.room, self.fault, self.chained = room, fault, chained
        self.used, self.running, self.most, self.closed = 0, 0, 0, 0

    def start(self, work):
        self.used += work.size
        self.running += 1
        try:
            if self.used > self.room:
                try:
                    raise self.fault("no room")
                finally:
                    if self.chained:  # as the end of a capture that failed
                        raise RuntimeError("operation failed during capture")
            self.most = max(self.most, self.running)
            for _ in range(work.steps):
                yield
            return work.name.upper()
        finally:
            self.used -= work.size
            self.running -= 1
            self.closed += 1


def run(machine, works, most=8):
    return list(in_flight(works, machine.start, Work.halves, CPU, most))


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5)), min_size=1, max_size=12),
    st.integers(1, 5),
    st.integers(4, 20),
)
def test_all_work_is_done_once(sizes, most, room):
    works = [Work(str(i), *size) for i, size in enumerate(sizes)]
    machine = Machine(room)
    found = run(machine, works, most)
    assert sorted(work.name for work, _, _ in found) == sorted(work.name for work in works)
    assert all(result == work.name.upper() for work, result, _ in found)
    assert machine.most <= most
    assert machine.running == machine.used == 0


def test_it_runs_so_many_at_once_and_in_order():
    machine = Machine(100)
    found = run(machine, [Work(name, 1, steps=9) for name in "abcdefgh"], 3)
    assert [work.name for work, _, _ in found] == list("abcdefgh")
    assert machine.most == 3


def test_seconds_add_up_to_those_that_passed(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def start(work):
        for _ in range(work.steps):
            now[0] += 1.0  # a step takes a second
            yield

    works = [Work("a", 1, 2), Work("b", 1, 5), Work("c", 1, 1)]
    found = list(in_flight(works, start, Work.halves, CPU, 2))
    seconds = {work.name: seconds for work, _, seconds in found}
    assert sum(seconds.values()) == now[0] == 8
    # The second in which a was alone is its own; those in which two ran count half for each.
    assert seconds == {"a": 2.0, "b": 4.5, "c": 1.5}


class CudaError(RuntimeError):
    """As CUDA and Triton tell it, in words."""

    def __init__(self, reason):
        super().__init__(f"CUDA error: out of memory ({reason})")


@pytest.mark.parametrize("fault", [OutOfMemory, CudaError])
@pytest.mark.parametrize("chained", [False, True])
def test_running_out_of_memory_halves_what_is_in_flight(chained, fault):
    machine = Machine(5, fault, chained)
    found = run(machine, [Work(str(i), 1, steps=20) for i in range(20)])
    assert len(found) == 20
    assert machine.most == 5
    assert machine.closed == 21  # one was tried again


def test_work_that_is_alone_is_halved():
    found = run(Machine(3), [Work("a", 8), Work("b", 1)], 1)
    assert [work.name for work, _, _ in found] == ["a--"] * 4 + ["b"]


def test_what_cannot_be_halved_is_named():
    with pytest.raises(RuntimeError, match=r"name='a'.* by itself is too large for cpu"):
        run(Machine(0), [Work("a", 1)])


def test_other_errors_are_raised_and_close_what_runs():
    machine = Machine(1, fault=RuntimeError)
    with pytest.raises(RuntimeError, match="no room"):
        run(machine, [Work("a", 1), Work("b", 1)])
    assert machine.running == 0


@pytest.mark.parametrize(("reserved", "freed"), [(40, 0), (70, 1)])
def test_what_is_idle_is_given_back_before_it_is_much(monkeypatch, reserved, freed):
    """Of 100 bytes 30 are in use; while a step is captured, torch would free none of the others."""
    calls = []
    total = SimpleNamespace(total_memory=100)
    for name, found in {
        "memory_reserved": lambda device: reserved,
        "memory_allocated": lambda device: 30,
        "get_device_properties": lambda device: total,
        "synchronize": lambda device: None,
        "empty_cache": lambda: calls.append("freed"),
    }.items():
        monkeypatch.setattr(torch.cuda, name, found)
    module._free_memory(torch.device("cuda"), module.IDLE)
    assert len(calls) == freed
