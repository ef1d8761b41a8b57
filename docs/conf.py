"""Sphinx configuration; the page of the schema and the cost of a space are made here."""

import subprocess
import sys
from pathlib import Path

from dipbench import __version__
from dipbench.table.schema import SCHEMA_VERSION, markdown

project = "dipbench"
author = "the dipbench maintainers"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
myst_heading_anchors = 3  # pages link to sections of one another

INTRODUCTION = f"""# Schema

Version {SCHEMA_VERSION}. A table is a folder of three Parquet files and `manifest.json`, which
states the schema version, the space, the protocol and its hash, and of each file its rows and its
SHA-256. Missing values are null: nothing is filled in.

"""

(Path(__file__).parent / "schema.md").write_text(INTRODUCTION + markdown(), encoding="utf-8")

# As measured when the documentation is built: the shards become more.
COST = [sys.executable, "-m", "generate", "cost", "--architectures", "15625", "1000000"]
(Path(__file__).parent / "cost.txt").write_bytes(
    subprocess.run(COST, cwd=Path(__file__).parents[1], check=True, capture_output=True).stdout
)
