"""The generated pages of the documentation are those of the embedded table."""

import re
from pathlib import Path

from dipbench import load
from dipbench.cli import main

DOCS = Path(__file__).parents[3] / "docs"


def test_datasheet_is_that_of_the_embedded_table(capsys):
    assert main(["datasheet"]) == 0
    made = capsys.readouterr().out
    page = (DOCS / "datasheet.md").read_text("utf-8")
    assert page == made, "make it anew: dipbench datasheet > docs/datasheet.md"


def test_findings_of_the_embedded_protocol_are_those_of_the_embedded_table():
    """While another protocol's table is still growing, its findings may be ahead of the package."""
    page = (DOCS / "findings.md").read_text("utf-8")
    table = load()
    if page.startswith(f"# Findings: {table.protocol}\n"):
        assert table.manifest["sha256"] in page, "make it anew: dipbench findings --out docs"


def test_every_figure_of_the_findings_is_there():
    shown = re.findall(r"!\[.+?\]\((.+?)\)", (DOCS / "findings.md").read_text("utf-8"))
    assert {(DOCS / path).name for path in shown} == {
        path.name for path in (DOCS / "figures").iterdir()
    }
