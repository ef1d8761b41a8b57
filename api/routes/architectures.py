"""Architectures: pages of those in a table, and one by one with its graph and neighbours."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import spaces
from api.catalogue import TASK
from api.documented import answers
from api.encoding import encoded
from api.models import Built, Neighbours, Page
from api.parameters import Integer, Named, Protocol, Sort, Task, Where, catalogue_of
from api.problems import Problem
from api.replies import json_reply

__all__ = ["router"]

router = APIRouter(prefix="/v1/architectures", tags=["architectures"])
MAX_LIMIT = 1_000
MAX_OFFSET = 10**9


@router.get("", responses=answers(Page, 404))
async def page(
    request: Request,
    task: Task = TASK,
    protocol: Protocol = None,
    where: Where = "",
    sort: Sort = "",
    offset: Annotated[Integer, Query(ge=0, le=MAX_OFFSET, description="Rows to leave out.")] = 0,
    limit: Annotated[Integer, Query(ge=1, le=MAX_LIMIT, description="Rows of a page.")] = 100,
) -> Response:
    """The architectures of one task of one table, a page at a time.

    The header `Link` has the addresses of the next and the previous page.
    """
    await request.app.state.listings.wait()
    rows = catalogue_of(request).rows(protocol, task)
    found = rows.selected(where, sort)
    head = {"protocol": rows.protocol, "task": task, "total": len(found)}
    head |= {"offset": offset, "limit": limit}
    written = rows.written(found[offset : offset + limit])
    content = encoded(head)[:-1] + b',"rows":' + written + b"}"
    asked = dict(request.query_params)
    links = []
    if offset + limit < len(found):
        links.append(_link(asked, offset + limit, "next"))
    if offset:
        links.append(_link(asked, max(0, offset - limit), "prev"))
    return json_reply(content, {"Link": ", ".join(links)} if links else None)


class Csv(Response):
    """Comma-separated values."""

    media_type = "text/csv"


@router.get(".csv", responses=answers(str, 404, media_type="text/csv"), response_class=Csv)
async def as_csv(
    request: Request,
    task: Task = TASK,
    protocol: Protocol = None,
    where: Where = "",
    sort: Sort = "",
) -> Response:
    """The same rows as one file of comma-separated values; what was not measured is empty."""
    await request.app.state.listings.wait()
    rows = catalogue_of(request).rows(protocol, task)
    content = rows.as_csv(rows.selected(where, sort))
    name = f'attachment; filename="{rows.protocol}-{rows.task}.csv"'
    return Csv(content, headers={"Content-Disposition": name})


@router.get("/{architecture}", responses=answers(Built, 404))
async def one(request: Request, architecture: Named) -> Response:
    """An architecture of a space, measured or not, or a measured one by its key."""
    catalogue = catalogue_of(request)
    return json_reply(catalogue.described(catalogue.find(architecture)))


@router.get("/{architecture}/neighbours", responses=answers(Neighbours, 404))
async def neighbours(
    request: Request,
    architecture: Named,
    task: Task = TASK,
    protocol: Protocol = None,
    space: Annotated[
        str | None,
        Query(description="By default the one whose names are like this.", examples=["core64"]),
    ] = None,
) -> Response:
    """All architectures one edit away, and what was measured of them."""
    catalogue = catalogue_of(request)
    a = catalogue.find(architecture).architecture
    if a is None:
        raise Problem(404, f"{architecture} is in no named space, so it has no neighbours")
    held = spaces.spaces_of(a)
    if space is not None and space not in held:
        raise Problem(404, f"{a.name} is not in the space {space!r}; expected {', '.join(held)}")
    space = space or held[0]
    table = catalogue.choose(a.name, task, protocol)
    rows = catalogue.rows(table.protocol, task)
    found = []
    for other in spaces.spaces()[space].neighbours(a):
        await asyncio.sleep(0)  # a key takes a while, and there are dozens
        row = rows.by_key.get(other.key, {})
        found.append(
            {
                "name": other.name,
                "key": other.key,
                "depth": other.depth,
                "slc": other.slc,
                "edit": spaces.edit(space, a, other),
                "measured": bool(row),
                "supervised_rmse": row.get("supervised_rmse"),
                "dip_rmse": row.get("dip_rmse"),
            }
        )
    said = {"space": space, "name": a.name, "key": a.key, "protocol": table.protocol, "task": task}
    return json_reply(said | {"neighbours": found})


def _link(asked: dict[str, str], offset: int, relation: str) -> str:
    return f'<?{urlencode(asked | {"offset": str(offset)})}>; rel="{relation}"'
