"""What a release ships, and what the repository holds."""

import email
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import dipbench
from dipbench.publish.folder import build
from dipbench.publish.release import OURS
from dipbench.table.hub import REPO_ID
from dipbench.table.manifest import MANIFEST, read_manifest
from tests.release.agreement import (
    UNRELEASED,
    data_set_disagreements,
    disagreements,
    stated,
    surrogate_disagreements,
    tag_problem,
)
from tests.release.archives import PICTURES, unwanted

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DATA = ROOT / "dipbench" / "data"
FILES = ["architectures.parquet", "curves.parquet", "manifest.json", "runs.parquet"]
HASH = read_manifest(DATA / "core64-v1" / MANIFEST)["protocol_hash"]
MEGABYTE = 1_000_000


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The built wheel, opened: no network, no environment of its own."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = out.iterdir()
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="session")
def metadata(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return wheel.read(name).decode()


def test_wheel_holds_the_library_alone(wheel):
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert top == {"dipbench", f"dipbench-{dipbench.__version__}.dist-info"}


def test_wheel_is_pure_python(wheel):
    assert wheel.filename.endswith(f"dipbench-{dipbench.__version__}-py3-none-any.whl")


def test_wheel_holds_all_modules_the_types_and_the_table(wheel):
    modules = [str(path.relative_to(ROOT)) for path in (ROOT / "dipbench").rglob("*.py")]
    tables = [path.parent.name for path in DATA.glob("*/manifest.json")]
    data = [f"dipbench/data/{table}/{file}" for table in tables for file in FILES]
    assert "core64-v1" in tables
    assert {"dipbench/py.typed", *modules, *data} <= set(wheel.namelist())


def test_wheel_holds_nothing_temporary(wheel):
    kinds = {".py", ".typed", ".parquet", ".json", ".npz"}
    packaged = [name for name in wheel.namelist() if name.startswith("dipbench/")]
    assert {Path(name).suffix for name in packaged} == kinds


def test_wheel_holds_the_embedded_tables_unchanged(wheel):
    for path in DATA.glob("*/*"):
        assert wheel.read(str(path.relative_to(ROOT))) == path.read_bytes()


def test_wheel_holds_the_licence(wheel, metadata):
    (name,) = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
    assert wheel.read(name) == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: Apache-2.0" in metadata


def test_the_readme_of_the_wheel_links_to_no_file_beside_it(metadata):
    said = email.message_from_string(metadata)
    assert said["Description-Content-Type"] == "text/markdown"
    shown = str(said.get_payload())
    assert re.findall(r"\]\((?!https?:)[^)]*\)", shown) == []
    assert "![" not in shown
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "[findings](docs/findings.md)" in readme
    assert "See the findings for all results" in " ".join(shown.split())
    assert shown.count("```") == readme.count("```")
    assert shown.startswith("# dipbench")


def test_wheel_registers_the_command(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert "dipbench = dipbench.cli:main" in wheel.read(name).decode()


def test_what_the_files_say_of_the_release_agrees(metadata):
    found = stated(ROOT)
    assert disagreements(found) == []
    assert f"\nVersion: {dipbench.__version__}\n" in metadata
    assert {"CITATION.cff", "CHANGELOG.md", "docs/findings.md", "docs/proxy.md"} < {*found.versions}


@pytest.mark.parametrize("place", stated(ROOT).versions)
def test_another_version_is_found_in_each_place(place):
    found = stated(ROOT)
    problems = disagreements(replace(found, versions=found.versions | {place: "9.9.9"}))
    assert problems
    assert all("9.9.9" in problem for problem in problems)
    if place != "pyproject.toml":
        assert problems == [f"{place} says version 9.9.9, pyproject.toml {dipbench.__version__}"]


def test_another_day_is_found():
    found = stated(ROOT)
    days = {"CITATION.cff": "2026-01-02", "CHANGELOG.md": "2026-01-03"}
    (problem,) = disagreements(replace(found, days=days))
    assert problem == "CITATION.cff says 2026-01-02, CHANGELOG.md 2026-01-03"
    assert disagreements(replace(found, days=dict.fromkeys(days, "2026-01-03"))) == []
    assert (
        "expected YYYY-MM-DD" in disagreements(replace(found, days=dict.fromkeys(days, "soon")))[0]
    )


def test_a_tag_is_of_a_dated_release_and_of_no_other_commit():
    one, other, day = "1" * 40, "2" * 40, "2026-01-02"
    assert tag_problem(day, None, one) is tag_problem(day, one, one) is None
    assert tag_problem(UNRELEASED, None, one) is None
    assert "points at 2222222222, the commit is 1111111111" in str(tag_problem(day, other, one))
    assert "CHANGELOG.md says unreleased" in str(tag_problem(UNRELEASED, one, one))


@pytest.fixture(params=dipbench.tables())
def data_set(request, tmp_path):
    """The folder that would be published of an embedded table."""
    build(DATA / request.param, tmp_path / "set", REPO_ID, OURS)
    return tmp_path / "set"


def test_what_would_be_published_agrees_with_the_embedded_tables(data_set):
    assert data_set_disagreements(data_set) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("croissant.json", f'"{dipbench.__version__}"', '"9.9.9"', "croissant.json says version"),
        ("croissant.json", '"sha256": "', '"sha256": "0', "another size or SHA-256 of"),
        ("CITATION.cff", f'"{dipbench.__version__}"', '"9.9.9"', "CITATION.cff says version"),
        ("CITATION.cff", "sha256:", "sha256:0", "CITATION.cff says sha256:0"),
        ("README.md", f"{{{dipbench.__version__}}}", "{9.9.9}", "does not state the version"),
        ("README.md", HASH, "0" * 64, "does not state the hash"),
        ("DATASHEET.md", "| 372 |", "| 371 |", "architectures.parquet has 372 rows"),
    ],
)
def test_a_text_that_does_not_fit_the_table_is_found(tmp_path, file, old, new, problem):
    build(DATA / "core64-v1", folder := tmp_path / "set", REPO_ID, OURS)
    text = (folder / file).read_text("utf-8")
    (folder / file).write_text(text.replace(old, new), "utf-8")
    found = data_set_disagreements(folder)
    assert found
    assert any(problem in text for text in found)


