"""A table on disk: three Parquet files and a manifest, checked before anything is used.

Reading trusts nothing: the manifest must be of a known schema version, each file must have
the size and SHA-256 that the manifest states and the columns that `dipbench.schema` states.
Writing is deterministic, so the same rows give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidTable
from dipbench.schema import FILES, SCHEMA_VERSION, arrow_schema

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["MANIFEST", "Table", "write_table"]

MANIFEST = "manifest.json"


class Table:
    """A verified table.

    Attributes:
        manifest: schema version, space, protocol and its hash, and the files with their rows
            and SHA-256.
        architectures, runs, curves: `pyarrow.Table`, with the columns of `dipbench.schema`.
    """

    def __init__(self, manifest: dict[str, Any], files: dict[str, pa.Table]):
        self.manifest = manifest
        self.architectures = files["architectures.parquet"]
        self._files = files
        self.answers: dict[Any, Any] = {}  # kept by `dipbench.lookup`
        self._rows = {
            (row[column], row["task"]): row
            for row in self.architectures.to_pylist()
            for column in ("key", "name")
            if row[column] is not None
        }
        self.tasks = frozenset(task for _, task in self._rows)
        self._members = frozenset(name_or_key for name_or_key, _ in self._rows)

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Table:
        """Read and verify the table in `folder`.

        Raises:
            InvalidTable: naming the file and how it differs from what was expected.
        """
        path = Path(folder)
        manifest = _read_manifest(path / MANIFEST)
        return cls(manifest, _VerifiedFiles(path, manifest["files"]))

    @property
    def runs(self) -> pa.Table:
        return self._files["runs.parquet"]

    @property
    def curves(self) -> pa.Table:
        return self._files["curves.parquet"]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per architecture and task, columns as in `dipbench.schema.ARCHITECTURES`."""
        frame: pd.DataFrame = self.architectures.to_pandas()
        return frame

    def row(self, name_or_key: str, task: str) -> dict[str, Any] | None:
        """The row of one architecture and task, by column name, if there is one."""
        return self._rows.get((name_or_key, task))

    def runs_of(self, key: str, task: str) -> list[dict[str, Any]]:
        """The rows of `runs` of one architecture and task."""
        return self._runs_by_key.get((key, task), [])

    def curves_of(self, key: str, task: str) -> list[dict[str, Any]]:
        """The rows of `curves` of one architecture and task."""
        return self._curves_by_key.get((key, task), [])

    @cached_property
    def _runs_by_key(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        return _grouped(self.runs)

    @cached_property
    def _curves_by_key(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        return _grouped(self.curves)

    @property
    def protocol(self) -> str:
        return str(self.manifest["protocol"]["name"])

    def __len__(self) -> int:
        return len(self.architectures)

    def __contains__(self, item: object) -> bool:
        """Whether a key, a name or an `Architecture` was measured."""
        return (item if isinstance(item, str) else getattr(item, "name", None)) in self._members

    def __repr__(self) -> str:
        return f"<dipbench table {self.protocol}: {len(self)} architectures>"


def _grouped(table: pa.Table) -> dict[tuple[str, str], list[dict[str, Any]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        groups.setdefault((row["key"], row["task"]), []).append(row)
    return groups


class _VerifiedFiles(dict[str, Any]):
    """The files' bytes, all verified at once, each parsed when it is first asked for."""

    def __init__(self, folder: Path, entries: dict[str, Any]):
        super().__init__()
        self.folder = folder
        self.bytes = {file: _read_verified(folder / file, entries[file]) for file in FILES}

    def __missing__(self, file: str) -> pa.Table:
        self[file] = _parse(self.folder / file, self.bytes.pop(file))
        return self[file]


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidTable(
            f"{path}: {error.strerror}; expected the manifest of a dipbench table"
        ) from None
    except ValueError as error:
        raise InvalidTable(f"{path}: not JSON ({error}); expected a table's manifest") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version != SCHEMA_VERSION:
        raise InvalidTable(
            f"{path}: schema version {version!r}; this release reads version {SCHEMA_VERSION}"
        )
    for field, kind in (
        ("space", str),
        ("protocol", dict),
        ("protocol_hash", str),
        ("files", dict),
    ):
        if not isinstance(manifest.get(field), kind):
            raise InvalidTable(
                f"{path}: {field} is {manifest.get(field)!r}; expected {kind.__name__}"
            )
    stated, found = manifest.get("sha256"), _checksum(manifest)
    if stated != found:
        raise InvalidTable(f"{path}: altered: SHA-256 is {found}, it states {stated!r}")
    if set(manifest["files"]) != set(FILES):
        raise InvalidTable(
            f"{path}: lists {', '.join(sorted(manifest['files'])) or 'no files'}; "
            f"expected {', '.join(sorted(FILES))}"
        )
    return manifest


def _checksum(manifest: dict[str, Any]) -> str:
    """SHA-256 of all that a manifest says but for the checksum itself."""
    rest = {field: value for field, value in manifest.items() if field != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _read_verified(path: Path, entry: Any) -> bytes:
    expected = entry.get("sha256") if isinstance(entry, dict) else entry
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidTable(f"{path}: {error.strerror}; the manifest lists it") from None
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise InvalidTable(
            f"{path}: altered or cut short: SHA-256 is {found}, the manifest states {expected}"
        )
    return data


def _parse(path: Path, data: bytes) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # ParquetFile, unlike read_table, does not import pyarrow.dataset.
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except pa.ArrowException as error:
        raise InvalidTable(f"{path}: not a Parquet file ({error})") from None
    expected = arrow_schema(FILES[path.name])
    if not table.schema.equals(expected):
        raise InvalidTable(
            f"{path}: columns are {_columns(table.schema)}; expected {_columns(expected)}"
        )
    return table


def _columns(schema: Any) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in schema)


def write_table(
    folder: str | os.PathLike[str],
    rows: dict[str, list[dict[str, Any]]],
    manifest: dict[str, Any],
) -> Path:
    """Write `rows`, per file of `dipbench.schema.FILES`, and then the manifest, last.

    Files go to their place by rename, the manifest after them: a reader finds the old table,
    the new one, or one that it refuses, never a mixture that it accepts.

    Raises:
        OSError: the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    files = {}
    for file, columns in FILES.items():
        table = pa.Table.from_pylist(rows[file], schema=arrow_schema(columns))
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", compression_level=19)
        data = sink.getvalue().to_pybytes()
        files[file] = {"rows": len(table), "sha256": hashlib.sha256(data).hexdigest()}
        _replace(path / file, data)
    complete = {"schema_version": SCHEMA_VERSION, **manifest, "files": files}
    complete["sha256"] = _checksum(complete)
    _replace(path / MANIFEST, (json.dumps(complete, indent=1) + "\n").encode())
    return path


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
