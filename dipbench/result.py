"""What a query answers: the measurements of one architecture, and its learning curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidTable, NotInTable
from dipbench.table.table import opened
from dipbench.values import ByValue

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "MEASURED", "Curve", "Result", "matches", "restored"]


class _FromTable:
    """Where a result was read, which is no part of what it says: folder and checksum."""

    __slots__ = ("_source",)

    _source: tuple[str, str] | None


@dataclass(frozen=True, slots=True, eq=False)
class Result(_FromTable, ByValue):
    """What was measured of one architecture.

    RMSE, here and everywhere, is in grey levels on 0-255: per image against the clean image,
    then the mean over images. A value that nothing was measured for is NaN; nothing is filled
    in, and the counts say how many runs a mean is taken over.

    Attributes:
        name, key: the architecture; name is None outside a named space.
        task, seed, image: what was asked for; None means all that were measured.
        supervised_rmse, supervised_rmse_val: of the test and of the validation images.
        dip_rmse: Deep Image Prior, the peak (least recorded RMSE) of the raw output.
        supervised_std, dip_std: standard deviation between seeds, see `dipbench.table.aggregate`.
        dip_final_rmse, dip_averaged_rmse, dip_averaged_final_rmse, dip_stopped_rmse,
            dip_exact_rmse, dip_averaged_exact_rmse, dip_unperturbed_rmse: other ways to score the
            same fits, see `dipbench.table.schema`; NaN where the protocol did not record them.
        supervised_psnr, dip_psnr: in dB; supervised_test_std: spread between test images.
        n_seeds, n_images, n_fits: supervised trainings, different DIP images, DIP fits.
        n_censored, n_failed: DIP fits whose peak is their last point; diverged runs.
        depth, slc, params, macs: features; params and MACs of the supervised network.
        supervised_seconds, dip_seconds: of one training and of one fit of one image, on average.
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
    supervised_psnr: float
    supervised_test_std: float
    supervised_seconds: float
    n_seeds: int
    dip_rmse: float
    dip_std: float
    dip_final_rmse: float
    dip_averaged_rmse: float
    dip_averaged_final_rmse: float
    dip_stopped_rmse: float
    dip_exact_rmse: float
    dip_averaged_exact_rmse: float
    dip_unperturbed_rmse: float
    dip_psnr: float
    dip_seconds: float
    n_images: int
    n_fits: int
    n_censored: int
    n_failed: int

    def __reduce__(self) -> tuple[Any, ...]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return restored, (values, getattr(self, "_source", None))

    def curve(self, mode: str) -> Curve:
        """The learning curve of ``"dip"`` or ``"supervised"``, mean over the same runs.

        Raises:
            ValueError: `mode` is neither.
            NotInTable: no such run is finished.
        """
        return _mean_curve(self, mode)


def restored(values: dict[str, Any], source: tuple[str, str] | None) -> Result:
    """A result that remembers where it was read."""
    result = Result(**values)
    object.__setattr__(result, "_source", source)
    return result


COLUMNS = [f.name for f in fields(Result)]
ASKED = ("seed", "image")
MEASURED = tuple(name for name in COLUMNS if name not in ASKED)


@dataclass(frozen=True, slots=True, eq=False)
class Curve(ByValue):
    """RMSE at recorded steps, in grey levels, mean over `n_runs` runs.

    Attributes:
        step: supervised: updates done; DIP: iterations, 1 being the untrained network's output.
        rmse: supervised: validation RMSE; DIP: raw output against the clean image.
        rmse_noisy, averaged_rmse, averaged_rmse_noisy: DIP alone, else empty: the raw output
            against what was observed, and the averaged output against both.
        n_runs: how many runs the mean is over.
        unperturbed_rmse: DIP alone, and empty where it was not recorded: the raw output for the
            input without perturbation, against the clean image.
    """

    step: tuple[int, ...]
    rmse: tuple[float, ...]
    rmse_noisy: tuple[float, ...]
    averaged_rmse: tuple[float, ...]
    averaged_rmse_noisy: tuple[float, ...]
    n_runs: int
    unperturbed_rmse: tuple[float, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a data frame, one row per step."""
        import pandas as pd

        columns = [field.name for field in fields(self) if field.name != "n_runs"]
        return pd.DataFrame({c: getattr(self, c) for c in columns if getattr(self, c)})


def matches(run: Mapping[str, Any], seed: int | None, image: str | None) -> bool:
    """Whether a run is one of those asked for; supervised runs are of no image."""
    return seed in (None, run["seed"]) and (image is None or run["image"] in (None, image))


def _mean_curve(result: Result, mode: str) -> Curve:
    if mode not in ("dip", "supervised"):
        raise ValueError(f"mode is {mode!r}; expected 'dip' or 'supervised'")
    source = getattr(result, "_source", None)
    if source is None:
        raise ValueError(f"{result!r} was not read from a table; expected a result of query")
    curves = [
        curve
        for curve in opened(*source).curves_of(result.key, result.task)
        if curve["mode"] == mode and matches(curve, result.seed, result.image)
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
        unperturbed_rmse=mean_of("unperturbed_rmse"),
    )
