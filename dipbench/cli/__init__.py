"""The command ``dipbench``: a module for each subject, a function for each of its commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

from dipbench.cli.architectures import add_features, add_predict, add_query
from dipbench.cli.reports import add_findings, add_plot, add_proxy, add_surrogate
from dipbench.cli.search import add_compare
from dipbench.cli.tables import add_datasheet, add_download, add_export, add_publish, add_table
from dipbench.program import command, program, run

__all__ = ["main"]

COMMANDS = (  # in the order of the help text
    add_query,
    add_features,
    add_table,
    add_plot,
    add_findings,
    add_proxy,
    add_predict,
    add_surrogate,
    add_datasheet,
    add_compare,
    add_export,
    add_download,
    add_publish,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on standard error for an error of use."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = program(
        "dipbench",
        "Scores and features of image restoration networks. RMSE is in grey levels on 0-255.",
    )
    add = partial(command, parser.add_subparsers(required=True, metavar="COMMAND"))
    for add_command in COMMANDS:
        add_command(add)
    return parser
