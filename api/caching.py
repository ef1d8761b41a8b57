"""What can be said once: answers to GET are kept, with their ETag and their gzip.

An answer depends on the address alone, for tables do not change while they are served. So the
second request for an address costs neither a query nor JSON, and one that names the ETag costs
next to nothing. HEAD is answered from the same place.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.turns import Turns

__all__ = ["CACHE_BYTES", "Cached"]

CACHE_BYTES = 64_000_000
log = logging.getLogger("api")

SMALL = 1_000  # bytes that are not worth compressing
LARGE = 50_000  # bytes; more are compressed in a thread, so that other requests do not wait

# The data is public and nothing depends on who asks, so every origin may read the answers.
ALWAYS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Link"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"Accept-Encoding"),
]
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"Content-Type, If-None-Match"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]

Headers = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    """A whole response, once made."""

    status: int
    headers: Headers
    body: bytes
    etag: bytes = b""
    packed: bytes | None = field(default=None)

    @property
    def size(self) -> int:
        """Bytes in memory at most, the compressed body included."""
        return 2 * len(self.body) + 1_000

    async def pack(self) -> bytes:
        """The body as gzip, made when first asked for."""
        if self.packed is None:
            if len(self.body) < LARGE:
                self.packed = gzip.compress(self.body, 6, mtime=0)
            else:
                self.packed = await asyncio.to_thread(gzip.compress, self.body, 6, mtime=0)
        return self.packed


class Cached:
    """ASGI middleware around all routes.

    Args:
        app: what answers an address for the first time.
        version_of: what an answer depends on besides the address, such as the time at which
            the file behind a path was changed.
        size: bytes of answers to keep; those asked for least recently are dropped.
    """

    def __init__(
        self, app: ASGIApp, version_of: Callable[[str], object], size: int = CACHE_BYTES
    ) -> None:
        self.app = app
        self.version_of = version_of
        self.size = size
        self.kept: OrderedDict[object, Answer] = OrderedDict()
        self.bytes = 0
        self.turns = Turns()  # of large answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, from the cache if it can; allow all origins (CORS)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        headers = dict(scope["headers"])
        if method == "OPTIONS" and b"access-control-request-method" in headers:
            await _send(send, 204, [*ALWAYS, *PREFLIGHT], b"")
        elif method in ("GET", "HEAD"):
            await self._respond(await self._answer(scope, receive), headers, method, send)
        else:
            await self._respond(await _collect(self.app, scope, receive), headers, method, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = scope["path"]
        address = path, scope["query_string"], self.version_of(path)
        answer = self.kept.get(address)
        if answer is not None:
            self.kept.move_to_end(address)
            return answer
        answer = await _collect(self.app, {**scope, "method": "GET"}, receive)
        if answer.status == 200:
            digest = hashlib.blake2b(answer.body, digest_size=16)
            answer.etag = b'W/"%s"' % digest.hexdigest().encode()
            self._keep(address, answer)
        return answer

    def _keep(self, address: object, answer: Answer) -> None:
        if answer.size > self.size // 4 or address in self.kept:
            return
        self.kept[address] = answer
        self.bytes += answer.size
        while self.bytes > self.size:
            self.bytes -= self.kept.popitem(last=False)[1].size

    async def _respond(
        self, answer: Answer, headers: Mapping[bytes, bytes], method: str, send: Send
    ) -> None:
        stated = [*ALWAYS, *answer.headers]
        if answer.etag:
            stated.append((b"etag", answer.etag))
            if _matches(headers.get(b"if-none-match", b""), answer.etag):
                await _send(send, 304, stated, b"")
                return
        body = answer.body
        if len(body) >= SMALL and answer.status == 200 and _takes_gzip(headers):
            body = await answer.pack()
            stated.append((b"content-encoding", b"gzip"))
        if len(body) >= LARGE:
            await self.turns.wait()
        stated.append((b"content-length", b"%d" % len(body)))
        await _send(send, answer.status, stated, b"" if method == "HEAD" else body)


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """The response of `app` in one piece, without the length that is stated anew."""
    messages: list[Message] = []

    async def take(message: Message) -> None:
        messages.append(message)

    try:
        await app(scope, receive, take)
    except Exception:  # it was answered before it was raised again
        log.exception("%s %r failed", scope["method"], scope["path"])
    start = messages[0]
    headers = [(n, v) for n, v in start.get("headers", []) if n != b"content-length"]
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Answer(start["status"], headers, body)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _matches(wanted: bytes, etag: bytes) -> bool:
    """The weak comparison of RFC 9110, 8.8.3.2."""
    if not wanted:
        return False
    tags = [tag.strip().removeprefix(b"W/") for tag in wanted.split(b",")]
    return etag.removeprefix(b"W/") in tags or b"*" in tags


def _takes_gzip(headers: Mapping[bytes, bytes]) -> bool:
    for part in headers.get(b"accept-encoding", b"").lower().split(b","):
        name, _, weight = part.replace(b" ", b"").partition(b";q=")
        if name in (b"gzip", b"*"):
            return not weight or weight.strip(b"0.") != b""
    return False
