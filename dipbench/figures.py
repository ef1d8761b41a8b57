"""How figures are written, whatever they show. Needs matplotlib when called."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

from dipbench.extras import how_to_install

__all__ = ["FORMATS", "PNG", "Format", "check_format", "needs_matplotlib", "save"]

Format: TypeAlias = Literal["png", "pdf", "svg"]
FORMATS: tuple[Format, ...] = ("png", "pdf", "svg")
PNG: Format = "png"
DPI = 160


def check_format(format: str) -> None:
    """Check the name of a format.

    Raises:
        ValueError: it is none of `FORMATS`.
    """
    if format not in FORMATS:
        raise ValueError(f"format is {format!r}; expected one of {', '.join(FORMATS)}")


def needs_matplotlib(extra: str = "plot") -> None:
    """Check that figures can be drawn, before anything is computed for them.

    Args:
        extra: the one that the message names.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise ImportError(f"figures need matplotlib: {how_to_install(extra)}") from None


def save(figure: Any, path: Path) -> Path:
    """Write a figure; its suffix decides the format. The same figure gives the same bytes."""
    import matplotlib

    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with matplotlib.rc_context({"svg.hashsalt": "dipbench"}):
        figure.savefig(path, dpi=DPI, metadata=undated.get(path.suffix))
    return path
