"""Building the folder of a data set and sending it: all of it, once it is whole, or nothing."""

import hashlib
import json
import re
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dipbench.publish.folder as publish_folder
from dipbench import InvalidTable, load
from dipbench.publish import build, plan_text, publish, upload
from dipbench.publish.folder import edited
from dipbench.publish.release import OURS, About, check_repo_id
from dipbench.table.catalogue import PROTOCOL, entry
from dipbench.table.hub import REPO_ID

ROOT = Path(__file__).parents[2]
REPO = "some-owner/some.name"
TABLE = ["architectures.parquet", "curves.parquet", "manifest.json", "runs.parquet"]
TEXTS = ["CITATION.cff", "DATASHEET.md", "README.md", "croissant.json"]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_package_links_to_its_data_set():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"]["Dataset"] == f"https://huggingface.co/datasets/{REPO_ID}"


# The folder ---------------------------------------------------------------------------------


def test_folder_holds_these_files_and_build_returns_them(tmp_path, source):
    returned = build(source, tmp_path / "new" / "out", REPO, OURS)
    assert returned == sorted(tmp_path / "new" / "out" / name for name in TABLE + TEXTS)
    assert sorted((tmp_path / "new" / "out").iterdir()) == returned
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


def test_files_of_the_table_are_copied_byte_for_byte(folders, source):
    for name in TABLE:
        assert (folders["synthetic"] / name).read_bytes() == (source / name).read_bytes()


def test_folder_is_a_table_itself(folder):
    assert load(folder).manifest == json.loads((folder / "manifest.json").read_bytes())


def test_same_table_gives_same_bytes(tmp_path, source, folders):
    copy = shutil.copytree(source, tmp_path / "copy")
    build(copy, tmp_path / "out", REPO, OURS)
    assert contents(tmp_path / "out") == contents(folders["synthetic"])


def test_no_file_states_a_date_unless_it_is_given(tmp_path, source, folder):
    for name in TEXTS:
        assert not re.search(r"date.?(published|released)", (folder / name).read_text(), re.I)
    build(source, tmp_path / "out", REPO, OURS, published="2031-02-03")
    assert json.loads((tmp_path / "out/croissant.json").read_text())["datePublished"] == (
        "2031-02-03"
    )
    assert 'date-released: "2031-02-03"' in (tmp_path / "out/CITATION.cff").read_text()
    assert "year = {2031}" in (tmp_path / "out/README.md").read_text()


def test_earlier_data_set_is_replaced(tmp_path, source, folders):
    build(entry(PROTOCOL).folder, tmp_path / "out", "other/name", OURS)
    build(source, tmp_path / "out", REPO, OURS)
    assert contents(tmp_path / "out") == contents(folders["synthetic"])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_empty_folder_is_filled(tmp_path, source):
    build(source, tmp_path, REPO, OURS)
    assert len(contents(tmp_path)) == 8


# Bad input ----------------------------------------------------------------------------------

BAD_IDS = [
    *("", "name", "a/b/c", "/name", "owner/", "owner name/x", "owner/na--me", "owner/na..me"),
    *("owner/name.git", "-owner/name", "owner/.name", "owner/name\n", "öwner/name", None),
    *("o" * 97 + "/name", "owner/" + "n" * 97),
]


@pytest.mark.parametrize("repo_id", BAD_IDS)
def test_bad_repo_id_is_named_and_nothing_is_written(tmp_path, source, repo_id):
    calls = [
        lambda: build(source, tmp_path / "out", repo_id, OURS),
        lambda: publish(source, repo_id, OURS, tmp_path / "out"),
        lambda: plan_text(tmp_path, repo_id),
        lambda: upload(tmp_path, repo_id),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=re.escape(f"repo_id is {repo_id!r}; expected")):
            call()
    assert list(tmp_path.iterdir()) == []


@given(st.text(st.sampled_from("aZ9_-./é "), max_size=12))
def test_repo_id_is_accepted_exactly_where_the_hub_library_does(text):
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined] # its __init__ says so only at run time

    try:
        validate_repo_id(text)
        expected = text.count("/") == 1
    except HFValidationError:
        expected = False
    try:
        check_repo_id(text)
        found = True
    except ValueError:
        found = False
    assert found == expected


