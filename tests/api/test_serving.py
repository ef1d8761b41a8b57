"""A real server on a free port: connections, limits and stopping, as clients see them."""

import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from fastapi import FastAPI

import api
from api.__main__ import main
from api.app import make_service
from api.caching import Cached
from api.serving import FILES_KEPT, Limits, Server, listen
from api.workers import Workers
from dipbench import InvalidTable, __version__

SKIP = "d2-s0-bilinear-w8"
ROOT = Path(api.__file__).parents[1]
SHORT = Limits(connections=8, request_seconds=0.5, idle_seconds=5, read_seconds=0.5)


class Running:
    """A server in a thread, stopped at the end of `with`."""

    def __init__(self, app, limits):
        self.socket = listen("127.0.0.1", 0)
        self.address = self.socket.getsockname()
        self.server = Server(app, limits)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()

    def connection(self, timeout):
        host, port = self.address
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def connect(self):
        return socket.create_connection(self.address, timeout=10)

    def raw(self, request):
        """All that the server sends to these bytes, until it closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return everything(connection)


def everything(connection):
    return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def problem(text):
    head, _, content = text.partition("\r\n\r\n")
    assert "application/problem+json" in head
    return json.loads(content)


@pytest.fixture(scope="module")
def running(table):
    with Running(make_service([table]), Limits()) as running:
        yield running


@pytest.fixture(scope="module")
def short(table):
    with Running(make_service([table]), SHORT) as running:
        yield running


def test_requests_on_one_connection(running):
    connection = running.connection(timeout=10)
    used = None
    for method, path, status in (
        ("GET", "/v1/tables", 200),
        ("GET", "/nowhere", 404),
        ("POST", "/v1/query", 400),
        ("HEAD", "/v1/scores", 200),
        ("GET", f"/v1/query?architecture={SKIP}", 200),
    ):
        connection.request(method, path, b"no JSON" if method == "POST" else None)
        reply = connection.getresponse()
        reply.read()
        assert reply.status == status
        assert used in (None, connection.sock)
        used = connection.sock
    connection.close()


def test_pipelined_requests(running):
    get = b"GET /v1/tables HTTP/1.1\r\nHost: x\r\n"
    text = running.raw(get + b"\r\n" + get + b"Connection: close\r\n\r\n")
    assert text.count("HTTP/1.1 200 OK") == 2


def test_not_modified_has_no_body(running):
    ask = b"GET /v1/tables HTTP/1.1\r\nIf-None-Match: *\r\nConnection: close\r\n\r\n"
    text = running.raw(ask)
    assert text.startswith("HTTP/1.1 304 ")
    assert text.endswith("\r\n\r\n")


def test_a_body_that_is_too_long_is_refused_and_the_reply_arrives(running):
    connection = running.connection(timeout=10)
    connection.request("POST", "/v1/query", b" " * 10_000_000)
    reply = connection.getresponse()
    assert reply.status == 413
    assert "10000000 bytes" in json.load(reply)["detail"]
    connection.close()


@pytest.mark.parametrize(
    "head",
    [
        "nonsense\r\n\r\n",
        "GET /v1/tables HTTP/7.0\r\n\r\n",
        "POST /v1/query HTTP/1.1\r\nContent-Length: two\r\n\r\n",
        "POST /v1/query HTTP/1.1\r\nContent-Length: -2\r\n\r\n",
        "POST /v1/query HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        "POST /v1/query HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
        "POST /v1/query HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
def test_malformed_requests_end_the_connection(running, head):
    """What follows is never taken for a request of its own."""
    text = running.raw(f"{head}GET /v1/tables HTTP/1.1\r\n\r\n".encode())
    assert text.startswith("HTTP/1.1 400 ")
    assert text.count("HTTP/1.1") == 1
    assert problem(text)["status"] == 400


@pytest.mark.parametrize(
    "request_line", ["GET /v1/tables?{} HTTP/1.1\r\n", "GET / HTTP/1.1\r\nX: {}\r\n"]
)
def test_a_head_that_is_too_long(running, request_line):
    text = running.raw(request_line.format("x" * 20_000).encode())
    assert problem(text)["status"] == 431


def test_connections_that_send_no_whole_request_are_closed(short):
    """None of them sends on; each is told so, but those without a byte are closed alike."""
    halves = [b"", b"GET /v1/tables HT", b"GET / HTTP/1.1\r\nX: ", b"POST /v1/query HTTP/1.1\r\n"]
    for half in halves:
        assert problem(short.raw(half))["status"] == 408
    body = b"POST /v1/query HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"
    text = short.raw(body)
    assert text.count("HTTP/1.1") == 1
    assert problem(text)["status"] == 408


def drip(connection, content):
    for byte in content:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def test_a_byte_now_and_then_does_not_keep_a_connection(short):
    started = time.monotonic()
    with short.connect() as connection, pytest.raises(ConnectionError):
        drip(connection, b"GET /v1/tables HTTP/1.1\r\nX: " + b"x" * 500)
    assert time.monotonic() - started < 8


def saying(length):
    """An application whose every answer is as many zeros."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        headers = [(b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(length)})

    return app


