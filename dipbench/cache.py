"""Big tables as memory-mapped files, made once from the Parquet and kept in a cache.

The cache is the folder named by the environment variable ``DIPBENCH_CACHE``, else ``dipbench``
in the user's cache folder. An entry is named after the SHA-256 of the Parquet file that it was
made of, which is verified first. It is built under a temporary name and renamed, so two
processes may make it at once, and one that was stopped half-way leaves nothing that counts.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dipbench.keyed import KeyedRows, sorted_by_key
from dipbench.manifest import altered, digest

if TYPE_CHECKING:
    pass

__all__ = ["cache_folder", "mapped_rows"]

ROWS, NAMES, SIZES = "rows.arrow", "names.npy", "sizes.json"
FORMAT = "1"


def cache_folder() -> Path:
    """Where big tables are kept; it need not exist."""
    chosen = os.environ.get("DIPBENCH_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dipbench"


def mapped_rows(parquet: Path, sha256: str) -> KeyedRows:
    """The rows of a Parquet file of a table, memory-mapped.

    Raises:
        InvalidTable: the file does not have the SHA-256 that the manifest states.
        OSError: the cache cannot be written.
    """
    import pyarrow as pa

    entry = cache_folder() / f"{sha256}-{FORMAT}"
    if not _intact(entry):
        _make(parquet, sha256, entry)
    table = pa.ipc.open_file(pa.memory_map(str(entry / ROWS))).read_all()
    names = entry / NAMES
    return KeyedRows(table, np.load(names, mmap_mode="r") if names.exists() else None)


def _intact(entry: Path) -> bool:
    """Whether an entry is there, with its files as long as they were written."""
    try:
        sizes = json.loads((entry / SIZES).read_bytes())
        return all((entry / file).stat().st_size == size for file, size in sizes.items())
    except (OSError, ValueError):
        return False


def _make(parquet: Path, sha256: str, entry: Path) -> None:
    found = digest(parquet)
    if found != sha256:
        raise altered(parquet, found, sha256)
    entry.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=entry.name + ".", dir=entry.parent))
    try:
        _write(parquet, building)
        sizes = {path.name: path.stat().st_size for path in building.iterdir()}
        (building / SIZES).write_text(json.dumps(sizes))
        if entry.exists() and not _intact(entry):
            shutil.rmtree(entry)
        if not entry.exists():
            building.rename(entry)
    except OSError:
        if not _intact(entry):  # else another process was faster
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write(parquet: Path, folder: Path) -> None:
    """One record batch, sorted by key, so that every column lies in one piece."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = sorted_by_key(pq.ParquetFile(parquet, memory_map=True).read())
    with pa.OSFile(str(folder / ROWS), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    if "name" in table.column_names and table["name"].null_count < len(table):
        import pyarrow.compute as pc

        np.save(folder / NAMES, pc.sort_indices(table["name"]).to_numpy().astype(np.int64))