def test_longest_parts_are_accepted():
    check_repo_id("o" * 96 + "/" + "n" * 96)


def test_folder_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(InvalidTable, match="manifest"):
        build(tmp_path / "photos", tmp_path / "out", REPO, OURS)
    with pytest.raises(InvalidTable, match="manifest"):
        build(tmp_path / "nowhere", tmp_path / "out", REPO, OURS)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_altered_table_is_refused(tmp_path, source):
    copy = shutil.copytree(source, tmp_path / "copy")
    data = bytearray((copy / "curves.parquet").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "curves.parquet").write_bytes(data)
    with pytest.raises(InvalidTable, match=r"curves\.parquet"):
        build(copy, tmp_path / "out", REPO, OURS)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("held", [["notes.txt"], ["README.md"], TABLE, [*TABLE, *TEXTS, "x"]])
def test_folder_with_other_things_is_left_alone(tmp_path, source, held):
    out = tmp_path / "out"
    out.mkdir()
    for name in held:
        (out / name).write_text("mine")
    with pytest.raises(ValueError, match="expected a data set"):
        build(source, out, REPO, OURS)
    assert contents(out) == dict.fromkeys(held, b"mine")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_out_that_is_a_file_is_left_alone(tmp_path, source):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ValueError, match="not a folder"):
        build(source, tmp_path / "out", REPO, OURS)
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("inside", [".", "out", "a/b", "../copy", "../link/out"])
def test_out_in_the_folder_of_the_table_is_refused(tmp_path, source, inside):
    copy = shutil.copytree(source, tmp_path / "copy")
    (tmp_path / "link").symlink_to(copy)
    with pytest.raises(ValueError, match="in the table's folder"):
        build(copy, copy / inside, REPO, OURS)
    assert sorted(contents(copy)) == TABLE


def test_data_set_is_not_built_over_itself(tmp_path, source):
    build(source, tmp_path / "out", REPO, OURS)
    with pytest.raises(ValueError, match="in the table's folder"):
        build(tmp_path / "out", tmp_path / "out", REPO, OURS)


@pytest.mark.parametrize("day", ["", "2031", "2031-2-3", "20310203", "2031-02-30", 2031])
def test_bad_day_is_named(tmp_path, source, day):
    with pytest.raises(ValueError, match=f"published is {day!r}"):
        build(source, tmp_path / "out", REPO, OURS, published=day)
    assert list(tmp_path.iterdir()) == []


def fail(*arguments, **named):
    raise OSError("no space left on device")


@pytest.mark.parametrize("where", ["dipbench.publish.folder.croissant", "shutil.copyfile"])
@pytest.mark.parametrize("earlier", [True, False])
def test_failing_write_leaves_all_as_it_was(tmp_path, source, monkeypatch, where, earlier):
    if earlier:
        build(entry(PROTOCOL).folder, tmp_path / "out", REPO, OURS)
    before = {path.name: contents(path) for path in tmp_path.iterdir()}
    monkeypatch.setattr(where, fail)
    with pytest.raises(OSError, match="no space left"):
        build(source, tmp_path / "out", REPO, OURS)
    assert {path.name: contents(path) for path in tmp_path.iterdir()} == before


def test_failing_rename_brings_the_earlier_data_set_back(tmp_path, source, monkeypatch):
    build(entry(PROTOCOL).folder, tmp_path / "out", REPO, OURS)
    before = contents(tmp_path / "out")
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda p, to: fail() if p.name == "new" else rename(p, to))
    with pytest.raises(OSError, match="no space left"):
        build(source, tmp_path / "out", REPO, OURS)
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["runs.parquet", "manifest.json"])
def test_table_that_changes_meanwhile_is_refused(tmp_path, source, monkeypatch, name):
    copyfile = shutil.copyfile

    def changed(old, new):
        copyfile(entry(PROTOCOL).folder / name if old.name == name else old, new)

    monkeypatch.setattr(shutil, "copyfile", changed)
    with pytest.raises(InvalidTable, match=re.escape(f"{name}: changed while it was copied")):
        build(source, tmp_path / "out", REPO, OURS)
    assert list(tmp_path.iterdir()) == []


