"""The routes as pure functions: method, path, parameters and body in, status and value out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api import endpoints
from api.endpoints import BadRequest, Parameters
from dipbench import InvalidArchitecture, NotInTable, SearchLimitExceeded, Table

__all__ = ["ROUTES", "Reply", "answer"]

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """What to send: `value` is JSON-able, or text if `content_type` is not JSON."""

    status: int
    value: Any
    content_type: str = JSON
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """A function of table, parameters and body, with the names of the parameters it takes."""

    function: Callable[[Table, Parameters, bytes | None], Any]
    parameters: tuple[str, ...] = ()
    content_type: str = JSON


def answer(
    table: Table,
    method: str,
    path: str,
    parameters: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
) -> Reply:
    """The reply to one request; `body` is None where no length of it was given."""
    methods = ROUTES.get(path)
    if methods is None:
        return _error(404, f"no route {path!r}; expected one of {', '.join(ROUTES)}")
    route = methods.get(method)
    if route is None:
        allow = tuple(name for m in methods for name in (("GET", "HEAD") if m == "GET" else (m,)))
        message = f"{path} does not take {method}; expected one of {', '.join(allow)}"
        return Reply(405, {"error": message}, allow=allow)
    if method == "POST" and body is None:
        return _error(411, "no Content-Length; expected one, and a graph as JSON")
    try:
        known = _known(parameters, route.parameters)
        value = route.function(table, known, body if method == "POST" else None)
    except NotInTable as error:
        return _error(404, str(error))
    except (BadRequest, InvalidArchitecture, SearchLimitExceeded) as error:
        return _error(400, str(error))
    return Reply(200, _without_nan(value), route.content_type)


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"error": message})


def _known(parameters: Iterable[tuple[str, str]], allowed: tuple[str, ...]) -> Parameters:
    known: dict[str, str] = {}
    for name, value in parameters:
        if name not in allowed:
            expected = f"one of {', '.join(allowed)}" if allowed else "none"
            raise BadRequest(f"unknown parameter {name!r}; expected {expected}")
        if name in known:
            raise BadRequest(f"parameter {name!r} is given twice; expected it once")
        known[name] = value
    return known


def _without_nan(value: Any) -> Any:
    """`value` with None for every NaN or infinity, which JSON cannot say."""
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


RUNS = ("task", "seed", "image")
ROUTES = {
    "/": {"GET": Route(endpoints.page, content_type=HTML)},
    "/table": {"GET": Route(endpoints.table_summary)},
    "/architectures": {"GET": Route(endpoints.architectures, ("task",))},
    "/query": {
        "GET": Route(endpoints.result_of, ("architecture", *RUNS)),
        "POST": Route(endpoints.result_of, RUNS),
    },
    "/curve": {"GET": Route(endpoints.curve_of, ("architecture", "mode", *RUNS))},
    "/features": {
        "GET": Route(endpoints.features_of, ("architecture",)),
        "POST": Route(endpoints.features_of),
    },
}
