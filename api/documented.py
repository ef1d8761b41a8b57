"""Which answers a route gives, for its OpenAPI description."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from api.models import ProblemDetails
from api.replies import PROBLEM

__all__ = ["answers"]

MEANING = {
    400: "A parameter or the body is malformed, unknown, missing or given twice.",
    404: "The architecture, task, protocol, seed or image is in no table, or nothing predicts it.",
    413: "The body is longer than 1,000,000 bytes.",
    422: "The graph is valid, and too symmetric for an exact key or too hard for the time allowed.",
    503: "Too many graphs are being read; try again.",
}


def answers(model: Any, *errors: int, media_type: str = "application/json") -> dict[int | str, Any]:
    """The OpenAPI responses: `model` for 200, and a problem for each status of `errors`.

    400 is always among them, for any route may be given a parameter that it does not have.
    """
    if media_type == "application/json":
        found: dict[int | str, Any] = {200: {"model": model, "description": "Found."}}
    else:
        content = {media_type: {"schema": {"type": "string"}}}
        found = {200: {"content": content, "description": "Found."}}
    for status in (400, *errors):
        schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
        about = f"{HTTPStatus(status).phrase}: {MEANING[status]}"
        found[status] = {"content": {PROBLEM: {"schema": schema}}, "description": about}
    return found
