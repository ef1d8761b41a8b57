"""Can DIP, which needs no training set, stand in for supervised training? And what else can?

A proxy is what architectures may be ordered by before they are trained. The document,
``proxy.md``, is made by one command; every number and every sentence about one comes from the
table and the file of training-free scores.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dipbench.extras import require
from dipbench.figures import PNG, Format
from dipbench.files import output_folder
from dipbench.reports.findings.effort import FULL, Effort
from dipbench.threads import one_thread

if TYPE_CHECKING:
    from dipbench.reports.findings.study import Tell
    from dipbench.table.table import Table

__all__ = ["write_proxy"]


def write_proxy(
    table: Table,
    scores: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    seed: int = 0,
    task: str = "denoise25",
    effort: Effort = FULL,
    format: Format = PNG,
    tell: Tell = lambda _: None,
) -> list[Path]:
    """Write ``proxy.md`` and the figure that it shows into ``out`` and ``out/proxy``.

    The same table, scores and seed give the same document, byte for byte.

    Args:
        scores: the file that ``python -m generate scores`` wrote; None leaves the training-free
            proxies out of the page.
        format: of the figure: ``png``, ``pdf`` or ``svg``.
        tell: is told what is computed next.

    Returns:
        The files.

    Raises:
        ValueError, InvalidTable, OSError: as `study`; nothing is written then.
        ImportError: matplotlib is not installed.
    """
    from dipbench.reports.proxy.figure import draw_proxies
    from dipbench.reports.proxy.report import report
    from dipbench.reports.proxy.study import study

    require("plot", "matplotlib")
    with output_folder(Path(out)) as folder, one_thread():
        found = study(table, scores, seed, task, effort=effort, tell=tell)
        figure = folder / "proxy" / f"proxies.{format}"
        figure.parent.mkdir(exist_ok=True)
        draw_proxies(found, figure)
        document = folder / "proxy.md"
        document.write_bytes(report(table, found, figure.relative_to(folder).as_posix()).encode())
    return [document, figure]
