"""``python -m api``: read a table, then serve it until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from api.server import Server
from dipbench import Table, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; return 0 when stopped, or 2 with one line on standard error if it cannot start."""
    options = _parser().parse_args(arguments)
    try:
        table = _read(options.table)
        with _listen(table, options) as server:
            signal.signal(signal.SIGTERM, _stop)
            print(f"{table.protocol}, {len(table)} rows, at {server.url}", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        return 0
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m api", description="Serve a table over HTTP, with a page to explore it."
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=_port, default=8000, help="default: %(default)s; 0 picks a free one"
    )
    parser.add_argument(
        "--table", type=Path, metavar="DIR", help="folder of a table; default: the embedded one"
    )
    parser.add_argument("--verbose", action="store_true", help="log each request")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; expected 0 to 65535")
    return int(text)


def _read(folder: Path | None) -> Table:
    """The table with all its files parsed, so that a bad one is found now and not by a request.

    Parsing is also nothing that two requests may do at once.
    """
    table = load(folder)
    _ = table.runs, table.curves
    return table


def _listen(table: Table, options: argparse.Namespace) -> Server:
    try:
        return Server(table, options.host, options.port, verbose=options.verbose)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"cannot listen on {options.host} port {options.port}: {reason}") from None


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
