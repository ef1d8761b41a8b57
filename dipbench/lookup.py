"""`query`: from an architecture, in any notation, to what was measured of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from dipbench.errors import InvalidTable, NotInTable
from dipbench.graphs.canonical import dag_key, is_key
from dipbench.graphs.dag import as_integer, check
from dipbench.spaces import BaseArchitecture, named
from dipbench.table.aggregate import summarise
from dipbench.table.hub import load
from dipbench.table.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from dipbench.graphs.dag import Graph

__all__ = ["Curve", "Queryable", "Result", "query", "query_many"]

Queryable: TypeAlias = "BaseArchitecture | str | Graph"
REMEMBERED = 100_000  # results


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one architecture.

    RMSE, here and everywhere, is in grey levels on 0-255: per image against the clean image,
    then the mean over images. A value that nothing was measured for is NaN; nothing is filled
    in, and the counts say how many runs a mean is taken over.

    Attributes:
        name, key: the architecture; name is None outside a named space.
        task, seed, image: what was asked for; None stands for all that there is.
        supervised_rmse, supervised_rmse_val: of the test and of the validation images.
        dip_rmse: Deep Image Prior, the peak (least recorded RMSE) of the raw output.
        supervised_std, dip_std: standard deviation between seeds, see `dipbench.table.aggregate`.
        dip_final_rmse, dip_averaged_rmse, dip_averaged_final_rmse, dip_stopped_rmse: other
            ways to score the same fits, see `dipbench.table.schema`.
        n_seeds, n_images, n_fits: supervised trainings, different DIP images, DIP fits.
        n_censored, n_failed: DIP fits whose peak is their last point; diverged runs.
        depth, slc, params, macs: features; params and MACs of the supervised network.
        supervised_seconds, dip_seconds: one training, one fit of one image, on the mean.
    """

    name: str | None
    key: str
    task: str
    seed: int | None
    image: str | None
    depth: int
    slc: int
    params: int
    macs: int
    supervised_rmse: float
    supervised_rmse_val: float
    supervised_std: float
    supervised_seconds: float
    n_seeds: int
    dip_rmse: float
    dip_std: float
    dip_final_rmse: float
    dip_averaged_rmse: float
    dip_averaged_final_rmse: float
    dip_stopped_rmse: float
    dip_seconds: float
    n_images: int
    n_fits: int
    n_censored: int
    n_failed: int
    _table: Table = field(repr=False, compare=False)

    def curve(self, mode: str) -> Curve:
        """The learning curve of ``"dip"`` or ``"supervised"``, mean over the same runs.

        Raises:
            ValueError: `mode` is neither.
            NotInTable: no such run is finished.
        """
        return _mean_curve(self, mode)


COLUMNS = [f.name for f in fields(Result) if f.name != "_table"]
ASKED = COLUMNS.index("seed")  # the two fields that say what was asked stand here
MEASURED = tuple(name for name in COLUMNS if name not in ("seed", "image"))


