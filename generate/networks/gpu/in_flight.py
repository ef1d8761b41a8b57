"""Several trainings in turns, each on a stream of its own, so that a GPU is full with any graphs.

The networks of one graph, side by side, are too few to fill a GPU, and networks of different graphs
share no kernel launch. But the launches of several streams run beside one another.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import torch

from generate.networks.stream import own_stream

__all__ = ["AT_ONCE", "in_flight"]

AT_ONCE = 8
IDLE = 0.25  # of the memory of a GPU; torch frees nothing while a step is captured
Work = TypeVar("Work")
Run: TypeAlias = Generator[None, None, Any]


class _Flight(Generic[Work]):
    """Work that has begun."""

    def __init__(self, work: Work, start: Callable[[Work], Run], device: torch.device):
        self.work, self.run, self.seconds = work, start(work), 0.0
        self.stream = own_stream(device)


def in_flight(
    waiting: Sequence[Work],
    start: Callable[[Work], Run],
    halve: Callable[[Work], Sequence[Work]],
    device: torch.device,
    most: int = AT_ONCE,
) -> Iterator[tuple[Work, Any, float]]:
    """Run all of `waiting`, in this order, `most` at once; yield each with its result and seconds.

    The seconds of all add up to what passed: those during which several ran are divided equally. If
    memory runs out, the work that ran out waits again and half as much runs at once from then
    on. Work that is alone is halved itself.

    Args:
        start: a generator that does one step of the work each time it is resumed, and returns the
            result. It must not wait for the device before the end.
        halve: two parts of some work, or none if it cannot be divided.

    Raises:
        RuntimeError: work that cannot be divided does not fit even by itself.
    """
    queue, flights, clock = deque(waiting), list[_Flight[Work]](), time.perf_counter()
    try:
        while queue or flights:
            if queue and len(flights) < most:  # one a round, so that one at a time may fail
                clock = _charge(clock, flights)
                _free_memory(device, IDLE)
                flights.append(_Flight(queue.popleft(), start, device))
            for flight in list(flights):
                try:
                    with flight.stream:
                        next(flight.run)
                    continue
                except StopIteration as end:
                    done, result = True, end.value
                except Exception as error:  # it is gone, with the memory it holds, after this
                    if not _is_out_of_memory(error):
                        raise
                    done, result = False, None
                clock = _charge(clock, flights)
                flights.remove(flight)
                if done:
                    yield flight.work, result, flight.seconds
                    clock = time.perf_counter()  # whoever took the result took this time
                    continue
                flight.run.close()
                _free_memory(device, 0)
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


def _free_memory(device: torch.device, idle: float) -> None:
    """Give back what nobody holds any more, if it is more than so much of all memory."""
    if device.type == "cuda":
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        if held >= idle * torch.cuda.get_device_properties(device).total_memory:
            torch.cuda.synchronize(device)
            gc.collect()
            torch.cuda.empty_cache()


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether running out of memory is what `error` says, or what brought it about.

    In the middle of capturing, the end of the capture fails too, and its error comes last. What
    CUDA and Triton have no room for is told in words alone.
    """
    if error is None:
        return False
    found = isinstance(error, torch.cuda.OutOfMemoryError) or "out of memory" in str(error)
    return found or _is_out_of_memory(error.__cause__ or error.__context__)
