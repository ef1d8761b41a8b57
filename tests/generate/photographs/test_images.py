"""From photographs to arrays, and the errors on the way."""

import copy
import dataclasses
import hashlib
import shutil

import numpy as np
import pytest
from PIL import Image

from generate.photographs import pixels
from generate.photographs.images import centre, demo_folder, halve, load_images, save_images
from generate.photographs.pixels import grey
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
    image = np.arange(36, dtype=np.float32).reshape(6, 6)
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


def test_prepared_images_of_other_photographs_or_size_are_refused(tiny, images, tmp_path):
    path = tmp_path / "images.npz"
    save_images(images, tiny, path)
    with pytest.raises(ValueError, match=r"manifest_sha256 is .*\(core64-v1\)"):
        load_images(get("core64-v1"), path)
    with pytest.raises(ValueError, match=r"size is 64; expected 32"):
        load_images(dataclasses.replace(tiny, size=32), path)


def test_prepared_file_that_is_none_is_named(tiny, tmp_path):
    path = tmp_path / "images.npz"
    path.write_bytes(b"not a zip file")
    with pytest.raises(ValueError, match=r"images.npz"):
        load_images(tiny, path)


def one_file(tiny, path):
    """`tiny` with this file for its only training photograph."""
    entry = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return with_manifest(tiny, lambda manifest: manifest["splits"].update(train=[entry]))


def saved(folder, image, name="made.png", **options):
    image.save(folder / name, **options)
    return folder / name


STEPS = np.linspace(0, 1, 256)[None].repeat(256, 0)  # each column one grey value


@pytest.mark.parametrize(
    ("image", "name", "exact"),
    [
        (Image.fromarray((STEPS * 255).round().astype(np.uint8)), "made.png", 1 / 255),
        (Image.fromarray((STEPS * 65535).round().astype(np.uint16)), "made.png", 1e-4),
        (Image.fromarray((STEPS * 65535).round().astype(np.uint16)), "made.tif", 1e-4),
        (Image.fromarray(STEPS.astype(np.float32)), "made.tif", 1e-6),
        (
            Image.fromarray((STEPS * 255).round().astype(np.uint8)).convert("RGB"),
            "made.png",
            1 / 255,
        ),
        (
            Image.fromarray((STEPS * 255).round().astype(np.uint8)).convert("LA"),
            "made.png",
            1 / 255,
        ),
        (
            Image.fromarray((STEPS * 255).round().astype(np.uint8)).convert("RGBA"),
            "made.png",
            1 / 255,
        ),
        (Image.fromarray((STEPS * 255).round().astype(np.uint8)).convert("P"), "made.png", 1 / 255),
    ],
    ids=["grey8", "grey16", "tif16", "float", "rgb", "grey-alpha", "rgba", "palette"],
)
def test_every_depth_and_mode_comes_out_on_one_scale(tiny, folder, image, name, exact):
    protocol = one_file(tiny, saved(folder, image, name))
    (found,) = load_images(protocol, folder).train
    assert found == pytest.approx(halve(STEPS.astype(np.float32)), abs=exact)


def test_one_bit_is_black_and_white(tiny, folder):
    path = saved(folder, Image.fromarray(STEPS > 0.5))
    (found,) = load_images(one_file(tiny, path), folder).train
    assert sorted(np.unique(found)) == [0, 1]


BYTES = (STEPS * 255).round().astype(np.uint8)
CLEAR = np.dstack([BYTES, BYTES, BYTES, BYTES])


@pytest.mark.parametrize(
    ("image", "name", "problem"),
    [
        (Image.fromarray(BYTES).convert("CMYK"), "made.jpg", "mode CMYK; expected grey or RGB"),
        (Image.fromarray(CLEAR), "made.png", "alpha channel is not opaque"),
        (Image.fromarray(STEPS.astype(np.float32) * 255), "made.tif", "values from 0 to 255"),
        (Image.fromarray((STEPS * 9e5).astype(np.int32)), "made.tif", "pixels of type int32"),
    ],
    ids=["cmyk", "alpha", "float255", "int32"],
)
def test_what_is_not_read_is_refused_by_name(tiny, folder, image, name, problem):
    path = saved(folder, image, name)
    with pytest.raises(ValueError, match=f"{name}: .*{problem}"):
        load_images(one_file(tiny, path), folder)


def test_twelve_bits_in_sixteen_are_refused(tiny, folder, monkeypatch):
    path = saved(folder, Image.fromarray((STEPS * 4095).astype(np.uint16)), "made.tif")
    monkeypatch.setattr(pixels, "_stated_bits", lambda image: 12)  # Pillow writes no such file
    with pytest.raises(ValueError, match=r"made.tif: 12 bits a channel"):
        load_images(one_file(tiny, path), folder)


def test_several_pictures_in_a_file_are_refused(tiny, folder):
    first = Image.fromarray(BYTES)
    path = saved(folder, first, "made.tif", save_all=True, append_images=[first] * 6)
    with pytest.raises(ValueError, match=r"made.tif: array of shape \(7, 256, 256\)"):
        load_images(one_file(tiny, path), folder)


def test_a_small_training_photograph_is_found_and_named(tiny, folder):
    path = saved(folder, Image.fromarray(BYTES[:100, :100]), "small.png")
    with pytest.raises(ValueError, match=r"training image small.png: 50 × 50 .* at least 64 × 64"):
        load_images(one_file(tiny, path), folder)


def test_a_small_test_photograph_is_named(tiny, folder):
    path = saved(folder, Image.fromarray(BYTES[:100, :100]), "small.png")
    entry = {"id": "s", "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    edited = with_manifest(tiny, lambda manifest: manifest["splits"].update(test=[entry]))
    with pytest.raises(ValueError, match=r"image small.png of \(100, 100\) pixels"):
        load_images(edited, folder)


def test_a_crop_beyond_the_photograph_is_refused(tiny):
    def move(manifest):
        manifest["splits"]["val"][0]["crop"] = [500, 0, 128, 128]

    with pytest.raises(ValueError, match=r"camera.png: crop \[500, 0, 128, 128\] goes beyond"):
        load_images(with_manifest(tiny, move), None)


def test_one_prepared_file_serves_every_protocol_of_its_photographs(tiny, images, tmp_path):
    path = tmp_path / "images.npz"
    save_images(images, tiny, path)
    other = dataclasses.replace(tiny, name="other", task="inpaint50", seeds=(7,))
    assert np.array_equal(load_images(other, path).train[0], images.train[0])


def test_prepared_values_beyond_the_scale_are_refused(tiny, images, tmp_path):
    wrong = dataclasses.replace(images, train=(images.train[0] * 257, *images.train[1:]))
    save_images(wrong, tiny, tmp_path / "images.npz")
    with pytest.raises(ValueError, match=r"image 0000: values from .*; expected 0 to 1"):
        load_images(tiny, tmp_path / "images.npz")