@dataclass(frozen=True, slots=True)
class Curve:
    """RMSE at recorded steps, in grey levels, mean over `n_runs` runs.

    Attributes:
        step: supervised: updates done; DIP: iterations, 1 being the untrained network's output.
        rmse: supervised: validation RMSE; DIP: raw output against the clean image.
        rmse_noisy, averaged_rmse, averaged_rmse_noisy: DIP alone, else empty: the raw output
            against the noisy image, and the averaged output against both.
        n_runs: how many runs the mean is over.
    """

    step: tuple[int, ...]
    rmse: tuple[float, ...]
    rmse_noisy: tuple[float, ...]
    averaged_rmse: tuple[float, ...]
    averaged_rmse_noisy: tuple[float, ...]
    n_runs: int

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame, one row per step."""
        import pandas as pd

        columns = ("step", "rmse", "rmse_noisy", "averaged_rmse", "averaged_rmse_noisy")
        return pd.DataFrame({c: getattr(self, c) for c in columns if getattr(self, c)})


def query(
    architecture: Queryable,
    task: str = "denoise25",
    seed: int | None = None,
    image: str | None = None,
    *,
    table: Table | None = None,
) -> Result:
    """What `table`, by default the embedded one, says of `architecture`.

    Args:
        architecture: an architecture, a name, a canonical key, or a `networkx.DiGraph`
            (any graph isomorphic to a measured one).
        task: the restoration task.
        seed: one seed; by default the mean over those measured.
        image: one DIP image; by default the mean over those measured. Supervised scores are
            means over the test images and do not depend on it.

    Raises:
        InvalidArchitecture: a malformed name or a graph that is no network.
        NotInTable: the architecture, task, seed or image was not measured.
        ValueError: a seed that is no integer, an image that is no string.
    """
    if table is None:
        table = load()
    if seed is not None or image is not None:
        seed, image = _checked(seed, image)
    if isinstance(architecture, str):
        known: Result | None = table.answers.get((architecture, task, seed, image))
        if known is not None:
            return known
    return _answer(table, architecture, task, seed, image)


def query_many(
    architectures: Iterable[Queryable],
    task: str = "denoise25",
    seed: int | None = None,
    image: str | None = None,
    *,
    table: Table | None = None,
) -> pd.DataFrame:
    """`query` for each of `architectures`: a data frame of one row each, in their order.

    Raises:
        InvalidArchitecture, NotInTable: as `query`, for the first that fails.
    """
    import pandas as pd

    table = load() if table is None else table
    seed, image = _checked(seed, image)
    wanted = [_name_or_key(table, a) for a in architectures]
    if seed is not None or image is not None:
        results = [query(a, task, seed, image, table=table) for a in wanted]
        return pd.DataFrame([[getattr(r, c) for c in COLUMNS] for r in results], columns=COLUMNS)
    rows = table.locate(wanted, task)
    if (rows < 0).any():
        raise _not_in_table(table, wanted[int((rows < 0).argmax())], task)
    frame = pd.DataFrame(table.architecture_rows.take(rows, MEASURED), copy=False)
    frame.insert(COLUMNS.index("seed"), "seed", None)
    frame.insert(COLUMNS.index("image"), "image", None)
    return frame


def _answer(
    table: Table, architecture: Queryable, task: str, seed: int | None, image: str | None
) -> Result:
    name_or_key = _name_or_key(table, architecture)
    number = table.number(name_or_key, task)
    if number is None and isinstance(architecture, str):
        other = named(architecture)  # a name of another space may stand for the same graph
        if other is not None:
            number = table.number(table.name_or_key(other), task)
    if number is None:
        raise _not_in_table(table, name_or_key, task)
    values = table.architecture_rows.values(number, MEASURED)
    if seed is not None or image is not None:
        row = dict(zip(MEASURED, values, strict=True))
        row |= summarise(_chosen(table, row, seed, image))
        values = [row[name] for name in MEASURED]
    # One NaN for all: results that say the same are equal, though NaN equals nothing.
    values = [value if value == value else math.nan for value in values]
    answer = (*values[:ASKED], seed, image, *values[ASKED:], table)
    result = Result(*answer)
    if isinstance(architecture, str) and len(table.answers) < REMEMBERED:
        table.answers[architecture, task, seed, image] = result
    return result


def _checked(seed: int | None, image: str | None) -> tuple[int | None, str | None]:
    number = None if seed is None else as_integer(seed)
    if number is None and seed is not None:
        raise ValueError(f"seed is {seed!r}; expected an integer, or None for all")
    if not isinstance(image, str | None):
        raise ValueError(f"image is {image!r}; expected an id, or None for all")
    return number, image


def _name_or_key(table: Table, architecture: Queryable) -> str:
    if isinstance(architecture, str):
        return architecture
    if isinstance(architecture, BaseArchitecture):
        return table.name_or_key(architecture)
    # A graph may change after it was asked for, so nothing about it is remembered.
    return dag_key(check(architecture))


def _not_in_table(table: Table, name_or_key: str, task: str) -> NotInTable:
    if name_or_key in table:
        tasks = ", ".join(sorted(table.tasks))
        return NotInTable(f"{name_or_key}: task {task!r} was not measured; expected one of {tasks}")
    if table.space is not None and not is_key(name_or_key) and named(name_or_key) is None:
        table.space.parse(name_or_key)  # a malformed name is the better thing to say
    return NotInTable(
        f"{name_or_key} is not among the {len(table)} architectures of the table {table.protocol}"
    )


def _chosen(
    table: Table, row: Mapping[str, Any], seed: int | None, image: str | None
) -> list[dict[str, Any]]:
    """The runs of one architecture with this seed and, where DIP, this image."""
    runs = table.runs_of(row["key"], row["task"])
    for column, wanted in (("seed", seed), ("image", image)):
        measured = {run[column] for run in runs if run[column] is not None}
        if wanted is not None and wanted not in measured:
            listed = ", ".join(map(str, sorted(measured))) or "none"
            raise NotInTable(
                f"{row['name'] or row['key']}: {column} {wanted!r} was not measured; "
                f"expected one of {listed}"
            )
    return [run for run in runs if _matches(run, seed, image)]


def _matches(run: Mapping[str, Any], seed: int | None, image: str | None) -> bool:
    return seed in (None, run["seed"]) and (image is None or run["image"] in (None, image))


def _mean_curve(result: Result, mode: str) -> Curve:
    if mode not in ("dip", "supervised"):
        raise ValueError(f"mode is {mode!r}; expected 'dip' or 'supervised'")
    curves = [
        curve
        for curve in result._table.curves_of(result.key, result.task)
        if curve["mode"] == mode and _matches(curve, result.seed, result.image)
    ]
    if not curves:
        raise NotInTable(f"{result.name or result.key}: no {mode} run is in the table")

    if any(curve["step"] != curves[0]["step"] for curve in curves):
        raise InvalidTable(f"{result.key}: {mode} curves have different steps; expected the same")

    def mean_of(column: str) -> tuple[float, ...]:
        recorded = zip(*(curve[column] or () for curve in curves), strict=True)
        return tuple(math.fsum(values) / len(values) for values in recorded)

    return Curve(
        step=tuple(curves[0]["step"]),
        rmse=mean_of("rmse" if mode == "dip" else "val_rmse"),
        rmse_noisy=mean_of("rmse_noisy"),
        averaged_rmse=mean_of("averaged_rmse"),
        averaged_rmse_noisy=mean_of("averaged_rmse_noisy"),
        n_runs=len(curves),
    )
