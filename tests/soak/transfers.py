"""Publications and downloads, killed at random moments; what they leave is whole, or not used.

Both are killed at a moment of the time that an undisturbed one takes; a kill counts if the work
had begun and was not at its end.
"""

import os
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

from dipbench import InvalidTable
from dipbench.publish.folder import DATA_SET
from dipbench.table.catalogue import PROTOCOL as EMBEDDED
from dipbench.table.catalogue import entry
from dipbench.table.remote import TABLE_FILES
from dipbench.table.table import Table
from tests.hub.conftest import Handler, HubServer
from tests.soak.runs import started
from tests.soak.work import REPO

PIECE = 1 << 15  # bytes; a loopback is too fast for a kill to meet the transfer
PAUSE = 0.02  # seconds between pieces


class SlowHandler(Handler):
    """Answers in pieces, as a distant server does."""

    def setup(self):
        super().setup()
        file: Any = self.wfile
        write = file.write

        def slowly(data):
            for start in range(0, len(data), PIECE):
                write(data[start : start + PIECE])
                time.sleep(PAUSE)

        file.write = slowly


@contextmanager
def hub():
    with HubServer() as server:
        server.RequestHandlerClass = SlowHandler
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
    assert not server.failures, server.failures


class Work:
    """A program that has imported all, in an environment that knows only this Hub."""

    def __init__(self, server, home, *arguments):
        asked = {"HF_ENDPOINT": server.url, "HF_HOME": str(home), "HF_TOKEN": server.token}
        asked["HF_HUB_DISABLE_XET"] = "1"  # which the server does not speak
        self.process = started(*arguments, stdout=PIPE, env={**os.environ, **asked})
        assert self.process.stdout.readline() == b"ready\n"
        self.begun = time.monotonic()

    def finish(self):
        """The seconds that it took."""
        assert self.process.wait() == 0
        self.process.stdout.close()
        return time.monotonic() - self.begun

    def kill_after(self, seconds):
        """Whether it was still at work."""
        time.sleep(seconds)
        working = self.process.poll() is None
        self.process.kill()
        self.process.communicate()
        return working


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def publications(times, rng, say):
    """Build and send a data set; the folder and the Hub have a whole one, or none."""
    with hub() as server, tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        out, home = Path(temporary, "data-set"), Path(temporary, "home")
        longest = Work(server, home, "publish", out).finish()
        whole = contents(out)
        assert set(whole) == DATA_SET
        assert is_whole(server, whole)
        kills = before = 0
        while kills < times:
            if rng.random() < 0.5:
                server.forget()
                shutil.rmtree(out, ignore_errors=True)
            there = out.exists()
            seconds = rng.uniform(0, longest)
            working = Work(server, home, "publish", out).kill_after(seconds)
            kills += working
            sent = is_whole(server, whole)
            before += working and not (sent and out.exists())
            if out.exists():
                assert contents(out) == whole
            elif there:  # it was being replaced
                assert any(contents(old) == whole for old in out.parent.glob(".data-set-*/old"))
            for leftover in out.parent.glob(".data-set-*"):
                shutil.rmtree(leftover)
            left = f"{'a whole' if out.exists() else 'no'} folder, {'' if sent else 'not '}sent"
            say(f"{kills} kills: {left}{'' if working else ' (does not count)'}")
        Work(server, home, "publish", out).finish()
        assert contents(out) == whole
        assert is_whole(server, whole)
    return (
        f"{kills} kills, {before} of them before the end; folder and Hub have all files or none "
        "after each"
    )


def is_whole(server, whole):
    """Whether the Hub has the data set; what it has is whole."""
    repository = server.repositories.get(REPO)
    files = {} if repository is None else repository.commits[repository.refs["main"]]
    found = {name: data for name, data in files.items() if name != ".gitattributes"}
    assert found in ({}, whole), sorted(found)
    return bool(found)


def downloads(times, rng, say):
    """Download a table; a cache that is not whole is refused, and completed by the next."""
    source = contents(entry(EMBEDDED).folder)
    served = {name: source[name] for name in TABLE_FILES}
    with hub() as server, tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        server.commit(REPO, served)
        home = Path(temporary, "home")
        longest = Work(server, home, "download").finish()
        kills = tables = parts = 0
        while kills < times:
            shutil.rmtree(home, ignore_errors=True)
            for _ in range(rng.randint(1, 4)):  # kills of one cache
                seconds = rng.uniform(0, longest)
                working = Work(server, home, "download").kill_after(seconds)
                kills += working
                files = check_cache(home, served)
                parts += files < len(served)
                said = f"{files} of {len(served)} files"
                say(f"{kills} kills: {said}{'' if working else ' (does not count)'}")
                if files == len(served):
                    break
            Work(server, home, "download").finish()
            assert check_cache(home, served) == len(served)
            tables += 1
    return (
        f"{kills} kills, {parts} of them with files missing, {tables} tables, each whole after "
        "one more download"
    )


def check_cache(home, served):
    """The number of files in the cache; each is whole, and a table that is not is refused."""
    snapshots = [path for path in home.glob("hub/*/snapshots/*") if path.is_dir()]
    if not snapshots:
        return 0
    (folder,) = snapshots
    found = contents(folder)
    assert all(served[name] == data for name, data in found.items()), sorted(found)
    try:
        Table.read(folder).verify()
    except InvalidTable:
        assert set(found) != set(served)
    else:
        assert set(found) == set(served)
    return len(found)
