"""What takes little time is answered between answers that take much."""

import asyncio

import pytest

from api.app import make_app
from api.caching import LARGE, Cached

LISTINGS = 30


async def ask(app, path, query, order):
    """One GET, noted in `order` when its answer has begun."""

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            assert message["status"] == 200
            order.append(path)

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": query.encode(), "headers": [], "root_path": "", "scheme": "http"}
    await app(
        scope | {"http_version": "1.1", "server": ("test", 80), "client": None}, receive, send
    )


async def order_of(app, heavy, light):
    """Which answers begin in which order, when all of `heavy` were asked before `light`."""
    order: list[str] = []
    every = (*heavy, light)
    asked = [asyncio.create_task(ask(app, path, query, order)) for path, query in every]
    await asyncio.gather(*asked)
    return order


@pytest.mark.parametrize("path", ["/v1/architectures", "/v1/architectures.csv"])
def test_a_light_answer_does_not_wait_for_all_listings(table, path):
    heavy = [(path, f"where=dip_rmse<{100 + n}") for n in range(LISTINGS)]
    order = asyncio.run(order_of(make_app([table]), heavy, ("/health", "")))
    assert len(order) == LISTINGS + 1
    assert order.index("/health") <= 5


def test_a_small_kept_answer_does_not_wait_for_all_large_ones():
    async def answer(scope, receive, send):
        size = LARGE if scope["path"] == "/large" else 10
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(size)})

    app = Cached(answer, lambda path: None)

    async def measured():
        for path in ("/large", "/small"):
            await ask(app, path, "", [])  # from now on both are kept
        return await order_of(app, [("/large", "")] * LISTINGS, ("/small", ""))

    order = asyncio.run(measured())
    assert len(order) == LISTINGS + 1
    assert order.index("/small") <= 2
