"""A real server on a free port: HTTP as a client sees it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.__main__ import main
from api.endpoints import PAGE
from api.server import MAX_BODY, Server
from dipbench import Architecture, InvalidTable

SKIP = "d2-s0-bilinear-w8"
QUERY = f"/query?architecture={SKIP}"
ROOT = Path(sys.modules["api.server"].__file__).parents[1]


def ask(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    reply = connection.getresponse()
    return reply, reply.read()


def raw(server, request):
    """All that the server sends to these bytes, until it closes."""
    with socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@pytest.mark.parametrize(
    "path",
    [
        "/table",
        "/architectures",
        QUERY,
        f"/curve?architecture={SKIP}&mode=dip",
        f"/features?architecture={SKIP}",
    ],
)
def test_json_routes(server, path):
    with urllib.request.urlopen(server.url.rstrip("/") + path, timeout=10) as reply:
        content = reply.read()
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert int(reply.headers["Content-Length"]) == len(content)
    assert json.loads(content)


def test_page(connection):
    reply, content = ask(connection, "GET", "/")
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert content.decode() == PAGE


def test_nan_is_null(connection):
    _, content = ask(connection, "GET", "/query?architecture=d1-s-transposed-w8")
    assert b"NaN" not in content
    assert json.loads(content)["dip_rmse"] is None


@pytest.mark.parametrize("path", ["/query", "/features"])
def test_post(connection, node_link, path):
    reply, content = ask(connection, "POST", path, node_link(Architecture.parse(SKIP).graph))
    assert reply.status == 200
    assert json.loads(content)["key"] == Architecture.parse(SKIP).key
    assert reply.headers["ETag"] is None


def test_names_are_percent_decoded(connection):
    reply, _ = ask(connection, "GET", f"/%71uery?architecture={SKIP.replace('-', '%2D')}")
    assert reply.status == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/table?x=1", 400), ("/query?architecture=x", 400), ("/nowhere", 404)]
)
def test_errors_are_json(server, path, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(server.url.rstrip("/") + path, timeout=10)
    with caught.value as reply:
        assert reply.code == status
        assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
        assert reply.headers["ETag"] is None
        assert json.load(reply)["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_wrong_method(connection, method):
    reply, content = ask(connection, method, "/table", b"{}")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD"
    assert method in json.loads(content)["error"]
    assert ask(connection, "GET", "/table")[0].status == 200  # the body was read


@pytest.mark.parametrize("path", ["/", "/table", "/nowhere", QUERY])
def test_head_is_get_without_the_body(connection, path):
    head, nothing = ask(connection, "HEAD", path)
    get, content = ask(connection, "GET", path)
    assert nothing == b""
    assert len(content) > 0
    assert head.status == get.status
    for name in ("Content-Type", "Content-Length", "ETag"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_not_modified(connection, table, method, form):
    etag = ask(connection, method, "/table")[0].headers["ETag"]
    assert etag.startswith(f'"{table.manifest["sha256"][:16]}')
    reply, content = ask(connection, method, "/table", None, {"If-None-Match": form.format(etag)})
    assert (reply.status, content, reply.headers["ETag"]) == (304, b"", etag)
    assert ask(connection, method, "/table")[0].status == 200  # and the connection goes on


def test_not_modified_has_no_body(server):
    text = raw(server, b"GET /table HTTP/1.1\r\nIf-None-Match: *\r\nConnection: close\r\n\r\n")
    assert text.startswith("HTTP/1.1 304 ")
    assert text.endswith("\r\n\r\n")


def test_another_etag_is_answered_in_full(connection):
    etag = ask(connection, "GET", "/table")[0].headers["ETag"]
    for path, tag in ((QUERY, etag), ("/table", '"other"'), ("/table", etag.strip('"'))):
        assert ask(connection, "GET", path, None, {"If-None-Match": tag})[0].status == 200
    assert ask(connection, "GET", "/nowhere", None, {"If-None-Match": "*"})[0].status == 404


def test_two_requests_on_one_connection(connection):
    ask(connection, "GET", "/table")
    used = connection.sock
    assert used is not None
    assert ask(connection, "GET", "/nowhere")[0].status == 404
    assert ask(connection, "GET", "/table", b"a body that nobody asked for")[0].status == 200
    assert ask(connection, "POST", "/query", b"no JSON")[0].status == 400
    assert ask(connection, "GET", QUERY)[0].status == 200
    assert connection.sock is used


def test_pipelined_requests(server):
    get = b"GET /table HTTP/1.1\r\nHost: x\r\n"
    text = raw(server, get + b"\r\n" + get + b"Connection: close\r\n\r\n")
    assert text.count("HTTP/1.1 200 OK") == 2


def test_too_long_body_is_refused_and_the_reply_arrives(connection):
    reply, content = ask(connection, "POST", "/query", b" " * 10 * MAX_BODY)
    assert reply.status == 413
    assert reply.headers["Connection"] == "close"
    assert str(MAX_BODY) in json.loads(content)["error"]
    assert ask(connection, "GET", "/table")[0].status == 200  # on a new connection


def test_longest_body(connection):
    reply, content = ask(connection, "POST", "/query", b"{}" + b" " * (MAX_BODY - 2))
    assert reply.status == 400
    assert "links" in json.loads(content)["error"]


@pytest.mark.parametrize(
    ("headers", "status", "named"),
    [
        ("Connection: close", 411, "Content-Length"),
        ("Transfer-Encoding: chunked", 411, "Transfer-Encoding"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2", 411, "Transfer-Encoding"),
        ("Content-Length: two", 400, "'two'"),
        ("Content-Length: -2", 400, "'-2'"),
        ("Content-Length: +2", 400, "'+2'"),
        ("Content-Length: 2\r\nContent-Length: 3", 400, "one number"),
        ("Content-Length: " + "9" * 5000, 413, "999"),
    ],
)
def test_lengths_that_cannot_be_trusted(server, headers, status, named):
    follower = "GET /table HTTP/1.1\r\n\r\n"
    text = raw(server, f"POST /query HTTP/1.1\r\n{headers}\r\n\r\n{follower}".encode())
    assert text.startswith(f"HTTP/1.1 {status} ")
    assert text.count("HTTP/1.1") == 1  # what follows is never taken for a request
    assert named in json.loads(text.partition("\r\n\r\n")[2])["error"]


def test_body_that_is_cut_short(server):
    with socket.create_connection(server.server_address[:2], timeout=10) as connection:
        connection.sendall(b"POST /query HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}")
        connection.shutdown(socket.SHUT_WR)
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert text.startswith("HTTP/1.1 400 ")
    assert "body has 2 bytes; Content-Length says 9" in text


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("nonsense", 400),
        ("BREW /table HTTP/1.1", 501),
        ("GET /table HTTP/7.0", 505),
        ("GET http://[ HTTP/1.1", 400),
        ("GET /" + "x" * 70_000 + " HTTP/1.1", 414),
        ("GET /table?" + "x=1&" * 5_000 + " HTTP/1.1", 400),
    ],
)
def test_malformed_requests_are_answered_in_json(server, request_line, status):
    text = raw(server, f"{request_line}\r\nConnection: close\r\n\r\n".encode())
    head, _, content = text.partition("\r\n\r\n")
    assert f" {status} " in head.splitlines()[0]
    assert "application/json" in head
    assert json.loads(content)["error"]


def test_internal_error_says_nothing_to_the_client(connection, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("the secret")

    monkeypatch.setattr("api.server.answer", fail)
    reply, content = ask(connection, "GET", "/table")
    assert reply.status == 500
    assert json.loads(content) == {"error": "internal error"}
    assert "the secret" in caplog.text  # but it is logged
    monkeypatch.undo()
    assert ask(connection, "GET", "/table")[0].status == 200


def test_client_that_leaves_is_no_news(server, capsys, caplog):
    for error in (ConnectionResetError("left"), RuntimeError("a bug")):
        try:
            raise error
        except type(error):
            server.handle_error(None, ("127.0.0.1", 1))
    assert capsys.readouterr() == ("", "")
    assert "a bug" in caplog.text
    assert "left" not in caplog.text


def test_concurrent_requests(server):
    def fetch(i):
        path = ("architectures", f"query?architecture={SKIP}&seed={i % 2}")[i % 3 > 0]
        with urllib.request.urlopen(server.url + path, timeout=10) as reply:
            return path, json.load(reply)

    with ThreadPoolExecutor(16) as pool:
        for path, value in pool.map(fetch, range(64)):
            if path == "architectures":
                assert len(value) == 3
            else:
                assert value["supervised_rmse"] == 8 + value["seed"]
                assert path.endswith(str(value["seed"]))


def test_requests_are_logged_only_when_asked_for(server, connection, monkeypatch, capsys):
    ask(connection, "GET", "/table")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(server, "verbose", True)
    ask(connection, "GET", "/table")
    assert "GET /table" in capsys.readouterr().err


def test_ipv6(table):
    try:
        server = Server(table, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        assert re.fullmatch(r"http://\[::1\]:\d+/", server.url)


def test_port_in_use(server, folder, capsys):
    port = server.server_address[1]
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
    monkeypatch.setattr("api.__main__.Server", serve)
    assert main(["--port", "0", "--table", str(folder)]) == 2
    assert capsys.readouterr().err == "error: curves.parquet: not a Parquet file\n"


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_bad_port(port, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--port", port])
    assert stopped.value.code == 2
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_command_serves_until_it_is_stopped(folder, stop):
    command = [sys.executable, "-W", "error", "-m", "api", "--port", "0", "--table", str(folder)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=buffered, **pipes) as process:
        guard = threading.Timer(20, process.kill)  # a server that hangs must fail, not wait
        guard.start()
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+/", line).group()
        with urllib.request.urlopen(url + "table", timeout=10) as reply:
            assert json.load(reply)["protocol"] == "made-up-v1"
        process.send_signal(stop)
        started = time.monotonic()
        assert process.communicate() == ("", "")
        guard.cancel()
    assert process.returncode == 0
    assert time.monotonic() - started < 5
