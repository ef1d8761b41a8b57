"""``python -m generate``: from photographs to a table; see `generate.commands`."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from dipbench.program import command, program, run
from generate.commands.measuring import add_demo, add_nominate, add_reproduce, add_run
from generate.commands.photographs import add_images, add_manifest
from generate.commands.report_inputs import add_baselines, add_restored, add_scores
from generate.commands.results import add_agree, add_assemble, add_cost, add_pack, add_status
from generate.commands.speed import add_bench, add_gpu_check

COMMANDS = (  # in the order of the help text
    add_images,
    add_manifest,
    add_run,
    add_nominate,
    add_reproduce,
    add_status,
    add_cost,
    add_pack,
    add_assemble,
    add_agree,
    add_scores,
    add_baselines,
    add_restored,
    add_bench,
    add_gpu_check,
    add_demo,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors of use are one line on standard error and exit code 2."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = program("python -m generate", "Measure a benchmark table, from photographs on.")
    add = partial(command, parser.add_subparsers(required=True, metavar="COMMAND"))
    for add_command in COMMANDS:
        add_command(add)
    return parser


if __name__ == "__main__":
    sys.exit(main())
