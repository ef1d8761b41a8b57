"""The command ``dipbench``: one function for each of its commands."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture, NotInTable
from dipbench.extras import require
from dipbench.files import check_writable
from dipbench.program import Options, command, positive, program, run
from dipbench.spaces import Architecture, BaseArchitecture, named
from dipbench.table.catalogue import embedded, for_task, tables
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
OUT = "folder for what is written"
DEEPEST = 6  # a 64×64 image cannot be halved more often


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 with one line on standard error for an error of use."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = program(
        "dipbench",
        "Scores and features of image restoration networks. RMSE is in grey levels on 0-255.",
    )
    add = partial(command, parser.add_subparsers(required=True, metavar="COMMAND"))

    query = add("query", _query, "what the table says of one architecture")
    query.add_argument("architecture", metavar="NAME", help="name, canonical key or GRAPH.json")
    query.add_argument("--task", default="denoise25", help="restoration task")
    query.add_argument("--seed", type=int, help="one run's seed; default: mean over all measured")
    query.add_argument("--image", help="one DIP image; default: mean over those measured")

    features = add("features", _features, "depth, SLC, key and size, of any network")
    features.add_argument("architecture", metavar="NAME|GRAPH.json", help="name or node-link JSON")
    features.add_argument(
        "--name", help="which graph of a file of several; default: the file has but one"
    )

    table = add("table", _table, "what the table holds")
    plot = add("plot", _plot, "draw the three scatter plots")
    plot.add_argument(
        "--out", type=Path, default=Path("plots"), metavar="DIR", help="for the plots"
    )

    findings = add("findings", _findings, "write what a table shows: a document and its figures")
    findings.add_argument("--out", type=Path, default=Path("findings"), metavar="DIR", help=OUT)

    findings.add_argument(
        "--with",
        dest="beside",
        action="append",
        default=[],
        metavar="DIR",
        help="another table beside it: other tasks, no perturbation, longer training; may be "
        "given several times. Beside an embedded table the other embedded ones are used anyway",
    )
    findings.add_argument(
        "--baselines",
        type=Path,
        metavar="FILE.csv",
        help="known methods on the same images (default: none)",
    )

    proxy = add("proxy", _proxy, "write what can stand in for training: a document and its figure")
    proxy.add_argument(
        "--scores", type=Path, metavar="FILE.csv", help="of untrained networks; default: without"
    )
    proxy.add_argument("--out", type=Path, default=Path("proxy"), metavar="DIR", help=OUT)

    predict = add("predict", _predict, "what a surrogate predicts for an architecture")
    predict.add_argument("architecture", metavar="NAME|GRAPH.json", help="name or node-link JSON")
    predict.add_argument("--task", default="denoise25", help="default: %(default)s")

    surrogate = add("surrogate", _surrogate, "fit a surrogate to a table and write how good it is")
    surrogate.add_argument("--out", type=Path, default=Path("surrogate"), metavar="DIR", help=OUT)
    surrogate.add_argument(
        "--store", type=Path, metavar="FILE.npz", help="keep the surrogate (default: do not)"
    )

    datasheet = add("datasheet", _datasheet, "print the datasheet of a table, in Markdown")

    compare = add("compare", _compare, "search the table with several algorithms, many times each")
    compare.add_argument("--algorithms", metavar="A,B,...", help="which; default: all")
    compare.add_argument("--repeats", type=positive, default=200, help="searches of each")
    compare.add_argument(
        "--seconds", type=float, help="simulated budget; default: that of a tenth of the space"
    )
    compare.add_argument(
        "--objective", default="supervised_rmse_val", metavar="A[,B]", help="what is minimised"
    )
    compare.add_argument("--space", help="search this space on predictions (default: the table)")
    compare.add_argument(
        "--max-macs", type=float, help="only architectures of at most so many (default: all)"
    )
    compare.add_argument(
        "--noise", action="store_true", help="on predictions, answer as one seed would"
    )
    compare.add_argument("--task", default="denoise25", help="restoration task")
    compare.add_argument(
        "--runs",
        default="mean",
        metavar="mean|random|SEED",
        help="which runs",
    )
    compare.add_argument("--rng-seed", type=int, default=0, help="of the searches' random numbers")
    compare.add_argument(
        "--jobs",
        type=positive,
        default=os.cpu_count() or 1,
        help="worker processes",
    )
    compare.add_argument("--out", type=Path, default=Path("comparison"), metavar="DIR", help=OUT)

    export = add("export", _export, "write a table in the format of another library")
    export.add_argument("format", choices=("syne-tune",), help="syne-tune: a blackbox repository")
    export.add_argument(
        "--objectives",
        default="supervised_rmse_val,macs,params",
        metavar="A,B,...",
        help="what the blackbox knows",
    )
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help=OUT)

    download = add("download", _download, "bring a table of the Hub into the cache")
    download.add_argument("--repo", metavar="OWNER/NAME", help="default: this release's table")
    download.add_argument(
        "--revision", help="branch, tag or commit; default: that of this release, or main"
    )

    publish = add("publish", _publish, "make a table a data set of the Hub; a dry run by default")
    publish.add_argument("folder", type=Path, metavar="DIR", help="folder of the table")
    publish.add_argument("--repo", required=True, metavar="OWNER/NAME", help="where on the Hub")
    publish.add_argument(
        "--out", type=Path, metavar="FOLDER", help="keep what is built; default: do not"
    )
    publish.add_argument("--upload", action="store_true", help="send it; by default nothing is")
    publish.add_argument("--tag", help="a new tag for what is sent; default: none")
    publish.add_argument(
        "--date", metavar="YYYY-MM-DD", help="day of publication; default: none is stated"
    )

    for each in (publish, datasheet):
        ours = each is datasheet  # of a table that comes with dipbench they are known
        known = " (default: those of an embedded table)" if ours else ""
        for option, metavar, text in (
            ("--author", "NAME", "whose data it is"),
            ("--license", "SPDX", "of the data, such as CC-BY-4.0"),
            ("--description", "TEXT", "what was measured, and why"),
        ):
            each.add_argument(option, required=not ours, metavar=metavar, help=text + known)
    for each in (query, table, plot, findings, proxy, surrogate, datasheet, compare, export):
        each.add_argument(
            "--table",
            metavar="DIR",
            help="folder of a table, or name of an embedded one; default: that of the task",
        )
    for each in (query, features, predict, table, compare):
        each.add_argument("--json", action="store_true", help="print JSON instead of text")
    for each in (plot, findings, proxy, compare):
        each.add_argument(
            "--format", choices=("png", "pdf", "svg"), default="png", help="of the figures"
        )
    for each in (findings, proxy, surrogate):
        each.add_argument("--task", default="denoise25", help="restoration task")
        each.add_argument("--rng-seed", type=int, default=0, help="of the resampling")
        each.add_argument("--json", action="store_true", help="print the numbers, write nothing")
    return parser


def _query(options: Options) -> None:
    from dipbench.lookup import query

    result = query(
        _architecture(options.architecture),
        options.task,
        options.seed,
        options.image,
        table=None if options.table is None else _opened(options.table),
    )
    _print(asdict(result), options.json)


def _features(options: Options) -> None:
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


def _table(options: Options) -> None:
    from dipbench.table.coverage import coverage

    table = _opened(options.table)
    said = {"protocol": table.protocol, "space": table.manifest["space"]}
    counted = asdict(coverage(table))
    hashed = {"protocol_hash": table.manifest["protocol_hash"]}
    _print(said | {name: counted[name] for name in SHOWN} | hashed, options.json)


def _plot(options: Options) -> None:
    from dipbench.reports.plots import scatter_plots

    _will_draw(options.out)
    for path in scatter_plots(_opened(options.table), options.out, options.format):
        print(path)


def _findings(options: Options) -> None:
    from dipbench.reports import findings
    from dipbench.threads import one_thread

    table = _of_task(options)
    others = [*map(_opened, options.beside), *findings.embedded_companions(table)]
    asked: Any = {"seed": options.rng_seed, "task": options.task, "others": others}
    if options.json:
        known = () if options.baselines is None else findings.read_baselines(options.baselines)
        with one_thread():
            found = findings.study(table, baselines=known, **asked)
        print(json.dumps(findings.as_json(found), allow_nan=False))
        return
    _will_draw(options.out)
    paths = findings.write_findings(
        table,
        options.out,
        baselines=options.baselines,
        format=options.format,
        tell=_tell,
        **asked,
    )
    print(*paths, sep="\n")


def _proxy(options: Options) -> None:
    from dipbench.reports.proxy import write_proxy
    from dipbench.reports.proxy.study import as_json, study
    from dipbench.threads import one_thread

    table = _of_task(options)
    asked: Any = {"seed": options.rng_seed, "task": options.task}
    if options.json:
        with one_thread():
            found = study(table, options.scores, **asked)
        print(json.dumps(as_json(found), allow_nan=False))
        return
    _will_draw(options.out)
    given = table, options.scores, options.out
    paths = write_proxy(*given, format=options.format, tell=_tell, **asked)
    print(*paths, sep="\n")


def _tell(text: str) -> None:
    """Progress, on standard error if a person is looking."""
    if sys.stderr.isatty():
        print(f"{text} ...", file=sys.stderr)


def _predict(options: Options) -> None:
    from dipbench.surrogate.prediction import as_dict, predict

    found = predict(_architecture(options.architecture), options.task)
    if not options.json:
        print(f"predicted from {found.n_rows} measured rows of {found.protocol}; 90 % intervals")
    said = as_dict(found)
    if not options.json:
        del said["predicted"], said["n_rows"], said["protocol"]
    _print(said, options.json)


def _surrogate(options: Options) -> None:
    from dipbench.surrogate.fitting.page import as_json, study, write_surrogate

    table, noise_table = _opened(options.table), load()
    if options.json:
        found = study(table, options.task, options.rng_seed, noise_table)
        print(json.dumps(as_json(*found), allow_nan=False))
        return
    for path in write_surrogate(
        table,
        options.out,
        options.task,
        options.rng_seed,
        store=options.store,
        noise_table=noise_table,
        progress=_step,
    ):
        print(path)


def _step(what: str) -> None:
    """Say on a terminal what is being computed, in one line that the next one takes."""
    if sys.stderr.isatty():
        print(f"\r{what:<60}", end="", file=sys.stderr, flush=True)


def _datasheet(options: Options) -> None:
    from dipbench.publish.datasheet import datasheet
    from dipbench.publish.release import OURS, About, Release
    from dipbench.table.coverage import coverage
    from dipbench.table.hub import REPO_ID

    table = _opened(options.table)
    said = options.author, options.license, options.description
    if said == (None, None, None) and table.protocol in tables():
        about = OURS
    elif None in said:
        raise ValueError(
            f"table {table.protocol} is not known as one of dipbench's own; expected --author, "
            "--license and --description"
        )
    else:
        about = About(*said)
    print(datasheet(Release(REPO_ID, table.manifest, coverage(table), about)), end="")


def _compare(options: Options) -> None:
    from dipbench.nas import ALGORITHMS, compare

    require("nas", "scipy", "sklearn", "matplotlib", "tqdm")
    check_writable(options.out)
    names = tuple(ALGORITHMS) if options.algorithms is None else options.algorithms.split(",")
    problem = _problem(options)
    found = compare(
        problem,
        names,
        repeats=options.repeats,
        seconds=options.seconds,
        seed=options.rng_seed,
        jobs=options.jobs,
        progress=True,
    )
    files = [str(path) for path in found.save(options.out, options.format)]
    if options.json:
        print(json.dumps(found.as_dict() | {"files": files}, allow_nan=False))
    else:
        print(found, *files, sep="\n")


def _problem(options: Options) -> Problem:
    """What is to be searched: the architectures that have a test RMSE to report, too."""
    import numpy as np

    from dipbench.nas import Problem

    runs: Any = {"mean": None}.get(options.runs, options.runs)
    if runs not in (None, "random"):
        try:
            runs = int(runs)
        except ValueError:
            raise ValueError(f"runs is {runs!r}; expected mean, random or a seed") from None
    objectives = options.objective.split(",")
    if options.space is not None:
        if options.table is not None:
            raise ValueError("table and space are given; expected one of them")
        noise = np.random.default_rng(0) if options.noise else None
        limits = {"max_macs": options.max_macs, "noise": noise, "seed": runs}
        return Problem(objectives, space=options.space, task=options.task, **limits)
    if options.noise:
        raise ValueError("noise is for predictions; expected --space, or --runs random")
    make = partial(
        Problem,
        objectives,
        max_macs=options.max_macs,
        table=None if options.table is None else _opened(options.table),
        task=options.task,
        seed=runs,
        rng=np.random.default_rng(0),  # each repeat brings its own
    )
    return make(within=make().measured("supervised_rmse"))


def _export(options: Options) -> None:
    from dipbench.nas.adapters.blackbox import write_blackbox

    objectives = options.objectives.split(",")
    check_writable(options.out)
    for path in write_blackbox(_opened(options.table), options.out, objectives):
        print(path)


def _download(options: Options) -> None:
    from dipbench.publish.release import check_repo_id
    from dipbench.table.hub import REPO_ID, download

    repo_id = REPO_ID if options.repo is None else options.repo
    check_repo_id(repo_id)
    print(download(repo_id, options.revision))


def _publish(options: Options) -> None:
    from dipbench.publish import About, publish

    about = About(options.author, options.license, options.description)
    said = publish(
        options.folder,
        options.repo,
        about,
        options.out,
        send=options.upload,
        tag=options.tag,
        published=options.date,
    )
    print(said)


def _will_draw(out: Path) -> None:
    """What a report needs, asked before it is computed.

    Raises:
        ImportError: matplotlib is not installed.
        OSError: `out` cannot be written.
    """
    require("plot", "matplotlib")
    check_writable(out)


def _of_task(options: Options) -> Table:
    """The table that is named, or the embedded one of the task; either has the task.

    Raises:
        NotInTable: the task was not measured; the message lists those that were.
    """
    if options.table is None:
        return embedded(for_task(options.task)[0])
    table = _opened(options.table)
    if options.task not in table.tasks:
        known = ", ".join(sorted(table.tasks))
        raise NotInTable(f"task {options.task!r} was not measured; expected one of {known}")
    return table


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
        one = not (isinstance(data, dict) and data and all(map(_like_graph, data.values())))
        if one and name is not None:
            raise ValueError(f"holds one graph; expected no --name, found {name!r}")
        if not one:
            if name not in data:
                found = "several graphs" if name is None else f"no graph {name!r}"
                raise ValueError(f"has {found}; expected --name with one of {', '.join(data)}")
            data = data[name]
        return from_node_link(data)
    except ValueError as error:
        called = "" if name is None else f" graph {name!r}:"
        raise InvalidArchitecture(f"{path}:{called} {error}") from None


def _like_graph(value: Any) -> bool:
    return isinstance(value, dict) and "nodes" in value


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
