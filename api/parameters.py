"""The parameters that routes share, and the rule that none is unknown or given twice."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from pydantic import BeforeValidator

from api.catalogue import TASK, Catalogue
from api.problems import Problem

__all__ = [
    "Asked",
    "Flag",
    "Image",
    "Integer",
    "Mode",
    "Named",
    "Protocol",
    "Seed",
    "Sort",
    "Task",
    "Where",
    "catalogue_of",
    "only_known",
]

DIGITS = 18  # of an integer: what is longer is no seed and no row number


def _integer(value: Any) -> Any:
    """An integer as JSON writes it; without this ``1_0`` and `` 1`` would pass for one."""
    if not isinstance(value, str):
        return value
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS):
        raise ValueError("expected an integer")
    return int(value)


def _flag(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in ("true", "false"):
        raise ValueError("expected true or false")
    return value == "true"


Integer = Annotated[int, BeforeValidator(_integer)]
Flag = Annotated[bool, BeforeValidator(_flag)]
EXAMPLE: Any = {"by name": {"value": "d3-s0-bilinear-w16"}}
NAME_OR_KEY = (
    "A name, such as `d3-s0-bilinear-w16`, or a canonical key: 64 hexadecimal digits. "
    "POST takes any graph instead."
)

Asked = Annotated[str, Query(description=NAME_OR_KEY, openapi_examples=EXAMPLE)]
Named = Annotated[str, Path(description=NAME_OR_KEY, openapi_examples=EXAMPLE)]
Task = Annotated[str, Query(description="The restoration task.", examples=[TASK])]
Protocol = Annotated[
    str | None,
    Query(
        description="The table to ask, by the name of its protocol. By default the first of each "
        "space, in the order of `/v1/tables`, that has the task and the architecture.",
        examples=["core64-v1"],
    ),
]
Seed = Annotated[
    Integer | None,
    Query(description="One seed; by default the mean over all that were measured.", examples=[0]),
]
Image = Annotated[
    str | None,
    Query(
        description="One DIP image; by default the mean over all that were measured.",
        examples=["101085"],
    ),
]
Mode = Literal["dip", "supervised"]
Where = Annotated[
    str,
    Query(
        description="Conditions joined by commas, all of which hold: a column of "
        "`/v1/metrics`, one of `=`, `!=`, `<`, `<=`, `>`, `>=`, and a value. A row without a "
        "value in the column meets none.",
        examples=["depth<=3,upsample=bilinear"],
    ),
]
Sort = Annotated[
    str,
    Query(
        description="Columns joined by commas, `-` before one for descending order; rows "
        "without a value come last. By default the order of the keys.",
        examples=["-dip_rmse,name"],
    ),
]


def catalogue_of(request: Request) -> Catalogue:
    """The tables that are served."""
    found: Catalogue = request.app.state.catalogue
    return found


async def only_known(request: Request) -> None:
    """Refuse what a route would ignore: a misspelt parameter answers another question.

    It is a coroutine because FastAPI runs others in threads, which costs more than all the rest.

    Raises:
        Problem: 400, a parameter is unknown or given twice.
    """
    given = request.query_params.multi_items()
    if not given:
        return
    allowed = request.app.state.parameters_of(request.scope["route"].path, request.method)
    seen = set()
    for name, _ in given:
        if name not in allowed:
            expected = f"one of {', '.join(allowed)}" if allowed else "none"
            raise Problem(400, f"unknown parameter {name!r}; expected {expected}")
        if name in seen:
            raise Problem(400, f"parameter {name!r} is given twice; expected it once")
        seen.add(name)
