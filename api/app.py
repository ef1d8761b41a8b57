"""The application: routes, errors, what it starts with and what it keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

from api import site
from api.caching import Cached
from api.catalogue import Catalogue
from api.documented import answers
from api.models import Health, ProblemDetails
from api.parameters import only_known
from api.reference import reference_page
from api.replies import handle_problems, json_reply
from api.routes import architectures, features, predictions, queries, spaces
from api.routes import tables as tables_routes
from api.turns import Turns
from api.workers import Workers
from dipbench import Table, __version__

__all__ = ["make_app", "make_service"]

TOPICS = (tables_routes, architectures, queries, features, predictions, spaces)
ABOUT = (
    "Measured errors of networks for image restoration: all of a small space, some of a large one. "
    "RMSE is in grey levels on 0-255; what was not measured is null. "
    "Errors are application/problem+json, with a sentence in `detail`. Unknown and repeated "
    "parameters are refused. GET answers have an ETag, and every GET route takes HEAD."
)


def make_service(tables: Iterable[Table], workers: Workers | None = None) -> ASGIApp:
    """All of it, as an ASGI application: `make_app` behind what is kept of its answers."""
    return Cached(make_app(tables, workers), site.version_of)


def make_app(tables: Iterable[Table], workers: Workers | None = None) -> FastAPI:
    """The routes over these tables, the first of which is asked first."""
    workers = workers or Workers()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        workers.start()
        try:
            yield
        finally:
            await workers.close()

    app = FastAPI(
        title="dipbench",
        version=__version__,
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own page loads its script from elsewhere
        redoc_url=None,
        openapi_url=None,  # served below, where it is compressed and has an ETag
        redirect_slashes=False,
        dependencies=[Depends(only_known)],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.catalogue = Catalogue(tables)
    app.state.workers = workers
    app.state.scores = {}
    app.state.listings = Turns()
    app.state.methods_of = lambda path: _methods_of(app, path)
    app.state.parameters_of = _Parameters(app)
    handle_problems(app)
    app.include_router(_about(app))
    for topic in TOPICS:
        app.include_router(topic.router)
    app.include_router(site.router)
    return app


def _about(app: FastAPI) -> APIRouter:
    """The routes that say what the service is and how it is."""
    router = APIRouter()

    @router.get("/health", tags=["service"], responses=answers(Health))
    async def health() -> Response:
        """Whether the service answers."""
        return json_reply({"status": "ok", "version": __version__})

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return json_reply(description(app))

    @router.get("/docs", include_in_schema=False)
    async def reference() -> Response:
        page = reference_page(description(app))
        return Response(page, media_type=site.TYPES[".html"], headers=site.HEADERS)

    @router.get("/v1", include_in_schema=False)
    async def routes() -> Response:
        return json_reply({"routes": sorted(description(app)["paths"])})

    return router


def description(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, without FastAPI's own form of errors, which is never sent."""
    if app.openapi_schema is None:
        found = app.openapi()
        schemas = found["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas[ProblemDetails.__name__] = ProblemDetails.model_json_schema()
        for operations in found["paths"].values():
            for operation in operations.values():
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
    assert app.openapi_schema is not None
    return app.openapi_schema


class _Parameters:
    """Which query parameters a route takes, as its description says."""

    def __init__(self, app: FastAPI):
        self.app = app
        self.known: dict[tuple[str, str], list[str]] = {}

    def __call__(self, path: str, method: str) -> list[str]:
        if (path, method) not in self.known:
            operation = description(self.app)["paths"].get(path, {}).get(method.lower(), {})
            self.known[path, method] = [
                p["name"] for p in operation.get("parameters", []) if p["in"] == "query"
            ]
        return self.known[path, method]


def _methods_of(app: FastAPI, path: str) -> set[str]:
    scope = {"type": "http", "path": path, "root_path": "", "headers": []}
    return {
        method
        for method in ("GET", "POST")
        if any(route.matches(scope | {"method": method})[0] is Match.FULL for route in app.routes)
    }
