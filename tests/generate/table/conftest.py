"""Rows that nobody measured, of units of any protocol."""

from collections.abc import Callable
from typing import Any

import pytest

from generate.protocols.plan import Unit


def _made_up(unit: Unit, image: str | None, score: float, status: str = "ok") -> dict[str, Any]:
    """A row as `measure` gives it, with one score throughout."""
    a = unit.architecture
    row: dict[str, Any] = {
        "key": a.key,
        "name": a.name,
        "task": "denoise25",
        "mode": unit.mode,
        "seed": unit.seed,
        "image": image,
        "status": status,
        "seconds": 2.0,
        "device": "a processor",
        "torch_version": "2",
        "engine": "kernel",
        "protocol_hash": "hash",
    }
    if status != "ok":
        return row
    if unit.mode == "supervised":
        curve = {"step": [1, 2], "val_rmse": [9.0, score]}
        return row | {"test_rmse": score, "val_rmse": score, "curve": curve}
    names = ("rmse", "rmse_noisy", "averaged_rmse", "averaged_rmse_noisy")
    scores = ("peak_rmse", "final_rmse", "averaged_peak_rmse", "averaged_final_rmse")
    return (
        row
        | dict.fromkeys((*scores, "stopped_rmse"), score)
        | dict.fromkeys(("peak_iteration", "averaged_peak_iteration", "stopped_iteration"), 2)
        | dict.fromkeys(("peak_censored", "averaged_peak_censored"), True)
        | {"curve": {"step": [1, 2], **{name: [9.0, score] for name in names}}}
    )


@pytest.fixture(scope="session")
def made_up() -> Callable[..., dict[str, Any]]:
    """made_up(unit, image, score, status): such a row, with one score throughout."""
    return _made_up
