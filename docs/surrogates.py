"""Fit the surrogates anew and write their pages: ``python docs/surrogates.py``.

They are fitted to the embedded tables, and to the architectures of ``generate/nominees``, which
search named on predictions and which were measured since.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from dipbench.cli import main
from dipbench.surrogate.surrogate import FOLDER
from dipbench.table.catalogue import entry
from generate.protocols.reading import get
from generate.table.assemble import assemble
from generate.table.shards import read_results

DOCS = Path(__file__).parent
GENERATE = DOCS.parent / "generate"
NOMINEES = {"unet64-v1": "unet64-best-v1"}


def measured_nominees(name: str, out: Path) -> list[str]:
    """Assemble the table of nominees, and how to name it to ``dipbench surrogate``."""
    listed = GENERATE / "nominees" / name
    protocol = get(str(listed.with_suffix(".json")))
    assemble(protocol, read_results(GENERATE / "results" / name, protocol), out)
    return ["--add", str(out), "--nominees", str(listed.with_suffix(".csv"))]


def make_surrogates() -> int:
    """Make them; 0, or the status of the first command that failed."""
    with tempfile.TemporaryDirectory() as folder:
        for of in map(entry, ("core64-v1", "unet64-v1")):
            command = ["surrogate", "--protocol", of.protocol, "--out", str(DOCS)]
            command += ["--store", str(FOLDER / f"{of.space}-{of.task}.npz")]
            if of.protocol in NOMINEES:
                command += measured_nominees(NOMINEES[of.protocol], Path(folder) / of.space)
            status = main(command)
            if status:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(make_surrogates())
