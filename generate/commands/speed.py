"""Commands that time the engines and check them: bench, gpu-check."""

from __future__ import annotations

import json
from pathlib import Path

from dipbench.extras import require
from dipbench.program import AddCommand, Options, duration
from generate.commands.options import (
    DEFAULT_RESULTS,
    add_device,
    add_images_option,
    add_precision,
    add_protocol,
    checked_device,
    checked_precision,
)
from generate.protocols.reading import get

__all__ = ["add_bench", "add_gpu_check"]


def add_bench(add: AddCommand) -> None:
    """Add ``python -m generate bench``."""
    bench = add("bench", _bench, "time ours, the plain way and the machine")
    add_protocol(bench, "demo-v1")
    add_images_option(bench)
    add_device(bench)
    add_precision(bench)
    bench.add_argument("--seconds", type=duration, default=4.0, help="of each turn")
    bench.add_argument("--json", action="store_true", help="for programs")


def _bench(options: Options) -> None:
    require("generate", "torch", "skimage")
    import torch

    from generate.bench.rates import bench, report
    from generate.photographs.images import load_images

    protocol = get(options.protocol)
    torch.set_num_threads(1)
    device = torch.device(checked_device(options.device))
    images = load_images(protocol, options.images)
    precision = checked_precision(options.precision, device.type)
    found = bench(protocol, images, device, seconds=options.seconds, precision=precision)
    print(json.dumps(found) if options.json else report(found))


def add_gpu_check(add: AddCommand) -> None:
    """Add ``python -m generate gpu-check``."""
    check = add("gpu-check", _gpu_check, "whether a GPU computes right, and how fast")
    add_protocol(check)
    add_images_option(check)
    check.add_argument("--device", default="cuda", help="cuda or cuda:N")
    check.add_argument("--minutes", type=duration, default=4.0, help="about how long")
    check.add_argument(
        "--reference",
        type=Path,
        default=DEFAULT_RESULTS,
        metavar="DIR",
        help="results to compare with; shards lie in DIR/PROTOCOL",
    )


def _gpu_check(options: Options) -> int:
    require("generate", "torch", "skimage")
    import torch

    from generate.bench.gpu_check import Check, gpu_check, report
    from generate.photographs.images import load_images

    # Without photographs of BSDS500, those that the demo brings.
    name = "demo-v1" if options.images is None else options.protocol
    protocol, device = get(name), torch.device(checked_device(options.device))
    images = load_images(protocol, options.images)
    torch.set_num_threads(1)
    # A minute in all leaves a second for each rate.
    check = Check(protocol, images, device, options.reference, seconds=options.minutes)
    failed = 0
    for line in gpu_check(check, options.minutes):
        print(report(line), flush=True)
        failed += line.holds is False
    return int(failed > 0)
