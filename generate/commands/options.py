"""Options that several commands have, and the checks of their values."""

from __future__ import annotations

import argparse
from pathlib import Path

from dipbench.program import Options
from generate.protocols.known import PROTOCOLS
from generate.protocols.reading import get
from generate.protocols.settings import Protocol

__all__ = [
    "DEFAULT_RESULTS",
    "add_device",
    "add_images_option",
    "add_precision",
    "add_protocol",
    "add_results",
    "checked_device",
    "checked_precision",
    "protocol_and_folder",
]

IMAGES = "folder of photographs, or prepared .npz (default: those of scikit-image)"
DEFAULT_RESULTS = Path("generate/results")


def add_protocol(to: argparse.ArgumentParser, default: str | None = "core64-v1") -> None:
    """Add ``--protocol``; without a default the command takes one for each task."""
    to.add_argument(
        "--protocol",
        default=default,
        metavar="NAME|FILE.json",
        help=f"{', '.join(PROTOCOLS)} or your own (default: {default or 'each task'})",
    )


def add_images_option(to: argparse.ArgumentParser) -> None:
    """Add ``--images``, which `generate.photographs.images.load_images` reads."""
    to.add_argument("--images", type=Path, metavar="PATH", help=IMAGES)


def add_results(to: argparse.ArgumentParser) -> None:
    """Add ``--results``, which `protocol_and_folder` reads."""
    to.add_argument(
        "--results",
        type=Path,
        default=DEFAULT_RESULTS,
        metavar="DIR",
        help="shards lie in DIR/PROTOCOL",
    )


def protocol_and_folder(options: Options) -> tuple[Protocol, Path]:
    """The protocol of a command, and the folder of its shards."""
    protocol = get(options.protocol)
    return protocol, options.results / protocol.name


def add_device(to: argparse.ArgumentParser) -> None:
    """Add ``--device``, which `checked_device` reads."""
    to.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")


def checked_device(name: str) -> str:
    """The device that is meant.

    Raises:
        ValueError: torch knows no such device, or finds no GPU.
    """
    import torch

    from generate.networks.stream import made_current

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device {name!r}: torch finds no GPU; expected cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device {name!r}; expected auto, cpu, cuda or cuda:N") from None
    return str(made_current(device))


def add_precision(to: argparse.ArgumentParser) -> None:
    """Add ``--precision``, which `checked_precision` reads."""
    to.add_argument(
        "--precision",
        choices=("float32", "tf32"),
        default="float32",
        help="of convolutions on a GPU",
    )


def checked_precision(name: str, device: str) -> str:
    """The precision that was asked for.

    Raises:
        ValueError: the device has float32 alone.
    """
    if name != "float32" and not device.startswith("cuda"):
        raise ValueError(f"--precision {name} on {device}; expected float32, or a GPU")
    return name
