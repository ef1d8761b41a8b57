"""Sphinx configuration; the page of the schema is made from the schema."""

from pathlib import Path

from dipbench import __version__
from dipbench.schema import SCHEMA_VERSION, markdown

project = "dipbench"
author = "the dipbench maintainers"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
autodoc_typehints = "description"
autodoc_member_order = "bysource"

INTRODUCTION = f"""# Schema

Version {SCHEMA_VERSION}. A table is a folder of three Parquet files and `manifest.json`, which
states the schema version, the space, the protocol and its hash, and of each file its rows and its
SHA-256. Missing values are null: nothing is filled in.

"""

(Path(__file__).parent / "schema.md").write_text(INTRODUCTION + markdown(), encoding="utf-8")
