"""Several trainings in turns, each on a stream of its own, so that a GPU is full with any graphs.

The networks of one graph, side by side, are too few to fill a GPU, and networks of different graphs
share no kernel launch. But the launches of several streams run beside one another.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import torch

from generate.networks.gpu.memory import free_memory, is_out_of_memory

__all__ = ["AT_ONCE", "in_flight"]

AT_ONCE = 8
Work = TypeVar("Work")
Run: TypeAlias = Generator[None, None, Any]


@dataclass
class _Flight(Generic[Work]):
    """Work that has begun."""

    work: Work
    run: Run
    stream: torch.cuda.Stream | None
    seconds: float = 0.0

    def advance(self) -> None:
        """One step more. Raises StopIteration at the end, with the result."""
        with self._own_stream():
            next(self.run)

    def _own_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self.stream is None else torch.cuda.stream(self.stream)


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
                flights.append(_begin(queue.popleft(), start, device))
            for flight in list(flights):
                try:
                    flight.advance()
                except StopIteration as end:
                    flights.remove(flight)
                    clock = _charge(clock, [flight, *flights])
                    yield flight.work, end.value, flight.seconds
                    clock = time.perf_counter()  # whoever took the result took this time
                    continue
                except Exception as error:
                    if not is_out_of_memory(error):
                        raise
                else:
                    continue
                # Here the error, which holds on to the memory, is gone.
                flights.remove(flight)
                clock = _charge(clock, [flight, *flights])
                most = max(1, (len(flights) + 1) // 2)
                queue.extendleft(reversed(_again(flight, not flights, halve, device)))
                break
    finally:
        for flight in flights:
            flight.run.close()


def _begin(work: Work, start: Callable[[Work], Run], device: torch.device) -> _Flight[Work]:
    stream = None
    if device.type == "cuda":
        stream = torch.cuda.Stream(device)
        stream.wait_stream(torch.cuda.current_stream(device))
    return _Flight(work, start(work), stream)


def _charge(since: float, flights: Sequence[_Flight[Work]]) -> float:
    """Divide the time from `since` to now among `flights`; return now."""
    now = time.perf_counter()
    for flight in flights:
        flight.seconds += (now - since) / len(flights)
    return now


def _again(
    flight: _Flight[Work],
    alone: bool,
    halve: Callable[[Work], Sequence[Work]],
    device: torch.device,
) -> Sequence[Work]:
    """What is to be tried again of work that ran out of memory."""
    work = flight.work
    flight.run.close()
    if flight.stream is not None:
        flight.stream.synchronize()
    free_memory(device)
    if not alone:
        return [work]
    halves = halve(work)
    if not halves:
        raise RuntimeError(f"{work} by itself is too large for {device}")
    return halves
