"""Rows sorted by key, found by bisection: as fast in 10 million rows as in 372.

Keys are SHA-256 digests in hexadecimal; their first 64 bits, as an integer, are bisected, and
the whole key is compared where they agree. Rows are read in place, so what lies in a
memory-mapped file is not loaded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.errors import InvalidTable
from dipbench.graphs.canonical import KEY_LENGTH, is_key
from dipbench.lazy import lazy

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Integers", "KeyedRows", "sorted_by_key"]

PREFIX = "prefix"  # name of the column that a memory-mapped file has for the first 64 bits
FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}  # as Arrow calls them

Integers: TypeAlias = npt.NDArray[np.int64]
Prefixes: TypeAlias = npt.NDArray[np.uint64]


class KeyedRows:
    """A `pyarrow.Table` by its column ``key``.

    Args:
        table: of one chunk per column and sorted by key, or it is copied so.
        name_order: row numbers in the order of the column ``name``, rows without a name last;
            by default made when a name is first asked for.
        records: as the property of that name, by default made when first needed.

    Raises:
        InvalidTable: a key is not 64 hexadecimal digits.
    """

    def __init__(
        self,
        table: pa.Table,
        name_order: Integers | None = None,
        records: npt.NDArray[np.void] | None = None,
    ):
        if PREFIX not in table.column_names:
            table = sorted_by_key(table)
        self.arrays = {name: _one_chunk(table[name]) for name in table.column_names}
        self.prefixes: Prefixes = _in_place(self.arrays.pop(PREFIX))
        self.table = table.drop_columns([PREFIX])
        self._keys = _text(self.arrays["key"])
        self._places: dict[tuple[str, ...], list[Any]] = {}
        if name_order is not None:
            self.name_order = name_order
        if records is not None:
            self.records = records

    def __len__(self) -> int:
        return len(self.prefixes)

    def rows_of(self, key: str) -> range:
        """The row numbers of one key, none if there are none or it is no key."""
        if not is_key(key):
            return range(0)
        keys, count = self._keys, len(self)
        start = int(self.prefixes.searchsorted(np.uint64(int(key[:16], 16))))
        text = key.encode()
        while start < count and keys[start] < text:
            start += 1  # other keys that share the first 64 bits
        end = start
        while end < count and keys[end] == text:
            end += 1
        return range(start, end)

    def values(self, number: int, columns: tuple[str, ...]) -> list[Any]:
        """The values of one row, in the order of `columns`."""
        places = self._places.get(columns)
        if places is None:
            found = {name: i for i, name in enumerate(self.records.dtype.names or ())}
            places = self._places[columns] = [found.get(c, self.arrays[c]) for c in columns]
        numbers = self.records[number].item()
        return [numbers[p] if type(p) is int else p[number].as_py() for p in places]

    def take(self, rows: Integers, columns: tuple[str, ...]) -> dict[str, Any]:
        """The values of many rows, by column: numpy arrays, or lists where not numbers."""
        import pyarrow as pa

        # np.take is several times as fast as indexing for rows of this size.
        records, index = np.take(self.records, rows), pa.array(rows)
        numeric = records.dtype.names or ()
        return {
            c: records[c] if c in numeric else self.arrays[c].take(index).to_pandas()
            for c in columns
        }

    @lazy
    def records(self) -> npt.NDArray[np.void]:
        """The columns of numbers without missing ones, row by row.

        A row then lies in one place in memory, where its columns would lie in twenty.
        """
        numeric = {name: a for name, a in self.arrays.items() if _is_numeric(a)}
        kinds = [(name, _kind(a)) for name, a in numeric.items()]
        records = np.empty(len(self), kinds)
        for name, array in numeric.items():
            records[name] = _in_place(array)
        return records

    def row(self, number: int) -> dict[str, Any]:
        """One row, by column name."""
        columns = tuple(self.arrays)
        return dict(zip(columns, self.values(number, columns), strict=True))

    def named(self, name: str) -> int | None:
        """The first row of the column ``name`` that has this name."""
        order, names = self.name_order, self.arrays["name"]
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            found = names[int(order[middle])].as_py()
            if found is not None and found < name:
                low = middle + 1
            else:
                high = middle
        if low < len(order) and names[int(order[low])].as_py() == name:
            return int(order[low])
        return None

    def locate(self, keys: Sequence[str]) -> Integers:
        """The first row of each key, -1 where there is none; made for a million at once."""
        data = "".join(keys).encode(errors="replace")
        first = _leading_of(data, set(map(len, keys))) if len(self) else None
        if first is None:
            return np.array([self._first(key) for key in keys], np.int64)
        # Bisecting in the order of the keys goes through memory once, not at random.
        order = np.argsort(first)
        rows = np.empty(len(keys), np.int64)
        rows[order] = self.prefixes.searchsorted(first[order])
        rows[rows == len(self)] = 0
        wanted = np.frombuffer(data, f"S{KEY_LENGTH}")
        for i in np.flatnonzero(self._keys[rows] != wanted).tolist():
            rows[i] = self._first(keys[i])  # absent, or behind another key of the same prefix
        return rows

    def _first(self, key: str) -> int:
        found = self.rows_of(key)
        return found.start if found else -1

    @lazy
    def name_order(self) -> Integers:
        """The numbers of the rows in the order of their names, rows without a name last."""
        names = self.arrays["name"].to_pylist()
        order = sorted(range(len(names)), key=lambda i: (names[i] is None, names[i]))
        return np.array(order, np.int64)


def sorted_by_key(table: pa.Table) -> pa.Table:
    """`table` in one piece and in the order of its keys, their first 64 bits as a column.

    Raises:
        InvalidTable: a key is not 64 hexadecimal digits.
    """
    import pyarrow as pa

    table = _in_one_piece(table)
    text = _text(_one_chunk(table["key"]), each=True)
    if np.any(text[:-1] > text[1:]):
        table = _in_one_piece(table.take(pa.array(np.argsort(text, kind="stable"))))
        text = _text(_one_chunk(table["key"]))
    digits = text.tobytes()
    leading = _leading_of(digits, {KEY_LENGTH})
    if leading is None or digits.translate(None, b"0123456789abcdef"):
        raise InvalidTable("the column key has other than lower-case hexadecimal digits")
    # pa.array would import pandas to see whether it was given a series.
    column = pa.Array.from_buffers(pa.uint64(), len(leading), [None, pa.py_buffer(leading)])
    return table.append_column(PREFIX, column)


def _in_one_piece(table: pa.Table) -> pa.Table:
    """One chunk per column; strings of more than 2 GiB need 64-bit offsets for that."""
    import pyarrow as pa

    table = table.combine_chunks()
    if all(column.num_chunks <= 1 for column in table.columns):
        return table
    large = {pa.string(): pa.large_string()}
    types = [pa.field(f.name, large.get(f.type, f.type), metadata=f.metadata) for f in table.schema]
    return table.cast(pa.schema(types)).combine_chunks()


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else column.combine_chunks()


def _leading_of(keys: bytes, lengths: set[int]) -> Prefixes | None:
    """The first 64 bits of keys that stand one after the other, unless one has none."""
    if lengths != {KEY_LENGTH} or len(keys) % KEY_LENGTH:
        return None
    digits = np.frombuffer(keys, np.uint8).reshape(-1, KEY_LENGTH)[:, :16].tobytes()
    if digits.translate(None, b"0123456789abcdef"):
        return None
    return np.frombuffer(bytes.fromhex(digits.decode()), ">u8").astype(np.uint64)


def _text(keys: pa.Array, each: bool = False) -> npt.NDArray[np.bytes_]:
    """The keys as an array of bytes, in place; with `each`, the length of each is checked.

    Raises:
        InvalidTable: a key is missing or has another length.
    """
    _, offsets, data = keys.buffers()
    if not len(keys):
        return np.array([], f"S{KEY_LENGTH}")
    width = np.dtype(np.int64 if "large" in str(keys.type) else np.int32)
    bounds = np.frombuffer(offsets, width, len(keys) + 1, width.itemsize * keys.offset)
    wrong = int(bounds[-1] - bounds[0]) != KEY_LENGTH * len(keys)
    if keys.null_count or wrong or (each and np.any(np.diff(bounds) != KEY_LENGTH)):
        raise InvalidTable(f"the column key has other than {KEY_LENGTH} digits")
    return np.frombuffer(data, f"S{KEY_LENGTH}", len(keys), int(bounds[0]))


def _in_place(array: pa.Array) -> Any:
    """The numbers of an array without missing ones, as a numpy array over the same memory."""
    kind = _kind(array)
    data = array.buffers()[1]
    return np.frombuffer(data or b"", kind, len(array), array.offset * kind.itemsize if data else 0)


def _kind(array: pa.Array) -> np.dtype[Any]:
    """The numpy type of an array of numbers.

    Arrow's own answer, `to_pandas_dtype`, imports pandas in versions 16 to 18.
    """
    name = str(array.type)
    return np.dtype(FLOATS.get(name, name))


def _is_numeric(array: pa.Array) -> bool:
    import pyarrow as pa

    number = pa.types.is_integer(array.type) or pa.types.is_floating(array.type)
    return bool(number and not array.null_count)
