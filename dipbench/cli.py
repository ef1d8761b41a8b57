"""The command ``dipbench``: one function for each of its commands."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture, NotInTable, SearchLimitExceeded
from dipbench.spaces import Architecture, BaseArchitecture, named
from dipbench.table.catalogue import tables
from dipbench.table.hub import load

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph
    from dipbench.nas import Problem
    from dipbench.table.table import Table

__all__ = ["main"]

# What `dipbench table` says of `dipbench.table.coverage.Coverage`.
SHOWN = (
    "tasks",
    "architectures",
    "complete",
    "seeds",
    "images",
    "trainings",
    "fits",
    "censored",
    "diverged",
    "training_hours",
    "fit_hours",
    "devices",
    "torch_versions",
)
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
    query.add_argument("--seed", type=int, help="one run's seed; default: mean over all measured")
    query.add_argument("--image", help="one DIP image; default: mean over those measured")

    features = add("features", _features, "depth, SLC, key and size, of any network")
    features.add_argument("architecture", metavar="NAME|GRAPH.json", help="name or node-link JSON")
    features.add_argument("--name", help="which graph of a file of several, by name")

    table = add("table", _table, "what the table holds")
    plot = add("plot", _plot, "draw the three scatter plots")
    plot.add_argument("--out", type=Path, default=Path("plots"), metavar="DIR")

    findings = add("findings", _findings, "write what a table shows: a document and its figures")
    findings.add_argument("--out", type=Path, default=Path("findings"), metavar="DIR")

    proxy = add("proxy", _proxy, "write what can stand in for training: a document and its figure")
    proxy.add_argument(
        "--scores", type=Path, required=True, metavar="FILE.csv", help="of untrained networks"
    )
    proxy.add_argument("--out", type=Path, default=Path("proxy"), metavar="DIR")

    datasheet = add("datasheet", _datasheet, "print the datasheet of a table, in Markdown")

    compare = add("compare", _compare, "search the table with several algorithms, many times each")
    compare.add_argument("--algorithms", metavar="A,B,...", help="default: all")
    compare.add_argument("--repeats", type=int, default=200, help="of each; default: %(default)s")
    compare.add_argument(
        "--seconds", type=float, help="simulated budget; default: that of a tenth of the space"
    )
    compare.add_argument("--objective", default="supervised_rmse_val", help="default: %(default)s")
    compare.add_argument("--task", default="denoise25", help="default: %(default)s")
    compare.add_argument(
        "--runs",
        default="mean",
        metavar="mean|random|SEED",
        help="which runs; default: %(default)s",
    )
    compare.add_argument(
        "--rng-seed", type=int, default=0, help="of the searches' random numbers; default: 0"
    )
    compare.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="worker processes; default: %(default)s",
    )
    compare.add_argument("--out", type=Path, default=Path("comparison"), metavar="DIR")

    export = add("export", _export, "write a table in the format of another library")
    export.add_argument("format", choices=("syne-tune",), help="syne-tune: a blackbox repository")
    export.add_argument(
        "--objectives",
        default="supervised_rmse_val,macs,params",
        metavar="A,B,...",
        help="default: %(default)s",
    )
    export.add_argument("--out", type=Path, required=True, metavar="DIR")

    download = add("download", _download, "bring a table of the Hub into the cache")
    download.add_argument("--repo", metavar="OWNER/NAME", help="default: this release's table")
    download.add_argument("--revision", help="branch, tag or commit")

    publish = add("publish", _publish, "make a table a data set of the Hub; a dry run by default")
    publish.add_argument("folder", type=Path, metavar="DIR", help="folder of the table")
    publish.add_argument("--repo", required=True, metavar="OWNER/NAME", help="where on the Hub")
    publish.add_argument("--out", type=Path, metavar="FOLDER", help="keep what is built, there")
    publish.add_argument("--upload", action="store_true", help="send it; by default nothing is")
    publish.add_argument("--tag", help="a new tag for what is sent")
    publish.add_argument("--date", metavar="YYYY-MM-DD", help="day of publication, to be cited")

    for command in (query, table, plot, findings, proxy, datasheet, compare, export):
        command.add_argument(
            "--table",
            metavar="DIR",
            help="folder of a table, or name of an embedded one; default: that of the task",
        )
    for command in (query, features, table, compare):
        command.add_argument("--json", action="store_true", help="print JSON instead of text")
    for command in (findings, proxy):
        command.add_argument("--task", default="denoise25", help="default: %(default)s")
        command.add_argument(
            "--rng-seed", type=int, default=0, help="of the resampling; default: %(default)s"
        )
        command.add_argument("--json", action="store_true", help="print the numbers, write nothing")
    return parser


def _query(options: argparse.Namespace) -> None:
    from dipbench.lookup import query

    result = query(
        _architecture(options.architecture),
        options.task,
        options.seed,
        options.image,
        table=None if options.table is None else _opened(options.table),
    )
    _print(asdict(result), options.json)


def _features(options: argparse.Namespace) -> None:
    from dipbench.graphs.canonical import canonical_key
    from dipbench.graphs.features import depth, macs, params, slc

    found = _architecture(options.architecture, options.name)
    graph = _parsed(found).graph if isinstance(found, str) else found
    values: dict[str, Any] = {
        "key": canonical_key(graph),
        "depth": depth(graph),
        "slc": slc(graph),
        "params": params(graph),
        "macs": macs(graph) if depth(graph) <= DEEPEST else None,
    }
    _print(values, options.json)


def _parsed(name: str) -> BaseArchitecture:
    """The architecture of a name of any space."""
    return named(name) or Architecture.parse(name)  # which says what is wrong


def _table(options: argparse.Namespace) -> None:
    from dipbench.table.coverage import coverage

    table = _opened(options.table)
    said = {"protocol": table.protocol, "space": table.manifest["space"]}
    counted = asdict(coverage(table))
    hashed = {"protocol_hash": table.manifest["protocol_hash"]}
    _print(said | {name: counted[name] for name in SHOWN} | hashed, options.json)


def _plot(options: argparse.Namespace) -> None:
    from dipbench.reports.plots import scatter_plots

    for path in scatter_plots(_opened(options.table), options.out):
        print(path)


def _findings(options: argparse.Namespace) -> None:
    from dipbench.reports.findings import as_json, study, write_findings

    table = _opened(options.table)
    if options.json:
        print(json.dumps(as_json(study(table, options.rng_seed, options.task)), allow_nan=False))
        return
    for path in write_findings(table, options.out, options.rng_seed, options.task):
        print(path)


def _proxy(options: argparse.Namespace) -> None:
    from dipbench.reports.proxy import write_proxy
    from dipbench.reports.proxy.study import as_json, study

    given = _opened(options.table), options.scores
    if options.json:
        found = study(*given, options.rng_seed, options.task)
        print(json.dumps(as_json(found), allow_nan=False))
        return
    for path in write_proxy(*given, options.out, options.rng_seed, options.task):
        print(path)


def _datasheet(options: argparse.Namespace) -> None:
    from dipbench.publish.datasheet import datasheet
    from dipbench.publish.release import Release
    from dipbench.table.coverage import coverage
    from dipbench.table.hub import REPO_ID

    table = _opened(options.table)
    print(datasheet(Release(REPO_ID, table.manifest, coverage(table))), end="")


def _compare(options: argparse.Namespace) -> None:
    from dipbench.nas import ALGORITHMS, compare

    names = tuple(ALGORITHMS) if options.algorithms is None else options.algorithms.split(",")
    problem = _problem(options)
    options.out.mkdir(parents=True, exist_ok=True)  # before hours are spent for nothing
    found = compare(
        problem,
        names,
        repeats=options.repeats,
        seconds=options.seconds,
        seed=options.rng_seed,
        jobs=options.jobs,
        progress=True,
    )
    files = [str(path) for path in found.save(options.out)]
    if options.json:
        print(json.dumps(found.as_dict() | {"files": files}, allow_nan=False))
    else:
        print(found, *files, sep="\n")


def _problem(options: argparse.Namespace) -> Problem:
    """What is to be searched: the architectures that have a test RMSE to report, too."""
    import numpy as np

    from dipbench.nas import Problem

    runs: Any = {"mean": None}.get(options.runs, options.runs)
    if runs not in (None, "random"):
        try:
            runs = int(runs)
        except ValueError:
            raise ValueError(f"runs is {runs!r}; expected mean, random or a seed") from None
    make = partial(
        Problem,
        options.objective,
        table=None if options.table is None else _opened(options.table),
        task=options.task,
        seed=runs,
        rng=np.random.default_rng(0),  # each repeat brings its own
    )
    return make(within=make().measured("supervised_rmse"))


def _export(options: argparse.Namespace) -> None:
    from dipbench.nas.adapters.blackbox import write_blackbox

    objectives = options.objectives.split(",")
    for path in write_blackbox(_opened(options.table), options.out, objectives):
        print(path)


def _download(options: argparse.Namespace) -> None:
    from dipbench.table.hub import REPO_ID, download

    print(download(options.repo or REPO_ID, options.revision))


def _publish(options: argparse.Namespace) -> None:
    from dipbench.publish import publish

    out, send, tag = options.out, options.upload, options.tag
    print(publish(options.folder, options.repo, out, send=send, tag=tag, published=options.date))


def _opened(place: str | None) -> Table:
    """The table in a folder, an embedded one by name, or by default `core64-v1`."""
    if place is not None and place in tables() and not Path(place).exists():
        return load(protocol=place)
    return load(place)


def _architecture(argument: str, name: str | None = None) -> str | Graph:
    """A name or key as it is; the graph of a JSON file."""
    return _read_graph(Path(argument), name) if argument.lower().endswith(".json") else argument


def _read_graph(path: Path, name: str | None) -> Graph:
    """The graph of a node-link JSON file, or that of this name in a file of graphs by name.

    Raises:
        OSError: the file cannot be read.
        InvalidArchitecture: it is no such JSON.
    """
    from dipbench.graphs.nodelink import from_node_link, parse_json

    try:
        data = parse_json(path.read_bytes())
        if name is not None:
            if name not in data:
                raise ValueError(f"has no graph {name!r}; expected one of {', '.join(data)}")
            data = data[name]
        return from_node_link(data)
    except (ValueError, TypeError) as error:
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
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
