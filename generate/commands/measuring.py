"""Commands that measure, or name what to measure: run, nominate, reproduce, demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from dipbench.extras import require
from dipbench.files import check_writable
from dipbench.program import AddCommand, Options, duration, positive
from generate.commands.options import (
    add_device,
    add_images_option,
    add_precision,
    add_protocol,
    add_results,
    checked_device,
    checked_precision,
    protocol_and_folder,
)
from generate.protocols.reading import get

if TYPE_CHECKING:
    from generate.measure.executors.job import Executor

__all__ = ["add_demo", "add_nominate", "add_reproduce", "add_run"]

STOPPED = "stopped; every finished unit is on disk, the same command goes on"


def add_run(add: AddCommand) -> None:
    """Add ``python -m generate run``."""
    runs = add("run", _run, "measure what is missing", STOPPED)
    add_protocol(runs)
    add_images_option(runs)
    add_results(runs)
    add_device(runs)
    runs.add_argument(
        "--workers", type=positive, metavar="N", help="units at once (default: one per core)"
    )
    runs.add_argument("--executor", choices=("local", "ray"), default="local", help="where to run")
    runs.add_argument("--address", metavar="HOST:PORT", help="Ray cluster (default: auto)")
    runs.add_argument(
        "--num-gpus",
        type=float,
        metavar="N",
        help="GPUs of a worker, with ray (default: by device)",
    )
    runs.add_argument(
        "--time-limit", type=duration, metavar="SECONDS", help="stop in time (default: never)"
    )
    runs.add_argument(
        "--limit", type=positive, metavar="N", help="measure at most N units (default: all)"
    )
    runs.add_argument(
        "--sample",
        type=positive,
        metavar="N",
        help="only N architectures, with all runs (default: all)",
    )
    add_precision(runs)
    runs.add_argument("--quiet", action="store_true", help="no progress bar")


def _run(options: Options) -> None:
    require("generate", "torch", "skimage", "tqdm")
    from generate.measure.run import run
    from generate.photographs.images import load_images

    protocol, folder = protocol_and_folder(options)
    executor, device = _executor(options)
    left = run(
        protocol,
        load_images(protocol, options.images),
        folder,
        executor=executor,
        workers=options.workers,
        device=device,
        time_limit=options.time_limit,
        limit=options.limit,
        sample=options.sample,
        quiet=options.quiet,
        precision=checked_precision(options.precision, device),
    )
    print(f"{protocol.name}: {left} units left" if left else f"{protocol.name}: complete")


def _executor(options: Options) -> tuple[Executor, str]:
    """What measures, and on which device."""
    if options.executor == "ray":
        from generate.measure.executors import on_ray

        return on_ray(options.device, options.address or "auto", options.num_gpus)
    if options.address is not None or options.num_gpus is not None:
        raise ValueError("--address and --num-gpus without a cluster; expected --executor ray")
    from generate.measure.executors import batched, local

    device = checked_device(options.device)
    return (batched if device.startswith("cuda") else local).run_units, device


def add_nominate(add: AddCommand) -> None:
    """Add ``python -m generate nominate``."""
    best = add(
        "nominate", _nominate, "what search finds best on predictions, as a protocol to measure"
    )
    add_protocol(best, default="unet64-v1")
    best.add_argument(
        "--surrogate", type=Path, metavar="FILE.npz", help="default: that of the space and task"
    )
    best.add_argument("--name", required=True, help="of the new protocol")
    best.add_argument(
        "--count", type=positive, default=10, metavar="N", help="of each problem (default: 10)"
    )
    best.add_argument(
        "--repeats", type=positive, default=5, metavar="N", help="of each search (default: 5)"
    )
    best.add_argument(
        "--evaluations", type=positive, default=200, metavar="N", help="of a search (default: 200)"
    )
    best.add_argument("--rng-seed", type=int, default=0, help="of the searches (default: 0)")
    best.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="for NAME.json and NAME.csv"
    )


def _nominate(options: Options) -> None:
    require("nas", "scipy", "sklearn")
    check_writable(options.out)
    from generate.measure.nominate import nominated

    protocol = get(options.protocol)
    settings = {name: getattr(options, name) for name in ("count", "repeats", "evaluations")}
    seeded = options.surrogate, options.rng_seed
    for path in nominated(protocol, options.name, options.out, *seeded, **settings):
        print(path)


def add_reproduce(add: AddCommand) -> None:
    """Add ``python -m generate reproduce``."""
    again = add("reproduce", _reproduce, "measure one row of a table again and compare the two")
    add_protocol(again)
    again.add_argument("name", metavar="NAME", help="of the architecture")
    again.add_argument(
        "--mode", choices=("supervised", "dip"), default="supervised", help="of the row"
    )
    again.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    again.add_argument("--image", metavar="ID", help="of the DIP fit (default: none)")
    add_images_option(again)
    again.add_argument("--table", type=Path, metavar="DIR", help="default: the embedded table")
    again.add_argument("--device", default="cpu", help="auto, cpu, cuda or cuda:N (default: cpu)")
    again.add_argument(
        "--weights",
        type=Path,
        metavar="FILE.safetensors",
        help="keep the trained network (default: do not)",
    )
    again.add_argument(
        "--out", type=Path, metavar="DIR", help="keep restored images and curves (default: do not)"
    )
    again.add_argument("--json", action="store_true", help="for programs")


def _reproduce(options: Options) -> int:
    """0 if the row is reproduced, 1 if it is not."""
    require("generate", "torch", "skimage", *(["safetensors"] if options.weights else []))
    if options.weights is not None:
        if not options.weights.absolute().parent.is_dir():
            raise ValueError(f"--weights {options.weights}: its folder does not exist")
        check_writable(options.weights, file=True)
    if options.out is not None:
        check_writable(options.out)
    import torch

    from dipbench.table.hub import load
    from generate.measure.reproduce import find_row, reproduce, write_files, write_weights
    from generate.photographs.images import load_images

    protocol, device = get(options.protocol), torch.device(checked_device(options.device))
    table = load(options.table) if options.table else load(protocol=protocol.name)
    asked = options.name, options.mode, options.seed, options.image
    find_row(protocol, table, *asked)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # as for the row
    images = load_images(protocol, options.images)
    found, kept = reproduce(protocol, table, images, *asked, device)
    files = write_files(found, kept, options.out) if options.out is not None else []
    if options.weights is not None:
        write_weights(kept.network, options.weights, found.here)
        files.append(options.weights)
    if options.json:
        print(json.dumps(found.as_dict() | {"files": list(map(str, files))}, allow_nan=False))
    else:
        print(found, *(f"wrote {path}" for path in files), sep="\n")
    return 1 if found.reproduced is False else 0


def add_demo(add: AddCommand) -> None:
    """Add ``python -m generate demo``."""
    demo = add("demo", _demo, "measure demo-v1, query it and draw it", STOPPED)
    add_protocol(demo)
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="for shards, table, plots"
    )


def _demo(options: Options) -> None:
    require("generate", "torch", "skimage", "tqdm")
    require("plot", "matplotlib")
    check_writable(options.out)
    from generate.measure.demo import demo

    demo(options.out)
