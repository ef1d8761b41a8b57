"""A data set server on the loopback, and a client process with an empty cache of its own.

The server speaks as much of the Hub's API as the unmodified client of huggingface_hub needs to
download, create and fill data set repositories, and fails on demand. The client reads its
environment on import, so it runs in processes of its own, one per environment.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from dipbench import Architecture, macs, params
from dipbench.table.aggregate import summarise
from dipbench.table.manifest import MANIFEST
from dipbench.table.schema import CURVES, FILES, RUNS
from dipbench.table.table import write_table

NUMBERS = count()  # of commits and processes
LARGE = ".parquet"  # kept as large files are: a redirect to another host, the SHA-256 as ETag


def git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def oid_of(file: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if file.endswith(LARGE) else git_oid(data)


@dataclass
class Repository:
    """Commits by hash, each with all of its files; refs are branches and tags."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool = False

    def commit(
        self, files: Mapping[str, bytes], branch: str = "main", sha: str | None = None
    ) -> str:
        sha = sha or hashlib.sha1(b"%d" % next(NUMBERS)).hexdigest()
        self.commits[sha] = dict(files)
        self.refs[branch] = sha
        return sha

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)


class Request(NamedTuple):
    method: str
    path: str
    headers: Message


@dataclass
class Fault:
    """What goes wrong with requests of `method` whose path contains `part`, `times` often."""

    method: str
    part: str
    times: int | None = None  # None: always
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)  # instead of or beside the right ones
    body: bytes | None = None  # instead of that of a file
    page: bytes | None = None  # instead of any answer
    cut: int | None = None  # close after so many bytes of the body
    reset: bool = False  # as a reset of the connection, not as its end
    reached: threading.Event = field(default_factory=threading.Event)  # set in mid-answer
    hold: threading.Barrier | threading.Event | None = None  # then wait for it,
    patience: float = 60  # though no more seconds than these


