"""Commands about measured rows on disk: status, cost, pack, assemble, agree."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dipbench.files import check_writable
from dipbench.program import AddCommand, Options, positive
from generate.commands.options import add_protocol, add_results, protocol_and_folder

__all__ = ["add_agree", "add_assemble", "add_cost", "add_pack", "add_status"]


def add_status(add: AddCommand) -> None:
    """Add ``python -m generate status``."""
    status = add("status", _status, "what is done, to do and failed")
    add_protocol(status)
    add_results(status)
    status.add_argument("--json", action="store_true", help="for programs")


def _status(options: Options) -> None:
    from dataclasses import asdict

    from generate.protocols.plan import make_plan
    from generate.table.progress import progress, report
    from generate.table.shards import read_results

    protocol, folder = protocol_and_folder(options)
    results = read_results(folder, protocol)
    parts = progress(protocol, make_plan(protocol), results)
    if options.json:
        print(json.dumps([asdict(part) for part in parts]))
        return
    print(report(parts))
    for file in results.rejected:
        print(f"not a shard of {protocol.name}: {file.path.name}: {file.reason}")


def add_cost(add: AddCommand) -> None:
    """Add ``python -m generate cost``."""
    cost = add("cost", _cost, "what a space of any size would cost, at the measured rate")
    add_protocol(cost)
    add_results(cost)
    cost.add_argument(
        "--architectures", type=positive, nargs="+", required=True, metavar="N", help="how many"
    )
    cost.add_argument("--json", action="store_true", help="for programs")


def _cost(options: Options) -> None:
    from dataclasses import asdict

    from generate.table.cost import costs, rates, report
    from generate.table.shards import read_results

    protocol, folder = protocol_and_folder(options)
    measured = rates(read_results(folder, protocol))
    if options.json:
        found = costs(protocol, measured, options.architectures)
        print(json.dumps({"rates": [*map(asdict, measured)], "costs": [*map(asdict, found)]}))
    else:
        print(report(protocol, measured, options.architectures))


def add_pack(add: AddCommand) -> None:
    """Add ``python -m generate pack``."""
    pack = add("pack", _pack, "merge small shards into few")
    add_protocol(pack)
    add_results(pack)


def _pack(options: Options) -> None:
    from generate.table.shards import pack

    protocol, folder = protocol_and_folder(options)
    print(f"{folder}: {pack(folder, protocol)} shards")


def add_assemble(add: AddCommand) -> None:
    """Add ``python -m generate assemble``."""
    assemble = add("assemble", _assemble, "make the table from the shards")
    add_protocol(assemble)
    add_results(assemble)
    assemble.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the table's folder"
    )


def _assemble(options: Options) -> None:
    check_writable(options.out)
    from generate.table.assemble import assemble
    from generate.table.shards import read_results

    protocol, folder = protocol_and_folder(options)
    results = read_results(folder, protocol)
    for file in results.rejected:
        print(f"left out {file.path.name}: {file.reason}", file=sys.stderr)
    print(f"wrote {assemble(protocol, results, options.out)}")


def add_agree(add: AddCommand) -> None:
    """Add ``python -m generate agree``."""
    agree = add("agree", _agree, "whether two folders of results agree")
    add_protocol(agree)
    add_results(agree)
    agree.add_argument(
        "--reference",
        type=Path,
        default=Path("generate/reference/torch"),
        metavar="DIR",
        help="the other; shards lie in DIR/PROTOCOL",
    )
    agree.add_argument(
        "--sample", type=positive, metavar="N", help="compare N architectures (default: all)"
    )
    agree.add_argument("--json", action="store_true", help="for programs")


def _agree(options: Options) -> None:
    from dataclasses import asdict

    from generate.protocols.plan import sample
    from generate.table.agreement import agreement, report
    from generate.table.shards import read_results

    protocol, folder = protocol_and_folder(options)
    names = {a.name for a in sample(protocol, options.sample)} if options.sample else None
    reference = read_results(options.reference / protocol.name, protocol)
    found = agreement(read_results(folder, protocol), reference, names)
    print(json.dumps([asdict(one) for one in found]) if options.json else report(found))
