"""What an import costs: nothing that the caller did not ask for."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dipbench
from dipbench import load

ROOT = Path(__file__).parents[2]
CONTRACT = [
    "Architecture",
    "InvalidArchitecture",
    "NotInTable",
    "Space",
    "canonical_key",
    "depth",
    "load",
    "predict",
    "query",
    "query_many",
    "slc",
    "tables",
    "to_torch",
]
# What the contract leaves open but a release has.
FURTHER = [
    "Curve",
    "DipbenchError",
    "HubFailed",
    "InvalidTable",
    "NoSurrogate",
    "Prediction",
    "Result",
    "SearchLimitExceeded",
    "Table",
    "Unreachable",
    "download",
    "macs",
    "params",
    "slc_many",
]
HEAVY = {"networkx", "pandas", "huggingface_hub", "torch", "matplotlib", "scipy", "generate", "api"}


def imported(script, *arguments):
    """The modules there are after `script`, in a new interpreter."""
    report = "\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-c", script + report, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_nothing_heavy():
    assert not imported("import dipbench") & (HEAVY | {"pyarrow", "numpy"})


def test_query_of_a_name_loads_the_reader_of_parquet_alone():
    script = "import sys\nfrom dipbench import query\nquery(sys.argv[1])"
    found = imported(script, load().architectures["name"][0].as_py())
    assert "pyarrow" in found
    assert not found & HEAVY


@pytest.mark.parametrize(
    "script",
    [
        "from dipbench import Architecture\nArchitecture.parse('d2-s0-nearest-w8').slc",
        "from dipbench import Space\nlen(Space('core64'))",
        "import dipbench.cli",
        "from dipbench import to_torch",
    ],
)
def test_notation_and_command_line_need_no_library_at_all(script):
    assert not imported(script) & (HEAVY | {"pyarrow", "numpy"})


def test_features_of_a_graph_load_networkx_and_no_reader():
    script = "from dipbench import Architecture, slc\nslc(Architecture(2).graph)"
    assert not imported(script) & (HEAVY - {"networkx"} | {"pyarrow"})


def test_public_names_are_those_of_the_contract():
    assert dipbench.__all__ == sorted(CONTRACT + FURTHER)


@pytest.mark.parametrize("name", dipbench.__all__)
def test_public_name_is_there_and_documented(name):
    value = getattr(dipbench, name)
    assert value.__name__ == name
    assert value.__module__.startswith("dipbench.")
    assert value.__doc__
    assert getattr(dipbench, name) is value


@pytest.mark.parametrize("name", dipbench.__all__)
def test_dir_lists_public_names_before_they_are_used(name):
    script = "import dipbench\nassert sys.argv[1] in dir(dipbench)"
    assert name in dir(dipbench)
    if name == "query":  # one new interpreter is enough
        imported("import sys\n" + script, name)


def test_star_import_brings_the_public_names():
    names: dict[str, Any] = {}
    exec("from dipbench import *", names)
    assert set(dipbench.__all__) <= set(names)


@pytest.mark.parametrize("name", ["nothing", "Query", "torch", "_private"])
def test_unknown_attribute_is_named(name):
    with pytest.raises(AttributeError, match=f"module 'dipbench' has no attribute '{name}'"):
        getattr(dipbench, name)


def test_unknown_name_cannot_be_imported():
    with pytest.raises(ImportError, match="nothing"):
        exec("from dipbench import nothing")


def test_version_is_a_release():
    assert all(part.isdecimal() for part in dipbench.__version__.split("."))


def test_packages_import_each_other_only_along_the_arrows():
    if not (ROOT / "api" / "__init__.py").exists():
        pytest.skip("the package api is not there")
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed beside the interpreter")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
