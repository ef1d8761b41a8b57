"""The command ``dipbench``: query, features, table, plot."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture, NotInTable, SearchLimitExceeded
from dipbench.hub import load
from dipbench.space import Architecture

if TYPE_CHECKING:
    from dipbench.dag import Graph
    from dipbench.table import Table

__all__ = ["main"]

DEEPEST = 6  # a 64×64 image cannot be halved more often


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on standard error for an error of use."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (ValueError, NotInTable, SearchLimitExceeded, OSError, ImportError) as error:
        print("error:", str(error).replace("\n", " "), file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dipbench",
        description="Scores and features of image restoration networks. "
        "RMSE is in grey levels on 0-255.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, function: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=function)
        return command

    query = add("query", _query, "what the table says of one architecture")
    query.add_argument("architecture", metavar="NAME", help="name, canonical key or GRAPH.json")
    query.add_argument("--task", default="denoise25", help="default: %(default)s")
    query.add_argument("--seed", type=int, help="one seed; default: mean over those measured")
    query.add_argument("--image", help="one DIP image; default: mean over those measured")

    features = add("features", _features, "depth, SLC, key and size, of any network")
    features.add_argument("architecture", metavar="NAME|GRAPH.json", help="name or node-link JSON")
    features.add_argument("--name", help="which graph of a file of several, by name")

    table = add("table", _table, "what the table holds")
    plot = add("plot", _plot, "draw the three scatter plots")
    plot.add_argument("--out", type=Path, default=Path("plots"), metavar="DIR")

    for command in (query, table, plot):
        command.add_argument(
            "--table", type=Path, metavar="DIR", help="folder of a table; default: the embedded one"
        )
    for command in (query, features, table):
        command.add_argument("--json", action="store_true", help="for programs")
    return parser


def _query(options: argparse.Namespace) -> None:
    from dipbench.lookup import query

    result = query(
        _architecture(options.architecture),
        options.task,
        options.seed,
        options.image,
        table=load(options.table),
    )
    shown = [f.name for f in fields(result) if f.repr]
    _print({name: getattr(result, name) for name in shown}, options.json)


def _features(options: argparse.Namespace) -> None:
    from dipbench.canonical import canonical_key
    from dipbench.features import depth, macs, params, slc

    found = _architecture(options.architecture, options.name)
    graph = Architecture.parse(found).graph if isinstance(found, str) else found
    values: dict[str, Any] = {
        "key": canonical_key(graph),
        "depth": depth(graph),
        "slc": slc(graph),
        "params": params(graph),
        "macs": macs(graph) if depth(graph) <= DEEPEST else None,
    }
    _print(values, options.json)


def _table(options: argparse.Namespace) -> None:
    _print(coverage(load(options.table)), options.json)


def _plot(options: argparse.Namespace) -> None:
    from dipbench.plots import scatter_plots

    for path in scatter_plots(load(options.table), options.out):
        print(path)


def coverage(table: Table) -> dict[str, Any]:
    """What a table holds: architectures, seeds, images, runs, failures, censored peaks."""
    runs = table.runs.to_pylist()

    def listed(column: str) -> list[Any]:
        return sorted({run[column] for run in runs if run[column] is not None})

    finished = [run["mode"] for run in runs if run["status"] == "ok"]
    return {
        "protocol": table.protocol,
        "space": table.manifest["space"],
        "tasks": sorted(table.tasks),
        "architectures": len({run["key"] for run in runs}),
        "seeds": listed("seed"),
        "images": listed("image"),
        "supervised_trainings": finished.count("supervised"),
        "dip_fits": finished.count("dip"),
        "censored_peaks": sum(bool(run["peak_censored"]) for run in runs),
        "failed": len(runs) - len(finished),
        "devices": listed("device"),
        "torch_versions": listed("torch_version"),
        "protocol_hash": table.manifest["protocol_hash"],
    }


def _architecture(argument: str, name: str | None = None) -> str | Graph:
    """A name or key as it is; the graph of a JSON file."""
    return _read_graph(Path(argument), name) if argument.lower().endswith(".json") else argument


def _read_graph(path: Path, name: str | None) -> Graph:
    """The graph of a node-link JSON file, or that of this name in a file of graphs by name.

    Raises:
        OSError: the file cannot be read.
        InvalidArchitecture: it is no such JSON.
    """
    from dipbench.nodelink import from_node_link

    try:
        data = json.loads(path.read_bytes())
        if name is not None:
            if name not in data:
                raise ValueError(f"has no graph {name!r}; expected one of {', '.join(data)}")
            data = data[name]
        return from_node_link(data)
    except (InvalidArchitecture, ValueError, RecursionError) as error:
        raise InvalidArchitecture(f"{path}: {error}") from None


def _print(values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        known = {k: None if _is_nan(v) else v for k, v in values.items()}
        print(json.dumps(known, allow_nan=False))
        return
    width = max(map(len, values))
    for name, value in values.items():
        print(f"{name:<{width}}  {_text(name, value)}")


def _text(name: str, value: Any) -> str:
    if value is None or _is_nan(value):
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}{' s' if name.endswith('seconds') else ''}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
