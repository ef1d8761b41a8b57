"""The tables that come with the package: each a folder of ``dipbench/data``, found by looking.

A new table is a new folder. Which of several answers is said once, in `Entry.rank`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dipbench.errors import NotInTable
from dipbench.spaces import SPACES
from dipbench.table.manifest import MANIFEST, read_manifest
from dipbench.table.table import Table

__all__ = [
    "PROTOCOL",
    "REPO_ID",
    "TASK",
    "Entry",
    "embedded",
    "entries",
    "entry",
    "for_task",
    "tables",
]

DATA = Path(__file__).parents[1] / "data"
PROTOCOL = "core64-v1"
TASK = "denoise25"
OWNER = "dipbench"  # on the Hugging Face Hub
REPO_ID = f"{OWNER}/dipbench"  # of `PROTOCOL`


@dataclass(frozen=True)
class Entry:
    """One embedded table.

    Attributes:
        protocol: its name, by which the table is loaded.
        space, task: what was measured.
        folder: where it lies.
    """

    protocol: str
    space: str
    task: str
    folder: Path

    @property
    def primary(self) -> bool:
        """Whether the protocol's name says space, task and version and nothing else.

        ``core64-v1`` (the default task is not said) and ``core64-inpaint50-v1`` are primary;
        ``core64-long-v1``, a variant of how ``denoise25`` is measured, is not.
        """
        task = "" if self.task == TASK else f"-{re.escape(self.task)}"
        return re.fullmatch(rf"{re.escape(self.space)}{task}-v\d+", self.protocol) is not None

    @property
    def repo_id(self) -> str:
        """The data set of this table on the Hugging Face Hub; a data set holds one table."""
        return REPO_ID if self.protocol == PROTOCOL else f"{OWNER}/{self.protocol}"

    @property
    def rank(self) -> tuple[bool, int, bool, str]:
        """The first entry of a space and task in this order is the one that answers.

        Primary protocols come before variants, spaces in the order in which they are known, and
        the default task before others.
        """
        known = list(SPACES)
        space = known.index(self.space) if self.space in known else len(known)
        return not self.primary, space, self.task != TASK, self.protocol


def entries() -> tuple[Entry, ...]:
    """All embedded tables, in the order of `Entry.rank`.

    Raises:
        InvalidTable: the manifest of one is damaged.
    """
    return _entries(DATA)


@cache
def _entries(data: Path) -> tuple[Entry, ...]:
    found = []
    for path in sorted(data.glob(f"*/{MANIFEST}")):
        manifest = read_manifest(path)
        protocol = manifest["protocol"]
        task = protocol.get("task", TASK)
        found.append(Entry(protocol["name"], manifest["space"], task, path.parent))
    return tuple(sorted(found, key=lambda entry: entry.rank))


def tables() -> tuple[str, ...]:
    """Names of the embedded tables, by which `load` opens them: ``load(protocol=...)``."""
    return tuple(entry.protocol for entry in entries())


def entry(protocol: str) -> Entry:
    """The embedded table of a protocol.

    Raises:
        ValueError: there is none; the message lists those that there are.
    """
    for found in entries():
        if found.protocol == protocol:
            return found
    raise ValueError(f"protocol is {protocol!r}; expected one of {', '.join(tables())}")


def for_task(task: str) -> Sequence[Entry]:
    """Where a task is looked up: per space the first of its tables, in the order of `entries`.

    Raises:
        NotInTable: no embedded table is of this task; the message lists the tasks.
    """
    return _for_task(DATA, task)


@cache
def _for_task(data: Path, task: str) -> Sequence[Entry]:
    first: dict[str, Entry] = {}
    for found in _entries(data):
        if found.task == task:
            first.setdefault(found.space, found)
    if not first:
        known = ", ".join(dict.fromkeys(found.task for found in _entries(data)))
        raise NotInTable(f"task {task!r} was not measured; expected one of {known}")
    return tuple(first.values())


@cache
def embedded(entry: Entry) -> Table:
    """The table of an entry, opened once."""
    return Table.read(entry.folder)
