"""Errors as ``application/problem+json`` (RFC 9457), which never echo more than a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from dipbench import InvalidArchitecture, NoSurrogate, NotInTable, SearchLimitExceeded

__all__ = ["STATUS", "Problem", "clipped", "problem_of"]

LONGEST = 500  # characters of an answer's detail, and of a value in it

STATUS: Mapping[type[Exception], int] = {
    InvalidArchitecture: 400,
    NotInTable: 404,
    NoSurrogate: 404,
    SearchLimitExceeded: 422,
}


class Problem(Exception):
    """An answer other than 200, with a sentence for people."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def clipped(text: str) -> str:
    """`text`, or its beginning and its end, where an error says what was expected."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST * 2 // 5]} … {text[-LONGEST * 2 // 5 :]}"


def problem_of(status: int, detail: str) -> dict[str, Any]:
    """The members that RFC 9457 defines; `about:blank` says that the status is the type."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": clipped(detail)}
