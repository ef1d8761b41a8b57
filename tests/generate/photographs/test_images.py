"""From photographs to arrays, and the errors on the way."""

import copy
import dataclasses
import hashlib
import shutil

import numpy as np
import pytest

from generate.photographs.images import centre, demo_folder, grey, halve, load_images, save_images
from generate.protocols.reading import get


def with_manifest(protocol, change):
    """A copy of `protocol` whose image manifest has been edited."""
    manifest = copy.deepcopy(protocol.images)
    change(manifest)
    edited = dataclasses.replace(protocol)
    edited.__dict__["images"] = manifest
    return edited


@pytest.fixture
def folder(tiny, tmp_path):
    """The demo's photographs in a folder that a test may spoil."""
    source = demo_folder(tiny)
    for entries in tiny.images["splits"].values():
        for entry in entries:
            shutil.copy(source / entry["file"], tmp_path / entry["file"])
    return tmp_path


def test_demo_images_have_the_sizes_of_the_protocol(images):
    assert [image.shape for image in images.train] == [(150, 225), (200, 300), (213, 320)]
    for image in [*images.val.values(), *images.test.values()]:
        assert image.shape == (64, 64)
        assert image.dtype == np.float32
        assert 0 <= image.min() < image.max() <= 1
    assert set(images.dip) <= set(images.val)


def test_luma_weighs_red_green_and_blue():
    pixels = np.eye(3)[None]
    assert grey(pixels).ravel() == pytest.approx([0.299, 0.587, 0.114])


def test_halving_averages_blocks_and_leaves_an_odd_row_out():
    image = np.arange(15, dtype=np.float32).reshape(3, 5)
    assert halve(image).tolist() == [[3.0, 5.0]]


def test_centre_is_in_the_middle_and_names_an_image_that_is_too_small():
    image = np.arange(36).reshape(6, 6)
    assert centre(image, 2).tolist() == [[14, 15], [20, 21]]
    with pytest.raises(ValueError, match=r"\(6, 6\).*8 × 8"):
        centre(image, 8)


def test_missing_folder_is_named(tiny, tmp_path):
    with pytest.raises(ValueError, match=r"image folder .*nowhere.*chelsea.png"):
        load_images(tiny, tmp_path / "nowhere")


def test_missing_photograph_is_named(tiny, folder):
    (folder / "coffee.png").unlink()
    with pytest.raises(ValueError, match=r"coffee.png: No such file"):
        load_images(tiny, folder)


def test_other_photograph_of_the_same_name_is_refused(tiny, folder):
    shutil.copy(folder / "coffee.png", folder / "chelsea.png")
    with pytest.raises(ValueError, match=r"chelsea.png: SHA-256 is"):
        load_images(tiny, folder)


def test_corrupt_jpeg_is_named(tiny, folder):
    broken = (folder / "rocket.jpg").read_bytes()[:200]
    (folder / "rocket.jpg").write_bytes(broken)

    def admit(manifest):
        manifest["splits"]["train"][2]["sha256"] = hashlib.sha256(broken).hexdigest()

    with pytest.raises(ValueError, match=r"rocket.jpg: cannot be decoded"):
        load_images(with_manifest(tiny, admit), folder)


def test_core64_needs_its_folder_named():
    with pytest.raises(ValueError, match=r"BSDS500; expected --images"):
        load_images(get("core64-v1"), None)


def test_prepared_images_are_the_same_images(tiny, images, tmp_path):
    path = tmp_path / "images.npz"
    save_images(images, tiny, path)
    again = load_images(tiny, path)
    assert again.dip == images.dip
    assert list(again.val) == list(images.val)
    assert all(np.array_equal(a, b) for a, b in zip(again.train, images.train, strict=True))
    assert all(np.array_equal(again.test[i], images.test[i]) for i in images.test)
    assert [p.name for p in tmp_path.iterdir()] == ["images.npz"]


def test_prepared_images_of_another_protocol_are_refused(tiny, images, tmp_path):
    path = tmp_path / "images.npz"
    save_images(images, tiny, path)
    with pytest.raises(ValueError, match=r"protocol hash is .*\(demo-v1\)"):
        load_images(get("demo-v1"), path)


def test_prepared_file_that_is_none_is_named(tiny, tmp_path):
    path = tmp_path / "images.npz"
    path.write_bytes(b"not a zip file")
    with pytest.raises(ValueError, match=r"images.npz"):
        load_images(tiny, path)
