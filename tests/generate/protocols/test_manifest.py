"""Image manifests: all that can be known of one is checked before anything is measured."""

import copy
import json

import pytest
from PIL import Image

from generate.__main__ import main
from generate.protocols.manifest import check_manifest, read_manifest
from generate.protocols.reading import get, read_protocol
from generate.protocols.settings import MANIFESTS


@pytest.fixture
def manifest():
    return json.loads((MANIFESTS / "demo.json").read_bytes())


def changed(manifest, *path, value):
    """A copy with another value at `path`; None removes it."""
    edited = copy.deepcopy(manifest)
    *front, last = path
    place = edited
    for part in front:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return edited


@pytest.mark.parametrize("name", ["demo.json", "bsds500.json"])
def test_those_that_come_with_the_generator_are_right(name):
    read_manifest(MANIFESTS / name, 64)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (["splits"], None, "'splits' is missing; expected train, val, test"),
        (["splits", "test"], None, "expected train, val, test"),
        (["splits", "train"], [], r"'train' is \[\]; expected a list with at least one"),
        (["splits", "train", 0], "a.png", "train image 0 is 'a.png'; expected an object"),
        (["splits", "train", 0, "file"], "/etc/a.png", "'file' is '/etc/a.png'; expected a path"),
        (["splits", "train", 0, "file"], "../a.png", "expected a path below the folder"),
        (["splits", "val", 0, "sha256"], "abc", "val image 0: 'sha256' is 'abc'; expected 64"),
        (["splits", "val", 0, "id"], None, "val image 0: 'id' is missing; expected letters"),
        (["splits", "val", 0, "id"], "camera-b", "val image 1: 'id' 'camera-b' is given twice"),
        (["splits", "val", 0, "crop"], [0, 0, 9, 9], "'crop' is .* at least 128 × 128"),
        (["splits", "val", 0, "crop"], "all", "'crop' is 'all'; expected .top"),
        (["dip"], [], r"'dip' is \[\]; expected ids of val images"),
        (["dip"], ["camera-a", "camera-a"], "expected ids of val images, each once"),
        (
            ["dip"],
            ["nobody"],
            "'dip' names 'nobody', which is not a val image; expected some of",
        ),
        (["source"], None, "'source' is missing; expected some text"),
        (["citation"], " ", "'citation' is ' '; expected some text"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(manifest, path, value, problem):
    with pytest.raises(ValueError, match=problem):
        check_manifest(changed(manifest, *path, value=value), 64)


def test_a_manifest_that_is_a_list_is_refused():
    with pytest.raises(ValueError, match=r"\[\]; expected an object"):
        check_manifest([], 64)


def test_a_protocol_with_a_wrong_manifest_names_both_files(manifest, tmp_path):
    (tmp_path / "photos.json").write_text(json.dumps(changed(manifest, "splits", value=None)))
    said = {"name": "mine", "space": "core64", "manifest": "photos.json"}
    (tmp_path / "mine.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match=r"mine.json: image manifest photos.json: 'splits' is"):
        read_protocol(tmp_path / "mine.json")


@pytest.fixture
def folder(tmp_path):
    """Eight photographs of 130 × 140 pixels, and a text."""
    place = tmp_path / "photographs"
    place.mkdir()
    for number in range(8):
        Image.new("L", (140, 130), number * 30).save(place / f"photo {number}.png")
    (place / "notes.txt").write_text("")
    return place


SAID = ["--source", "me", "--citation", "me, 2026", "--terms", "CC0"]


def test_a_manifest_is_made_from_a_folder_and_serves_a_protocol(folder, tmp_path, capsys):
    out = tmp_path / "photos.json"
    assert main(["manifest", str(folder), *SAID, "--out", str(out)]) == 0
    assert "4 train, 2 val, 2 test; DIP on photo-4, photo-5" in capsys.readouterr().out
    said = {"name": "mine", "space": "core64", "manifest": "photos.json"}
    (tmp_path / "mine.json").write_text(json.dumps(said))
    assert get(str(tmp_path / "mine.json")).dip_images == ("photo-4", "photo-5")
    command = ["images", "--protocol", str(tmp_path / "mine.json"), "--images", str(folder)]
    assert main(command) == 0


def test_folders_named_after_the_splits_are_the_splits(folder, tmp_path, capsys):
    for number, split in enumerate(["train", "train", "train", "val", "test"]):
        (folder / split).mkdir(exist_ok=True)
        path = folder / f"photo {number}.png"
        path.rename(folder / split / path.name)
    out = tmp_path / "photos.json"
    assert main(["manifest", str(folder), *SAID, "--out", str(out)]) == 0
    assert "3 train, 1 val, 1 test" in capsys.readouterr().out
    assert json.loads(out.read_bytes())["splits"]["val"][0]["file"] == "val/photo 3.png"


def test_a_folder_of_too_few_or_too_small_photographs_is_refused(folder, tmp_path, capsys):
    out = tmp_path / "photos.json"
    for number in range(3, 8):
        (folder / f"photo {number}.png").unlink()
    assert main(["manifest", str(folder), *SAID, "--out", str(out)]) == 2
    assert "3 photographs, none for val and test; expected at least 4" in capsys.readouterr().err
    assert main(["manifest", str(folder / "no"), *SAID, "--out", str(out)]) == 2
    assert "is not a folder" in capsys.readouterr().err
    Image.new("L", (140, 90)).save(folder / "photo 9.png")
    assert main(["manifest", str(folder), *SAID, "--out", str(out)]) == 2
    assert "photo 9.png: 90 × 140 pixels; expected at least 128" in capsys.readouterr().err
    assert not out.exists()
