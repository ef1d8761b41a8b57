"""The examples with deepinv, in its own environment: `make test-deepinv`."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

import pytest

pytest.importorskip("deepinv")

EXAMPLES = Path(__file__).parents[2] / "examples" / "deepinv"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def _say_versions():
    print({name: version(name) for name in ("deepinv", "torch", "torchvision")})


def test_a_deep_image_prior_of_deepinv_restores_with_our_network():
    noisy, restored = example("dip").restore("d3-s-bilinear-w8", iterations=300)
    assert noisy == pytest.approx(20.2, abs=0.3)  # 20 log10(255 / 25)
    assert restored > noisy + 3


def test_the_trainer_of_deepinv_trains_our_network():
    before, after = example("supervised").learn("d2-s0-bilinear-w8", epochs=15)
    assert after > before + 5
    assert after > 22
