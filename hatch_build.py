"""The README as a package index shows it.

There are no files beside it there, so relative links become plain text and their pictures go.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"^!\[[^\]]*\]\((?!https?:)[^)]*\)\n\n?", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")


class IndexReadme(MetadataHookInterface):
    """Gives hatchling the text; it finds this class by itself."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the long description of the package."""
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(text)}


def for_index(text: str) -> str:
    """Markdown without pictures and links that lead to files beside it."""
    return LINK.sub(r"\1", PICTURE.sub("", text))
