"""What holds for every route: parameters, errors, methods, caching, compression, origins."""

import asyncio
import gzip
import re

import pytest

from api.app import make_service
from api.caching import Cached

SKIP = "d2-s0-bilinear-w8"
QUERY = f"/v1/query?architecture={SKIP}"
GETS = [
    "/health",
    "/openapi.json",
    "/docs",
    "/v1",
    "/v1/tables",
    "/v1/metrics",
    "/v1/scores",
    "/v1/architectures",
    "/v1/architectures.csv",
    f"/v1/architectures/{SKIP}",
    f"/v1/architectures/{SKIP}/neighbours",
    QUERY,
    f"/v1/runs?architecture={SKIP}",
    f"/v1/curve?architecture={SKIP}&mode=dip",
    f"/v1/features?architecture={SKIP}",
    "/v1/spaces",
]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/v1/query", "parameter 'architecture' is missing"),
        ("/v1/features", "parameter 'architecture' is missing"),
        (f"/v1/curve?architecture={SKIP}", "parameter 'mode' is missing"),
        (f"/v1/curve?architecture={SKIP}&mode=both", "mode is 'both'"),
        (f"{QUERY}&sede=0", "'sede'; expected one of architecture, task, protocol, seed, image"),
        (f"/v1/tables?architecture={SKIP}", "'architecture'; expected none"),
        (f"{QUERY}&seed=0&seed=1", "'seed' is given twice"),
        ("/v1/query?architecture=resnet", "'resnet'"),
        ("/v1/query?architecture=", "malformed name ''"),
        (f"/v1/runs?architecture={SKIP}&curves=1", "curves is '1'; expected true or false"),
        *(
            (f"{QUERY}&seed={seed}", "expected an integer")
            for seed in ("", "one", "1.0", "1_0", "+1", "%201", "٣", "9" * 50, "--1", "-")
        ),
    ],
)
def test_bad_parameters_are_named(client, problem, path, named):
    assert named in problem(client.get(path), 400)


def test_post_takes_no_architecture_beside_its_graph(client, problem):
    reply = client.post(f"/v1/features?architecture={SKIP}", content=b"{}")
    assert "'architecture'; expected none" in problem(reply, 400)


@pytest.mark.parametrize("path", ["/nowhere", "/v1/", "/v1/query/", "/V1/query", "/v2/query"])
def test_unknown_routes(client, problem, path):
    assert f"no route {path!r}" in problem(client.get(path), 404)


@pytest.mark.parametrize("value", ["x" * 7_000, "é" * 2_000, "\x00" * 2_000])
def test_what_an_error_echoes_is_clipped(client, problem, value):
    for reply in (
        client.get("/v1/query", params={"architecture": value}),
        client.get("/v1/query", params={"architecture": SKIP, "seed": value}),
        client.get("/v1/query", params={value: "1"}),
        client.get("/v1/architectures", params={"where": value}),
        client.get(f"/{value.encode().hex()}"),
    ):
        detail = problem(reply, 404 if "no route" in reply.text else 400)
        assert len(detail) < 1_100


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/v1/tables", "GET, HEAD"),
        ("DELETE", "/v1/query", "GET, HEAD, POST"),
        ("GET", "/v1/query/batch", "POST"),
        ("HEAD", "/v1/query/batch", "POST"),
        ("OPTIONS", "/", "GET, HEAD"),
    ],
)
def test_wrong_methods(client, method, path, allow):
    reply = client.request(method, path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allow)


@pytest.mark.parametrize("path", [*GETS, "/nowhere", "/v1/query"])
def test_head_is_get_without_the_body(client, path):
    head, get = client.head(path), client.get(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    assert {**head.headers} == {**get.headers}


@pytest.mark.parametrize("path", GETS)
def test_an_answer_that_is_known_already_is_not_sent_again(client, path):
    first = client.get(path)
    etag = first.headers["etag"]
    for wanted in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        reply = client.get(path, headers={"If-None-Match": wanted})
        assert (reply.status_code, reply.content) == (304, b"")
        assert reply.headers["etag"] == etag
    for wanted in ('"other"', etag.strip('W/"')):
        assert client.get(path, headers={"If-None-Match": wanted}).content == first.content


def test_errors_have_no_etag(client):
    assert client.get("/nowhere", headers={"If-None-Match": "*"}).status_code == 404


def test_tables_that_differ_have_etags_that_differ(client, second_table):
    async def of_second():
        messages = []

        async def receive():
            raise AssertionError("a GET has no body")

        async def send(message):
            messages.append(message)

        scope = {"type": "http", "path": "/v1/architectures", "query_string": b"", "headers": []}
        await make_service([second_table])(scope | {"method": "GET"}, receive, send)
        return dict(messages[0]["headers"])[b"etag"].decode()

    assert asyncio.run(of_second()) != client.get("/v1/architectures").headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br;q=1, gzip;q=0.5", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
    ],
)
def test_compression_where_it_is_wanted(client, accepted, packed):
    plain = client.get("/v1/metrics", headers={"Accept-Encoding": "identity"})
    reply = client.get("/v1/metrics", headers={"Accept-Encoding": accepted})
    assert (reply.headers.get("content-encoding") == "gzip") is packed
    assert reply.content == plain.content  # the client has unpacked it
    assert reply.headers["vary"] == "Accept-Encoding"
    assert reply.headers["etag"] == plain.headers["etag"]
    assert (int(reply.headers["content-length"]) < len(plain.content)) is packed


