"""A table on disk: three Parquet files and a manifest, checked before anything is used.

Reading trusts nothing: the manifest must be of a known schema version, each file must have the
SHA-256 that the manifest states and the columns that `dipbench.table.schema` states. Files of
many rows are memory-mapped through `dipbench.table.cache`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, WeakValueDictionary

from dipbench.errors import InvalidTable
from dipbench.lazy import lazy
from dipbench.spaces import SPACES, BaseArchitecture, Space
from dipbench.table.manifest import MANIFEST, altered, missing, read_manifest
from dipbench.table.schema import FILES, arrow_schema
from dipbench.table.writing import write_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dipbench.table.keyed import Integers, KeyedRows

__all__ = ["Table", "check_table", "opened", "write_table"]

MANY_ROWS = 20_000


class Table:
    """A verified table.

    Two tables are equal if their files are. A table is pickled as its folder and checksum: it
    is read anew where it arrives, and refused if it is not the same any more.

    Attributes:
        folder: where it lies.
        sha256: checksum of the manifest, and so of all that the table says.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], files: dict[str, _File]):
        self.folder = folder
        self.sha256 = str(manifest["sha256"])
        self._manifest = manifest
        self._files = files
        self._source = str(folder.absolute()), self.sha256
        _open[self._source] = self

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Table:
        """Read and verify the table in `folder`.

        Files of more than 20,000 rows are verified when they are first used, which makes
        their memory-mapped copy.

        Raises:
            InvalidTable: naming the file and how it differs from what was expected.
            ValueError: `folder` is no path.
        """
        if not isinstance(folder, str | os.PathLike):
            raise ValueError(f"path is {folder!r}; expected a folder")
        path = Path(folder)
        manifest = read_manifest(path / MANIFEST)
        return cls(path, manifest, {f: _File(path / f, manifest["files"][f]) for f in FILES})

    @property
    def manifest(self) -> dict[str, Any]:
        """A copy of the manifest: schema version, space, protocol and its hash, and the files
        with their rows and SHA-256."""
        return deepcopy(self._manifest)

    def verify(self) -> None:
        """Verify the big files too, which makes their memory-mapped copies.

        Raises:
            InvalidTable: as `read`.
        """
        for file in self._files.values():
            if not file.small:
                file.rows  # noqa: B018 # reading it is the check

    @property
    def architectures(self) -> pa.Table:
        """One row per architecture and task, sorted by key; a `pyarrow.Table`."""
        return self.architecture_rows.table

    @property
    def runs(self) -> pa.Table:
        """One row per training and per fit, sorted by key; a `pyarrow.Table`."""
        return self._files["runs.parquet"].rows.table

    @property
    def curves(self) -> pa.Table:
        """One row per finished run, sorted by key; a `pyarrow.Table`."""
        return self._files["curves.parquet"].rows.table

    @property
    def architecture_rows(self) -> KeyedRows:
        """The rows of ``architectures.parquet``, by key."""
        return self._files["architectures.parquet"].rows

    @property
    def frame(self) -> pd.DataFrame:
        """One row per architecture and task, columns as in `schema.ARCHITECTURES`: a copy."""
        frame: pd.DataFrame = self._frame.copy()
        return frame

    @lazy
    def _frame(self) -> pd.DataFrame:
        frame: pd.DataFrame = self.architectures.to_pandas()
        return frame

    def features(self) -> pd.DataFrame:
        """What the graphs say without any run: one row per architecture, numbers alone.

        In a named space the index is ``name`` and the columns are ``depth``, ``slc``,
        ``params``, ``macs``, ``log10_params`` and the space's own features: in ``core64``
        ``width``, one of zeros and ones per level, ``skip0`` to ``skip4``, and one per
        up-sampling, ``upsample_nearest`` and so on; a level that the network does not have has
        no skip. Columns do not depend on which architectures there are. Graphs of one's own
        have the index ``key`` and the first five.

        Targets stand in `frame`: ``table.frame.set_index("name").loc[X.index, "dip_rmse"]``.
        """
        import numpy as np

        space = self.space
        rows = self._frame.drop_duplicates("key").set_index("key" if space is None else "name")
        features = rows[["depth", "slc", "params", "macs"]].copy()
        features["log10_params"] = np.log10(features["params"])
        if space is not None:
            columns = space.encode_many(rows.index).T.astype("int64")
            for feature, column in zip(space.features, columns, strict=True):
                if feature.name not in features:
                    features[feature.name] = column
        return features

    @property
    def space_name(self) -> str:
        """What the manifest calls the space."""
        return str(self._manifest["space"])

    @property
    def source(self) -> tuple[str, str]:
        """Where to read it again: the arguments of `opened`."""
        return self._source

    @lazy
    def space(self) -> Space[Any] | None:
        """The space whose names the rows have; None for graphs of one's own."""
        return Space(self.space_name) if self.space_name in SPACES else None

    def name_or_key(self, architecture: BaseArchitecture) -> str:
        """How the table calls it: by name in its own space, by key in any other."""
        own = architecture.space == self.space_name
        return architecture.name if own else architecture.key

    def number(self, name_or_key: str, task: str) -> int | None:
        """The row number in `architectures` of one architecture and task, if there is one."""
        tasks = self.architecture_rows.arrays["task"]
        for number in self._numbers(name_or_key):
            if tasks[number].as_py() == task:
                return number
        return None

    def locate(self, names_or_keys: Sequence[str], task: str) -> Integers:
        """The row numbers in `architectures` of many names or keys, -1 where there is none."""
        rows = self.architecture_rows
        found = rows.locate(names_or_keys)
        for i in (found < 0).nonzero()[0].tolist():
            numbers = self._numbers(names_or_keys[i])
            found[i] = numbers.start if numbers else -1
        if self.tasks != {task}:
            tasks = rows.arrays["task"]
            for i in (found >= 0).nonzero()[0].tolist():
                numbers = rows.rows_of(rows.arrays["key"][int(found[i])].as_py())
                found[i] = next((n for n in numbers if tasks[n].as_py() == task), -1)
        return found

    def runs_of(self, key: str, task: str) -> list[dict[str, Any]]:
        """The rows of `runs` of one architecture and task."""
        return _of(self._files["runs.parquet"].rows, key, task)

    def curves_of(self, key: str, task: str) -> list[dict[str, Any]]:
        """The rows of `curves` of one architecture and task."""
        return _of(self._files["curves.parquet"].rows, key, task)

    @lazy
    def tasks(self) -> frozenset[str]:
        """The tasks that were measured."""
        return frozenset(self.architectures["task"].unique().to_pylist())

    @property
    def protocol(self) -> str:
        """Name of the protocol."""
        return str(self._manifest["protocol"]["name"])

    @lazy
    def _length(self) -> int:
        leading = self.architecture_rows.prefixes
        return int((leading[1:] != leading[:-1]).sum()) + 1 if len(leading) else 0

    def __len__(self) -> int:
        """How many architectures were measured."""
        return self._length

    def __contains__(self, item: object) -> bool:
        """Whether a key, a name or an architecture was measured."""
        if isinstance(item, BaseArchitecture):
            item = self.name_or_key(item)
        return isinstance(item, str) and bool(self._numbers(item))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __reduce__(self) -> tuple[Any, ...]:
        return opened, self._source

    def __repr__(self) -> str:
        return f"<dipbench table {self.protocol}: {len(self)} architectures>"

    def _numbers(self, name_or_key: str) -> range:
        """The rows of an architecture, one per task; they stand together."""
        rows = self.architecture_rows
        found = rows.rows_of(name_or_key)
        if found:
            return found
        number = rows.named(name_or_key)
        return range(0) if number is None else rows.rows_of(rows.arrays["key"][number].as_py())


