"""Downloads from a server that behaves like the Hub, and then does not."""

import re
import threading

import pytest

import dipbench
from dipbench.table import catalogue
from dipbench.table.hub import REPO_ID, REVISION
from dipbench.table.manifest import MANIFEST
from dipbench.table.schema import FILES

REPO = "somebody/a-table"
ALL = (MANIFEST, *FILES)
COMMIT = re.compile("[0-9a-f]{40}")


def assert_used(answer, served):
    assert answer.error is None
    assert answer.result == served.sha256


def assert_refused(answer, *words):
    """An error of the library's own, a ValueError, that says all `words`."""
    assert answer.result is None
    assert "ValueError" in answer.kinds, answer.error
    assert [word for word in words if word not in answer.error] == []


def warned(answer, *words):
    """Whether there was one warning, a UserWarning on the caller's line, that says all `words`."""
    [[category, text, file]] = answer.warnings
    return (category, file) == ("UserWarning", "<string>") and all(word in text for word in words)


@pytest.fixture
def served(hub, table):
    """The table on branch main of REPO."""
    hub.commit(REPO, table(10.0).files)
    return table(10.0)


@pytest.fixture
def cached(hub, client, served):
    """The folder of that table in the cache of the client; the server's log is empty again."""
    folder = client("snapshot", repo_id=REPO).result
    hub.log.clear()
    return client.home / folder


# What is downloaded


def test_a_table_is_downloaded_from_main_and_comes_whole(hub, client, served):
    assert client("download", repo_id=REPO).warnings == []
    [folder] = client.cached(REPO, "snapshots").iterdir()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == served.files
    assert_used(client("load", repo_id=REPO), served)
    assert len(hub.asked("GET", "/storage/")) == len(FILES)


def test_what_is_no_part_of_a_table_stays_where_it_is(hub, client, table):
    hub.commit(REPO, table(10.0).files | {"README.md": b"# A card", "extra/more.parquet": b"?"})
    assert_used(client("load", repo_id=REPO), table(10.0))
    assert hub.asked("GET", "README") + hub.asked("GET", "extra") == []


def test_a_listing_in_pages_is_read_to_the_end(hub, client, table):
    hub.page_size = 2
    hub.commit(REPO, table(10.0).files | {f"another-{i}.txt": b"" for i in range(5)})
    assert_used(client("load", repo_id=REPO), table(10.0))


def test_without_a_revision_the_repository_of_the_library_is_read_at_the_pinned_one(
    hub, client, table
):
    assert REVISION != "main"
    if COMMIT.fullmatch(REVISION):
        hub.commit(REPO_ID, table(10.0).files, sha=REVISION)
    else:
        hub.commit(REPO_ID, table(10.0).files, branch=REVISION)
    hub.commit(REPO_ID, table(20.0).files)
    assert_used(client("load", repo_id=REPO_ID), table(10.0))
    assert_used(client("load", repo_id=REPO_ID, revision="main"), table(20.0))


def test_a_data_set_of_ours_is_read_at_the_pinned_revision(hub, client, table):
    ours = catalogue.entry("core64-inpaint50-v1").repo_id
    assert ours == "dipbench/core64-inpaint50-v1"
    hub.commit(ours, table(10.0).files, branch=REVISION)
    assert_used(client("load", repo_id=ours), table(10.0))


def test_without_a_repository_nothing_is_asked(hub, client):
    answer = client("load")
    assert answer.result == dipbench.load().manifest["sha256"]
    assert (answer.warnings, hub.log) == ([], [])


def test_a_new_commit_is_seen_and_the_old_snapshot_stays(hub, client, served, table):
    old = hub.repositories[REPO].resolve("main")
    assert_used(client("load", repo_id=REPO), served)
    new = hub.commit(REPO, table(20.0).files)
    assert_used(client("load", repo_id=REPO), table(20.0))
    for commit, files in ((old, served.files), (new, table(20.0).files)):
        folder = client.cached(REPO, "snapshots") / commit
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_a_commit_never_changes_and_is_fetched_once(hub, client, served, table):
    old = hub.repositories[REPO].resolve("main")
    hub.commit(REPO, table(20.0).files)
    assert_used(client("load", repo_id=REPO, revision=old), served)
    hub.log.clear()
    answer = client("load", repo_id=REPO, revision=old)
    assert_used(answer, served)
    assert (answer.warnings, hub.asked("GET", "/storage/")) == ([], [])


