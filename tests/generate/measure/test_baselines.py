"""Baselines: what doing nothing costs, and that classical methods do better."""

import csv
import dataclasses

import pytest

from generate.measure.baselines import baselines, write_baselines

BETTER = {
    "denoise25": ("noisy input", ["total variation", "non-local means"]),
    "inpaint50": ("mean of what is observed", ["biharmonic"]),
    "sr2": ("nearest", ["bilinear", "bicubic"]),
}


@pytest.fixture(scope="module", params=BETTER)
def found(request, tiny, images):
    protocol = dataclasses.replace(tiny, task=request.param)
    return request.param, {(b.method, b.images): b for b in baselines(protocol, images)}


def test_every_method_beats_the_simplest(found):
    task, by_method = found
    worst, better = BETTER[task]
    assert {method for method, _ in by_method} == {worst, *better}
    for images, count in (("test", 4), ("dip", 2)):
        least = by_method[worst, images]
        assert least.count == count
        for method in better:
            assert by_method[method, images].rmse < least.rmse
            assert by_method[method, images].psnr > least.psnr


def test_the_noisy_input_is_as_far_off_as_the_noise(found):
    task, by_method = found
    if task == "denoise25":
        noisy = by_method["noisy input", "test"]
        assert noisy.rmse == pytest.approx(25, abs=0.4)
        assert noisy.psnr == pytest.approx(20.17, abs=0.15)


def test_the_file_has_a_row_per_method_and_images(found, tmp_path):
    task, by_method = found
    write_baselines(by_method.values(), tmp_path / "baselines.csv")
    with (tmp_path / "baselines.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["method"], row["images"]) for row in rows] == list(by_method)
    assert {row["task"] for row in rows} == {task}
