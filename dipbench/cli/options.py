"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_format", "add_json", "add_out", "add_study", "add_table_option"]


def add_out(to: argparse.ArgumentParser, default: str) -> None:
    """Add ``--out``, the folder that a report goes to."""
    to.add_argument(
        "--out",
        type=Path,
        default=Path(default),
        metavar="DIR",
        help="folder for what is written",
    )


def add_table_option(to: argparse.ArgumentParser) -> None:
    """Add ``--table``, ``--protocol`` and ``--task``, which `dipbench.cli.opening` reads."""
    named = to.add_mutually_exclusive_group()
    named.add_argument(
        "--table", metavar="DIR", help="folder of a table (default: the embedded one of the task)"
    )
    named.add_argument(
        "--protocol",
        metavar="NAME",
        help="an embedded table, such as core64-v1 (default: that of the task)",
    )
    to.add_argument("--task", help="restoration task (default: the table's, or else denoise25)")


def add_json(to: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    to.add_argument("--json", action="store_true", help="print JSON instead of text")


def add_format(to: argparse.ArgumentParser) -> None:
    """Add ``--format``, that of the figures."""
    to.add_argument("--format", choices=("png", "pdf", "svg"), default="png", help="of the figures")


def add_study(to: argparse.ArgumentParser) -> None:
    """Add what the reports that resample have in common: random numbers, JSON."""
    to.add_argument("--rng-seed", type=int, default=0, help="of the resampling")
    to.add_argument("--json", action="store_true", help="print the numbers, write nothing")