def test_a_tag_is_a_revision(hub, client, served, table):
    hub.commit(REPO, table(20.0).files, branch="v2.0")
    assert_used(client("load", repo_id=REPO, revision="v2.0"), table(20.0))


def test_the_token_goes_to_the_endpoint_alone(hub, client, served):
    hub.repositories[REPO].private = True
    assert_used(client("load", repo_id=REPO, env={"HF_TOKEN": hub.token}), served)
    shown = {("/storage/" in r.path, r.headers.get("Authorization")) for r in hub.log}
    assert shown == {(False, f"Bearer {hub.token}"), (True, None)}


def test_the_command_prints_the_folder_or_one_line_that_says_what_is_wrong(hub, client, served):
    code, out, errors = client("command", "download", "--repo", REPO).result
    assert (code, errors) == (0, "")
    folder = client.cached(REPO, "snapshots") / hub.repositories[REPO].resolve("main")
    assert out == f"{folder}\n"
    code, out, errors = client("command", "download", "--repo", REPO, "--revision", "v9").result
    assert (code, out, errors.count("\n")) == (2, "", 1)
    assert REPO in errors
    assert "v9" in errors


# Files that are not what the manifest states


@pytest.mark.parametrize("file", ALL)
def test_a_file_altered_in_the_cache_is_fetched_once_more(hub, client, cached, served, file):
    blob = (cached / file).resolve()
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(data)
    assert_used(client("load", repo_id=REPO), served)
    assert len(hub.asked("GET", file)) == 1
    assert (cached / file).read_bytes() == served.files[file]


def test_a_big_file_is_checked_before_it_is_used_too(client, cached, served):
    (cached / "runs.parquet").resolve().write_bytes(served.files["curves.parquet"])
    assert_used(client("load", repo_id=REPO, env={"MANY_ROWS": 0}), served)
    assert (cached / "runs.parquet").read_bytes() == served.files["runs.parquet"]


@pytest.mark.parametrize(("file", "size"), [("runs.parquet", 1000), (MANIFEST, 100), (MANIFEST, 0)])
def test_a_file_cut_short_in_the_cache_is_fetched_once_more(client, cached, served, file, size):
    blob = (cached / file).resolve()
    blob.write_bytes(blob.read_bytes()[:size])
    assert_used(client("load", repo_id=REPO), served)
    assert (cached / file).read_bytes() == served.files[file]


def test_a_damaged_copy_of_a_commit_is_fetched_once_more(hub, client, cached, served):
    commit = hub.repositories[REPO].resolve("main")
    (cached / "runs.parquet").resolve().write_bytes(b"")
    assert_used(client("load", repo_id=REPO, revision=commit), served)


def test_a_missing_file_of_a_snapshot_is_fetched(client, cached, served):
    (cached / "curves.parquet").resolve().unlink()
    (cached / "runs.parquet").unlink()
    assert_used(client("load", repo_id=REPO), served)


def test_rests_of_an_interrupted_download_are_not_used(hub, client, served):
    blobs = client.cached(REPO)
    blobs.mkdir(parents=True)
    for file in ALL:
        for rest in (".incomplete", ".0a1b2c3d.incomplete"):
            (blobs / (hub.oid(file, served.files[file]) + rest)).write_bytes(b"rest of a file")
    assert_used(client("load", repo_id=REPO), served)


def test_a_process_killed_while_downloading_leaves_nothing_that_counts(hub, client, served):
    stuck, go_on = threading.Event(), threading.Event()
    hub.fault("GET", "runs.parquet", 1, cut=5000, reached=stuck, hold=go_on)
    process = client.start()
    process.ask("load", repo_id=REPO)
    assert stuck.wait(20)
    process.stop()
    go_on.set()
    assert_used(client("load", repo_id=REPO), served)


