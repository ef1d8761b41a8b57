"""What there is: tables, the meaning of their columns, and all scores at once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.catalogue import Catalogue
from api.documented import answers
from api.encoding import encoded
from api.models import Metrics, Scores, Tables
from api.parameters import catalogue_of
from api.problems import Problem
from api.replies import json_reply
from api.rows import role
from dipbench import __version__
from dipbench.table.schema import FILES

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["tables"])


@router.get("/tables", responses=answers(Tables))
async def tables(request: Request) -> Response:
    """Every table that is served, with its tasks, seeds and images."""
    catalogue = catalogue_of(request)
    return json_reply({"tables": catalogue.summaries, "version": __version__})


@router.get("/metrics", responses=answers(Metrics))
async def metrics() -> Response:
    """Every column of the tables: its name, unit and meaning."""
    return json_reply(
        {
            "metrics": [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "unit": column.unit,
                    "meaning": column.meaning,
                    "of": file.removesuffix(".parquet"),
                    "role": role(column) if file == "architectures.parquet" else None,
                }
                for file, columns in FILES.items()
                for column in columns
            ]
        }
    )


@router.get("/scores", responses=answers(Scores, 404))
async def scores(
    request: Request,
    space: Annotated[
        str | None, Query(description="By default that of the first table.", examples=["core64"])
    ] = None,
) -> Response:
    """All architectures of a space with all their scores, column by column, merged by key.

    Every list has the same length and order.
    """
    catalogue = catalogue_of(request)
    space = catalogue.first.space_name if space is None else space
    made: dict[str, bytes] = request.app.state.scores
    if space not in made:
        made[space] = encoded(_scores(catalogue, space))
    return json_reply(made[space])


def _scores(catalogue: Catalogue, space: str) -> dict[str, Any]:
    found = [
        rows
        for (protocol, _), rows in catalogue.all_rows.items()
        if catalogue.tables[protocol].space_name == space
    ]
    if not found:
        known = sorted({table.space_name for table in catalogue.tables.values()})
        raise Problem(404, f"no table of the space {space!r}; expected one of {', '.join(known)}")
    columns = FILES["architectures.parquet"]
    about = [c.name for c in columns if role(c) == "feature" or c.name in ("key", "name")]
    measured = [c.name for c in columns if role(c) in ("score", "count")]
    of_key: dict[str, dict[str, Any]] = {}
    for rows in found:
        for row in rows.values:
            of_key.setdefault(row["key"], row)
    scores = []
    for rows in found:
        values = {name: [rows.by_key.get(key, {}).get(name) for key in of_key] for name in measured}
        scores.append({"protocol": rows.protocol, "task": rows.task, "columns": values})
    architectures = {name: [row[name] for row in of_key.values()] for name in about}
    return {"space": space, "architectures": architectures, "scores": scores}
