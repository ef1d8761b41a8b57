"""Commands that compute a report of a table: plot, findings, proxy, surrogate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dipbench.cli.opening import check_drawing, opened, table_and_task, whole_table
from dipbench.cli.options import add_format, add_out, add_study, add_table_option
from dipbench.cli.printing import tell, tell_in_place
from dipbench.program import AddCommand, Options
from dipbench.table.hub import load

__all__ = ["add_findings", "add_plot", "add_proxy", "add_surrogate"]


def add_plot(add: AddCommand) -> None:
    """Add ``dipbench plot``."""
    plot = add("plot", _plot, "draw the three scatter plots")
    plot.add_argument(
        "--out", type=Path, default=Path("plots"), metavar="DIR", help="for the plots"
    )
    add_table_option(plot)
    add_format(plot)


def _plot(options: Options) -> None:
    from dipbench.reports.plots import scatter_plots

    check_drawing(options.out)
    table = whole_table(options)
    for path in scatter_plots(table, options.out, options.format):
        print(path)


def add_findings(add: AddCommand) -> None:
    """Add ``dipbench findings``."""
    findings = add("findings", _findings, "write what a table shows: a document and its figures")
    add_out(findings, "findings")
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
    add_table_option(findings)
    add_format(findings)
    add_study(findings)


def _findings(options: Options) -> None:
    from dipbench.reports import findings
    from dipbench.threads import one_thread

    table, task = table_and_task(options)
    others = [*map(opened, options.beside), *findings.embedded_companions(table)]
    asked: Any = {"seed": options.rng_seed, "task": task, "others": others}
    if options.json:
        known = () if options.baselines is None else findings.read_baselines(options.baselines)
        with one_thread():
            found = findings.study(table, baselines=known, **asked)
        print(json.dumps(findings.as_json(found), allow_nan=False))
        return
    check_drawing(options.out)
    paths = findings.write_findings(
        table,
        options.out,
        baselines=options.baselines,
        format=options.format,
        tell=tell,
        **asked,
    )
    print(*paths, sep="\n")


def add_proxy(add: AddCommand) -> None:
    """Add ``dipbench proxy``."""
    proxy = add("proxy", _proxy, "write what can stand in for training: a document and its figure")
    proxy.add_argument(
        "--scores", type=Path, metavar="FILE.csv", help="of untrained networks; default: without"
    )
    add_out(proxy, "proxy")
    add_table_option(proxy)
    add_format(proxy)
    add_study(proxy)


def _proxy(options: Options) -> None:
    from dipbench.reports.proxy import write_proxy
    from dipbench.reports.proxy.study import as_json, study
    from dipbench.threads import one_thread

    table, task = table_and_task(options)
    asked: Any = {"seed": options.rng_seed, "task": task}
    if options.json:
        with one_thread():
            found = study(table, options.scores, **asked)
        print(json.dumps(as_json(found), allow_nan=False))
        return
    check_drawing(options.out)
    given = table, options.scores, options.out
    paths = write_proxy(*given, format=options.format, tell=tell, **asked)
    print(*paths, sep="\n")


def add_surrogate(add: AddCommand) -> None:
    """Add ``dipbench surrogate``."""
    surrogate = add("surrogate", _surrogate, "fit a surrogate to a table and write how good it is")
    add_out(surrogate, "surrogate")
    surrogate.add_argument(
        "--store", type=Path, metavar="FILE.npz", help="keep the surrogate (default: do not)"
    )
    surrogate.add_argument(
        "--add",
        metavar="DIR",
        help="table of architectures that were not drawn at random, to be fitted to as well "
        "(default: none)",
    )
    surrogate.add_argument(
        "--nominees",
        type=Path,
        metavar="FILE.csv",
        help="what was predicted of them, as `python -m generate nominate` writes it "
        "(default: none)",
    )
    add_table_option(surrogate)
    add_study(surrogate)


def _surrogate(options: Options) -> None:
    from dipbench.surrogate.fitting.page import as_json, study, write_surrogate
    from dipbench.surrogate.nominees import read_nominees

    table, task = table_and_task(options)
    asked: Any = {
        "reference": load(),
        "added": None if options.add is None else opened(options.add),
        "nominees": [] if options.nominees is None else read_nominees(options.nominees),
    }
    given = task, options.rng_seed
    if options.json:
        found = study(table, *given, **asked)
        print(json.dumps(as_json(found), allow_nan=False))
        return
    asked |= {"store": options.store, "progress": tell_in_place}
    for path in write_surrogate(table, options.out, *given, **asked):
        print(path)
