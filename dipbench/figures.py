"""How figures are written, whatever they show. Needs matplotlib when called."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

__all__ = ["FORMATS", "PNG", "Format", "check_format", "save"]

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


def save(figure: Any, path: Path) -> Path:
    """Write a figure; its suffix decides the format. The same figure gives the same bytes."""
    import matplotlib

    _settle(figure)
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with matplotlib.rc_context({"svg.hashsalt": "dipbench"}):
        figure.savefig(path, dpi=DPI, metadata=undated.get(path.suffix))
    return path


def _settle(figure: Any) -> None:
    """Lay `figure` out once and round: last digits of the solver differ from time to time.

    Ids in an SVG file follow from all digits.
    """
    if figure.get_layout_engine() is None:
        return
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        bounds = axes.get_position(original=True).bounds
        axes.set_position([round(value, 6) for value in bounds], which="original")
