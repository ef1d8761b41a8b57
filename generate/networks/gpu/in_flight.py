"""Several trainings in turns, each on a stream of its own, so that a GPU is full with any graphs.

The networks of one graph, side by side, are too few to fill a GPU, and networks of different graphs
share no kernel launch. But the launches of several streams run beside one another.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, Generic, TypeAlias, TypeVar

import torch

from generate.networks.gpu.memory import free_memory, is_out_of_memory

__all__ = ["AT_ONCE", "in_flight"]

AT_ONCE = 8
Work = TypeVar("Work")
Run: TypeAlias = Generator[None, None, Any]


class _Flight(Generic[Work]):
    """Work that has begun."""

    def __init__(self, work: Work, start: Callable[[Work], Run], device: torch.device):
        self.work, self.device, self.seconds = work, device, 0.0
        self.run, self.result = start(work), None
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        if self.stream is not None:
            self.stream.wait_stream(torch.cuda.current_stream(device))

    def advance(self) -> str:
        """Do one step more; say whether the work is running, done, or out of memory."""
        try:
            with nullcontext() if self.stream is None else torch.cuda.stream(self.stream):
                next(self.run)
        except StopIteration as end:
            self.result = end.value
            return "done"
        except Exception as error:  # it holds on to the memory until this returns
            if not is_out_of_memory(error):
                raise
            return "out of memory"
        return "running"

    def give_up(self) -> None:
        """Free the memory."""
        self.run.close()
        if self.stream is not None:
            self.stream.synchronize()
        free_memory(self.device)


def in_flight(
    waiting: Sequence[Work],
    start: Callable[[Work], Run],
    halve: Callable[[Work], Sequence[Work]],
    device: torch.device,
    most: int = AT_ONCE,
) -> Iterator[tuple[Work, Any, float]]:
    """Run all of `waiting`, in this order, `most` at once; yield each with its result and seconds.

    The seconds of all add up to what passed: those during which several ran are divided equally.

    If memory runs out, the work that ran out waits again and half as much runs at once from then
    on. Work that is alone is halved itself.

    Args:
        start: a generator that does one step of the work each time it is resumed, and returns the
            result. It must not wait for the device before the end.
        halve: two parts of some work, or none if it cannot be divided.

    Raises:
        RuntimeError: work that cannot be divided does not fit even by itself.
    """
    queue = deque(waiting)
    flights: list[_Flight[Work]] = []
    clock = time.perf_counter()
    try:
        while queue or flights:
            if queue and len(flights) < most:  # one a round, so that one at a time may fail
                clock = _charge(clock, flights)
                flights.append(_Flight(queue.popleft(), start, device))
            for flight in list(flights):
                state = flight.advance()
                if state == "running":
                    continue
                clock = _charge(clock, flights)
                flights.remove(flight)
                if state == "done":
                    yield flight.work, flight.result, flight.seconds
                    clock = time.perf_counter()  # whoever took the result took this time
                    continue
                flight.give_up()
                again = [flight.work] if flights else halve(flight.work)
                if not again:
                    raise RuntimeError(f"{flight.work} by itself is too large for {device}")
                queue.extendleft(reversed(again))
                most = max(1, (len(flights) + 1) // 2)
                break
    finally:
        for flight in flights:
            flight.run.close()


def _charge(since: float, flights: Sequence[_Flight[Work]]) -> float:
    """Divide the time from `since` to now among `flights`; return now."""
    now = time.perf_counter()
    for flight in flights:
        flight.seconds += (now - since) / len(flights)
    return now