@pytest.mark.parametrize("file", ALL)
def test_a_file_sent_wrong_once_is_fetched_once_more(hub, client, served, file):
    hub.fault("GET", file, 1, body=bytes(len(served.files[file])))
    assert_used(client("load", repo_id=REPO), served)
    assert len(hub.asked("GET", file)) == 2


@pytest.mark.parametrize("file", ALL)
def test_a_file_sent_wrong_twice_is_refused_by_name(hub, client, served, file):
    hub.fault("GET", file, 2, body=bytes(len(served.files[file])))
    answer = client("load", repo_id=REPO)
    assert_refused(answer, file)
    assert "InvalidTable" in answer.kinds
    assert len(hub.asked("GET", file)) == 2
    assert_used(client("load", repo_id=REPO), served)


def test_a_file_sent_too_short_is_refused(hub, client, served):
    hub.fault("GET", "runs.parquet", body=served.files["runs.parquet"][:1000])
    answer = client("load", repo_id=REPO)
    assert answer.result is None
    assert "runs.parquet" in answer.error
    hub.faults.clear()
    assert_used(client("load", repo_id=REPO), served)


def test_a_manifest_of_another_table_refuses_the_files(hub, client, table):
    hub.commit(REPO, table(10.0).files | {MANIFEST: table(20.0).files[MANIFEST]})
    answer = client("load", repo_id=REPO)
    assert_refused(answer, ".parquet")
    assert "InvalidTable" in answer.kinds


@pytest.mark.parametrize("file", ALL)
def test_a_repository_without_one_of_the_files_is_refused(hub, client, served, file):
    hub.commit(REPO, {name: served.files[name] for name in ALL if name != file})
    assert_refused(client("load", repo_id=REPO), file)


def test_an_etag_of_its_own_does_no_harm(hub, client, served):
    hub.fault("HEAD", "runs.parquet", headers={"X-Linked-Etag": '"of-its-own"'})
    assert_used(client("load", repo_id=REPO), served)


def test_the_etag_of_another_file_once_does_no_harm(hub, client, served):
    """The client keeps both under one name, so one of them has the content of the other."""
    other = f'"{hub.oid("curves.parquet", served.files["curves.parquet"])}"'
    hub.fault("HEAD", "runs.parquet", 1, headers={"X-Linked-Etag": other})
    assert_used(client("load", repo_id=REPO), served)


def test_the_etag_of_another_file_is_refused_if_it_stays(hub, client, served):
    other = f'"{hub.oid("curves.parquet", served.files["curves.parquet"])}"'
    hub.fault("HEAD", "runs.parquet", headers={"X-Linked-Etag": other})
    answer = client("load", repo_id=REPO)
    assert_refused(answer, ".parquet")
    assert "InvalidTable" in answer.kinds


def test_the_etag_of_the_old_file_gives_neither_table_wrong(hub, client, cached, served, table):
    old, stale = cached.name, f'"{hub.oid("runs.parquet", served.files["runs.parquet"])}"'
    hub.commit(REPO, table(20.0).files)
    hub.fault("HEAD", "runs.parquet", 2, headers={"X-Linked-Etag": stale})
    assert_used(client("load", repo_id=REPO), table(20.0))
    assert_used(client("load", repo_id=REPO, revision=old), served)
    assert_used(client("load", repo_id=REPO), table(20.0))


# A network or a server that fails for a while


