"""Big tables as memory-mapped files, made once from the Parquet and kept in a cache.

The cache is `dipbench.files.cache_folder`. An entry is named after the SHA-256 of the Parquet file
that it was made of, which is verified first. It is built under a temporary name and renamed, so two
processes may make it at once, and one that was stopped half-way leaves nothing that counts.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dipbench.errors import InvalidTable
from dipbench.files import cache_folder
from dipbench.table.keyed import KeyedRows, sorted_by_key
from dipbench.table.manifest import altered, digest

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["mapped_rows", "whole"]

ROWS, RECORDS, NAMES, SIZES = "rows.arrow", "records.npy", "names.npy", "sizes.json"
FORMAT = "1"

Check: TypeAlias = Callable[[Any], None]


def mapped_rows(parquet: Path, sha256: str, check: Check) -> KeyedRows:
    """The rows of a Parquet file of a table, memory-mapped.

    Args:
        check: given the schema of a file that is to be copied, raises `InvalidTable` if it is
            not the expected one.

    Raises:
        InvalidTable: the file does not have the SHA-256 that the manifest states, or a key is
            no key.
        OSError: the cache cannot be written.
    """
    import pyarrow as pa

    entry = cache_folder() / f"{sha256}-{FORMAT}"
    if not _intact(entry):
        _make(parquet, sha256, entry, check)
    table = pa.ipc.open_file(pa.memory_map(str(entry / ROWS))).read_all()
    names = entry / NAMES
    order = np.load(names, mmap_mode="r") if names.exists() else None
    return KeyedRows(table, order, np.asarray(np.load(entry / RECORDS, mmap_mode="r")))


def _intact(entry: Path) -> bool:
    """Whether an entry is there, with its files as long as they were written."""
    try:
        sizes = json.loads((entry / SIZES).read_bytes())
        stated = {file: (entry / file).stat().st_size for file in sizes}
        return {ROWS, RECORDS} <= set(stated) and stated == sizes
    except (OSError, ValueError, TypeError):
        return False


def _make(parquet: Path, sha256: str, entry: Path, check: Check) -> None:
    found = digest(parquet)
    if found != sha256:
        raise altered(parquet, found, sha256)
    entry.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=entry.name + ".", dir=entry.parent))
    try:
        _write(parquet, building, check)
        sizes = {path.name: path.stat().st_size for path in building.iterdir()}
        (building / SIZES).write_text(json.dumps(sizes))
        _exchange(building, entry)
    except InvalidTable as error:
        raise InvalidTable(f"{parquet}: {error}") from None
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _exchange(building: Path, entry: Path) -> None:
    """Put a new entry in its place, unless another process was faster."""
    if _intact(entry):
        return
    damaged = building.with_name(building.name + ".damaged")
    with suppress(FileNotFoundError):
        entry.rename(damaged)  # who has it open keeps it
    try:
        building.rename(entry)
    except OSError:
        if not _intact(entry):
            raise
    finally:
        shutil.rmtree(damaged, ignore_errors=True)


def whole(source: pq.ParquetFile) -> pa.Table:
    """All rows of a Parquet file, by one thread.

    Raises:
        InvalidTable: this pyarrow cannot decode them, though the file's checksum is right.
    """
    import pyarrow as pa

    try:
        return source.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise InvalidTable(f"rows that pyarrow {pa.__version__} cannot read ({error})") from None


def _write(parquet: Path, folder: Path, check: Check) -> None:
    """One record batch, sorted by key, so that every column lies in one piece."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(parquet, memory_map=True)
    except pa.ArrowException as error:
        raise InvalidTable(f"not a Parquet file ({error})") from None
    check(source.schema_arrow)
    table = sorted_by_key(whole(source))
    np.save(folder / RECORDS, KeyedRows(table).records)
    with pa.OSFile(str(folder / ROWS), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    if "name" in table.column_names and table["name"].null_count < len(table):
        import pyarrow.compute as pc

        np.save(folder / NAMES, pc.sort_indices(table["name"]).to_numpy().astype(np.int64))
