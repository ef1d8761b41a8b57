"""uvicorn with limits: on connections, on the time that a request or a reader may take.

Without them clients that send half a request, or a byte now and then, or read nothing of what
they asked for, hold their connections for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.encoding import encoded
from api.problems import problem_of
from api.replies import PROBLEM

__all__ = ["Limits", "Server", "listen"]

log = logging.getLogger("api")


@dataclass(frozen=True)
class Limits:
    """What one client, and all together, may take.

    Attributes:
        connections: that are open at once. One more closes the one that has waited longest for
            a request; where none waits, it is refused.
        request_seconds: from the first byte of a request to its last.
        idle_seconds: between an answer and the next request.
        read_seconds: of an answer of which the client takes nothing.
        head_bytes: of the request line and the headers.
        stop_seconds: for what is running when the service is stopped.
    """

    connections: int = 1_024
    request_seconds: float = 20.0
    idle_seconds: int = 10
    read_seconds: float = 20.0
    head_bytes: int = 16_384
    stop_seconds: int = 30

    def within(self, files: int) -> Limits:
        """The same with connections for which a process with `files` file descriptors has room."""
        room = max(8, (files - FILES_KEPT) * 3 // 4)
        return Limits(**(vars(self) | {"connections": min(self.connections, room)}))


FILES_KEPT = 24  # for standard streams, the event loop, pipes to workers, and files of the page


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM, then finishes what is running and returns."""

    def __init__(self, app: ASGIApp, limits: Limits, *, verbose: bool = False):
        limits = limits.within(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        made = type("LimitedConnection", (Connection,), {"limits": limits, "waiting": {}})
        super().__init__(
            uvicorn.Config(
                app,
                http=made,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=verbose,
                server_header=False,
                proxy_headers=False,
                backlog=max(8, limits.connections // 8),
                timeout_keep_alive=limits.idle_seconds,
                timeout_graceful_shutdown=limits.stop_seconds,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does; log what goes wrong in a connection in one line."""
        asyncio.get_running_loop().set_exception_handler(_log_briefly)
        await super().startup(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that was obeyed is not raised again: its exit is no error."""
        try:
            with super().capture_signals():
                try:
                    yield
                finally:
                    self._captured_signals.clear()
        except KeyboardInterrupt:
            pass


def listen(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        OSError: `host` and `port` cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only on sockets that say that they are TCP.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(128)
    except OSError:
        found.close()
        raise
    found.set_inheritable(False)
    return found


class Connection(HttpToolsProtocol):
    """One connection under `limits`; `waiting` are those from which a request is awaited."""

    limits: Limits
    waiting: dict[Connection, None]
    refused = False
    deadline: asyncio.TimerHandle | None = None
    reading: asyncio.TimerHandle | None = None
    head = 0  # bytes of the head so far

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self.limits.connections and not self._make_room():
            self.refused = True
            transport.write(_raw(503, "too many connections; try again"))
            transport.close()
            return
        super().connection_made(transport)
        self._await_request()

    def _make_room(self) -> bool:
        for oldest in self.waiting:
            oldest.transport.abort()
            oldest.connection_lost(None)
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.waiting.pop(self, None)
        _cancel(self.deadline)
        _cancel(self.reading)
        if not self.refused and self.parser is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.refused or self.transport.is_closing() or self.parser is None:
            return
        if self.deadline is None or (self in self.waiting and not self.head):
            self._await_request()  # the time counts from the first byte
        if self in self.waiting:
            self.head += len(data)
        super().data_received(data)
        if self in self.waiting and self.head > self.limits.head_bytes:
            self._refuse(431, f"expected a head of at most {self.limits.head_bytes} bytes")

    def on_headers_complete(self) -> None:
        self.waiting.pop(self, None)
        self.head = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        _cancel(self.deadline)
        self.deadline = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_reader()
        elif self.deadline is None:
            self.waiting[self] = None  # for as long as a connection may be idle

    def timeout_keep_alive_handler(self) -> None:
        if self._unread():
            self._watch_reader()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.limits.idle_seconds, self.timeout_keep_alive_handler
            )
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self.reading)
        self.reading = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg)

    def _await_request(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.waiting[self] = None
        _cancel(self.deadline)
        self.deadline = self.loop.call_later(self.limits.request_seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._refuse(408, f"expected a whole request within {self.limits.request_seconds:g} s")

    def _unread(self) -> int:
        """Bytes of answers that the client has not taken yet."""
        return self.transport.get_write_buffer_size()

    def _watch_reader(self) -> None:
        """Cut the connection off unless the client takes something now and then."""
        if self.reading is None:
            self.reading = self.loop.call_later(
                self.limits.read_seconds, self._look_again, self._unread()
            )

    def _look_again(self, before: int) -> None:
        self.reading = None
        if 0 < self._unread() < before:
            self._watch_reader()
        elif self._unread():
            self.transport.abort()

    def _refuse(self, status: int, detail: str) -> None:
        """Answer, unless an answer has begun, and close."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        running = cycle is not None and not cycle.response_complete
        if not (running and cycle.response_started):
            self.transport.write(_raw(status, detail))
        if running:
            cycle.disconnected = True  # what the route says now would come second
            cycle.message_event.set()
        self.transport.close()
        self._watch_reader()


def _raw(status: int, detail: str) -> bytes:
    """A whole response with a problem, for where no route is reached."""
    problem = problem_of(status, detail)
    content = encoded(problem)
    head = (
        f"HTTP/1.1 {status} {problem['title']}\r\ncontent-type: {PROBLEM}\r\n"
        f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + content


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _log_briefly(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """One line per error of the loop; a full traceback each time would fill a disk."""
    log.error("%s: %r", context.get("message"), context.get("exception"))
