"""Hard work: done elsewhere, and ended when its time is up or nobody waits."""

import asyncio
import os
import time

import pytest

from api import work
from api.problems import Problem
from api.workers import Workers
from dipbench import Architecture, SearchLimitExceeded

GRAPH = Architecture.parse("d2-s0-bilinear-w8")


def run(coroutine):
    return asyncio.run(coroutine)


class Pool:
    """`async with Pool(…) as workers`: started, and closed at the end."""

    def __init__(self, **options):
        self.workers = Workers(**options)

    async def __aenter__(self):
        self.workers.start()
        return self.workers

    async def __aexit__(self, *_):
        await self.workers.close()
        assert self.workers.running == set()


@pytest.fixture
def body(node_link):
    return node_link(GRAPH.graph)


def test_answers_and_problems_come_back(body):
    async def ask():
        async with Pool(count=1) as workers:
            assert await workers.do("key", body, largest=100) == GRAPH.key
            with pytest.raises(Problem) as caught:
                await workers.do("key", b"{}", largest=100)
            assert caught.value.status == 400
            return await workers.do("key", body, largest=100)

    assert run(ask()) == GRAPH.key


def alive(process):
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


async def ended(process):
    await asyncio.wait_for(process.wait(), 10)
    return not alive(process)


def test_work_that_takes_too_long_is_killed_and_the_next_is_done(body, hard_graph):
    async def ask():
        async with Pool(count=1) as workers:
            assert await workers.do("key", body, largest=100) == GRAPH.key
            (process,) = workers.running
            workers.seconds = 0.02
            with pytest.raises(Problem) as caught:
                await workers.do("features", hard_graph, largest=1_000)
            assert (caught.value.status, caught.value.detail) == (
                422,
                "took longer than 0.02 s; expected less",
            )
            workers.seconds = 60
            assert await ended(process)
            assert await workers.do("key", body, largest=100) == GRAPH.key
            assert len(workers.running) == 1

    run(ask())


def test_work_that_nobody_waits_for_is_killed(body, hard_graph):
    async def ask():
        async with Pool(count=1, seconds=60) as workers:
            await workers.do("key", body, largest=100)
            (process,) = workers.running
            task = asyncio.create_task(workers.do("features", hard_graph, largest=1_000))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await ended(process)
            assert workers.asking == 0
            assert await workers.do("key", body, largest=100) == GRAPH.key

    run(ask())


def test_more_than_may_wait_are_refused_at_once(body):
    async def ask():
        async with Pool(count=1, waiting=2) as workers:
            tasks = [asyncio.create_task(workers.do("key", body, largest=9e9)) for _ in range(8)]
            return await asyncio.gather(*tasks, return_exceptions=True)

    results = run(ask())
    assert results[:3] == [GRAPH.key] * 3
    assert [result.status for result in results[3:]] == [503] * 5
    assert results[3].headers == {"Retry-After": "1"}


def test_a_process_that_dies_is_replaced(body):
    async def ask():
        async with Pool(count=1) as workers:
            await workers.do("key", body, largest=100)
            (process,) = workers.running
            process.kill()
            await process.wait()
            with pytest.raises(Problem) as caught:
                await workers.do("key", body, largest=100)
            assert caught.value.status == 500
            assert await workers.do("key", body, largest=100) == GRAPH.key

    run(ask())


def test_a_process_that_does_not_start_is_a_problem_and_tried_again(body, monkeypatch):
    async def ask():
        monkeypatch.setattr("sys.executable", "/bin/false")
        async with Pool(count=1) as workers:
            with pytest.raises(Problem, match="did not start"):
                await workers.do("key", body, largest=100)
            await asyncio.gather(*workers.starting)  # it failed as well, before Python was back
            monkeypatch.undo()
            with pytest.raises(Problem, match="did not start"):
                await workers.do("key", body, largest=100)
            return await workers.do("key", body, largest=100)

    assert run(ask()) == GRAPH.key


def test_a_graph_too_symmetric_for_a_key_is_no_malformed_one(body, monkeypatch):
    def search(graph):
        raise SearchLimitExceeded("3000000 steps")

    monkeypatch.setattr(work, "canonical_key", search)
    for kind in ("key", "features"):
        said = work.answer(kind, body, {"largest": 100})["problem"]
        assert (said["status"], said["detail"]) == (422, "3000000 steps")


def test_a_light_query_does_not_wait_for_hard_graphs(body, hard_graph):
    """All processes work on hard graphs, and the loop that answers queries stays free."""

    async def ask():
        async with Pool(count=2, seconds=60) as workers:
            await workers.do("key", body, largest=100)
            tasks = [
                asyncio.create_task(workers.do("features", hard_graph, largest=1_000))
                for _ in range(2)
            ]
            ticks, end = 0, time.monotonic() + 20
            while not all(task.done() for task in tasks) and time.monotonic() < end:
                await asyncio.sleep(0.001)
                ticks += 1
            await asyncio.gather(*tasks, return_exceptions=True)
            return ticks

    assert run(ask()) > 20