# Sending ------------------------------------------------------------------------------------


class FakeHub:
    """Takes the place of `huggingface_hub.HfApi` and writes down what it is asked."""

    def __init__(self, tags=(), error=None):
        self.calls, self.tags, self.error = [], tags, error

    def __call__(self):
        return self

    def create_repo(self, repo_id, **named):
        self.calls.append(("create_repo", {"repo_id": repo_id, **named}))
        if self.error:
            raise self.error

    def list_repo_refs(self, repo_id, **named):
        return SimpleNamespace(tags=[SimpleNamespace(name=tag) for tag in self.tags])

    def upload_folder(self, **named):
        self.calls.append(("upload_folder", named))
        return SimpleNamespace(oid="abc123", commit_url="https://hub/commit/abc123")

    def create_tag(self, repo_id, **named):
        self.calls.append(("create_tag", {"repo_id": repo_id, **named}))


def use(monkeypatch, hub):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "HfApi", hub)
    return hub


def explode():
    raise AssertionError("something asked the Hub")


def test_plan_says_each_file_and_that_nothing_was_sent(folder, monkeypatch):
    use(monkeypatch, explode)
    first, *files, total, last = plan_text(folder, REPO).splitlines()
    assert REPO in first
    assert last == "Nothing was sent."
    sizes = {}
    for line in files:
        size, unit, prefix, name = line.split()
        data = (folder / name).read_bytes()
        assert (int(size), unit) == (len(data), "B")
        assert hashlib.sha256(data).hexdigest().startswith(prefix)
        sizes[name] = int(size)
    assert sorted(sizes) == sorted(TABLE + TEXTS)
    assert total.startswith(f"{sum(sizes.values())} B ")


def test_dry_run_sends_nothing_and_leaves_nothing(tmp_path, source, monkeypatch):
    use(monkeypatch, explode)
    monkeypatch.chdir(tmp_path)
    assert publish(source, REPO, OURS).endswith("Nothing was sent.")
    assert list(tmp_path.iterdir()) == []


def test_dry_run_keeps_the_folder_that_was_asked_for(tmp_path, source, folders, monkeypatch):
    use(monkeypatch, explode)
    text = publish(source, REPO, OURS, tmp_path / "out")
    assert text == plan_text(tmp_path / "out", REPO)
    assert contents(tmp_path / "out") == contents(folders["synthetic"])


def test_upload_makes_the_repository_one_commit_and_the_tag(folders, monkeypatch):
    hub = use(monkeypatch, FakeHub(tags=["v0"]))
    folder = folders["synthetic"]
    assert upload(folder, REPO, "v1.0") == "https://hub/commit/abc123"
    kind = {"repo_id": REPO, "repo_type": "dataset"}
    assert hub.calls == [
        ("create_repo", {**kind, "exist_ok": True}),
        (
            "upload_folder",
            {**kind, "folder_path": folder, "commit_message": "Table synthetic-v1"},
        ),
        ("create_tag", {**kind, "tag": "v1.0", "revision": "abc123"}),
    ]


def test_upload_without_tag_makes_none(source, monkeypatch):
    hub = use(monkeypatch, FakeHub())
    assert publish(source, REPO, OURS, send=True) == "https://hub/commit/abc123"
    assert [name for name, _ in hub.calls] == ["create_repo", "upload_folder"]


def test_calls_are_such_as_the_hub_library_takes(folders, monkeypatch):
    from inspect import signature

    from huggingface_hub import HfApi

    hub = use(monkeypatch, FakeHub())
    upload(folders["synthetic"], REPO, "v1")
    for name, named in hub.calls:
        signature(getattr(HfApi, name)).bind(None, **named)


def test_tag_that_exists_stops_before_the_commit(folders, monkeypatch):
    hub = use(monkeypatch, FakeHub(tags=["v0", "v1"]))
    with pytest.raises(ValueError, match=r"has the tag 'v1'; expected none of v0, v1"):
        upload(folders["synthetic"], REPO, "v1")
    assert [name for name, _ in hub.calls] == ["create_repo"]


