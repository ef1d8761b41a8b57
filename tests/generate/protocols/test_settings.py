"""The numbers that a protocol promises."""

import dataclasses

import pytest

from generate.protocols.known import PROTOCOLS
from generate.protocols.reading import get
from generate.protocols.settings import DipSettings, log_steps

# A hash may only change together with the protocol's name.
HASHES = {
    "core64-v1": "1965cae497455bd96481c9a82c11502b53d806526a21a32bd1e1032a96e3e6ec",
    "core64-still-v1": "456c93278a41c5e3f785dd1d18700885bda77aaf09bb262623e2b66754b07145",
    "core64-inpaint50-v1": "2453481ddaedf6352b71e34148ee226d594edabf92330543050457163fcaa7a9",
    "core64-sr2-v1": "4902a505739bd47a6b28f51c06d4f859763250370e0d5ca565289fc3c7777839",
    "core64-long-v1": "4244449a6019d9c612672068e69ded9254f7cabea03bed4edfba3d7d082fda79",
    "core64-denoise15-v1": "1217a2caf049f7e59d52821e8ef6bcf9067a6f427c4660d20693bbe08b64020a",
    "core64-denoise50-v1": "1515a90aa57c6c40aa3d927bbf3544f83ea7391940cf369c50994c0ed62a1d9a",
    "unet64-v1": "eaffdfe755e1898e0711dca93bbcd7d705b15551d361199e4ee6e7a42112b57f",
    "demo-v1": "ca3aff7d8194352366d0e2b9a13dd6759aab0511fd4d74ed51af5f5b0211732f",
}


def test_hashes_are_pinned():
    assert {name: protocol.hash for name, protocol in PROTOCOLS.items()} == HASHES


def test_core64_numbers_are_those_of_the_declared_protocol():
    protocol = get("core64-v1")
    assert (protocol.task, protocol.operator.sigma, protocol.size) == ("denoise25", 25.0, 64)
    assert protocol.seeds == (0, 1, 2)
    training = protocol.supervised
    assert (training.steps, training.batch, training.learning_rate) == (1000, 16, 3e-3)
    dip = protocol.dip
    assert (dip.iterations, dip.learning_rate, dip.averaging) == (3000, 0.01, 0.99)
    assert (dip.input_channels, dip.input_scale, dip.perturbation) == (16, 0.1, 1 / 30)


def test_core64_images_are_the_splits_of_bsds500_and_every_twelfth_validation_image():
    manifest = get("core64-v1").images
    splits = manifest["splits"]
    assert {name: len(entries) for name, entries in splits.items()} == {
        "train": 200,
        "val": 100,
        "test": 200,
    }
    ids = [entry["id"] for entry in splits["val"]]
    assert ids == sorted(ids)
    assert manifest["dip"] == ids[::12][:8]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_photograph_is_in_two_splits(name):
    splits = get(name).images["splits"]
    files = {split: {e["sha256"] for e in entries} for split, entries in splits.items()}
    assert not files["train"] & files["val"]
    assert not files["train"] & files["test"]
    assert not files["val"] & files["test"]


def test_every_number_is_part_of_the_hash():
    protocol = get("demo-v1")
    assert dataclasses.replace(protocol, task="denoise15").hash != protocol.hash
    dip = dataclasses.replace(protocol.dip, averaging=0.9)
    assert dataclasses.replace(protocol, dip=dip).hash != protocol.hash


def test_log_steps_run_from_one_to_the_last_without_repeats():
    steps = log_steps(3000, 48)
    assert steps[0] == 1
    assert steps[-1] == 3000
    assert len(steps) == 42
    assert list(steps) == sorted(set(steps))


def test_unknown_protocol_is_named_with_the_choices():
    with pytest.raises(ValueError, match=r"'core65'.*core64-v1"):
        get("core65")


def test_a_window_longer_than_the_fit_is_refused():
    with pytest.raises(ValueError, match="stop_window is 100"):
        DipSettings(iterations=50)
