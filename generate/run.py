"""Run what the plan still lacks, with a progress bar and an honest end.

Every finished unit is on disk before it is counted, so a run may be stopped at any moment, by
any means, and started again.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dipbench.features import macs
from generate.images import Images
from generate.plan import Unit, make_plan
from generate.pool import Job, run_units
from generate.protocol import Protocol
from generate.shards import Results, read_results, set_aside

__all__ = ["Progress", "cost", "progress", "run"]

# Work of an iteration that does not grow with the network, in MACs, as fitted to timings of
# core64 on one CPU thread; it only shapes the estimate of the time left.
FIXED_COST = 8e6


@dataclass(frozen=True)
class Progress:
    """Done, to do and failed, of one part of the plan."""

    part: str
    done: int
    to_do: int
    failed: int


def cost(protocol: Protocol, unit: Unit) -> float:
    """How much work a unit is, in MACs, to weigh the estimate of the time left."""
    if unit.mode == "dip":
        inputs, iterations = protocol.dip.input_channels, protocol.dip.iterations
        iterations *= len(unit.images)
    else:
        inputs, iterations = 1, protocol.supervised.steps * protocol.supervised.batch
    return iterations * (macs(unit.architecture.graph, inputs, protocol.size) + FIXED_COST)


def progress(units: Iterable[Unit], results: Results) -> list[Progress]:
    """Per part of the plan, in order."""
    done: Counter[str] = Counter()
    total: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for unit in units:
        total[unit.part] += 1
        rows = results.units.get(unit.id, [])
        done[unit.part] += bool(rows)
        failed[unit.part] += any(row["status"] != "ok" for row in rows)
    return [Progress(p, done[p], total[p] - done[p], failed[p]) for p in total]


def run(
    protocol: Protocol,
    images: Images,
    folder: Path,
    *,
    workers: int = 1,
    device: str = "cpu",
    time_limit: float | None = None,
    limit: int | None = None,
    quiet: bool = False,
) -> int:
    """Measure the units of `protocol` that `folder` lacks; return how many are left.

    Args:
        folder: where the shards are; made if missing.
        time_limit: in seconds; units that run then are dropped.
        limit: the most units to measure, first come first.
        quiet: no progress bar.

    Raises:
        OSError: the folder cannot be written.
        RuntimeError: a unit failed for good.
        KeyboardInterrupt: on SIGINT or SIGTERM, once the workers are gone.
    """
    deadline = None if time_limit is None else time.monotonic() + time_limit
    _probe(folder)
    results = read_results(folder, protocol)
    for file in results.rejected:
        print(f"set aside {file.path.name}: {file.reason}")
    set_aside(folder, results.rejected)
    missing = [unit for unit in make_plan(protocol) if unit.id not in results.units]
    todo = missing[:limit]
    if not todo:
        return len(missing)
    left = len(missing)
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        job = Job(protocol, images, folder, device)
        bar = _bar(sum(cost(protocol, unit) for unit in todo), quiet)
        with bar:
            for unit in run_units(job, todo, workers, deadline):
                left -= 1
                bar.set_postfix_str(f"{left} units left", refresh=False)
                bar.update(cost(protocol, unit))
    finally:
        signal.signal(signal.SIGTERM, previous)
    return left


def _bar(total: float, quiet: bool):  # type: ignore[no-untyped-def]
    from tqdm import tqdm

    layout = "{percentage:5.1f}%|{bar}| {elapsed}, {remaining} to go{postfix}"
    return tqdm(total=total, bar_format=layout, disable=quiet, smoothing=0.05)


def _probe(folder: Path) -> None:
    """Make the folder and see that it can be written, before hours are spent."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / "probe.tmp"
    probe.write_bytes(b"")
    probe.unlink()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
