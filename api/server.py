"""HTTP around the routes: lengths, headers, caching, errors; one thread per connection."""

from __future__ import annotations

import hashlib
import json
import logging
import socket
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from api.routes import JSON, Reply, answer
from dipbench import Table

__all__ = ["MAX_BODY", "Server"]

MAX_BODY = 1_000_000
LINGER_SECONDS = 2.0

log = logging.getLogger("api")


class Server(ThreadingHTTPServer):
    """Serves one table; bound when made, `serve_forever` answers.

    Raises:
        OSError: `host` and `port` cannot be listened on.
    """

    request_queue_size = 128
    allow_reuse_port = False  # some releases of Python default to sharing a port in use

    def __init__(self, table: Table, host: str, port: int, *, verbose: bool = False):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.table = table
        self.verbose = verbose
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = str(host)
        return f"http://{f'[{name}]' if ':' in name else name}:{port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that left is no error
            log.exception("connection of %s failed", client_address)


class Refused(Exception):
    """A request whose body is not read, so that its connection cannot go on."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.reply = Reply(status, {"error": message})


class Handler(BaseHTTPRequestHandler):
    """One connection, with as many requests on it as the client likes."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds without a byte, then the connection is closed
    disable_nagle_algorithm = True
    refused = False

    def handle_request(self) -> None:
        try:
            body = self._read_body()
            path, parameters = self._target()
            method = "GET" if self.command == "HEAD" else self.command
            reply = answer(self.server.table, method, path, parameters, body)
            content = _encode(reply)
        except Refused as refusal:
            self.refused = True
            reply, content = refusal.reply, _encode(refusal.reply)
        except OSError:
            raise
        except Exception:
            log.exception("%s %r failed", self.command, self.path)
            reply = Reply(500, {"error": "internal error"})
            content = _encode(reply)
        self._send(reply, content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request

    def _target(self) -> tuple[str, list[tuple[str, str]]]:
        try:
            target = urlsplit(self.path)
        except ValueError as error:
            raise Refused(400, f"malformed address {self.path!r}: {error}") from None
        return unquote(target.path), parse_qsl(target.query, keep_blank_values=True)

    def _read_body(self) -> bytes | None:
        """The body, or None where no length is given.

        Raises:
            Refused: too long, cut short, chunked, or of a malformed length.
        """
        lengths = {length.strip() for length in self.headers.get_all("Content-Length", [])}
        if "Transfer-Encoding" in self.headers:
            raise Refused(411, "Transfer-Encoding is not supported; expected a Content-Length")
        if not lengths:
            return None
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdecimal()):
            raise Refused(400, f"Content-Length is {length!r}; expected one number of bytes")
        if len(length) > 18 or int(length) > MAX_BODY:
            raise Refused(413, f"body has {length} bytes; expected at most {MAX_BODY}")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refused(400, f"body has {len(body)} bytes; Content-Length says {length}")
        return body

    def _send(self, reply: Reply, content: bytes) -> None:
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        status = reply.status
        if status == 200 and self.command in ("GET", "HEAD"):
            headers["ETag"] = _etag(self.server.table, content)
            if self._is_cached(headers["ETag"]):
                status = 304
        if reply.allow:
            headers["Allow"] = ", ".join(reply.allow)
        if status != 304:
            headers["Content-Type"] = reply.content_type
            headers["Content-Length"] = str(len(content))
        if self.refused:
            headers["Connection"] = "close"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 304 and self.command != "HEAD":
            self.wfile.write(content)

    def _is_cached(self, etag: str) -> bool:
        wanted = ",".join(self.headers.get_all("If-None-Match", []))
        tags = [tag.strip().removeprefix("W/") for tag in wanted.split(",")]
        return etag in tags or "*" in tags

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The errors of http.server itself, such as a malformed request line, as JSON too."""
        self.refused = True
        self.request_version = self.protocol_version  # 0.9 until known; it would send no headers
        reply = Reply(code, {"error": message or HTTPStatus(code).phrase})
        self._send(reply, _encode(reply))

    def finish(self) -> None:
        """Close; but first read what a refused client still sends.

        Closing over unread bytes would reset the connection, often before the client has
        read why it was refused.
        """
        super().finish()
        if not self.refused:
            return
        end = time.monotonic() + LINGER_SECONDS
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            while time.monotonic() < end and self.connection.recv(1 << 16):
                pass

    def version_string(self) -> str:
        return "dipbench"

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.verbose:
            super().log_message(format, *args)


def _encode(reply: Reply) -> bytes:
    if reply.content_type != JSON:
        return str(reply.value).encode()
    return json.dumps(reply.value, allow_nan=False).encode()


def _etag(table: Table, content: bytes) -> str:
    """Changes with the table and with whatever else makes up `content`."""
    digest = hashlib.sha256(content).hexdigest()
    return f'"{table.manifest["sha256"][:16]}-{digest[:16]}"'
