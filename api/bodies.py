"""Request bodies, read up to a length, and work that ends when its client is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.problems import Problem

__all__ = ["MAX_BODY", "body_of", "while_connected"]

MAX_BODY = 1_000_000  # bytes

Value = TypeVar("Value")


async def body_of(request: Request) -> bytes:
    """The whole body.

    Raises:
        Problem: 413, the body is longer than `MAX_BODY`; what is left of it is not kept. Or 400,
            which nobody reads: the client is gone.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > MAX_BODY:
        raise Problem(413, f"body has {stated} bytes; expected at most {MAX_BODY}")
    parts, length = [], 0
    try:
        async for part in request.stream():
            length += len(part)
            if length > MAX_BODY:
                raise Problem(413, f"body has more than {MAX_BODY} bytes; expected at most that")
            parts.append(part)
    except ClientDisconnect:
        raise Problem(400, "the client disconnected before the body was complete") from None
    return b"".join(parts)


async def while_connected(request: Request, work: Coroutine[Any, Any, Value]) -> Value:
    """The value of `work`, which is cancelled when the client closes its connection.

    Raises:
        Problem: 503, the client is gone, so that nobody reads it.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Problem(503, "the client has disconnected")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
