"""What a graph says without training."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bodies import body_of, while_connected
from api.catalogue import Catalogue
from api.documented import answers
from api.models import GRAPH_BODY, Features
from api.parameters import Asked, catalogue_of
from api.replies import json_reply
from api.work import described

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["architectures"])


@router.get("/features", responses=answers(Features, 404))
async def by_name(request: Request, architecture: Asked) -> Response:
    """Key, depth, SLC, parameters and operations of an architecture, measured or not."""
    catalogue = catalogue_of(request)
    known = catalogue.find(architecture)
    name = None if known.architecture is None else known.architecture.name
    said = {"name": name, "key": known.key, "note": None, "nodes": len(known.graph)}
    return json_reply(_with_tables(catalogue, said | described(known.graph)))


@router.post("/features", responses=answers(Features, 413, 422, 503), openapi_extra=GRAPH_BODY)
async def by_graph(request: Request) -> Response:
    """The same of any network; one larger than all that is measured here gets no key."""
    catalogue = catalogue_of(request)
    body = await body_of(request)
    work = request.app.state.workers.do("features", body, largest=catalogue.largest)
    return json_reply(_with_tables(catalogue, await while_connected(request, work)))


def _with_tables(catalogue: Catalogue, said: dict[str, Any]) -> dict[str, Any]:
    measured = catalogue.measured(said["key"])
    return said | {"measured": measured, "in_table": bool(measured)}
