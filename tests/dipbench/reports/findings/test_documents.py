"""The generated pages of the documentation are those of the embedded table."""

import re
from pathlib import Path

from dipbench import load, tables
from dipbench.cli import main

DOCS = Path(__file__).parents[4] / "docs"
FIGURE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
VERDICT = re.compile(r"^\| [^|]+ \| \*\*[^|]+\*\* \| [^|]+ \|$", re.MULTILINE)


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


def test_findings_are_of_every_embedded_table():
    """Each is named with its checksum; one more or another makes the page an old one."""
    page = (DOCS / "findings.md").read_text("utf-8")
    for table in (load(protocol=name) for name in tables()):
        said = f"`{table.protocol}`" in page and table.sha256[:16] in page
        assert said, f"{table.protocol}: make it anew: make pages"


def test_the_readme_gives_the_verdicts_of_the_findings():
    rows = VERDICT.findall((DOCS / "findings.md").read_text("utf-8"))
    assert len(rows) == 4
    assert "\n".join(rows) in (DOCS.parent / "README.md").read_text("utf-8")


def shown(*pages: Path) -> set[Path]:
    """The pictures that these pages show."""
    found = ((page, path) for page in pages for path in FIGURE.findall(page.read_text("utf-8")))
    return {(page.parent / path).resolve() for page, path in found}


def test_every_figure_of_the_findings_is_there():
    """And no figure is there that no page shows."""
    there = {path.resolve() for path in (DOCS / "figures").iterdir()}
    everywhere = shown(DOCS.parent / "README.md", *DOCS.rglob("*.md"))
    assert shown(DOCS / "findings.md") <= there <= everywhere