class HubServer(ThreadingHTTPServer):
    """`repositories` by name; `faults` to come; `log` of the requests that came."""

    daemon_threads = False
    token = "hf_of_the_tests"  # the one that it knows; it may do everything

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew: no repositories, no faults."""
        self.repositories: dict[str, Repository] = {}
        self.uploads: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.log: list[Request] = []
        self.failures: list[BaseException | None] = []
        self.page_size = 1000

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def storage_url(self) -> str:
        """Where large files are: the same server by another name, so to the client another."""
        return f"http://localhost:{self.server_port}/storage"

    def commit(
        self,
        repo_id: str,
        files: Mapping[str, bytes],
        branch: str = "main",
        sha: str | None = None,
    ) -> str:
        """Commit all `files`, a dict of bytes; the hash of the commit."""
        return self.repositories.setdefault(repo_id, Repository()).commit(files, branch, sha)

    def fault(self, method: str, part: str, times: int | None = None, **what: Any) -> None:
        self.faults.append(Fault(method, part, times, **what))

    @staticmethod
    def oid(file: str, data: bytes) -> str:
        """What names this content of a file in its ETag."""
        return oid_of(file, data)

    def asked(self, method: str, part: str = "") -> list[Request]:
        """The logged requests of `method` whose path contains `part`."""
        return [r for r in list(self.log) if r.method == method and part in r.path]

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.method == method and fault.part in path and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # which a client may well cause
            self.failures.append(sys.exception())


class Refusal(Exception):
    def __init__(self, status: int, message: str, code: str | None = None):
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})


REPO, REVISION = r"(?P<repo>[\w.-]+/[\w.-]+)", r"(?P<revision>[^/]+)"
ROUTES = [
    ("GET", rf"/api/datasets/{REPO}(/revision/{REVISION})?", "info"),
    ("GET", rf"/api/datasets/{REPO}/tree/{REVISION}", "tree"),
    ("GET", rf"/api/datasets/{REPO}/refs", "refs"),
    ("GET", rf"/datasets/{REPO}/resolve/{REVISION}/(?P<file>.+)", "file"),
    ("GET", rf"/storage/{REPO}/{REVISION}/(?P<file>.+)", "stored"),
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("POST", rf"/api/datasets/{REPO}/preupload/{REVISION}", "upload_modes"),
    ("POST", rf"/datasets/{REPO}\.git/info/lfs/objects/batch", "upload_places"),
    ("PUT", r"/uploads/(?P<oid>\w+)", "upload"),
    ("POST", rf"/api/datasets/{REPO}/commit/{REVISION}", "add_commit"),
    ("POST", rf"/api/datasets/{REPO}/tag/{REVISION}", "tag"),
]


class Handler(BaseHTTPRequestHandler):
    """One connection; the methods named in ROUTES answer, or raise a Refusal."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    disable_nagle_algorithm = True
    server: HubServer

    def do_GET(self) -> None:
        self.body = self._read_body()
        self.server.log.append(Request(self.command, self.path, self.headers))
        self.fault = self.server.take_fault(self.command, self.path) or Fault("", "")
        if self.fault.hold is not None and self.fault.cut is None:
            self.fault.hold.wait(self.fault.patience)
        if self.fault.status is not None:
            self._reply(self.fault.status, {"error": HTTPStatus(self.fault.status).phrase})
            return
        if self.fault.page is not None:
            self._reply(200, self.fault.page, {"Content-Type": "text/html"})
            return
        try:
            self._route()
        except Refusal as refusal:
            self._reply(refusal.status, {"error": str(refusal)}, refusal.headers)

    do_HEAD = do_POST = do_PUT = do_GET

    def log_message(self, *args: object) -> None:
        pass

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _route(self) -> None:
        method = "GET" if self.command == "HEAD" else self.command
        for route, pattern, name in ROUTES:
            match = re.fullmatch(pattern, urlsplit(self.path).path)
            if match and route == method:
                parts = {key: unquote(part) for key, part in match.groupdict().items() if part}
                getattr(self, name)(**parts)
                return
        raise Refusal(404, f"{self.command} {self.path} is not part of this server")

    def _reply(
        self, status: int, body: Any = b"", headers: Mapping[str, object] | None = None
    ) -> None:
        """Send `body`, JSON unless it is bytes, with the faults that this request meets."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        length: dict[str, object] = {"Content-Type": kind, "Content-Length": len(data)}
        self.send_response(status)
        for header, value in {**length, **(headers or {}), **self.fault.headers}.items():
            self.send_header(header, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: self.fault.cut])
        if self.fault.cut is not None:
            self.close_connection = True
            self.fault.reached.set()
            if self.fault.hold is not None:
                self.fault.hold.wait(self.fault.patience)
        if self.fault.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()

    def _repository(self, repo: str, write: bool = False) -> Repository:
        """The repository, if this client may see it; the refusals are those of the Hub."""
        authorization = self.headers.get("Authorization")
        if authorization not in (None, f"Bearer {self.server.token}"):
            raise Refusal(401, "Invalid credentials in Authorization header")
        found = self.server.repositories.get(repo)
        if authorization is None and (found is None or found.private or write):
            raise Refusal(401, "Invalid username or password.", "RepoNotFound")
        if found is None:
            raise Refusal(404, "Repository not found", "RepoNotFound")
        if found.gated and authorization is None:
            raise Refusal(403, f"Access to dataset {repo} is restricted", "GatedRepo")
        return found

    def _commit(self, repo: str, revision: str) -> tuple[str, dict[str, bytes]]:
        repository = self._repository(repo)
        sha = repository.resolve(revision)
        if sha is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha, repository.commits[sha]

    def info(self, repo: str, revision: str = "main") -> None:
        sha, files = self._commit(repo, revision)
        siblings = [{"rfilename": file} for file in sorted(files)]
        known: dict[str, Any] = {
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
        }
        self._reply(200, known | {"id": repo, "sha": sha, "tags": [], "siblings": siblings})

    def tree(self, repo: str, revision: str) -> None:
        """The files, and a link to the next page if there are more than `page_size`."""
        _, files = self._commit(repo, revision)
        start = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
        end = start + self.server.page_size
        page = [self._entry(file, files[file]) for file in sorted(files)[start:end]]
        place = f"{self.server.url}/api/datasets/{repo}/tree/{quote(revision, safe='')}"
        more = {"Link": f'<{place}?recursive=true&cursor={end}>; rel="next"'}
        self._reply(200, page, more if end < len(files) else None)

    def refs(self, repo: str) -> None:
        """Branches and tags; tags begin with v here."""
        known: dict[str, list[dict[str, str]]] = {"branches": [], "tags": [], "converts": []}
        for name, sha in self._repository(repo).refs.items():
            kind, prefix = ("tags", "tags") if name.startswith("v") else ("branches", "heads")
            ref = {"name": name, "ref": f"refs/{prefix}/{name}", "targetCommit": sha}
            known[kind].append(ref)
        self._reply(200, known)

    def _entry(self, file: str, data: bytes) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "type": "file",
            "oid": git_oid(data),
            "size": len(data),
            "path": file,
        }
        if file.endswith(LARGE):
            entry["lfs"] = {"oid": oid_of(file, data), "size": len(data), "pointerSize": 134}
        return entry

    def file(self, repo: str, revision: str, file: str) -> None:
        sha, files = self._commit(repo, revision)
        if file not in files:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        known: dict[str, object] = {"X-Repo-Commit": sha, "ETag": f'"{oid_of(file, files[file])}"'}
        if not file.endswith(LARGE):
            self._send(files[file], known)
            return
        known |= {"X-Linked-Etag": known["ETag"], "X-Linked-Size": len(files[file])}
        place = f"{self.server.storage_url}/{repo}/{sha}/{quote(file)}"
        self._reply(302, b"", known | {"Location": place})

    def stored(self, repo: str, revision: str, file: str) -> None:
        """A large file, which this address alone gives the right to read."""
        repository = self.server.repositories.get(repo, Repository())
        if revision not in repository.commits:
            raise Refusal(403, "this address has expired")
        data = repository.commits[revision][file]
        self._send(data, {"ETag": f'"{oid_of(file, data)}"'})

    def _send(self, data: bytes, headers: Mapping[str, object]) -> None:
        data = data if self.fault.body is None else self.fault.body
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        headers = {**headers, "Accept-Ranges": "bytes"}
        if asked is None:
            self._reply(200, data, headers)
            return
        start = int(asked[1])
        if start >= len(data):
            raise Refusal(416, "Range Not Satisfiable")
        span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self._reply(206, data[start:], {**headers, **span})

    def create(self) -> None:
        asked = json.loads(self.body)
        repo = f"{asked['organization']}/{asked['name']}"
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            raise Refusal(401, "Invalid username or password.")
        if repo in self.server.repositories:
            answer = {"error": "You already created this dataset repo", "url": self._page(repo)}
            self._reply(409, answer)
            return
        self.server.commit(repo, {".gitattributes": b""})
        self.server.repositories[repo].private = asked.get("visibility") == "private"
        self._reply(200, {"url": self._page(repo)})

    def _page(self, repo: str) -> str:
        return f"{self.server.url}/datasets/{repo}"

    def validate(self) -> None:
        self._reply(200, {"errors": [], "warnings": []})

    def upload_modes(self, repo: str, revision: str) -> None:
        self._repository(repo, write=True)
        _, files = self._commit(repo, revision)
        answer = []
        for file in (asked["path"] for asked in json.loads(self.body)["files"]):
            mode = "lfs" if file.endswith(LARGE) else "regular"
            oid = oid_of(file, files[file]) if file in files else None
            answer.append({"path": file, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self._reply(200, {"files": answer})

    def upload_places(self, repo: str) -> None:
        self._repository(repo, write=True)
        objects = json.loads(self.body)["objects"]
        for entry in objects:
            entry["actions"] = {"upload": {"href": f"{self.server.url}/uploads/{entry['oid']}"}}
        self._reply(200, {"transfer": "basic", "objects": objects})

    def upload(self, oid: str) -> None:
        self.server.uploads[oid] = self.body
        self._reply(200)

    def add_commit(self, repo: str, revision: str) -> None:
        repository = self._repository(repo, write=True)
        _, files = self._commit(repo, revision)
        files = dict(files)
        for line in map(json.loads, self.body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.uploads[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        sha = repository.commit(files, revision)
        url = f"{self._page(repo)}/commit/{sha}"
        self._reply(200, {"success": True, "commitOid": sha, "commitUrl": url})

    def tag(self, repo: str, revision: str) -> None:
        repository = self._repository(repo, write=True)
        sha, _ = self._commit(repo, revision)
        name = json.loads(self.body)["tag"]
        if name in repository.refs:
            raise Refusal(409, f"Tag {name} exists")
        repository.refs[name] = sha
        self._reply(200)


@pytest.fixture(scope="session")
def running_server() -> Iterator[HubServer]:
    with HubServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hub(running_server: HubServer) -> Iterator[HubServer]:
    """A running `HubServer`, empty; its own failures fail the test."""
    running_server.forget()
    yield running_server
    assert running_server.failures == []


@pytest.fixture(scope="session")
def nowhere() -> Iterator[str]:
    """An address that refuses connections; the port stays taken, so nobody else answers."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unheard.getsockname()[1]}"


