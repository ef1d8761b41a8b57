"""Run what the plan still lacks, with a progress bar and an honest end.

Every finished unit is on disk before it is counted, so a run may be stopped at any moment, by
any means, and started again.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from types import FrameType

from dipbench.features import macs
from dipbench.space import Architecture
from generate.images import Images
from generate.plan import Unit, make_plan
from generate.pool import Job, run_units
from generate.protocol import Candidate, Protocol
from generate.shards import Results, read_results, set_aside

__all__ = ["Progress", "cost", "progress", "run"]

# Work of an iteration that does not grow with the network, in MACs: a line fitted to the seconds
# of demo-v1 gives 9e6 for DIP and 7e6 for supervised. It only shapes the estimates of time left.
FIXED_COST = 8e6


@dataclass(frozen=True)
class Progress:
    """Done, to do and failed, of one part of the plan.

    Attributes:
        hours: computing time of what is to do, at the rate of what is done; None as long as
            nothing of a kind that is to do is done.
    """

    part: str
    done: int
    to_do: int
    failed: int
    hours: float | None


def cost(protocol: Protocol, unit: Unit) -> float:
    """How much work a unit is, in MACs, to weigh the estimate of the time left."""
    if unit.mode == "dip":
        inputs, iterations = protocol.dip.input_channels, protocol.dip.iterations
        iterations *= len(unit.images)
    else:
        inputs, iterations = 1, protocol.supervised.steps * protocol.supervised.batch
    return iterations * (_macs(unit.architecture, inputs, protocol.size) + FIXED_COST)


@cache
def _macs(architecture: Architecture | Candidate, inputs: int, size: int) -> int:
    """The same for every seed and group of images, and asked for once per unit."""
    return macs(architecture.graph, inputs, size)


def progress(protocol: Protocol, units: Iterable[Unit], results: Results) -> list[Progress]:
    """Per part of the plan, in order."""
    parts: dict[str, list[Unit]] = {}
    for unit in units:
        parts.setdefault(unit.part, []).append(unit)
    rates = _rates(protocol, chain(*parts.values()), results)
    return [_part(protocol, part, parts[part], results, rates) for part in parts]


def _part(
    protocol: Protocol, part: str, units: list[Unit], results: Results, rates: dict[str, float]
) -> Progress:
    missing = [unit for unit in units if unit.id not in results.units]
    rows = [results.units[unit.id] for unit in units if unit.id in results.units]
    failed = sum(any(row["status"] != "ok" for row in of_unit) for of_unit in rows)
    known = all(unit.mode in rates for unit in missing)
    seconds = sum(cost(protocol, unit) * rates[unit.mode] for unit in missing) if known else None
    return Progress(part, len(rows), len(missing), failed, seconds and seconds / 3600)


def _rates(protocol: Protocol, units: Iterable[Unit], results: Results) -> dict[str, float]:
    """Seconds per unit of `cost`, of each mode, over all that is done."""
    seconds: defaultdict[str, float] = defaultdict(float)
    costs: defaultdict[str, float] = defaultdict(float)
    for unit in units:
        for row in results.units.get(unit.id, []):
            seconds[unit.mode] += row["seconds"]
            costs[unit.mode] += cost(protocol, unit) / max(1, len(unit.images))
    return {mode: seconds[mode] / costs[mode] for mode in costs}


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
