"""``python -m generate``: from photographs to a table, one function for each command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dipbench.extras import require
from dipbench.files import check_writable, replacing
from dipbench.program import Options, command, positive, program, run
from generate.protocols.known import PROTOCOLS
from generate.protocols.reading import get
from generate.protocols.settings import Protocol

if TYPE_CHECKING:
    from generate.measure.executors.job import Executor

STOPPED = "stopped; every finished unit is on disk, the same command goes on"
IMAGES = "folder of photographs, or prepared .npz (default: those of scikit-image)"
DEFAULT_RESULTS = Path("generate/results")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors of use are one line on standard error and exit code 2."""
    return run(_parser(), arguments, STOPPED)


def _parser() -> argparse.ArgumentParser:
    parser = program("python -m generate", "Measure a benchmark table, from photographs on.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str,
        function: Callable[[Options], int | None],
        text: str,
        default: str | None = "core64-v1",
    ) -> argparse.ArgumentParser:
        added = command(commands, name, function, text)
        added.add_argument(
            "--protocol",
            default=default,
            metavar="NAME|FILE.json",
            help=f"{', '.join(PROTOCOLS)} or your own (default: {default or 'each task'})",
        )
        return added

    def add_images(to: argparse.ArgumentParser) -> None:
        to.add_argument("--images", type=Path, metavar="PATH", help=IMAGES)

    def add_results(to: argparse.ArgumentParser) -> None:
        to.add_argument(
            "--results",
            type=Path,
            default=DEFAULT_RESULTS,
            metavar="DIR",
            help="shards lie in DIR/PROTOCOL",
        )

    def add_precision(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--precision",
            choices=("float32", "tf32"),
            default="float32",
            help="of convolutions on a GPU",
        )

    images = add("images", _images, "check the photographs; prepare them as one file")
    add_images(images)
    images.add_argument(
        "--out",
        type=Path,
        metavar="FILE.npz",
        help="write the prepared arrays (default: only check)",
    )

    manifest = command(commands, "manifest", _manifest, "make an image manifest from a folder")
    manifest.add_argument("folder", type=Path, metavar="DIR", help="of photographs")
    for field, text in (
        ("source", "where the photographs come from"),
        ("citation", "how to cite them"),
        ("terms", "how they may be used"),
    ):
        manifest.add_argument(f"--{field}", required=True, metavar="TEXT", help=text)
    manifest.add_argument("--size", type=positive, default=64, help="pixels, of the protocol")
    manifest.add_argument(
        "--out", type=Path, default=Path("photographs.json"), metavar="FILE.json", help="to write"
    )

    runs = add("run", _run, "measure what is missing")
    add_images(runs)
    add_results(runs)
    runs.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
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
        "--time-limit", type=float, metavar="SECONDS", help="stop in time (default: never)"
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

    again = add("reproduce", _reproduce, "measure one row of a table again and compare the two")
    again.add_argument("name", metavar="NAME", help="of the architecture")
    again.add_argument(
        "--mode", choices=("supervised", "dip"), default="supervised", help="of the row"
    )
    again.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    again.add_argument("--image", metavar="ID", help="of the DIP fit (default: none)")
    add_images(again)
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

    status = add("status", _status, "what is done, to do and failed")
    add_results(status)
    status.add_argument("--json", action="store_true", help="for programs")

    cost = add("cost", _cost, "what a space of any size would cost, at the measured rate")
    add_results(cost)
    cost.add_argument(
        "--architectures", type=positive, nargs="+", required=True, metavar="N", help="how many"
    )
    cost.add_argument("--json", action="store_true", help="for programs")

    add_results(add("pack", _pack, "merge small shards into few"))

    assemble = add("assemble", _assemble, "make the table from the shards")
    add_results(assemble)
    assemble.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the table's folder"
    )

    agree = add("agree", _agree, "whether two folders of results agree")
    add_results(agree)
    agree.add_argument(
        "--reference",
        type=Path,
        default=Path("generate/reference/torch"),
        metavar="DIR",
        help="the other; shards lie in DIR/PROTOCOL",
    )
    agree.add_argument(
        "--sample", type=positive, metavar="N", help="compare N architectures (default: all)"
    )
    agree.add_argument("--json", action="store_true", help="for programs")

    scores = add("scores", _scores, "training-free scores of all networks, as `proxy` reads them")
    add_images(scores)
    scores.add_argument(
        "--out", type=Path, required=True, metavar="FILE.csv", help="where to write"
    )

    known = add(
        "baselines", _baselines, "well-known methods on the same images, as `findings` reads", None
    )
    add_images(known)
    known.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="where to write")

    restored = add("restored", _restored, "draw a photograph clean, degraded, restored", "demo-v1")
    restored.add_argument("name", metavar="NAME", help="the architecture, by its name")
    add_images(restored)
    restored.add_argument("--image", metavar="ID", help="validation image (default: the first)")
    restored.add_argument(
        "--tasks",
        nargs="+",
        default=["denoise25", "inpaint50", "sr2"],
        metavar="TASK",
        help="a row each (default: denoise25 inpaint50 sr2)",
    )
    restored.add_argument("--out", type=Path, required=True, metavar="FILE", help="PNG, PDF or SVG")

    bench = add("bench", _bench, "time ours, the plain way and the machine", "demo-v1")
    add_images(bench)
    bench.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add_precision(bench)
    bench.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    bench.add_argument("--json", action="store_true", help="for programs")

    check = add("gpu-check", _gpu_check, "whether a GPU computes right, and how fast")
    add_images(check)
    check.add_argument("--device", default="cuda", help="cuda or cuda:N")
    check.add_argument("--minutes", type=float, default=4.0, help="about how long")
    check.add_argument(
        "--reference",
        type=Path,
        default=DEFAULT_RESULTS,
        metavar="DIR",
        help="results to compare with; shards lie in DIR/PROTOCOL",
    )

    demo = add("demo", _demo, "measure demo-v1, query it and draw it")
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="for shards, table, plots"
    )
    return parser