PASSING = {
    "server error on the revision": ("GET", "/revision/", {"status": 500}),
    "server error on a header": ("HEAD", "runs.parquet", {"status": 503}),
    "server error on a file": ("GET", "runs.parquet", {"status": 500}),
    "revision cut": ("GET", "/revision/", {"cut": 10}),
    "file cut at once": ("GET", "runs.parquet", {"cut": 0}),
    "file cut": ("GET", "runs.parquet", {"cut": 1000}),
    "file reset": ("GET", "runs.parquet", {"cut": 1000, "reset": True}),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_got_over(hub, client, served, fault):
    method, part, what = PASSING[fault]
    hub.fault(method, part, 1, **what)
    answer = client("load", repo_id=REPO)
    assert_used(answer, served)
    assert answer.warnings == []


def test_a_download_goes_on_where_it_was_cut(hub, client, served):
    """The client writes in pieces of 10 MB and goes on after the last; here they are small."""
    hub.fault("GET", "runs.parquet", 1, cut=1000)
    answer = client("load", repo_id=REPO, env={"CHUNK": 64})
    assert_used(answer, served)
    asked = [r.headers.get("Range") for r in hub.asked("GET", "runs.parquet")]
    assert asked == [None, "bytes=960-"]


# No network


@pytest.fixture
def cut_off(nowhere):
    """The environment of a client whose endpoint cannot be reached."""
    return {"HF_ENDPOINT": nowhere}


def test_without_network_the_cached_copy_is_used_with_a_warning(client, cut_off, cached, served):
    answer = client("load", repo_id=REPO, env=cut_off)
    assert_used(answer, served)
    assert warned(answer, REPO, "main", "refused")


def test_without_network_a_cached_commit_is_used(client, cut_off, cached, served):
    assert_used(client("load", repo_id=REPO, revision=cached.name, env=cut_off), served)


@pytest.mark.parametrize("revision", [None, "0" * 40])
def test_without_network_or_a_copy_the_embedded_table_is_used_with_a_warning(
    client, cut_off, revision
):
    answer = client("load", repo_id=REPO, revision=revision, env=cut_off)
    assert answer.error is None
    assert answer.result == dipbench.load().manifest["sha256"]
    assert warned(answer, REPO, revision or "main", "refused", "embedded")
    assert answer.waited < 5


def test_without_network_a_data_set_of_ours_is_its_own_embedded_table(client, cut_off):
    """Not that of another task."""
    other = catalogue.entry("core64-inpaint50-v1")
    answer = client("load", repo_id=other.repo_id, env=cut_off)
    assert answer.result == dipbench.load(protocol=other.protocol).manifest["sha256"]


def test_without_network_a_copy_of_another_revision_is_not_used(client, cut_off, cached):
    answer = client("load", repo_id=REPO, revision="v2.0", env=cut_off)
    assert answer.result == dipbench.load().manifest["sha256"]
    assert warned(answer, REPO, "v2.0", "embedded")


@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_without_network_a_damaged_copy_is_not_used(client, cut_off, cached, served, damage):
    if damage == "altered":
        (cached / "runs.parquet").resolve().write_bytes(served.files["curves.parquet"])
    else:
        (cached / "runs.parquet").unlink()
    answer = client("load", repo_id=REPO, env=cut_off)
    assert answer.result == dipbench.load().manifest["sha256"]
    assert warned(answer, REPO, "main", "embedded")


def test_without_network_a_download_of_nothing_is_an_error(client, cut_off):
    answer = client("download", repo_id=REPO, env=cut_off)
    assert answer.result is None
    assert [word for word in (REPO, "main", "refused") if word not in answer.error] == []
    assert answer.warnings == []


def test_a_server_that_never_answers_counts_as_no_network(hub, client, served):
    never = threading.Event()
    hub.fault("GET", "/revision/", hold=never, patience=8)
    limits = {"HF_HUB_ETAG_TIMEOUT": 1, "HF_HUB_DOWNLOAD_TIMEOUT": 1}
    answer = client("load", repo_id=REPO, env=limits)
    never.set()
    assert answer.result == dipbench.load().manifest["sha256"]
    assert warned(answer, REPO, "main", "timed out", "embedded")


def test_a_page_of_somebody_else_counts_as_no_network(hub, client, cached, served):
    """As the login page of a wireless network."""
    hub.fault("GET", "/", page=b"<html>Welcome! Please log in.</html>")
    answer = client("load", repo_id=REPO)
    assert_used(answer, served)
    assert warned(answer, REPO, "main")
    client.empty()
    answer = client("load", repo_id=REPO)
    assert answer.result == dipbench.load().manifest["sha256"]
    assert warned(answer, REPO, "main", "embedded")


def test_offline_mode_makes_no_request(hub, client, cached, served):
    offline = {"HF_HUB_OFFLINE": 1, "HF_HUB_DISABLE_TELEMETRY": 0}
    answer = client("load", repo_id=REPO, env=offline)
    assert_used(answer, served)
    assert warned(answer, REPO, "main")
    answer = client("load", repo_id="somebody/else", env=offline)
    assert answer.result == dipbench.load().manifest["sha256"]
    assert warned(answer, "somebody/else", "main", "embedded")
    assert hub.log == []


# A server that answers, but not with a table


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_leaves_the_cached_copy_with_a_warning(
    hub, client, cached, served, status
):
    for method in ("GET", "HEAD"):
        hub.fault(method, REPO, status=status)
    answer = client("load", repo_id=REPO)
    assert_used(answer, served)
    assert warned(answer, REPO, "main", str(status))


@pytest.mark.parametrize("part", ["/revision/", "/resolve/", "/storage/"])
def test_a_server_in_trouble_without_a_copy_is_an_error(hub, client, served, part):
    for method in ("GET", "HEAD"):
        hub.fault(method, part, status=503)
    answer = client("load", repo_id=REPO)
    assert answer.result is None
    assert [word for word in (REPO, "main", "503") if word not in answer.error] == []
    assert answer.warnings == []


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_that_is_always_cut_is_an_error(hub, client, served, reset):
    hub.fault("GET", "runs.parquet", cut=1000, reset=reset)
    answer = client("load", repo_id=REPO)
    assert answer.result is None
    assert REPO in answer.error
    hub.faults.clear()
    assert_used(client("load", repo_id=REPO), served)


def test_a_repository_that_is_not_there_is_an_error(hub, client):
    for env in ({}, {"HF_TOKEN": hub.token}):  # answered with 401 and 404
        assert_refused(client("load", repo_id="nobody/nothing", env=env), "nobody/nothing", "main")


def test_a_revision_that_is_not_there_is_an_error(client, served):
    for revision in ("v9.9", "0" * 40):
        assert_refused(client("load", repo_id=REPO, revision=revision), REPO, revision)


def test_a_repository_that_may_not_be_read_is_an_error(hub, client, served):
    hub.repositories[REPO].private = True
    assert_refused(client("load", repo_id=REPO), REPO, "main")
    assert_refused(client("load", repo_id=REPO, env={"HF_TOKEN": "hf_wrong"}), REPO, "main")
    hub.repositories[REPO].private, hub.repositories[REPO].gated = False, True
    assert_refused(client("load", repo_id=REPO), REPO, "main")


def test_a_repository_that_may_no_longer_be_read_is_an_error_though_there_is_a_copy(
    hub, client, cached
):
    hub.repositories[REPO].private = True
    assert_refused(client("load", repo_id=REPO), REPO, "main")


def test_a_name_that_cannot_be_is_an_error(hub, client):
    assert_refused(client("load", repo_id="no//name"), "no//name")
    assert hub.log == []


# Several processes


def at_once(client, number):
    processes = [client.start() for _ in range(number)]
    for process in processes:
        process.ask("load", repo_id=REPO)
    answers = [process.answer() for process in processes]
    for process in processes:
        process.stop()
    return answers


def test_two_processes_may_download_at_once(hub, client, served):
    together = threading.Barrier(2)
    hub.fault("HEAD", MANIFEST, 2, hold=together)
    for answer in at_once(client, 2):
        assert_used(answer, served)


def test_two_processes_may_mend_a_cache_at_once(hub, client, cached, served):
    for file in FILES:
        (cached / file).resolve().write_bytes(b"damaged")
    for answer in at_once(client, 2):
        assert_used(answer, served)
    assert {path.name: path.read_bytes() for path in cached.iterdir()} == served.files
