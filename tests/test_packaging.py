"""What a release ships, and what the repository holds."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from shutil import which

import pytest

import dipbench

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
DATA = ["architectures.parquet", "curves.parquet", "manifest.json", "runs.parquet"]
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
    tables = [path.parent.name for path in (ROOT / "dipbench" / "data").glob("*/manifest.json")]
    data = [f"dipbench/data/{table}/{file}" for table in tables for file in DATA]
    assert "core64-v1" in tables
    assert {"dipbench/py.typed", *modules, *data} <= set(wheel.namelist())


def test_wheel_holds_nothing_temporary(wheel):
    kinds = {".py", ".typed", ".parquet", ".json"}
    packaged = [name for name in wheel.namelist() if name.startswith("dipbench/")]
    assert {Path(name).suffix for name in packaged} == kinds


def test_wheel_holds_the_embedded_tables_unchanged(wheel):
    for path in (ROOT / "dipbench" / "data").glob("*/*"):
        assert wheel.read(str(path.relative_to(ROOT))) == path.read_bytes()


def test_wheel_holds_the_licence(wheel, metadata):
    (name,) = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
    assert wheel.read(name) == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: Apache-2.0" in metadata


def test_wheel_registers_the_command(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert "dipbench = dipbench.cli:main" in wheel.read(name).decode()


def test_versions_agree(metadata):
    cited = re.search(r"^version: *(\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    built = re.search(r"^Version: (\S+)$", metadata, re.MULTILINE)
    assert cited[1].strip("\"'") == built[1] == PROJECT["version"] == dipbench.__version__


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
    needed = {re.match(r"[\w-]+", line)[0] for line in PROJECT["dependencies"]}
    assert needed == {"numpy", "networkx", "pandas", "pyarrow", "huggingface_hub"}


@pytest.mark.parametrize("protocol", dipbench.tables())
def test_embedded_tables_are_small(protocol):
    files = list((ROOT / "dipbench" / "data" / protocol).iterdir())
    assert sorted(path.name for path in files) == DATA
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
    if which("git") is None or not (ROOT / ".git").exists():
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
