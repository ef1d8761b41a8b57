"""``python -m api``: read the tables, then serve them until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from dipbench import __version__
from dipbench.extras import require
from dipbench.program import STOPPED

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; return 0 when stopped, or 2 with one line on standard error if it cannot start.

    Ctrl-C before it serves is one line, too, and 130.
    """
    options = _parser().parse_args(arguments)
    try:
        require("api", "fastapi", "uvicorn", "httptools")
        from api.app import make_service
        from api.catalogue import read_tables
        from api.serving import Limits, Server

        tables = read_tables(options.table)
        bound = _listen(options.host, options.port)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with bound:
        log = logging.StreamHandler()
        log.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
        logging.basicConfig(level=logging.WARNING, handlers=[log])
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # not each malformed request
        if options.verbose:
            logging.getLogger("uvicorn.access").setLevel(logging.INFO)
        server = Server(make_service(tables), Limits(), verbose=options.verbose)
        served = ", ".join(f"{table.protocol} ({len(table)} architectures)" for table in tables)
        print(f"{served} at {_address(bound)}", flush=True)
        server.run(sockets=[bound])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m api", description="Serve tables over HTTP, with a page to explore them."
    )
    parser.add_argument("--version", action="version", version=f"python -m api {__version__}")
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=_port, default=8000, help="default: %(default)s; 0 picks a free one"
    )
    parser.add_argument(
        "--table", type=Path, metavar="DIR", help="folder of a table; default: the embedded ones"
    )
    parser.add_argument("--verbose", action="store_true", help="log each request")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"port is {text!r}; expected 0 to 65535")
    return int(text)


def _listen(host: str, port: int) -> socket.socket:
    from api.serving import listen

    try:
        return listen(host, port)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"cannot listen on {host} port {port}: {reason}") from None


def _address(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


if __name__ == "__main__":
    sys.exit(main())