# What a process of a client runs: a line of JSON with a call comes in, one with an answer goes
# out. Waits between attempts are noted and cut short.
CALLS = """
import io, json, os, sys, time, warnings
from contextlib import redirect_stderr, redirect_stdout

answers, sys.stdout = sys.stdout, sys.stderr
waits, sleep = [], time.sleep

def short_sleep(seconds):
    waits.extend([seconds] if seconds >= 0.5 else [])
    sleep(min(seconds, 0.01))

time.sleep = short_sleep

from huggingface_hub import constants
constants.DOWNLOAD_CHUNK_SIZE = int(os.environ.get("CHUNK", constants.DOWNLOAD_CHUNK_SIZE))

import dipbench.table.table
dipbench.table.table.MANY_ROWS = int(os.environ.get("MANY_ROWS", dipbench.table.table.MANY_ROWS))

def load(**arguments):
    return dipbench.load(**arguments).manifest["sha256"]

def download(**arguments):
    from dipbench.table.hub import download
    return str(download(**arguments))

def publish(**arguments):
    from dipbench.publish import publish
    from dipbench.publish.release import OURS
    return publish(about=OURS, **arguments)

def command(*arguments):
    from dipbench.cli import main
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as errors:
        return [main(arguments), out.getvalue(), errors.getvalue()]

def snapshot(**arguments):
    from huggingface_hub import snapshot_download
    return snapshot_download(repo_type="dataset", **arguments)

def answer(function, positional, arguments):
    waits.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            told = {"result": globals()[function](*positional, **arguments)}
        except Exception as error:
            told = {"error": str(error), "kinds": [kind.__name__ for kind in type(error).__mro__]}
    told["warnings"] = [[w.category.__name__, str(w.message), w.filename] for w in caught]
    return told | {"waited": sum(waits)}

for line in sys.stdin:
    print(json.dumps(answer(*json.loads(line))), file=answers, flush=True)
"""


