"""Markdown that several documents are made of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

__all__ = ["table", "wrapped"]

WIDTH = 99  # of a line of text


def table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; a `|` in a cell does not end it."""
    lines = [heading, ("---",) * len(heading), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def wrapped(block: str) -> str:
    """Text and lists in lines of a readable length; tables, headings, figures and code as is."""
    if block.startswith(("|", "#", "!", "```")):
        return block
    lines = block.split("\n- ") if block.startswith("- ") else [block]
    text = [line if line.startswith("- ") or len(lines) == 1 else f"- {line}" for line in lines]
    indent = "  " if block.startswith("- ") else ""
    return "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text
    )
