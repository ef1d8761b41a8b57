"""What a table holds, counted: runs, seeds, images, failures, costs, ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dipbench.table.schema import FILES

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Coverage", "Plan", "coverage", "measured_modes", "plan"]


@dataclass(frozen=True)
class Coverage:
    """Counts over all rows of a table.

    Attributes:
        rows: rows per file of `dipbench.table.schema.FILES`.
        architectures: different architectures with a run, finished or diverged.
        tasks, seeds, images, devices, torch_versions: the values that occur, sorted.
        trainings, fits: finished supervised trainings and DIP fits.
        diverged: runs of both modes without a result.
        censored: finished DIP fits whose raw peak is at their last iteration.
        modes: what the protocol measures, of ``supervised`` and ``dip``.
        complete: architectures with a finished run of each of `modes` for all `seeds` and
            `images`.
        training_hours, fit_hours: computing time of the finished runs by device and engine,
            such as ``AMD EPYC, kernel``; times of different ones are not to be added.
        ranges: least and greatest finite value of columns of architectures.parquet; a column
            without one is missing.
    """

    rows: Mapping[str, int]
    architectures: int
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    images: tuple[str, ...]
    devices: tuple[str, ...]
    torch_versions: tuple[str, ...]
    trainings: int
    fits: int
    diverged: int
    censored: int
    modes: tuple[str, ...]
    complete: int
    training_hours: Mapping[str, float]
    fit_hours: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]


RANGED = ("depth", "slc", "params", "supervised_rmse", "dip_rmse", "dip_stopped_rmse")


def coverage(table: Table) -> Coverage:
    """Count what `table` holds."""
    import pyarrow.compute as pc

    runs, architectures = table.runs, table.architectures
    finished = runs.filter(pc.equal(runs["status"], "ok"))
    trainings = finished.filter(pc.equal(finished["mode"], "supervised"))
    fits = finished.filter(pc.equal(finished["mode"], "dip"))
    seeds, images = _values(runs["seed"]), _values(runs["image"])
    modes = measured_modes(table.manifest)
    whole = pc.and_(
        pc.equal(architectures["n_seeds"], len(seeds) * ("supervised" in modes)),
        pc.equal(architectures["n_fits"], len(seeds) * len(images) * ("dip" in modes)),
    )
    ranges = {column: _range(architectures[column]) for column in RANGED}
    return Coverage(
        rows={file: len(getattr(table, file.removesuffix(".parquet"))) for file in FILES},
        architectures=len(_values(runs["key"])),
        tasks=_values(runs["task"]),
        seeds=seeds,
        images=images,
        devices=_values(runs["device"]),
        torch_versions=_values(runs["torch_version"]),
        trainings=len(trainings),
        fits=len(fits),
        diverged=len(runs) - len(finished),
        censored=_sum(fits["peak_censored"]),
        modes=modes,
        complete=_sum(whole),
        training_hours=_hours(trainings),
        fit_hours=_hours(fits),
        ranges={column: found for column, found in ranges.items() if found is not None},
    )


def measured_modes(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What the protocol of a manifest measures, of ``supervised`` and ``dip``."""
    said: Any = manifest["protocol"].get("modes", ["supervised", "dip"])
    return tuple(mode for mode in ("supervised", "dip") if mode in said)


def _hours(runs: Any) -> dict[str, float]:
    found = runs.group_by(["device", "engine"]).aggregate([("seconds", "sum")]).to_pylist()
    hours = {f"{row['device']}, {row['engine']}": row["seconds_sum"] / 3600 for row in found}
    return dict(sorted(hours.items()))


def _values(column: Any) -> tuple[Any, ...]:
    return tuple(sorted(value for value in column.unique().to_pylist() if value is not None))


def _sum(column: Any) -> Any:
    import pyarrow.compute as pc

    return pc.sum(column).as_py() or 0


def _range(column: Any) -> tuple[float, float] | None:
    import pyarrow.compute as pc

    finite = column.filter(pc.is_finite(column))
    ends = pc.min_max(finite).as_py()
    return (ends["min"], ends["max"]) if len(finite) else None


@dataclass(frozen=True)
class Plan:
    """What the protocol of a table asks for: architectures, trainings, DIP fits."""

    architectures: int
    trainings: int
    fits: int


def plan(manifest: Mapping[str, Any]) -> Plan | None:
    """The plan that a manifest's protocol states, or None if it does not say all of it.

    ``planned`` says how many architectures of a space it plans that is too large for all.
    """
    from dipbench.spaces import Space

    protocol, images = manifest["protocol"], manifest.get("images")
    named: Any = protocol.get("architectures", [])
    seeds: Any = protocol.get("seeds")
    dip: Any = images.get("dip") if isinstance(images, dict) else None
    if not all(isinstance(stated, list) for stated in (named, seeds, dip)):
        return None
    try:
        count = manifest.get("planned") or len(named or Space(manifest["space"]))
    except ValueError:  # a space that this release does not know
        return None
    modes = measured_modes(manifest)
    trainings = count * len(seeds) * ("supervised" in modes)
    return Plan(count, trainings, count * len(seeds) * len(dip) * ("dip" in modes))