@dataclass(frozen=True)
class Answer:
    """What a call came to: a result or an error, the warnings, seconds it wanted to wait."""

    result: str | list[Any] | None = None
    error: str | None = None
    kinds: tuple[str, ...] = ()  # of the error: the names of its class and of all base classes
    warnings: tuple[tuple[str, str, str], ...] = ()  # name of the class, text, file
    waited: float = 0


class Process:
    """A process that answers calls, with an environment of its own."""

    def __init__(self, home: Path, environment: Mapping[str, str]):
        foreign = re.compile("HF_|HUGGING|XDG_|.*_PROXY", re.IGNORECASE)
        kept = {key: value for key, value in os.environ.items() if not foreign.match(key)}
        self.log = home / f"log-{next(NUMBERS)}"
        with self.log.open("w") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-c", CALLS],
                env={**kept, **environment},
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def ask(self, function: str, *positional: Any, **arguments: Any) -> None:
        assert self.popen.stdin
        self.popen.stdin.write(json.dumps([function, positional, arguments]) + "\n")
        self.popen.stdin.flush()

    def answer(self) -> Answer:
        assert self.popen.stdout
        watchdog = threading.Timer(60, self.popen.kill)
        watchdog.start()
        line = self.popen.stdout.readline()
        watchdog.cancel()
        assert line, self.log.read_text()
        return Answer(**json.loads(line))

    def stop(self) -> None:
        self.popen.kill()
        self.popen.communicate()


