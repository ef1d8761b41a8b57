"""A run that is timed by itself, with a stand-in for a GPU."""

from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import torch

from generate.training.clock import timed


@dataclass(frozen=True)
class Found:
    seconds: float = 0.0


@pytest.fixture
def on(monkeypatch):
    """The streams that work is asked for on, the last one now."""
    streams = ["default"]

    class Stream:
        def __init__(self, device):
            assert device == torch.device("cuda", 1)

        def wait_stream(self, other):
            assert other == "default"

    @contextmanager
    def stream(other):
        streams.append(other)
        yield
        streams.pop()

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: "default")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    return streams


def test_all_of_it_is_asked_for_on_a_stream_of_its_own(on):
    """On the default one nothing can be captured."""

    def run():
        for _ in range(3):
            assert len(on) == 2
            yield
        return Found()

    assert timed(run(), torch.device("cuda", 1)).seconds > 0
    assert on == ["default"]


def test_a_cpu_has_no_streams(on, cpu):
    def run():
        assert on == ["default"]
        yield
        return Found()

    assert timed(run(), cpu).seconds >= 0
