"""What a document compares, said in the same words by all that use a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dipbench.reports.findings.panel import NEARLY_ALL, Panel
from dipbench.reports.findings.text import listed
from dipbench.table.coverage import plan

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["architecture_rows", "compared", "run_rows", "source_rows", "values"]

Rows = list[tuple[str, str]]


def source_rows(table: Table) -> Rows:
    """The protocol and the checksums of the table, as rows of name and value."""
    return [
        ("protocol", table.protocol),
        ("its SHA-256", f"`{table.manifest['protocol_hash']}`"),
        ("SHA-256 of the table's manifest", f"`{table.manifest['sha256']}`"),
    ]


def architecture_rows(table: Table, panel: Panel) -> Rows:
    """How many architectures were measured and compared, as rows of name and value."""
    planned = plan(table.manifest)
    of = f" of {planned.architectures} planned" if planned else ""
    return [
        ("architectures with a run", f"{panel.measured}{of}"),
        ("architectures compared here", str(len(panel))),
    ]


def run_rows(table: Table, panel: Panel) -> Rows:
    """The images, seeds and fits that are compared, as rows of name and value."""
    planned = plan(table.manifest)
    of = f" of {planned.fits} planned" if planned else ""
    return [
        ("DIP images", listed(panel.images)),
        ("seed numbers of DIP fits", listed([str(seed) for seed in panel.dip_seeds])),
        ("seed numbers of trainings", listed([str(seed) for seed in panel.supervised_seeds])),
        ("DIP fits used", f"{panel.fits}{of}"),
    ]


def values(table: Table, column: str) -> str:
    """The values of a column of all runs."""
    return listed(sorted(v for v in table.runs[column].unique().to_pylist() if v)) or "–"


def compared(table: Table, panel: Panel, what: str) -> str:
    """How complete that is, and what the panel is, as paragraphs.

    Args:
        what: of the document is true of these alone.
    """
    planned, text = plan(table.manifest), ""
    if planned and panel.fits < planned.fits:
        text = (
            f"**The table is not complete**: {len(panel)} of {planned.architectures} planned "
            f"architectures are compared, by {panel.fits} of {planned.fits} planned DIP fits. "
            f"{what} is true of these alone.\n\n"
        )
    return text + (
        "Compared are architectures on the same runs: an image and seed that at least "
        f"{NEARLY_ALL:.0%} of the architectures have is used, and an architecture that lacks one "
        "of these is left out."
    )
