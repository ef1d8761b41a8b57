"""Shards: finished units on disk, written once and never changed.

A shard is gzipped JSON that carries the protocol's hash and the rows of one or more units.
Its file name ends in the SHA-256 of its bytes. It is written under a temporary name, synced
and renamed, so a shard is there whole or not at all, and one that is torn, altered or of
another protocol is recognised, reported, and its units are done again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from generate.protocols.settings import Protocol

__all__ = ["Rejected", "Results", "Row", "pack", "read_results", "set_aside", "write_shard"]

SUFFIX = ".json.gz"
DIGEST_LENGTH = 16
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Rejected:
    """A file that is not a shard of the protocol, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Results:
    """What a folder of shards holds: rows per unit id, and the files that were refused."""

    units: dict[str, list[Row]] = field(default_factory=dict)
    shards: list[Path] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def write_shard(folder: Path, protocol: Protocol, units: dict[str, list[Row]]) -> Path:
    """Write the rows of finished `units` as one shard; return its path.

    Raises:
        OSError: the folder cannot be written; then there is no shard and no partial file.
    """
    content = {"protocol": protocol.name, "protocol_hash": protocol.hash, "units": units}
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    data = gzip.compress(text.encode(), mtime=0)
    name = next(iter(units)) if len(units) == 1 else f"{len(units)}-units"
    path = folder / f"{name}.{_digest(data)}{SUFFIX}"
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(folder)
    return path


def read_results(folder: Path, protocol: Protocol) -> Results:
    """All units in `folder`; a missing folder holds none.

    Where two shards hold the same unit, which is harmless, the first by name counts.
    """
    results = Results()
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            units = _read_shard(path, protocol)
        except ValueError as error:
            results.rejected.append(Rejected(path, str(error)))
            continue
        results.shards.append(path)
        for unit, rows in units.items():
            results.units.setdefault(unit, rows)
    return results


def set_aside(folder: Path, rejected: list[Rejected]) -> None:
    """Move refused files to the folder ``set-aside``, so that their units are done again."""
    for file in rejected:
        aside = folder / "set-aside"
        aside.mkdir(exist_ok=True)
        file.path.replace(aside / file.path.name)
    for leftover in folder.glob("*.tmp"):
        if not _alive(leftover):
            leftover.unlink(missing_ok=True)


def pack(folder: Path, protocol: Protocol, units_per_shard: int = 400) -> int:
    """Merge small shards into few; return how many shards there are then.

    The new shards are complete on disk before an old one goes, so nothing can be lost.
    """
    results = read_results(folder, protocol)
    ids = sorted(results.units)
    written = {
        write_shard(folder, protocol, {i: results.units[i] for i in ids[k : k + units_per_shard]})
        for k in range(0, len(ids), units_per_shard)
    }
    for path in results.shards:
        if path not in written:
            path.unlink()
    return len(written)


def _read_shard(path: Path, protocol: Protocol) -> dict[str, list[Row]]:
    data = path.read_bytes()
    stated = path.name.removesuffix(SUFFIX).rpartition(".")[2]
    if stated != _digest(data):
        raise ValueError(f"SHA-256 begins {_digest(data)}, its name states {stated}")
    try:
        content = json.loads(gzip.decompress(data))
        name, found = content["protocol"], content["protocol_hash"]
        units: dict[str, list[Row]] = dict(content["units"])
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"not a shard ({type(error).__name__}: {error})") from None
    if found != protocol.hash:
        expected = f"{protocol.name} {protocol.hash[:12]}"
        raise ValueError(f"of protocol {name} {str(found)[:12]}, expected {expected}")
    return units


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:DIGEST_LENGTH]


def _alive(leftover: Path) -> bool:
    """Whether the process that is writing a temporary file still runs, on this machine."""
    process = leftover.name.split(".")[-2]
    return process.isdigit() and Path(f"/proc/{process}").exists()


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can sync a folder."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
