"""Make the generated pages anew from the embedded tables: ``python docs/pages.py``.

Writes findings.md, proxy.md and datasheet.md with their figures, and copies the table of verdicts
into the README.
"""

from __future__ import annotations

import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

from dipbench.cli import main

DOCS = Path(__file__).parent
RESULTS = DOCS.parent / "generate" / "results"
TABLE = re.compile(r"^\| claim[^\n]* \|\n\| ---[^\n]*\n(?:\| [^\n]*\n)+", re.MULTILINE)


def verdicts_into_readme() -> None:
    """Put the findings' table of verdicts where the README has one."""
    readme = DOCS.parent / "README.md"
    made = TABLE.search((DOCS / "findings.md").read_text("utf-8"))
    assert made is not None  # the findings always have one
    text, count = TABLE.subn(lambda _: made.group(), readme.read_text("utf-8"), count=1)
    if not count:
        raise ValueError(f"{readme} has no table of claims; expected one")
    readme.write_text(text, "utf-8")


def make_pages() -> int:
    """Make them; 0, or the status of the first command that failed."""
    baselines = RESULTS / "baselines.csv"
    more = ["--baselines", str(baselines)] if baselines.exists() else []
    scores = RESULTS / "core64-v1-scores.csv"
    for command in (
        ["findings", *more, "--out", str(DOCS)],
        ["proxy", "--scores", str(scores), "--out", str(DOCS)],
    ):
        status = main(command)
        if status:
            return status
    with (DOCS / "datasheet.md").open("w", encoding="utf-8") as page, redirect_stdout(page):
        status = main(["datasheet"])
    verdicts_into_readme()
    return status


if __name__ == "__main__":
    sys.exit(make_pages())
