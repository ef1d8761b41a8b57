"""Run what the plan still lacks, with a progress bar and an honest end.

Every finished unit is on disk before it is counted, so a run may be stopped at any moment, by
any means, and started again.
"""

from __future__ import annotations

import signal
import time
from contextlib import closing
from pathlib import Path
from types import FrameType

from dipbench.files import check_writable
from generate.measure.executors import local
from generate.measure.executors.job import Executor, Job
from generate.photographs.images import Images
from generate.protocols.plan import Unit, make_plan, seed_sample
from generate.protocols.settings import Protocol
from generate.table.progress import work
from generate.table.shards import Row, read_results, set_aside, write_shard

__all__ = ["run"]


def run(
    protocol: Protocol,
    images: Images,
    folder: Path,
    *,
    workers: int | None = 1,
    device: str = "cpu",
    executor: Executor = local.run_units,
    time_limit: float | None = None,
    limit: int | None = None,
    sample: int | None = None,
    quiet: bool = False,
    precision: str = "float32",
) -> int:
    """Measure the units of `protocol` that `folder` lacks; return how many are left.

    Args:
        folder: where the shards are; made if missing.
        workers: how many units at once; None leaves it to the executor.
        time_limit: in seconds; units that run then are dropped.
        limit: the most units to measure, first come first.
        sample: only the units of `generate.protocols.plan.seed_sample` with so many architectures.
        quiet: no progress bar.
        precision: of the convolutions on a GPU.

    Raises:
        ValueError: there are fewer architectures than `sample`.
        OSError: the folder cannot be written, or the executor's cluster is not there.
        RuntimeError: a unit failed for good.
        KeyboardInterrupt: on SIGINT or SIGTERM, once the workers are gone.
    """
    deadline = None if time_limit is None else time.monotonic() + time_limit
    check_writable(folder)  # before hours are spent
    folder.mkdir(parents=True, exist_ok=True)
    results = read_results(folder, protocol)
    for file in results.rejected:
        print(f"set aside {file.path.name}: {file.reason}")
    set_aside(folder, results.rejected)
    plan = make_plan(protocol) if sample is None else seed_sample(protocol, sample)
    missing = [unit for unit in plan if unit.id not in results.units]
    todo = missing[:limit]
    if not todo:
        return len(missing)
    left = len(missing)
    job = Job(protocol, images, device, workers, precision)
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        bar = _bar(sum(work(protocol, unit) for unit in todo), quiet)
        with bar, closing(executor(job, todo, deadline)) as finished:
            for unit, rows in finished:
                _write(folder, protocol, unit, rows)
                left -= 1
                bar.set_postfix_str(f"{left} units left", refresh=False)
                bar.update(work(protocol, unit))
    finally:
        signal.signal(signal.SIGTERM, previous)
    return left


def _write(folder: Path, protocol: Protocol, unit: Unit, rows: list[Row]) -> None:
    try:
        write_shard(folder, protocol, {unit.id: rows})
    except OSError as error:
        raise OSError(
            f"unit {unit.id} cannot be written to {folder}: {error.strerror or error}; "
            "what was counted before it is on disk"
        ) from error


def _bar(total: float, quiet: bool):  # type: ignore[no-untyped-def]
    from tqdm import tqdm

    layout = "{percentage:5.1f}%|{bar}| {elapsed}, {remaining} to go{postfix}"
    return tqdm(total=total, bar_format=layout, disable=quiet, smoothing=0.05)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