@pytest.mark.parametrize("tag", ["", "a b", "-x", "v1..2", "x.lock", "a/b", "v1\n"])
def test_bad_tag_is_named_before_anything_is_sent(tmp_path, source, monkeypatch, tag):
    use(monkeypatch, explode)
    with pytest.raises(ValueError, match=re.escape(f"tag is {tag!r}")):
        publish(source, REPO, OURS, tmp_path / "out", send=True, tag=tag)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_no_data_set_is_not_sent(tmp_path, source, monkeypatch):
    use(monkeypatch, explode)
    for folder in (source, tmp_path, tmp_path / "nowhere"):
        for call in (upload, plan_text):
            with pytest.raises(ValueError, match="expected a data set"):
                call(folder, REPO)


def test_altered_data_set_is_not_sent(tmp_path, source, monkeypatch):
    use(monkeypatch, explode)
    build(source, tmp_path, REPO, OURS)
    (tmp_path / "runs.parquet").write_bytes(b"PAR1")
    with pytest.raises(InvalidTable, match=r"runs\.parquet"):
        upload(tmp_path, REPO)


def test_refusal_of_the_hub_is_one_line_that_names_the_repository(folders, monkeypatch):
    from huggingface_hub.errors import HfHubHTTPError

    for error in (HfHubHTTPError.__bases__[0]("no\nroute"), OSError("no\nroute")):
        use(monkeypatch, FakeHub(error=error))
        with pytest.raises(OSError, match=f"^{re.escape(REPO)}: no route$"):
            upload(folders["synthetic"], REPO)


def test_modules_import_no_library_of_others(python):
    modules = ["table.coverage", "publish", "publish.card", "publish.croissant", "publish.upload"]
    imports = "\n".join(f"import dipbench.{module}" for module in modules)
    found = set(python(f"{imports}\nimport sys\nprint(*sys.modules)").stdout.split())
    heavy = {"datasets", "mlcroissant", "huggingface_hub", "yaml", "pyarrow", "pandas", "torch"}
    assert not found & heavy


def test_the_texts_speak_of_whoever_publishes(source, tmp_path):
    about = About("A. Person", "CC0-1.0", "Three networks, measured to see.")
    build(source, tmp_path / "out", REPO, about)
    for name in ("CITATION.cff", "DATASHEET.md", "README.md", "croissant.json"):
        text = (tmp_path / "out" / name).read_text()
        assert "A. Person" in text
        assert "dipbench maintainers" not in text
        assert "CC-BY" not in text
        assert "CC0-1.0" in text or "publicdomain/zero" in text or "cc0-1.0" in text
    assert "Three networks, measured to see." in (tmp_path / "out" / "DATASHEET.md").read_text()


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        (("", "CC0-1.0", "x"), "author is ''; expected some text"),
        (("A", "mine", "x"), "license is 'mine'; expected one of CC-BY-4.0"),
        (("A", "CC0-1.0", " "), "description is ' '; expected some text"),
    ],
)
def test_author_licence_and_description_are_asked_for(about, problem):
    with pytest.raises(ValueError, match=problem):
        About(*about)


def test_what_was_edited_stays(source, tmp_path):
    out = tmp_path / "out"
    build(source, out, REPO, OURS)
    assert edited(out) == []
    citation = out / "CITATION.cff"
    citation.write_text(citation.read_text().replace("type: dataset", "type: dataset # mine"))
    assert edited(out) == ["CITATION.cff"]
    build(source, out, REPO, About("A. Person", "CC0-1.0", "Other words."))
    assert "# mine" in citation.read_text()
    assert "A. Person" in (out / "README.md").read_text()
    assert "as edited by hand: CITATION.cff" in plan_text(out, REPO)


def test_a_place_that_cannot_be_written_is_found_before_the_table_is_read(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(publish_folder, "load", None)
    with pytest.raises(OSError, match=f"cannot write to {tmp_path / 'file' / 'out'}"):
        build(tmp_path / "table", tmp_path / "file" / "out", REPO, OURS)
