"""Commands that make what a report reads beside a table: scores, baselines, restored."""

from __future__ import annotations

from pathlib import Path

from dipbench.extras import require
from dipbench.figures import PNG, check_format
from dipbench.files import check_writable
from dipbench.program import AddCommand, Options
from generate.commands.options import add_images_option, add_protocol
from generate.protocols.known import PROTOCOLS
from generate.protocols.reading import get

__all__ = ["add_baselines", "add_restored", "add_scores"]


def add_scores(add: AddCommand) -> None:
    """Add ``python -m generate scores``."""
    scores = add("scores", _scores, "training-free scores of all networks, as `proxy` reads them")
    add_protocol(scores)
    add_images_option(scores)
    scores.add_argument(
        "--out", type=Path, required=True, metavar="FILE.csv", help="where to write"
    )


def _scores(options: Options) -> None:
    require("generate", "torch", "skimage", "tqdm")
    check_writable(options.out, file=True)
    import torch

    from generate.measure.scores import write_scores
    from generate.photographs.images import load_images

    protocol = get(options.protocol)
    torch.set_num_threads(1)
    write_scores(protocol, load_images(protocol, options.images), options.out)
    print(f"wrote {options.out}")


def add_baselines(add: AddCommand) -> None:
    """Add ``python -m generate baselines``."""
    known = add(
        "baselines", _baselines, "well-known methods on the same images, as `findings` reads"
    )
    add_protocol(known, default=None)
    add_images_option(known)
    known.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="where to write")


def _baselines(options: Options) -> None:
    require("generate", "torch", "skimage")
    check_writable(options.out, file=True)
    from generate.measure.baselines import Baseline, baselines, write_baselines
    from generate.photographs.images import load_images

    # Without --protocol: the first protocol of each task on BSDS500.
    chosen = [options.protocol] if options.protocol else _first_of_each_task()
    found: list[Baseline] = []
    for name in chosen:
        protocol = get(name)
        found += baselines(protocol, load_images(protocol, options.images))
    write_baselines(found, options.out)
    for one in found:
        print(f"{one.task:<12}{one.method:<26}{one.images:<6}{one.rmse:8.2f}{one.psnr:8.2f} dB")


def _first_of_each_task() -> list[str]:
    tasks: dict[str, str] = {}
    for protocol in PROTOCOLS.values():
        if protocol.manifest == "bsds500.json":
            tasks.setdefault(protocol.task, protocol.name)
    return list(tasks.values())


def add_restored(add: AddCommand) -> None:
    """Add ``python -m generate restored``."""
    restored = add("restored", _restored, "draw a photograph clean, degraded, restored")
    add_protocol(restored, "demo-v1")
    restored.add_argument("name", metavar="NAME", help="the architecture, by its name")
    add_images_option(restored)
    restored.add_argument("--image", metavar="ID", help="validation image (default: the first)")
    restored.add_argument(
        "--tasks",
        nargs="+",
        default=["denoise25", "inpaint50", "sr2"],
        metavar="TASK",
        help="a row each (default: denoise25 inpaint50 sr2)",
    )
    restored.add_argument("--out", type=Path, required=True, metavar="FILE", help="PNG, PDF or SVG")


def _restored(options: Options) -> None:
    require("generate", "torch", "skimage")
    require("plot", "matplotlib")
    check_format(options.out.suffix.removeprefix(".") or PNG)
    check_writable(options.out, file=True)
    from dataclasses import replace

    import torch

    from dipbench.spaces import named
    from generate.measure.restored import draw, restore
    from generate.photographs.images import load_images

    protocol = get(options.protocol)
    protocols = [replace(protocol, task=task) for task in options.tasks]
    architecture = named(options.name)
    if architecture is None:
        raise ValueError(f"unknown architecture {options.name!r}; expected a name of a space")
    images = load_images(protocol, options.images)
    image = protocol.dip_images[0] if options.image is None else options.image
    torch.set_num_threads(1)  # small networks: more threads only wait for one another
    device = torch.device("cpu")
    found = [restore(each, architecture, images, image, device) for each in protocols]
    print(f"wrote {draw(found, options.out)}")
