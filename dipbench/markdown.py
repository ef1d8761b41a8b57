"""Markdown that several documents are made of."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["table"]


def table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; a `|` in a cell does not end it."""
    lines = [heading, ("---",) * len(heading), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
