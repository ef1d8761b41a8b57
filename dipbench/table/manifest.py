"""The manifest of a table: what its files must be, and a checksum of its own.

``manifest.json`` states the schema version, the space, the protocol and its hash, and per file
the number of rows and the SHA-256. Nothing of a table is used before it has been checked.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from dipbench.errors import InvalidTable
from dipbench.table.schema import FILES, SCHEMA_VERSION

__all__ = ["MANIFEST", "complete", "digest", "read_manifest"]

MANIFEST = "manifest.json"
FIELDS = {"space": str, "protocol": dict, "protocol_hash": str, "files": dict}


def complete(stated: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """`stated` with the schema version, the `files` and the checksum added.

    Raises:
        ValueError: space, protocol (with its name) or protocol hash is missing.
    """
    manifest = {"schema_version": SCHEMA_VERSION, **stated, "files": files}
    problem = _problem(manifest)
    if problem:
        raise ValueError(f"manifest: {problem}")
    return manifest | {"sha256": _checksum(manifest)}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read and check a manifest.

    Raises:
        InvalidTable: it is missing, is not JSON, was altered, or is of another schema version.
    """
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidTable(
            f"{path}: {error.strerror}; expected the manifest of a dipbench table"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidTable(f"{path}: not JSON ({error}); expected a table's manifest") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version != SCHEMA_VERSION:
        raise InvalidTable(
            f"{path}: schema version {version!r}; this release reads version {SCHEMA_VERSION}"
        )
    stated, found = manifest.get("sha256"), _checksum(manifest)
    if stated != found:
        raise InvalidTable(f"{path}: altered: SHA-256 is {found}, it states {stated!r}")
    problem = _problem(manifest)
    if problem:
        raise InvalidTable(f"{path}: {problem}")
    return manifest


def digest(path: Path) -> str:
    """SHA-256 of a file that a manifest lists, read piece by piece.

    Raises:
        InvalidTable: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise missing(path, error) from None


def missing(path: Path, error: OSError) -> InvalidTable:
    return InvalidTable(f"{path}: {error.strerror}; the manifest lists it")


def altered(path: Path, found: str, stated: str) -> InvalidTable:
    return InvalidTable(
        f"{path}: altered or cut short: SHA-256 is {found}, the manifest states {stated}"
    )


def _checksum(manifest: dict[str, Any]) -> str:
    """SHA-256 of all that a manifest says but for the checksum itself."""
    rest = {field: value for field, value in manifest.items() if field != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _problem(manifest: dict[str, Any]) -> str:
    """What is wrong with a manifest, or nothing."""
    for field, kind in FIELDS.items():
        if not isinstance(manifest.get(field), kind):
            return f"{field} is {manifest.get(field)!r}; expected {kind.__name__}"
    if not isinstance(manifest["protocol"].get("name"), str):
        return f"protocol is {manifest['protocol']!r}; expected one with a name"
    if set(manifest["files"]) != set(FILES):
        listed = ", ".join(sorted(manifest["files"])) or "no files"
        return f"lists {listed}; expected {', '.join(sorted(FILES))}"
    for file, entry in manifest["files"].items():
        if not (
            isinstance(entry, dict)
            and isinstance(entry.get("sha256"), str)
            and isinstance(entry.get("rows"), int)
        ):
            return f"{file} is stated as {entry!r}; expected its rows and SHA-256"
    return ""