def _folder(options: Options) -> tuple[Protocol, Path]:
    protocol = get(options.protocol)
    return protocol, options.results / protocol.name


def _images(options: Options) -> None:
    require("generate", "skimage")
    if options.out is not None:
        check_writable(options.out, file=True)
    from generate.photographs.images import load_images, save_images

    protocol = get(options.protocol)
    images = load_images(protocol, options.images)
    counts = f"{len(images.train)} train, {len(images.val)} val, {len(images.test)} test"
    print(f"{protocol.name}: {counts}; DIP on {', '.join(images.dip)}")
    if options.out is not None:
        save_images(images, protocol, options.out)
        print(f"wrote {options.out}")


def _manifest(options: Options) -> None:
    require("generate", "skimage")
    from generate.photographs.listing import list_folder

    check_writable(options.out, file=True)
    said = {field: getattr(options, field) for field in ("source", "citation", "terms")}
    found = list_folder(options.folder, **said, size=options.size)
    with replacing(options.out) as place:
        place.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    counts = ", ".join(f"{len(entries)} {split}" for split, entries in found["splits"].items())
    print(f"wrote {options.out}: {counts}; DIP on {', '.join(found['dip'])}")


def _run(options: Options) -> None:
    require("generate", "torch", "skimage", "tqdm")
    from generate.measure.run import run
    from generate.photographs.images import load_images

    protocol, folder = _folder(options)
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
        precision=_precision(options.precision, device),
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

    device = _device(options.device)
    return (batched if device.startswith("cuda") else local).run_units, device


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device {name!r}: torch finds no GPU; expected cpu")
    try:
        return str(torch.device(name))
    except RuntimeError:
        raise ValueError(f"device {name!r}; expected auto, cpu, cuda or cuda:N") from None


def _precision(name: str, device: str) -> str:
    if name != "float32" and not device.startswith("cuda"):
        raise ValueError(f"--precision {name} on {device}; expected float32, or a GPU")
    return name


