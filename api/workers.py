"""Processes for work that can be hard, each of which can be killed.

A graph that somebody sends may be as hard as they like, and Python cannot stop a function that
runs. So such work is done in another process, one piece at a time in each: when its time is up,
or its client gone, the process is killed and another is started.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.problems import Problem
from api.work import HEADER_BYTES

__all__ = ["Workers"]

ROOT = Path(__file__).parents[1]
# For one piece of work, which takes two at most on an idle processor: the search for a key has its
# own limit. On a busy one, light work is not to be refused.
SECONDS = 10.0
START_SECONDS = 60.0  # a new process imports first
WAITING = 32  # requests that may wait for a process

Process = asyncio.subprocess.Process


class Workers:
    """`count` processes, started before they are needed and again when one was killed.

    Args:
        count: how many pieces of work are done at once.
        seconds: the longest that one may take.
        waiting: how many may wait for their turn.
    """

    def __init__(self, count: int = 2, seconds: float = SECONDS, waiting: int = WAITING):
        self.count = count
        self.seconds = seconds
        self.waiting = waiting
        self.asking = 0
        self.running: set[Process] = set()
        self.starting: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start all, without waiting for them; called once, by the event loop that will ask."""
        self.free: asyncio.Queue[Process | Problem] = asyncio.Queue()
        for _ in range(self.count):
            self._start_another()

    async def do(self, kind: str, body: bytes = b"", **options: Any) -> Any:
        """The value of one piece of work, see `api.work.answer`.

        Raises:
            Problem: what the work says; or 503, too many wait; or 422, it took too long.
        """
        if self.asking >= self.waiting + self.count:
            raise Problem(503, "too many graphs are being read; try again", {"Retry-After": "1"})
        self.asking += 1
        try:
            process = await self.free.get()
            if isinstance(process, Problem):
                self._start_another()
                raise process
            answer = await self._ask(process, kind, body, options)
        finally:
            self.asking -= 1
        if "problem" in answer:
            raise Problem(answer["problem"]["status"], answer["problem"]["detail"])
        return answer["value"]

    async def _ask(
        self, process: Process, kind: str, body: bytes, options: Mapping[str, Any]
    ) -> Any:
        """One exchange, after any but a whole one of which the process is replaced."""
        assert process.stdin is not None
        assert process.stdout is not None
        whole = False
        try:
            async with asyncio.timeout(self.seconds):
                process.stdin.write(_part(json.dumps([kind, options]).encode()) + _part(body))
                await process.stdin.drain()
                length = await process.stdout.readexactly(HEADER_BYTES)
                content = await process.stdout.readexactly(int.from_bytes(length, "big"))
            whole = True
        except TimeoutError:
            raise Problem(422, f"took longer than {self.seconds:g} s; expected less") from None
        except (OSError, asyncio.IncompleteReadError):
            raise Problem(500, "the process that read the graph ended") from None
        finally:
            if whole:
                self.free.put_nowait(process)
            else:
                self._kill(process)
                self._start_another()
        return json.loads(content)

    def _start_another(self) -> None:
        task = asyncio.create_task(self._start())
        self.starting.add(task)
        task.add_done_callback(self.starting.discard)

    async def _start(self) -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.work", stdin=pipe, stdout=pipe, cwd=ROOT
        )
        self.running.add(process)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                await process.stdout.readexactly(HEADER_BYTES)  # a part of no length: it is ready
        except (TimeoutError, asyncio.IncompleteReadError):
            self._kill(process)
            self.free.put_nowait(Problem(500, "a process to read graphs did not start"))
        else:
            self.free.put_nowait(process)

    def _kill(self, process: Process) -> None:
        self.running.discard(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    async def close(self) -> None:
        """Kill all processes and wait for their end."""
        for task in list(self.starting):
            task.cancel()
        await asyncio.gather(*self.starting, return_exceptions=True)
        processes = list(self.running)
        for process in processes:
            self._kill(process)
        for process in processes:
            await process.wait()


def _part(content: bytes) -> bytes:
    return len(content).to_bytes(HEADER_BYTES, "big") + content
