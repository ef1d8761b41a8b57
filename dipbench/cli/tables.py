"""Commands about a whole table: table, datasheet, export, download, publish."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from dipbench.cli.opening import whole_table
from dipbench.cli.options import add_json, add_table_option
from dipbench.cli.printing import print_values
from dipbench.files import check_writable
from dipbench.program import AddCommand, Options
from dipbench.table.catalogue import PROTOCOL, REPO_ID, entry, tables

__all__ = ["add_datasheet", "add_download", "add_export", "add_publish", "add_table"]

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


def add_table(add: AddCommand) -> None:
    """Add ``dipbench table``."""
    table = add("table", _table, "what the table holds")
    add_table_option(table)
    add_json(table)


def _table(options: Options) -> None:
    from dipbench.table.coverage import coverage

    table = whole_table(options)
    said = {"protocol": table.protocol, "space": table.manifest["space"]}
    counted = asdict(coverage(table))
    hashed = {"protocol_hash": table.manifest["protocol_hash"]}
    print_values(said | {name: counted[name] for name in SHOWN} | hashed, options.json)


def add_datasheet(add: AddCommand) -> None:
    """Add ``dipbench datasheet``."""
    datasheet = add("datasheet", _datasheet, "print the datasheet of a table, in Markdown")
    _add_about(datasheet, required=False)
    add_table_option(datasheet)


def _add_about(to: argparse.ArgumentParser, *, required: bool) -> None:
    """Add what a table does not say of itself; of an embedded one it is known."""
    known = "" if required else " (default: those of an embedded table)"
    for option, metavar, text in (
        ("--author", "NAME", "whose data it is"),
        ("--license", "SPDX", "of the data, such as CC-BY-4.0"),
        ("--description", "TEXT", "what was measured, and why"),
    ):
        to.add_argument(option, required=required, metavar=metavar, help=text + known)


def _datasheet(options: Options) -> None:
    from dipbench.publish.datasheet import datasheet
    from dipbench.publish.release import OURS, About, Release
    from dipbench.table.coverage import coverage

    table = whole_table(options)
    said = options.author, options.license, options.description
    if said == (None, None, None) and table.protocol in tables():
        about = OURS
    elif None in said:
        none = " or, as it comes with dipbench, none of them" * (table.protocol in tables())
        raise ValueError(
            f"datasheet of {table.protocol}: expected --author, --license and --description{none}"
        )
    else:
        about = About(*said)
    place = entry(table.protocol).repo_id if table.protocol in tables() else REPO_ID
    print(datasheet(Release(place, table.manifest, coverage(table), about)), end="")


def add_export(add: AddCommand) -> None:
    """Add ``dipbench export``."""
    export = add("export", _export, "write a table in the format of another library")
    export.add_argument("format", choices=("syne-tune",), help="syne-tune: a blackbox repository")
    export.add_argument(
        "--objectives",
        default="supervised_rmse_val,macs,params",
        metavar="A,B,...",
        help="what the blackbox knows",
    )
    export.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for what is written"
    )
    add_table_option(export)


def _export(options: Options) -> None:
    from dipbench.nas.adapters.blackbox import write_blackbox

    objectives = options.objectives.split(",")
    table = whole_table(options)
    check_writable(options.out)
    for path in write_blackbox(table, options.out, objectives):
        print(path)


def add_download(add: AddCommand) -> None:
    """Add ``dipbench download``."""
    download = add("download", _download, "bring a table of the Hub into the cache")
    which = download.add_mutually_exclusive_group()
    which.add_argument("--repo", metavar="OWNER/NAME", help="data set (default: that of core64-v1)")
    which.add_argument(
        "--protocol", metavar="NAME", help="that of another embedded table (default: core64-v1)"
    )
    download.add_argument(
        "--revision", help="branch, tag or commit; default: that of this release, or main"
    )


def _download(options: Options) -> None:
    from dipbench.publish.release import check_repo_id
    from dipbench.table.hub import download

    repo_id = options.repo
    if repo_id is None:
        repo_id = entry(PROTOCOL if options.protocol is None else options.protocol).repo_id
    check_repo_id(repo_id)
    print(download(repo_id, options.revision))


def add_publish(add: AddCommand) -> None:
    """Add ``dipbench publish``."""
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
    _add_about(publish, required=True)


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
