"""The spaces, and architectures put together from choices."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api import spaces
from api.bodies import body_of
from api.catalogue import Known
from api.documented import answers
from api.models import Built, Spaces
from api.parameters import catalogue_of
from api.problems import Problem
from api.replies import json_reply
from dipbench import InvalidArchitecture
from dipbench.graphs.nodelink import parse_json

__all__ = ["router"]

router = APIRouter(prefix="/v1/spaces", tags=["spaces"])
MAX_CHOICES = 10_000  # bytes
EXAMPLE = {"depth": 3, "skips": [True, False, False], "upsample": "bilinear", "width": 16}
CHOICES_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One value per field of the space, see `/v1/spaces`.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
    }
}


@router.get("", responses=answers(Spaces))
async def all_spaces() -> Response:
    """Every space: how large it is, and what can be chosen in it."""
    found = [
        {"name": name, "size": len(space), "fields": [asdict(f) for f in spaces.form(name)]}
        for name, space in spaces.spaces().items()
    ]
    return json_reply({"spaces": found})


@router.post(
    "/{space}/architecture", responses=answers(Built, 404, 413), openapi_extra=CHOICES_BODY
)
async def build(
    request: Request,
    space: Annotated[str, Path(description="Name of the space.", examples=["core64"])],
) -> Response:
    """The architecture of these choices: its name, key, features and graph."""
    if space not in spaces.spaces():
        known = ", ".join(spaces.spaces())
        raise Problem(404, f"no space {space!r}; expected one of {known}")
    body = await body_of(request)
    if len(body) > MAX_CHOICES:
        raise Problem(413, f"body has {len(body)} bytes; expected at most {MAX_CHOICES}")
    chosen = parse_json(body)
    if not isinstance(chosen, dict):
        raise InvalidArchitecture("expected an object with one value per field")
    a = spaces.build(space, chosen)
    return json_reply(catalogue_of(request).described(Known(a, a.key, a.graph)))
