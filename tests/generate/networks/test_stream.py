"""Which GPU kernels are launched on; torch's own reading of devices decides what it accepts."""

import pytest
import torch

from generate.commands.options import checked_device
from generate.networks.stream import made_current


@pytest.fixture
def current(monkeypatch):
    """The numbers of the GPUs that were made current, as `torch.cuda.set_device` reads them."""
    found = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.cuda, "set_device", lambda one: found.append(torch.cuda._utils._get_device_index(one))
    )
    return found


@pytest.mark.parametrize(
    ("name", "numbers"), [("cuda", []), ("cuda:1", [1]), ("cpu", []), ("auto", [])]
)
def test_a_gpu_with_a_number_is_made_current_and_one_without_is_left_to_torch(
    name, numbers, current
):
    assert checked_device(name) == ("cuda" if name == "auto" else name)
    assert current == numbers


def test_the_device_is_given_back(current):
    device = torch.device("cuda:3")
    assert made_current(device) is device
    assert current == [3]


def test_torch_refuses_a_gpu_without_a_number(current):
    with pytest.raises(ValueError, match="specified index"):
        torch.cuda.set_device(torch.device("cuda"))  # why it is not asked
