"""How far a plan is: done, to do and failed, and the computing hours that are left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain

from dipbench.graphs.features import macs
from dipbench.spaces import Architecture
from generate.protocols.plan import Unit
from generate.protocols.settings import Candidate, Protocol
from generate.table.shards import Results

__all__ = ["Progress", "progress", "work"]

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


def work(protocol: Protocol, unit: Unit) -> float:
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
    seconds = sum(work(protocol, unit) * rates[unit.mode] for unit in missing) if known else None
    return Progress(part, len(rows), len(missing), failed, seconds and seconds / 3600)


def _rates(protocol: Protocol, units: Iterable[Unit], results: Results) -> dict[str, float]:
    """Seconds per unit of `work`, of each mode, over all that is done."""
    seconds: defaultdict[str, float] = defaultdict(float)
    works: defaultdict[str, float] = defaultdict(float)
    for unit in units:
        for row in results.units.get(unit.id, []):
            seconds[unit.mode] += row["seconds"]
            works[unit.mode] += work(protocol, unit) / max(1, len(unit.images))
    return {mode: seconds[mode] / works[mode] for mode in works}