def _reproduce(options: Options) -> int:
    """0 if the row is reproduced, 1 if it is not."""
    import torch

    from dipbench.table.hub import load
    from generate.measure.reproduce import find_row, reproduce, write_files, write_weights
    from generate.photographs.images import load_images

    protocol, device = get(options.protocol), torch.device(_device(options.device))
    table = load(options.table) if options.table else load(protocol=protocol.name)
    asked = options.name, options.mode, options.seed, options.image
    find_row(protocol, table, *asked)
    if options.weights is not None:
        import safetensors  # noqa: F401 # so that a training is not lost where it is missing

        if not options.weights.absolute().parent.is_dir():
            raise ValueError(f"--weights {options.weights}: its folder does not exist")
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


def _status(options: Options) -> None:
    from dataclasses import asdict

    from generate.protocols.plan import make_plan
    from generate.table.progress import progress, report
    from generate.table.shards import read_results

    protocol, folder = _folder(options)
    results = read_results(folder, protocol)
    parts = progress(protocol, make_plan(protocol), results)
    if options.json:
        print(json.dumps([asdict(part) for part in parts]))
        return
    print(report(parts))
    for file in results.rejected:
        print(f"not a shard of {protocol.name}: {file.path.name}: {file.reason}")


def _cost(options: Options) -> None:
    from dataclasses import asdict

    from generate.table.cost import costs, rates, report
    from generate.table.shards import read_results

    protocol, folder = _folder(options)
    measured = rates(read_results(folder, protocol))
    if options.json:
        found = costs(protocol, measured, options.architectures)
        print(json.dumps({"rates": [*map(asdict, measured)], "costs": [*map(asdict, found)]}))
    else:
        print(report(protocol, measured, options.architectures))


def _pack(options: Options) -> None:
    from generate.table.shards import pack

    protocol, folder = _folder(options)
    print(f"{folder}: {pack(folder, protocol)} shards")


def _assemble(options: Options) -> None:
    check_writable(options.out)
    from generate.table.assemble import assemble
    from generate.table.shards import read_results

    protocol, folder = _folder(options)
    results = read_results(folder, protocol)
    for file in results.rejected:
        print(f"left out {file.path.name}: {file.reason}", file=sys.stderr)
    print(f"wrote {assemble(protocol, results, options.out)}")


def _agree(options: Options) -> None:
    from dataclasses import asdict

    from generate.protocols.plan import sample
    from generate.table.agreement import agreement, report
    from generate.table.shards import read_results

    protocol, folder = _folder(options)
    names = {a.name for a in sample(protocol, options.sample)} if options.sample else None
    reference = read_results(options.reference / protocol.name, protocol)
    found = agreement(read_results(folder, protocol), reference, names)
    print(json.dumps([asdict(one) for one in found]) if options.json else report(found))


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


def _restored(options: Options) -> None:
    require("generate", "torch", "skimage")
    require("plot", "matplotlib")
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


def _bench(options: Options) -> None:
    require("generate", "torch", "skimage")
    import torch

    from generate.bench.rates import bench, report
    from generate.photographs.images import load_images

    protocol = get(options.protocol)
    torch.set_num_threads(1)
    device = torch.device(_device(options.device))
    images = load_images(protocol, options.images)
    precision = _precision(options.precision, device.type)
    found = bench(protocol, images, device, seconds=options.seconds, precision=precision)
    print(json.dumps(found) if options.json else report(found))


def _gpu_check(options: Options) -> int:
    import torch

    from generate.bench.gpu_check import Check, gpu_check, report
    from generate.photographs.images import load_images

    # Without photographs of BSDS500, those that the demo brings.
    name = "demo-v1" if options.images is None else options.protocol
    protocol, device = get(name), torch.device(_device(options.device))
    images = load_images(protocol, options.images)
    torch.set_num_threads(1)
    # A minute in all leaves a second for each rate.
    check = Check(protocol, images, device, options.reference, seconds=options.minutes)
    failed = 0
    for line in gpu_check(check, options.minutes):
        print(report(line), flush=True)
        failed += line.holds is False
    return int(failed > 0)


def _demo(options: Options) -> None:
    require("generate", "torch", "skimage", "tqdm")
    require("plot", "matplotlib")
    check_writable(options.out)
    from generate.measure.demo import demo

    demo(options.out)


if __name__ == "__main__":
    sys.exit(main())
