"""Values and errors as HTTP responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.encoding import encoded
from api.problems import STATUS, Problem, clipped, problem_of

__all__ = ["PROBLEM", "handle_problems", "json_reply", "problem_reply"]

PROBLEM = "application/problem+json"


def json_reply(value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A reply of `value`; bytes are taken to be JSON already."""
    content = value if isinstance(value, bytes) else encoded(value)
    return Response(content, headers=headers, media_type="application/json")


def problem_reply(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The error `status` with `detail`, as `application/problem+json` (RFC 9457)."""
    content = encoded(problem_of(status, detail))
    return Response(content, status, headers, media_type=PROBLEM)


def handle_problems(app: FastAPI) -> None:
    """Answer every error that a route raises, or that routing itself finds, as a problem."""

    def of_ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_reply(error.status, error.detail, error.headers)

    def of_library(_: Request, error: Exception) -> Response:
        return problem_reply(STATUS[type(error)], str(error))

    def of_parameters(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_reply(400, "; ".join(map(_sentence, error.errors()[:3])))

    def of_routing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.scope["path"]
        if error.status_code == 404:
            return problem_reply(
                404, f"no route {path!r}; see /docs or /openapi.json for those there are"
            )
        if error.status_code == 405:
            allow = _allowed(request)
            detail = f"{path} does not take {request.method}; expected one of {allow}"
            return problem_reply(405, detail, {"Allow": allow})
        return problem_reply(error.status_code, str(error.detail), error.headers)

    def of_bugs(_: Request, error: Exception) -> Response:
        return problem_reply(500, "internal error")  # the log says which

    app.add_exception_handler(Problem, of_ours)
    for kind in STATUS:
        app.add_exception_handler(kind, of_library)
    app.add_exception_handler(RequestValidationError, of_parameters)
    app.add_exception_handler(HTTPException, of_routing)
    app.add_exception_handler(Exception, of_bugs)


def _allowed(request: Request) -> str:
    """The methods of every route with this path; routing names those of the first alone."""
    methods = request.app.state.methods_of(request.scope["path"])
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _sentence(error: Mapping[str, Any]) -> str:
    name = ".".join(map(str, error["loc"][1:]))
    if error["type"] == "missing":
        return f"parameter {name!r} is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{name} is {clipped(repr(error['input']))}; {message}"