class Client:
    """Processes that share one home, so one cache; they wait for calls where they may."""

    def __init__(self, home: Path, endpoint: str):
        self.home = home
        self.endpoint = endpoint
        self.waiting: dict[tuple[tuple[str, object], ...], Process] = {}
        self.started: list[Process] = []

    def start(self, **environment: object) -> Process:
        """A new process; `environment` adds to variables or sets other ones."""
        own: dict[str, object] = {
            "HOME": self.home,
            "HF_HOME": self.home / "hf",
            "HF_ENDPOINT": self.endpoint,
        }
        quiet: dict[str, object] = {
            f"HF_HUB_DISABLE_{what}": 1 for what in ("TELEMETRY", "PROGRESS_BARS", "XET")
        }
        said = {key: str(value) for key, value in (own | quiet | environment).items()}
        self.started.append(Process(self.home, said))
        return self.started[-1]

    def __call__(
        self,
        function: str,
        *positional: Any,
        env: Mapping[str, object] | None = None,
        **arguments: Any,
    ) -> Answer:
        """One call; processes of the same environment are used again."""
        key = tuple(sorted((env or {}).items()))
        process = self.waiting.pop(key, None) or self.start(**(env or {}))
        process.ask(function, *positional, **arguments)
        answer = process.answer()
        self.waiting[key] = process
        return answer

    def cached(self, repo_id: str, folder: str = "blobs") -> Path:
        """The path of `blobs`, `snapshots`, ... of a data set in the cache."""
        return self.home / "hf" / "hub" / f"datasets--{repo_id.replace('/', '--')}" / folder

    def empty(self) -> None:
        shutil.rmtree(self.home / "hf", ignore_errors=True)

    def stop(self) -> None:
        for process in self.started:
            process.stop()


@pytest.fixture(scope="session")
def running_client(
    tmp_path_factory: pytest.TempPathFactory, running_server: HubServer
) -> Iterator[Client]:
    client = Client(tmp_path_factory.mktemp("home"), running_server.url)
    yield client
    client.stop()


@pytest.fixture
def client(running_client: Client) -> Client:
    """A `Client` of `hub`, its cache empty."""
    running_client.empty()
    return running_client


def _rows(rmse: float) -> dict[str, list[dict[str, Any]]]:
    """One architecture, one training and one fit, both of this RMSE."""
    a = Architecture.parse("d1-s0-bilinear-w8")
    identity: dict[str, Any] = {"key": a.key, "name": a.name, "task": "denoise25"}
    run = identity | {"seed": 0, "status": "ok"}
    run |= {"seconds": 1.0, "device": "none", "torch_version": "0", "protocol_hash": "cafe"}
    supervised = run | {"mode": "supervised", "image": None, "test_rmse": rmse, "val_rmse": rmse}
    dip = run | {"mode": "dip", "image": "cat"}
    for peak in ("peak", "averaged_peak"):
        dip |= {f"{peak}_rmse": rmse, f"{peak}_iteration": 4, f"{peak}_censored": False}
    scores = ("final_rmse", "averaged_final_rmse", "stopped_rmse")
    dip |= dict.fromkeys(scores, rmse) | {"stopped_iteration": 4}
    curves = [supervised | {"step": [4], "val_rmse": [rmse]}, dip | {"step": [4], "rmse": [rmse]}]
    features = identity | {"depth": a.depth, "slc": a.slc, "params": params(a.graph)}
    features |= {"skips": "0", "upsample": "bilinear", "width": 8, "macs": macs(a.graph)}
    return {
        "architectures.parquet": [features | summarise([supervised, dip])],
        "runs.parquet": [{c.name: row.get(c.name) for c in RUNS} for row in (supervised, dip)],
        "curves.parquet": [{c.name: row.get(c.name) for c in CURVES} for row in curves],
    }


class Served(NamedTuple):
    """A table as a folder, as bytes by file name, and what its manifest calls it."""

    folder: Path
    files: dict[str, bytes]
    sha256: str


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Served]:
    """table(rmse): a table of one architecture, `Served`; equal for equal numbers."""

    @cache
    def make(rmse: float) -> Served:
        stated = {"space": "core64", "protocol": {"name": "served"}, "protocol_hash": "cafe"}
        folder = write_table(tmp_path_factory.mktemp("served"), _rows(rmse), stated)
        files = {file: (folder / file).read_bytes() for file in (MANIFEST, *FILES)}
        return Served(folder, files, json.loads(files[MANIFEST])["sha256"])

    return make