def test_answers_to_post_are_compressed_too(client):
    asked = {"architectures": [SKIP] * 100}
    reply = client.post("/v1/query/batch", json=asked, headers={"Accept-Encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip"
    assert len(reply.json()["results"]) == 100


def test_small_answers_are_not_compressed(client):
    reply = client.get("/health", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reply.headers


@pytest.mark.parametrize("path", ["/v1/tables", "/nowhere", "/"])
def test_every_origin_may_read(client, path):
    reply = client.get(path, headers={"Origin": "https://example.org"})
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_preflight(client):
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    reply = client.options("/v1/query", headers=asked)
    assert (reply.status_code, reply.content) == (204, b"")
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert "Content-Type" in reply.headers["access-control-allow-headers"]


def test_an_internal_error_says_nothing_to_the_client(client, monkeypatch, caplog, problem):
    def fail(*_):
        raise RuntimeError("the secret")

    monkeypatch.setattr("api.routes.tables.json_reply", fail)
    client.app.kept.clear()
    reply = client.get("/v1/scores", params={"space": "core64"})
    assert problem(reply, 500) == "internal error"
    assert "the secret" in caplog.text
    monkeypatch.undo()
    assert client.get("/v1/scores", params={"space": "core64"}).status_code == 200


class Counting:
    """An application that says how often it was asked."""

    def __init__(self, length):
        self.length = length
        self.asked = []

    async def __call__(self, scope, receive, send):
        self.asked.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(self.length)})


def ask(service, path, headers=()):
    messages = []

    async def send(message):
        messages.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
    asyncio.run(service(scope | {"headers": list(headers)}, None, send))
    return messages


def test_an_answer_is_made_once():
    app = Counting(100)
    service = Cached(app, lambda path: 0)
    for _ in range(3):
        ask(service, "/a")
    assert app.asked == ["/a"]


def test_another_version_is_another_answer():
    app, version = Counting(100), iter((1, 1, 2, 2))
    service = Cached(app, lambda path: next(version))
    for _ in range(4):
        ask(service, "/a")
    assert app.asked == ["/a"] * 2


def test_what_was_asked_for_least_recently_goes_first_and_memory_is_bounded():
    app = Counting(1_000)
    service = Cached(app, lambda path: 0, size=12_500)
    for path in ("/a", "/b", "/c", "/d", "/a", "/e", "/a", "/b"):
        ask(service, path)
    assert app.asked == ["/a", "/b", "/c", "/d", "/e", "/b"]
    for i in range(100):
        ask(service, f"/{i}", [(b"accept-encoding", b"gzip")])
        assert service.bytes == sum(answer.size for answer in service.kept.values()) <= 12_500


def test_an_answer_too_large_to_keep_is_given_all_the_same():
    service = Cached(Counting(10_000), lambda path: 0, size=12_500)
    start, body = ask(service, "/a", [(b"accept-encoding", b"gzip")])
    assert gzip.decompress(body["body"]) == bytes(10_000)
    assert service.bytes == 0
    assert dict(start["headers"])[b"etag"]


# The page and the documents


def test_pages_may_not_be_framed_and_run_no_inline_script(client):
    reply = client.get("/docs")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", reply.text)


@pytest.mark.parametrize(
    ("path", "kind", "part"),
    [
        ("/docs.css", "text/css", "table"),
        ("/citation.cff", "text/plain", "cff-version"),
        ("/documentation/definitions.md", "text/plain", "# "),
    ],
)
def test_documents(client, path, kind, part):
    reply = client.get(path)
    assert reply.headers["content-type"] == f"{kind}; charset=utf-8"
    assert part in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page/..%2f..%2fpyproject.toml",
        "/page//etc/passwd",
        "/page/%00",
        "/page/" + "x" * 5_000,
        "/page/",
        "/page/js",
        "/documentation/conf.py",
        "/documentation/..%2fREADME.md",
        "/documentation/no.md",
    ],
)
def test_no_other_file_is_served(client, problem, path):
    problem(client.get(path), 404)


def test_a_file_of_the_page_that_changed_is_read_again(client, tmp_path, monkeypatch):
    monkeypatch.setattr("api.site.PAGE", tmp_path)
    page = tmp_path / "main.js"
    for text in ("one", "two two"):
        page.write_text(text)
        reply = client.get("/page/main.js")
        assert (reply.text, reply.headers["content-type"]) == (
            text,
            "text/javascript; charset=utf-8",
        )
        page.unlink()
    assert client.get("/page/main.js").status_code == 404
