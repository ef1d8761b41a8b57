"""The explorer page and the documents that it links to, as files."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from api.problems import Problem

__all__ = ["POLICY", "router", "version_of"]

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parent / "page"
DOCUMENTS = ROOT / "docs"

# Scripts and styles come from this service alone and none is inline. No other page may show this
# one in a frame.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
TEXT = "text/plain; charset=utf-8"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": TEXT,
    ".md": TEXT,
    ".cff": TEXT,
    "": TEXT,
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> Response:
    return _file(PAGE, "index.html")


@router.get("/page/{path:path}")
async def part(path: str) -> Response:
    return _file(PAGE, path)


@router.get("/docs.css")
async def style() -> Response:
    return _file(Path(__file__).parent, "reference.css")


@router.get("/citation.cff")
async def citation() -> Response:
    return _file(ROOT, "CITATION.cff")


@router.get("/documentation/{name}")
async def document(name: str) -> Response:
    return _file(DOCUMENTS, name)


def version_of(path: str) -> int:
    """When the file behind this path was changed: a new file is a new answer."""
    if path != "/" and not path.startswith("/page/"):
        return 0
    try:
        return (
            _inside(PAGE, path.removeprefix("/page/").strip("/") or "index.html").stat().st_mtime_ns
        )
    except (OSError, Problem):
        return 0


def _file(folder: Path, name: str) -> Response:
    path = _inside(folder, name)
    try:
        content = path.read_bytes()
    except OSError:
        raise Problem(404, f"no file {name!r}") from None
    return Response(content, media_type=TYPES[path.suffix], headers=HEADERS)


def _inside(folder: Path, name: str) -> Path:
    """The file of this name.

    Raises:
        Problem: 404, the name leads out of the folder, or is of no kind that is served.
    """
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError):
        raise Problem(404, f"no file {name!r}") from None
    if not path.is_relative_to(folder) or path.suffix not in TYPES:
        raise Problem(404, f"no file {name!r}")
    return path
