"""One way of writing a command-line program: its parser, its options, and how it fails.

A program is a parser of `program`, with a command for each function that it runs, and `run`. An
error of use is one line on standard error and exit code 2; with ``--debug`` its traceback is
printed too. Ctrl-C is one line and exit code 130.
"""

from __future__ import annotations

import argparse
import math
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from dipbench.errors import DipbenchError
from dipbench.version import __version__

__all__ = [
    "STOPPED",
    "AddCommand",
    "Options",
    "command",
    "duration",
    "positive",
    "program",
    "run",
]

Options = argparse.Namespace
# `command` without its first argument, what the command is added to.
AddCommand: TypeAlias = Callable[..., argparse.ArgumentParser]

EXPECTED = (DipbenchError, ValueError, OSError, ImportError, RuntimeError)
STOPPED = 130  # the exit code of a program that Ctrl-C ended, as shells say it
DEBUG = "print the traceback of an error, too"


class _Help(argparse.HelpFormatter):
    """States each default that the help text does not state itself."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help
        nothing = action.default is None or action.default is False  # 0 is a default, too
        silent = nothing or action.default == argparse.SUPPRESS or action.required
        if silent or not text or "default" in text or not action.option_strings:
            return text
        return f"{text} (default: %(default)s)"


def program(name: str, description: str) -> argparse.ArgumentParser:
    """The parser of a program, with ``--version`` and ``--debug``."""
    parser = argparse.ArgumentParser(prog=name, description=description, formatter_class=_Help)
    parser.add_argument("--version", action="version", version=f"{name} {__version__}")
    parser.add_argument("--debug", action="store_true", help=DEBUG)
    return parser


def command(
    commands: Any,
    name: str,
    function: Callable[[Options], int | None],
    text: str,
    stopped: str = "stopped",
) -> argparse.ArgumentParser:
    """Add a command that runs `function` to what ``parser.add_subparsers`` gave.

    Args:
        stopped: what Ctrl-C prints.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, formatter_class=_Help
    )
    parser.set_defaults(command=function, stopped=stopped)
    # Without a default of its own, so that `PROGRAM --debug COMMAND` works as well.
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=DEBUG)
    return parser


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run one command; return its exit code."""
    options = parser.parse_args(arguments)
    try:
        return int(options.command(options) or 0)
    except KeyboardInterrupt:
        print(options.stopped, file=sys.stderr)
        return STOPPED
    except EXPECTED as error:
        if options.debug:
            traceback.print_exception(error)
        print("error:", " ".join(str(error).split()) or type(error).__name__, file=sys.stderr)
        return 2


def positive(text: str) -> int:
    """The type of an option that takes an integer from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a positive integer")
    return int(text)


def duration(text: str) -> float:
    """The type of an option that takes a time: a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a positive number")
    return value
