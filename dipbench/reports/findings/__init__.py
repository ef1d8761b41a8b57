"""What a table shows: numbers, figures and a document, made by one command.

The document is ``findings.md``; every number and every sentence about a number in it comes from
the table.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dipbench.reports.findings.effort import FULL, Effort
from dipbench.reports.findings.study import Study, as_json, study

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Effort", "Study", "as_json", "study", "write_findings"]


def write_findings(
    table: Table,
    out: str | os.PathLike[str],
    seed: int = 0,
    task: str = "denoise25",
    effort: Effort = FULL,
) -> list[Path]:
    """Write ``findings.md`` and the figures that it shows into ``out`` and ``out/figures``.

    The same table and seed give the same document, byte for byte.

    Returns:
        The files.

    Raises:
        ValueError: as `study`; nothing is written then.
        ImportError: matplotlib is not installed.
    """
    from dipbench.reports.findings.figures import figures
    from dipbench.reports.findings.report import report

    found = study(table, seed, task, effort)
    folder = Path(out)
    paths = figures(table, found, folder / "figures")
    document = folder / "findings.md"
    links = {name: path.relative_to(folder).as_posix() for name, path in paths.items()}
    document.write_bytes(report(table, found, links).encode())
    return [document, *paths.values()]
