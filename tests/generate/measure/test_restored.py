"""Pictures of restorations: what they show, and that their errors are theirs."""

import dataclasses

import numpy as np
import pytest

from dipbench import Architecture
from generate.measure.restored import draw, restore
from generate.training.dip import fit
from generate.training.supervised import train

NAME = "d2-s0-nearest-w8"
A = Architecture.parse(NAME)


@pytest.fixture(scope="module", params=["denoise25", "inpaint50", "sr2"])
def protocol(request, tiny):
    return dataclasses.replace(tiny, task=request.param, recording=2)


@pytest.fixture(scope="module")
def restored(protocol, images, cpu):
    return restore(protocol, A, images, images.dip[0], cpu)


def test_the_errors_are_those_of_the_rows(protocol, images, cpu, restored):
    image = images.dip[0]
    fitted = fit(protocol, A.graph, A.key, {image: images.val[image]}, 0, cpu)
    errors = restored.errors
    assert errors["clean"] == 0
    assert errors["DIP, at its peak"] == pytest.approx(fitted.exact["exact_peak_rmse"][0])
    averaged = fitted.exact["averaged_exact_peak_rmse"][0]
    assert errors["DIP, averaged"] == pytest.approx(averaged)
    assert errors["DIP, at the end"] == pytest.approx(fitted.curves["rmse"][0, -1])
    one = dataclasses.replace(images, test={image: images.val[image]})
    assert errors["supervised"] == pytest.approx(
        train(protocol, A.graph, A.key, one, 0, cpu).each[0].test_rmse, rel=1e-5
    )


def test_pictures_are_of_full_size_and_drawn(restored, tmp_path):
    assert {picture.shape for picture in restored.pictures.values()} == {(64, 64)}
    assert all(np.isfinite(picture).all() for picture in restored.pictures.values())
    path = draw([restored, restored], tmp_path / "restored.png")
    assert path.stat().st_size > 10_000


def test_an_unknown_image_is_refused_before_anything_is_computed(tiny, images, cpu):
    with pytest.raises(ValueError, match="image 'nobody'; expected one of camera-a"):
        restore(tiny, A, images, "nobody", cpu)