def check_table(table: object) -> None:
    """Refuse what is no table, a path above all.

    Raises:
        ValueError: naming it, and how to make a table of it.
    """
    if table is None or isinstance(table, Table):
        return
    how = "what dipbench.load(...) gives"
    if isinstance(table, str | os.PathLike):
        how = f"dipbench.load({os.fspath(table)!r})"
    raise ValueError(f"table is {table!r}; expected {how}")


_open: WeakValueDictionary[tuple[str, str], Table] = WeakValueDictionary()


def opened(folder: str, sha256: str) -> Table:
    """The table in `folder` as it was when its checksum was `sha256`, read at most once.

    Raises:
        InvalidTable: as `Table.read`, or it is another table by now.
    """
    table = _open.get((folder, sha256))
    if table is None:
        table = Table.read(folder)
        if table.sha256 != sha256:
            raise InvalidTable(
                f"{folder}: the table's checksum is {table.sha256}; expected {sha256}, as when it "
                "was first read"
            )
    return table


class _File:
    """One file of a table: small ones verified at once, big ones when first used."""

    def __init__(self, path: Path, entry: dict[str, Any]):
        self.path, self.entry = path, entry
        self.small = entry["rows"] <= MANY_ROWS
        if self.small:
            self.content = _read_verified(path, entry["sha256"])
            self._parse(self.content)
        self.renew_lock()
        _files.add(self)

    def renew_lock(self) -> None:
        """A new lock: after a fork, a thread that is not there may hold the old one."""
        self.lock = Lock()

    @property
    def rows(self) -> KeyedRows:
        found: KeyedRows | None = self.__dict__.get("_rows")
        if found is not None:
            return found
        with self.lock:  # the copy of a big file is made once
            return self._rows

    @lazy
    def _rows(self) -> KeyedRows:
        from dipbench.table.cache import mapped_rows, whole
        from dipbench.table.keyed import KeyedRows

        if not self.small:
            return mapped_rows(self.path, self.entry["sha256"], self._check)
        try:
            # A reader of its own: a forked process cannot go on with that of its parent.
            return KeyedRows(whole(self._parse(self.content)))
        except InvalidTable as error:
            raise InvalidTable(f"{self.path}: {error}") from None

    def _parse(self, data: bytes) -> Any:
        """A `pyarrow.parquet.ParquetFile` with the right columns; no row is read yet."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # ParquetFile, unlike read_table, does not import pyarrow.dataset.
            parquet = pq.ParquetFile(pa.BufferReader(data))
            self._check(parquet.schema_arrow)
        except pa.ArrowException as error:
            raise InvalidTable(f"{self.path}: not a Parquet file ({error})") from None
        except InvalidTable as error:
            raise InvalidTable(f"{self.path}: {error}") from None
        return parquet

    def _check(self, found: pa.Schema) -> None:
        expected = arrow_schema(FILES[self.path.name])
        if not found.equals(expected):
            raise InvalidTable(f"columns are {_listed(found)}; expected {_listed(expected)}")


_files: WeakSet[_File] = WeakSet()


def _renew_locks() -> None:
    for file in list(_files):
        file.renew_lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_locks)


def _read_verified(path: Path, stated: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise missing(path, error) from None
    found = hashlib.sha256(data).hexdigest()
    if found != stated:
        raise altered(path, found, stated)
    return data


def _listed(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in schema)


def _of(rows: KeyedRows, key: str, task: str) -> list[dict[str, Any]]:
    found = (rows.row(number) for number in rows.rows_of(key))
    return [row for row in found if row["task"] == task]
