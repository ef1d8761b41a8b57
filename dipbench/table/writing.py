"""Writing a table: the same rows give the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dipbench.files import replacing
from dipbench.table.manifest import MANIFEST, complete
from dipbench.table.schema import FILES, Column, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_table"]


def write_table(
    folder: str | os.PathLike[str],
    rows: Mapping[str, Sequence[dict[str, Any]] | pa.Table],
    manifest: dict[str, Any],
    compression_level: int = 19,
) -> Path:
    """Write `rows`, per file of `dipbench.table.schema.FILES`, and then the manifest, last.

    Everything is made before the first file is replaced, each file goes to its place by rename,
    and the manifest after them: a reader finds the old table, the new one, or one that it
    refuses, never a mixture that it accepts.

    Args:
        rows: sequences of rows by column name, or `pyarrow.Table`, sorted by key.
        manifest: space, protocol (with its name), protocol hash, and what else is to be stated.

    Raises:
        ValueError: a row has a column that the schema lacks, or the manifest lacks a field.
        OSError: the folder cannot be written.
    """
    data = {f: _parquet(f, rows[f], columns, compression_level) for f, columns in FILES.items()}
    files = {
        file: {"rows": len(rows[file]), "sha256": hashlib.sha256(content).hexdigest()}
        for file, content in data.items()
    }
    stated = json.dumps(complete(manifest, files), indent=1) + "\n"
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    for file, content in data.items():
        with replacing(path / file) as place:
            place.write_bytes(content)
    with replacing(path / MANIFEST) as place:
        place.write_bytes(stated.encode())
    return path


def _parquet(
    file: str, rows: Sequence[dict[str, Any]] | pa.Table, columns: tuple[Column, ...], level: int
) -> memoryview:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(columns)
    if isinstance(rows, pa.Table):
        table = rows.select(schema.names).cast(schema)
    else:
        unknown = {name for row in rows for name in row} - set(schema.names)
        if unknown:
            raise ValueError(f"{file}: column {sorted(unknown)[0]!r} is not in the schema")
        table = pa.Table.from_pylist(list(rows), schema=schema)
    # Measured numbers hardly repeat, so a dictionary of them is a waste; compression finds more
    # where their first bytes lie together, then their second, and so on.
    element = {"ints": ".list.element", "floats": ".list.element"}
    paths = {c.name + element.get(c.kind, ""): c.kind for c in columns}
    measured = [path for path, kind in paths.items() if kind in ("float", "floats")]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=level,
        use_dictionary=[path for path in paths if path not in measured],
        use_byte_stream_split=measured,
    )
    return memoryview(sink.getvalue())
