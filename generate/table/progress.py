"""How far a plan is: done, to do and failed, and the computing hours that are left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain

from dipbench.graphs.features import macs
from dipbench.spaces import BaseArchitecture
from generate.protocols.plan import Unit
from generate.protocols.settings import Candidate, Protocol
from generate.table.shards import Results, Row

__all__ = ["Progress", "clock_name", "progress", "report", "work"]

# Work of an iteration that does not grow with the network, in MACs: a line fitted to the seconds
# of demo-v1 gives 9e6 for DIP and 7e6 for supervised. It only shapes the estimates of time left.
FIXED_COST = 8e6


@dataclass(frozen=True)
class Progress:
    """Done, to do and failed, of one part of the plan.

    Attributes:
        hours: computing time of what is to do, by device and engine, each at its own rate for what
            it has done; None where it has done nothing of a kind that is to do.
    """

    part: str
    done: int
    to_do: int
    failed: int
    hours: dict[str, float | None]


def work(protocol: Protocol, unit: Unit) -> float:
    """How much work a unit is, in MACs, to weigh the estimate of the time left."""
    if unit.mode == "dip":
        inputs, iterations = protocol.dip.input_channels, protocol.dip.iterations
        iterations *= len(unit.images)
    else:
        inputs, iterations = 1, protocol.supervised.steps * protocol.supervised.batch
    return iterations * (_macs(unit.architecture, inputs, protocol.size) + FIXED_COST)


@cache
def _macs(architecture: BaseArchitecture | Candidate, inputs: int, size: int) -> int:
    """The same for every seed and group of images, and asked for once per unit."""
    return macs(architecture.graph, inputs, size)


def progress(protocol: Protocol, units: Iterable[Unit], results: Results) -> list[Progress]:
    """Per part of the plan, in order."""
    parts: dict[str, list[Unit]] = {}
    for unit in units:
        parts.setdefault(unit.part, []).append(unit)
    rates = _rates(protocol, chain(*parts.values()), results)
    return [_part(protocol, part, parts[part], results, rates) for part in parts]


def clock_name(row: Row) -> str:
    """Device and engine of a row: seconds compare only where both are the same."""
    return f"{row['device']}, {row['engine']}"


def _part(
    protocol: Protocol,
    part: str,
    units: list[Unit],
    results: Results,
    rates: dict[str, dict[str, float]],
) -> Progress:
    missing: defaultdict[str, float] = defaultdict(float)  # work by mode
    done = failed = 0
    for unit in units:
        rows = results.units.get(unit.id)
        if rows is None:
            missing[unit.mode] += work(protocol, unit)
        else:
            done += 1
            failed += any(row["status"] != "ok" for row in rows)
    hours = {
        clock: sum(missing[mode] * rate[mode] for mode in missing) / 3600
        if missing.keys() <= rate.keys()
        else None
        for clock, rate in rates.items()
    }
    return Progress(part, done, len(units) - done, failed, hours)


def _rates(
    protocol: Protocol, units: Iterable[Unit], results: Results
) -> dict[str, dict[str, float]]:
    """Seconds per unit of `work`, of each device and engine, by mode, over all that is done."""
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    works: dict[tuple[str, str], float] = defaultdict(float)
    for unit in units:
        for row in results.units.get(unit.id, []):
            measured = clock_name(row), unit.mode
            seconds[measured] += row["seconds"]
            works[measured] += work(protocol, unit) / max(1, len(unit.images))
    rates: dict[str, dict[str, float]] = {}
    for clock, mode in sorted(works):
        rates.setdefault(clock, {})[mode] = seconds[clock, mode] / works[clock, mode]
    return rates


def report(parts: list[Progress]) -> str:
    """The parts as a table, with the hours that each device would need for the rest."""
    lines = [f"{'part':<24}{'done':>8}{'to do':>8}{'failed':>8}"]
    lines += [f"{p.part:<24}{p.done:>8}{p.to_do:>8}{p.failed:>8}" for p in parts]
    for clock in parts[0].hours if parts else ():
        left = [p.hours[clock] for p in parts]
        known = [hours for hours in left if hours is not None]
        total = f"{sum(known):.1f} hours" if len(known) == len(left) else "unknown time"
        lines.append(f"to do: {total} at the rate of {clock}")
    return "\n".join(lines)