def test_surrogates_were_fitted_to_embedded_tables(tmp_path):
    assert surrogate_disagreements(DATA) == []
    (tmp_path / "surrogates").mkdir()
    (kept, *_) = (DATA / "surrogates").iterdir()
    shutil.copy(kept, tmp_path / "surrogates")
    (problem,) = surrogate_disagreements(tmp_path)
    assert "was fitted to a table with checksum" in problem


def test_what_no_release_may_hold_is_found_in_an_archive():
    wanted = ["dipbench/cli.py", "dipbench/data/core64-v1/runs.parquet", ".gitignore", "PKG-INFO"]
    assert unwanted(wanted) == []
    bad = ["dipbench/photo.JPG", "generate/results/demo-v1/shard.json.gz", "results/a.json"]
    bad += ["dipbench/__pycache__/cli.cpython-311.pyc", ".hypothesis/x", "docs/_build/index.html"]
    assert unwanted([*wanted, *bad]) == bad
    pictures = ["docs/figures/scatter.png", "generate/scatter.png"]
    assert unwanted(pictures) == pictures
    assert unwanted(pictures, pictures="docs/") == pictures[1:]


def test_citation_is_valid():
    script = "from cffconvert.cli.cli import cli; cli()"
    command = [sys.executable, "-c", script, "--validate", "--infile", "CITATION.cff"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_project_names_its_extras_and_pythons(metadata):
    assert {"generate", "nas", "api", "plot", "dev"} <= set(PROJECT["optional-dependencies"])
    assert PROJECT["requires-python"] == ">=3.11"
    assert "Requires-Python: >=3.11" in metadata


def test_library_needs_no_torch_and_no_matplotlib():
    needed = {re.split(r"[^\w-]", line)[0] for line in PROJECT["dependencies"]}
    assert needed == {"numpy", "networkx", "pandas", "pyarrow", "huggingface_hub"}


@pytest.mark.parametrize("protocol", dipbench.tables())
def test_embedded_tables_are_small(protocol):
    files = list((DATA / protocol).iterdir())
    assert sorted(path.name for path in files) == FILES
    assert sum(path.stat().st_size for path in files) < 5 * MEGABYTE


def test_constraints_pin_everything_exactly():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert "torch==2.13.0" in pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)


def test_ci_lints_and_tests():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111 == 0o111
    assert "make lint test" in script.read_text().splitlines()


def tracked():
    """The files that git tracks, as paths below the root."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "ls-files", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"git ls-files: {done.stderr}")
    return [Path(name) for name in done.stdout.split("\0") if (ROOT / name).is_file()]


def test_pictures_are_tracked_below_docs_alone():
    pictures = [path for path in tracked() if path.suffix.lower() in PICTURES]
    assert [path for path in pictures if path.parts[0] != "docs"] == []


def test_no_tracked_file_is_large():
    large = [path for path in tracked() if (ROOT / path).stat().st_size > 5 * MEGABYTE]
    assert large == []


def test_nothing_built_is_tracked():
    built = {".venv", "build", "dist", "__pycache__", "_build", ".hypothesis"}
    assert [path for path in tracked() if built & set(path.parts)] == []