def test_a_client_that_reads_nothing_is_cut_off():
    limits = Limits(request_seconds=60, idle_seconds=60, read_seconds=0.3)
    with Running(saying(50_000_000), limits) as running, running.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        open_ones, deadline = running.server.server_state.connections, time.monotonic() + 20
        while not open_ones:
            time.sleep(0.01)
        while open_ones and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not open_ones


def test_a_client_that_reads_slowly_gets_all():
    """Longer than any limit, but never standing still."""
    limits = Limits(request_seconds=0.5, idle_seconds=1, read_seconds=5)
    with Running(saying(50_000_000), limits) as running, running.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        head = connection.recv(1_000)
        length = len(head) - head.index(b"\r\n\r\n") - 4
        started = time.monotonic()
        while length < 50_000_000 and (part := connection.recv(2_000_000)):
            length += len(part)
            time.sleep(0.05)
        assert length == 50_000_000
        assert time.monotonic() - started > 1


def test_more_connections_than_may_be_push_out_those_that_wait_longest(short):
    waiting = [short.connect() for _ in range(SHORT.connections)]
    try:
        text = short.raw(b"GET /v1/tables HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert text.startswith("HTTP/1.1 200 OK")
        assert waiting[0].recv(10) == b""
    finally:
        for connection in waiting:
            connection.close()


def test_where_all_connections_are_at_work_one_more_is_refused():
    free = threading.Event()

    async def slow(scope, receive, send):
        import asyncio

        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        while not free.is_set():
            await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with Running(slow, Limits(connections=2)) as running:
        ask = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        busy = [running.connect() for _ in range(2)]
        for connection in busy:
            connection.sendall(ask)
        while len(running.server.server_state.tasks) < 2:
            time.sleep(0.01)
        with running.connect() as connection:
            assert problem(everything(connection))["status"] == 503
        free.set()
        for connection in busy:
            with connection:
                assert everything(connection).startswith("HTTP/1.1 204 ")


def test_hard_work_ends_with_its_client(table, hard_graph):
    workers = Workers(count=1, seconds=60)
    service = make_service([table], workers)
    assert isinstance(service, Cached)
    assert isinstance(service.app, FastAPI)
    service.app.state.catalogue.largest = 10_000  # so that its key is looked for
    head = f"POST /v1/features HTTP/1.1\r\nContent-Length: {len(hard_graph)}\r\n\r\n"
    with Running(service, Limits()) as running:
        started = time.monotonic()
        while workers.free.empty() and time.monotonic() < started + 30:
            time.sleep(0.01)
        (process,) = workers.running
        with running.connect() as connection:
            connection.sendall(head.encode() + hard_graph)
            while not workers.asking:
                time.sleep(0.001)
        while process in workers.running and time.monotonic() < started + 30:
            time.sleep(0.01)
        assert process not in workers.running
        while workers.free.empty() and time.monotonic() < started + 60:
            time.sleep(0.01)
        assert workers.asking == 0
        assert len(workers.running) == 1


@pytest.mark.parametrize(("files", "connections"), [(1_000_000, 1_024), (64, 30), (10, 8)])
def test_connections_fit_into_the_file_descriptors(files, connections):
    assert FILES_KEPT == 24
    assert Limits().within(files).connections == connections


def test_ipv6():
    try:
        bound = listen("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with bound:
        assert bound.getsockname()[0] == "::1"


# The command


def test_port_in_use(running, folder, capsys):
    port = running.address[1]
    assert main(["--port", str(port), "--table", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"error: cannot listen on 127.0.0.1 port {port}: .*\n", err)


def test_bad_table(tmp_path, capsys):
    assert main(["--port", "0", "--table", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "manifest.json" in err
    assert err.count("\n") == 1


def test_every_file_of_the_table_is_read_before_serving(folder, monkeypatch, capsys):
    def broken(table):
        raise InvalidTable("curves.parquet: not a Parquet file")

    def serve(*_, **__):
        raise OSError("came to serve it")

    monkeypatch.setattr("dipbench.Table.curves", property(broken))
    monkeypatch.setattr("api.serving.Server", serve)
    assert main(["--port", "0", "--table", str(folder)]) == 2
    assert capsys.readouterr().err == "error: curves.parquet: not a Parquet file\n"


def test_what_is_not_installed_is_named_with_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["--port", "0"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: uvicorn is not installed; expected pip install 'dipbench[api]'")
    assert err.count("\n") == 1


def test_ctrl_c_before_it_serves_is_one_line(monkeypatch, capsys):
    def interrupted(table):
        raise KeyboardInterrupt

    monkeypatch.setattr("api.catalogue.read_tables", interrupted)
    assert main(["--port", "0"]) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"python -m api {__version__}\n"


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_bad_port(port, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--port", port])
    assert stopped.value.code == 2
    assert "--port" in capsys.readouterr().err


class Command:
    """``python -m api`` on a free port; `with` gives its process and its address."""

    def __init__(self, folder, *options, **more):
        command = [sys.executable, "-W", "error", "-m", "api", "--port", "0", "--table"]
        environment = {n: v for n, v in os.environ.items() if n != "PYTHONUNBUFFERED"}
        self.process = subprocess.Popen(
            [*command, str(folder), *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def __enter__(self):
        self.guard = threading.Timer(120, self.process.kill)  # one that hangs must fail, not wait
        self.guard.start()
        assert self.process.stdout
        assert self.process.stderr
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found, self.process.stderr.read()
        return self.process, ("127.0.0.1", int(found[1]))

    def __exit__(self, *_):
        self.process.kill()
        self.guard.cancel()
        self.process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_command_serves_until_it_is_stopped(folder, stop):
    with Command(folder) as (process, address):
        url = "http://{}:{}/v1/tables".format(*address)
        with urllib.request.urlopen(url, timeout=10) as reply:
            assert json.load(reply)["tables"][0]["protocol"] == "made-up-v1"
        process.send_signal(stop)
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0


def test_what_is_running_is_finished_when_the_command_is_stopped(folder, node_link):
    from dipbench import Architecture

    body = node_link(Architecture.parse(SKIP).graph)
    head = f"POST /v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with Command(folder) as (process, address):
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(head + body[:10])
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            connection.sendall(body[10:])
            text = everything(connection)
        assert text.startswith("HTTP/1.1 200 OK")
        assert json.loads(text.partition("\r\n\r\n")[2])["name"] == SKIP
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_few_file_descriptors_and_many_connections(folder):
    """Answers go on, and the process does not spin in the attempt to accept what it cannot."""

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    with Command(folder, preexec_fn=few) as (process, address):
        held = []
        for _ in range(150):
            connection = socket.create_connection(address, timeout=20)
            connection.setblocking(False)
            held.append(connection)
        url = "http://{}:{}/v1/tables".format(*address)
        for _ in range(5):
            with urllib.request.urlopen(url, timeout=20) as reply:
                assert reply.status == 200
        before = _processor_seconds(process.pid)
        time.sleep(1)
        assert _processor_seconds(process.pid) - before < 0.5
        for connection in held:
            connection.close()


def _processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
