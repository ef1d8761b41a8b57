"""Commands about one architecture: query, features, predict."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dipbench.cli.graph_files import read_architecture
from dipbench.cli.opening import named_table, task_of
from dipbench.cli.options import add_json, add_table_option
from dipbench.cli.printing import print_values
from dipbench.program import AddCommand, Options
from dipbench.spaces import parsed

__all__ = ["add_features", "add_predict", "add_query"]

DEEPEST = 6  # a 64×64 image cannot be halved more often


def add_query(add: AddCommand) -> None:
    """Add ``dipbench query``."""
    query = add("query", _query, "what the table says of one architecture")
    query.add_argument("architecture", metavar="NAME", help="name, canonical key or GRAPH.json")
    query.add_argument("--seed", type=int, help="one run's seed; default: mean over all measured")
    query.add_argument("--image", help="one DIP image; default: mean over those measured")
    add_table_option(query)
    add_json(query)


def _query(options: Options) -> None:
    from dipbench.lookup import query

    table = named_table(options)
    result = query(
        read_architecture(options.architecture),
        options.task or task_of(table),
        options.seed,
        options.image,
        table=table,
    )
    print_values(asdict(result), options.json)


def add_features(add: AddCommand) -> None:
    """Add ``dipbench features``."""
    features = add("features", _features, "depth, SLC, key and size, of any network")
    features.add_argument("architecture", metavar="NAME|GRAPH.json", help="name or node-link JSON")
    features.add_argument(
        "--name", help="name of the graph in a file of several; default: the file's only graph"
    )
    add_json(features)


def _features(options: Options) -> None:
    from dipbench.graphs.canonical import canonical_key
    from dipbench.graphs.features import depth, macs, params, slc

    found = read_architecture(options.architecture, options.name)
    graph = parsed(found).graph if isinstance(found, str) else found
    values: dict[str, Any] = {
        "key": canonical_key(graph),
        "depth": depth(graph),
        "slc": slc(graph),
        "params": params(graph),
        "macs": macs(graph) if depth(graph) <= DEEPEST else None,
    }
    print_values(values, options.json)


def add_predict(add: AddCommand) -> None:
    """Add ``dipbench predict``."""
    predict = add("predict", _predict, "what a surrogate predicts for an architecture")
    predict.add_argument("architecture", metavar="NAME|GRAPH.json", help="name or node-link JSON")
    predict.add_argument("--task", default="denoise25", help="default: %(default)s")
    predict.add_argument(
        "--space", help="whose surrogate is asked; default: the first that holds the architecture"
    )
    add_json(predict)


def _predict(options: Options) -> None:
    from dipbench.surrogate.prediction import as_dict, predict

    found = predict(read_architecture(options.architecture), options.task, space=options.space)
    if not options.json:
        measured = f"{found.n_rows} measured architectures of {found.space}"
        print(f"predicted from {measured}; 90 % intervals")
    said = as_dict(found)
    if not options.json:
        del said["predicted"], said["n_rows"], said["protocol"]
    print_values(said, options.json)
