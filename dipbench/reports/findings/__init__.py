"""What a table shows: numbers, figures and a document, made by one command.

The document is ``findings.md``; every number and every sentence about a number in it comes from
the table and those beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dipbench.extras import require
from dipbench.figures import PNG, Format
from dipbench.files import output_folder
from dipbench.reports.findings.baselines import read_baselines
from dipbench.reports.findings.companions import embedded_companions
from dipbench.reports.findings.effort import FULL, Effort
from dipbench.reports.findings.study import Study, Tell, as_json, study
from dipbench.threads import one_thread

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = [
    "Effort",
    "Study",
    "as_json",
    "embedded_companions",
    "read_baselines",
    "study",
    "write_findings",
]


def write_findings(
    table: Table,
    out: str | os.PathLike[str],
    seed: int = 0,
    task: str = "denoise25",
    effort: Effort = FULL,
    others: Iterable[Table] = (),
    baselines: str | os.PathLike[str] | None = None,
    format: Format = PNG,
    tell: Tell = lambda _: None,
) -> list[Path]:
    """Write ``findings.md`` and the figures that it shows into ``out`` and ``out/figures``.

    The same tables and seed give the same document, byte for byte.

    Args:
        others: tables beside it, as `study`.
        baselines: a CSV file, as `read_baselines`.
        format: of the figures: ``png``, ``pdf`` or ``svg``.
        tell: is told what is computed next.

    Returns:
        The files.

    Raises:
        ValueError: as `study`; nothing is written then.
        OSError: `out` cannot be written, or `baselines` not read.
        ImportError: matplotlib is not installed.
    """
    from dipbench.reports.findings.figures import figures
    from dipbench.reports.findings.report import report

    require("plot", "matplotlib")
    known = () if baselines is None else read_baselines(baselines)
    with output_folder(Path(out)) as folder, one_thread():
        found = study(table, seed, task, effort=effort, others=others, baselines=known, tell=tell)
        tell("figures")
        paths = figures(table, found, folder / "figures", format)
        links = {name: path.relative_to(folder).as_posix() for name, path in paths.items()}
        document = folder / "findings.md"
        document.write_bytes(report(table, found, links).encode())
    return [document, *paths.values()]
