"""What can be minimised, and where a table has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dipbench.arguments import several

__all__ = ["FREE", "OBJECTIVES", "Objective", "checked", "counterpart"]

FREE = "free"  # the mode of what is known without a run


@dataclass(frozen=True, slots=True)
class Objective:
    """Something to minimise.

    Attributes:
        name: as in the table's rows of architectures.
        mode: the kind of run that measures it: ``supervised``, ``dip``, or `FREE`.
        column: where a run, or for `FREE` an architecture, has it.
        curve: the learning curve that has it at fewer steps, if one does.
    """

    name: str
    mode: str
    column: str
    curve: str | None = None


OBJECTIVES: Mapping[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective("supervised_rmse_val", "supervised", "val_rmse", "val_rmse"),
        Objective("supervised_rmse", "supervised", "test_rmse"),
        Objective("dip_rmse", "dip", "peak_rmse", "rmse"),
        Objective("dip_final_rmse", "dip", "final_rmse"),
        Objective("dip_averaged_rmse", "dip", "averaged_peak_rmse"),
        Objective("dip_averaged_final_rmse", "dip", "averaged_final_rmse"),
        Objective("dip_stopped_rmse", "dip", "stopped_rmse"),
        Objective("macs", FREE, "macs"),
        Objective("params", FREE, "params"),
    )
}


def checked(names: str | Sequence[str]) -> tuple[Objective, ...]:
    """The objectives of these names.

    Raises:
        ValueError: there are none, one is unknown, or one is given twice.
    """
    listed = (names,) if isinstance(names, str) else tuple(several("objectives", names))
    for name in listed:
        if not isinstance(name, str) or name not in OBJECTIVES:
            raise ValueError(f"objective is {name!r}; expected one of {', '.join(OBJECTIVES)}")
    if not listed or len(set(listed)) < len(listed):
        raise ValueError(f"objectives are {listed}; expected one or several, each once")
    return tuple(OBJECTIVES[name] for name in listed)


def counterpart(name: str) -> str:
    """What reports an objective: the test RMSE for that of validation, else itself."""
    return "supervised_rmse" if name == "supervised_rmse_val" else name
