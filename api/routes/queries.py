"""What was measured of an architecture: means, runs, learning curves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.bodies import body_of, while_connected
from api.catalogue import TASK, Catalogue
from api.documented import answers
from api.models import BatchAnswers, Curve, QueryResult, Runs
from api.parameters import Asked, Flag, Image, Mode, Protocol, Seed, Task, catalogue_of
from api.problems import STATUS, Problem, problem_of
from api.replies import json_reply
from api.request_models import GRAPH_BODY, Batch
from dipbench import Result, query
from dipbench.table.schema import FILES

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["queries"])

PUBLIC = [field.name for field in fields(Result) if not field.name.startswith("_")]
CURVE = [column.name for column in FILES["curves.parquet"] if column.kind in ("ints", "floats")]
PAUSE = 50  # answers of a batch between two looks at what else is to be done
BATCH_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": Batch.model_json_schema(),
                "example": {"architectures": ["d3-s0-bilinear-w16", "d1-s-nearest-w8"]},
            }
        },
    }
}
ModeOf = Annotated[Mode, Query(description="Which kind of training.")]


@router.get("/query", responses=answers(QueryResult, 404))
async def by_name(
    request: Request,
    architecture: Asked,
    task: Task = TASK,
    protocol: Protocol = None,
    seed: Seed = None,
    image: Image = None,
) -> Response:
    """What was measured of one architecture: means over seeds and images, or of one of them."""
    found = result_of(catalogue_of(request), architecture, task, protocol, seed, image)
    return json_reply(_said(*found))


@router.post("/query", responses=answers(QueryResult, 404, 413, 422, 503), openapi_extra=GRAPH_BODY)
async def by_graph(
    request: Request,
    task: Task = TASK,
    protocol: Protocol = None,
    seed: Seed = None,
    image: Image = None,
) -> Response:
    """The same of the architecture whose graph is isomorphic to the one sent."""
    catalogue = catalogue_of(request)
    body = await body_of(request)
    work = request.app.state.workers.do("key", body, largest=catalogue.largest)
    key = await while_connected(request, work)
    return json_reply(_said(*result_of(catalogue, key, task, protocol, seed, image)))


@router.post(
    "/query/batch", responses=answers(BatchAnswers, 413, 422, 503), openapi_extra=BATCH_BODY
)
async def batch(request: Request) -> Response:
    """Up to 1,000 queries at once; one that fails has its problem in the place of its result."""
    catalogue = catalogue_of(request)
    body = await body_of(request)
    work = request.app.state.workers.do("batch", body, largest=catalogue.largest)
    asked = await while_connected(request, work)
    options = _batch_options(asked)
    results = []
    for i, item in enumerate(asked["architectures"]):
        if i % PAUSE == PAUSE - 1:
            await asyncio.sleep(0)
        results.append(_of_batch(catalogue, item, options))
    return json_reply({"results": results})


@router.get("/runs", responses=answers(Runs, 404))
async def runs(
    request: Request,
    architecture: Asked,
    task: Task = TASK,
    protocol: Protocol = None,
    mode: Annotated[Mode | None, Query(description="By default both.")] = None,
    seed: Seed = None,
    image: Image = None,
    curves: Annotated[Flag, Query(description="With the learning curve of each run.")] = False,
) -> Response:
    """Every run of one architecture: a training per seed, a DIP fit per seed and image."""
    result, protocol = result_of(catalogue_of(request), architecture, task, protocol, seed, image)
    table = catalogue_of(request).table(protocol)

    def wanted(run: Mapping[str, Any]) -> bool:
        return (
            mode in (None, run["mode"])
            and seed in (None, run["seed"])
            and (image is None or run["image"] in (None, image))
        )

    found = [run for run in table.runs_of(result.key, task) if wanted(run)]
    if curves:
        of_run = {
            (curve["mode"], curve["seed"], curve["image"]): {name: curve[name] for name in CURVE}
            for curve in table.curves_of(result.key, task)
        }
        found = [run | {"curve": of_run.get(_identity(run))} for run in found]
    said = {"name": result.name, "key": result.key, "protocol": protocol, "task": task}
    return json_reply(said | {"runs": found})


@router.get("/curve", responses=answers(Curve, 404))
async def curve(
    request: Request,
    architecture: Asked,
    mode: ModeOf,
    task: Task = TASK,
    protocol: Protocol = None,
    seed: Seed = None,
    image: Image = None,
) -> Response:
    """The mean learning curve over the same runs as `/v1/query`."""
    result, protocol = result_of(catalogue_of(request), architecture, task, protocol, seed, image)
    found = result.curve(mode)
    said: dict[str, Any] = {"name": result.name, "key": result.key, "protocol": protocol}
    said |= {"task": task, "seed": seed, "image": image, "mode": mode}
    return json_reply(said | {f.name: getattr(found, f.name) for f in fields(found)})


def result_of(
    catalogue: Catalogue,
    architecture: str,
    task: str,
    protocol: str | None,
    seed: int | None,
    image: str | None,
) -> tuple[Result, str]:
    """The result, and the protocol of the table that has it.

    Raises:
        InvalidArchitecture, NotInTable: as `dipbench.query`.
    """
    table = catalogue.choose(architecture, task, protocol)
    return query(architecture, task, seed, image, table=table), table.protocol


def _said(result: Result, protocol: str) -> dict[str, Any]:
    return {name: getattr(result, name) for name in PUBLIC} | {"protocol": protocol}


def _identity(run: Mapping[str, Any]) -> tuple[Any, ...]:
    return run["mode"], run["seed"], run["image"]


def _batch_options(asked: Mapping[str, Any]) -> tuple[Any, ...]:
    """Task, protocol, seed and image of a batch.

    Raises:
        Problem: 400, one of them is of another type than its parameter.
    """
    kinds = {"task": str, "protocol": str | None, "seed": int | None, "image": str | None}
    options = {"task": TASK} | {name: asked[name] for name in kinds if name in asked}
    for name, kind in kinds.items():
        value = options.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Problem(400, f"{name} is {value!r}; expected as the parameter of /v1/query")
    return tuple(options.get(name) for name in kinds)


def _of_batch(catalogue: Catalogue, item: Any, options: tuple[Any, ...]) -> dict[str, Any]:
    if isinstance(item, dict):  # the problem of a graph
        return item
    try:
        return _said(*result_of(catalogue, item, *options))
    except tuple(STATUS) as error:
        return {"problem": problem_of(STATUS[type(error)], str(error))}
