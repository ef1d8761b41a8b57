"""The notebooks run, and show what they hold."""

import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"


def _load():
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


notebooks = _load()


def test_there_is_one_for_each_reader():
    assert [path.stem for path in notebooks.NOTEBOOKS] == [
        "dip-and-depth",
        "search-on-unet64",
        "your-own-space",
    ]


@pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)
def test_it_shows_what_it_holds(path):
    if path.stem == "your-own-space":
        pytest.importorskip("torch")
    found = notebooks.execute(path)
    for cell, new in zip(notebooks.cells(path), found, strict=True):
        assert notebooks.outputs({"outputs": new}) == notebooks.outputs(cell), "".join(
            cell["source"]
        )


@pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_a_notebook_of_version_4(path):
    said = json.loads(path.read_text("utf-8"))
    assert (said["nbformat"], said["nbformat_minor"]) == (4, 5)
    identifiers = [cell["id"] for cell in said["cells"]]
    assert len(set(identifiers)) == len(identifiers)
    assert said["cells"][0]["cell_type"] == "markdown"
