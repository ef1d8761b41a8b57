"""What a graph says without training."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bodies import body_of, while_connected
from api.catalogue import Catalogue
from api.documented import answers
from api.encoding import encoded
from api.models import Features
from api.parameters import Asked, catalogue_of
from api.replies import json_reply
from api.request_models import GRAPH_BODY
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
    return json_reply(said | described(known.graph) | _tables_of(catalogue, known.key))


@router.post("/features", responses=answers(Features, 413, 422, 503), openapi_extra=GRAPH_BODY)
async def by_graph(request: Request) -> Response:
    """The same of any network; one larger than all that is measured here gets no key."""
    catalogue = catalogue_of(request)
    body = await body_of(request)
    work = request.app.state.workers.do("features", body, largest=catalogue.largest)
    said = await while_connected(request, work)
    tables = encoded(_tables_of(catalogue, said["key"]))
    return json_reply(str(said["json"]).encode()[:-1] + b"," + tables[1:])


def _tables_of(catalogue: Catalogue, key: str | None) -> dict[str, Any]:
    measured = catalogue.measured(key)
    return {"measured": measured, "in_table": bool(measured)}
