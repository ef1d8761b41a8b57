"""The command that compares search algorithms."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from dipbench.cli.opening import named_table, task_of
from dipbench.cli.options import add_format, add_json, add_out, add_table_option
from dipbench.extras import require
from dipbench.files import check_writable
from dipbench.program import AddCommand, Options, positive
from dipbench.table.catalogue import TASK

if TYPE_CHECKING:
    from dipbench.nas import Problem

__all__ = ["add_compare"]


def add_compare(add: AddCommand) -> None:
    """Add ``dipbench compare``."""
    compare = add("compare", _compare, "search the table with several algorithms, many times each")
    compare.add_argument("--algorithms", metavar="A,B,...", help="which; default: all")
    compare.add_argument("--repeats", type=positive, default=200, help="searches of each")
    compare.add_argument(
        "--seconds",
        type=float,
        help="simulated budget; default: that of a tenth of the space, or of 200 on predictions",
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
    compare.add_argument("--runs", default="mean", metavar="mean|random|SEED", help="which runs")
    compare.add_argument("--rng-seed", type=int, default=0, help="of the searches' random numbers")
    compare.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="worker processes"
    )
    add_out(compare, "comparison")
    add_table_option(compare)
    add_json(compare)
    add_format(compare)


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
        if options.table is not None or options.protocol is not None:
            raise ValueError("table and space are given; expected one of them")
        noise = np.random.default_rng(0) if options.noise else None
        limits = {"max_macs": options.max_macs, "noise": noise, "seed": runs}
        return Problem(objectives, space=options.space, task=options.task or TASK, **limits)
    if options.noise:
        raise ValueError("noise is for predictions; expected --space, or --runs random")
    table = named_table(options)
    make = partial(
        Problem,
        objectives,
        max_macs=options.max_macs,
        table=table,
        task=options.task or task_of(table),
        seed=runs,
        rng=np.random.default_rng(0),  # each repeat brings its own
    )
    return make(within=make().measured("supervised_rmse"))
