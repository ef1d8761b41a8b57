"""Predicted scores of architectures that were not measured."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.bodies import body_of, while_connected
from api.catalogue import TASK
from api.documented import answers
from api.models import Prediction
from api.parameters import Asked, Task, catalogue_of
from api.problems import Problem
from api.replies import json_reply
from api.request_models import GRAPH_BODY

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["predictions"])
OfSpace = Annotated[
    str | None,
    Query(
        description="Whose surrogate is asked, for an architecture that several spaces hold; by "
        "default the first of them.",
        examples=["core64"],
    ),
]
LEVEL = 0.9  # of the intervals, see `dipbench.predict`


@router.get("/predict", responses=answers(Prediction, 404, 422, 503))
async def by_name(
    request: Request, architecture: Asked, task: Task = TASK, space: OfSpace = None
) -> Response:
    """What a surrogate expects of an architecture, with a 90 % interval for a new measurement."""
    return json_reply(await _predicted(request, b"", task, space, architecture))


@router.post(
    "/predict", responses=answers(Prediction, 404, 413, 422, 503), openapi_extra=GRAPH_BODY
)
async def by_graph(request: Request, task: Task = TASK, space: OfSpace = None) -> Response:
    """The same of a graph of the space."""
    return json_reply(await _predicted(request, await body_of(request), task, space, None))


async def _predicted(
    request: Request, body: bytes, task: str, space: str | None, architecture: str | None
) -> dict[str, Any]:
    catalogue = catalogue_of(request)
    if architecture is not None:
        known = catalogue.find(architecture).architecture
        if known is None:
            raise Problem(404, f"{architecture} is in no named space; predictions are for those")
        architecture = known.name
    asked = {"architecture": architecture, "task": task, "space": space}
    options = {"largest": catalogue.largest, **asked}
    work = request.app.state.workers.do("predict", body, **options)
    said: dict[str, Any] = await while_connected(request, work)
    return said | {"level": LEVEL, "predicted": True}
