"""Rows found by bisection: present, absent or malformed keys, keys that begin alike, names."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipbench import InvalidTable
from dipbench.table.keyed import PREFIX, KeyedRows, sorted_by_key

MALFORMED = [
    "",
    "0",
    "0" * 63,
    "0" * 65,
    "A" * 64,
    "0" * 63 + "g",
    "0" * 63 + "\n",
    "0" * 63 + "\0",
    "é" * 32,
    "é" * 64,
    "٣" * 64,
    "d5-s024-bilinear-w16",
]
SPACES = [" " * 64, "0" * 32 + " " * 32, "\t" + "0" * 63]


def key(head, tail=0):
    """The key of hexadecimal digits that begins with `head` and ends with a number."""
    return head + f"{tail:0{64 - len(head)}x}"


def table(keys, **columns):
    keys = keys if isinstance(keys, pa.Array) else pa.array(keys, pa.string())
    return pa.table({"key": keys, **columns})


def keyed(keys, **columns):
    return KeyedRows(table(keys, **columns))


def numbered(keys):
    """Rows that remember their place in `keys`."""
    return table(keys, place=pa.array(range(len(keys)), pa.int64()))


def one_by_one(rows, wanted):
    found = [rows.rows_of(text) for text in wanted]
    return [numbers.start if numbers else -1 for numbers in found]


# Keys of which many agree in their first 8 or 16 digits, or altogether.
part = st.sampled_from(["0" * 8, "0" * 7 + "1", "7fffffff", "80000000", "f" * 8])
alike = st.builds(lambda a, b, c: key(a + b, c), part, part, st.integers(0, 2))
keys = alike | st.binary(min_size=32, max_size=32).map(bytes.hex)


# One key


def test_a_present_key_has_its_row():
    rows = keyed([key("1"), key("2"), key("3")])
    assert [rows.rows_of(key(head)) for head in "123"] == [range(i, i + 1) for i in range(3)]


@pytest.mark.parametrize("head", ["0", "15", "2", "f"])
def test_an_absent_key_has_no_row(head):
    assert len(keyed([key("1"), key("3"), key("e")]).rows_of(key(head))) == 0


@pytest.mark.parametrize("text", MALFORMED + SPACES)
def test_a_malformed_key_has_no_row(text):
    assert len(keyed([key("0"), key("a")]).rows_of(text)) == 0


def test_all_rows_of_a_key_are_found():
    rows = keyed([key("1"), *[key("2")] * 3, key("3")])
    assert rows.rows_of(key("2")) == range(1, 4)


@pytest.mark.parametrize("shared", [8, 15, 16, 17, 63])
def test_keys_that_begin_alike_are_told_apart(shared):
    rows = keyed([key("a" * shared, n) for n in (1, 2, 2, 4)])
    expected = [range(0), range(1), range(1, 3), range(0), range(3, 4), range(0)]
    found = [rows.rows_of(key("a" * shared, n)) for n in range(6)]
    assert [list(numbers) for numbers in found] == [list(numbers) for numbers in expected]


def test_least_and_greatest_possible_key():
    rows = keyed(["0" * 64, key("8"), "f" * 64])
    assert rows.rows_of("0" * 64) == range(1)
    assert rows.rows_of("f" * 64) == range(2, 3)


def test_no_rows():
    rows = keyed([], name=pa.array([], pa.string()))
    assert len(rows) == len(rows.rows_of(key("0"))) == 0
    assert rows.named("x") is None


def test_length_counts_rows():
    assert len(keyed([key("1"), key("1"), key("2")])) == 3


# The order of the rows


@given(st.lists(keys))
def test_every_key_has_its_rows_and_no_others(listed):
    ordered = sorted(listed)
    rows = keyed(ordered)
    for text in listed:
        assert list(rows.rows_of(text)) == [i for i, k in enumerate(ordered) if k == text]


@given(st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex)).map(lambda ks: ks + ks[::2]))
def test_rows_are_sorted_by_key_and_then_as_they_were(listed):
    found = sorted_by_key(numbered(listed))
    order = sorted(range(len(listed)), key=lambda i: (listed[i], i))
    assert found["place"].to_pylist() == order
    assert found["key"].to_pylist() == sorted(listed)


def test_keys_of_one_prefix_are_sorted_too():
    rows = KeyedRows(numbered([key("a" * 16, 2), key("a" * 16, 1), key("a" * 16, 2)]))
    places = rows.arrays["place"].to_pylist()
    assert [places[i] for i in rows.rows_of(key("a" * 16, 1))] == [1]
    assert [places[i] for i in rows.rows_of(key("a" * 16, 2))] == [0, 2]


@given(st.lists(keys))
def test_prefixes_are_the_first_64_bits(listed):
    found = sorted_by_key(table(listed))
    assert found[PREFIX].to_pylist() == [int(k[:16], 16) for k in found["key"].to_pylist()]
    assert found[PREFIX].num_chunks <= 1


def test_the_prefixes_are_no_column_of_the_rows():
    rows = keyed([key("1")])
    assert rows.table.column_names == ["key"]
    assert rows.row(0) == {"key": key("1")}


def test_the_table_given_stays_as_it_is():
    given_table = numbered([key("2"), key("1")])
    KeyedRows(given_table)
    assert given_table.equals(numbered([key("2"), key("1")]))


def test_what_was_sorted_before_is_taken_as_it_is():
    once = sorted_by_key(numbered([key("2"), key("1")]))
    assert KeyedRows(once).table.equals(once.drop_columns([PREFIX]))


@given(st.lists(keys, min_size=1), st.data())
def test_a_slice_has_its_own_rows_alone(listed, data):
    start = data.draw(st.integers(0, len(listed) - 1))
    length = data.draw(st.integers(1, len(listed) - start))
    part = numbered(listed).slice(start, length)
    anew = pa.Table.from_pylist(part.to_pylist(), schema=part.schema)
    assert KeyedRows(part).table.equals(KeyedRows(anew).table)
    assert KeyedRows(part).locate(listed).tolist() == one_by_one(KeyedRows(anew), listed)
    rows = KeyedRows(part)
    assert [rows.row(i) for i in range(length)] == KeyedRows(anew).table.to_pylist()


@given(st.lists(st.lists(keys)))
def test_chunks_are_joined(chunks):
    listed = [k for chunk in chunks for k in chunk]
    column = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
    rows = KeyedRows(numbered(listed).set_column(0, "key", column))
    assert rows.table.equals(KeyedRows(numbered(listed)).table)
    assert all(rows.row(i)["key"] == rows.table["key"][i].as_py() for i in range(len(rows)))


def test_an_empty_slice():
    rows = KeyedRows(numbered([key("1"), key("2")]).slice(1, 0))
    assert len(rows) == len(rows.rows_of(key("1"))) == len(rows.rows_of(key("2"))) == 0


def test_slices_of_chunks_with_missing_values():
    chunk = table([key("3"), key("1"), key("2")], score=pa.array([1.5, None, 2.5]))
    joined = pa.concat_tables([chunk, chunk]).slice(1, 4)
    rows = KeyedRows(joined)
    assert [rows.row(i)["score"] for i in range(4)] == [None, None, 2.5, 1.5]
    rest = KeyedRows(joined.slice(1, 2))
    assert [rest.row(i) for i in range(2)] == [
        {"key": key("2"), "score": 2.5},
        {"key": key("3"), "score": 1.5},
    ]


# What is no table of keys


@pytest.mark.parametrize(
    "wrong",
    [[None], [key("1"), None], [key("1"), "0" * 63], ["0" * 65], [""], [key("1"), "", key("2")]],
)
def test_keys_missing_or_of_another_length_are_refused(wrong):
    with pytest.raises(InvalidTable, match="other than 64 digits"):
        keyed(wrong)


def test_a_key_that_is_marked_as_missing_is_refused_though_its_digits_are_there():
    whole = pa.array([key("1"), key("2")])
    _, offsets, digits = whole.buffers()
    second = pa.array([None, 1]).buffers()[0]  # which of the two are there
    with pytest.raises(InvalidTable, match="other than 64 digits"):
        keyed(pa.StringArray.from_buffers(2, offsets, digits, second, 1))


@pytest.mark.parametrize("digit", ["g", "x", "-", "\0", "\n"])
def test_keys_of_other_than_hexadecimal_digits_are_refused(digit):
    with pytest.raises(InvalidTable, match="hexadecimal"):
        keyed([key("1"), "0" * 63 + digit])


def test_keys_that_are_not_ascii_are_refused():
    with pytest.raises(InvalidTable, match="hexadecimal"):
        keyed(["é" * 32])


def test_a_short_and_a_long_key_that_make_up_for_each_other_are_refused():
    with pytest.raises(InvalidTable, match="other than 64 digits"):
        keyed(["0" * 63, "1" * 65])


def test_keys_with_blanks_are_refused():
    for text in SPACES:
        with pytest.raises(InvalidTable, match="hexadecimal"):
            keyed([key("1"), text])


# Names


NAMES = ["b", None, "", "b", "ä", "𝒳", "\uffff", "a", None]


@pytest.fixture
def with_names():
    return keyed([key(f"{i:x}") for i in range(len(NAMES))], name=pa.array(NAMES, pa.string()))


@pytest.mark.parametrize("name", ["", "ä", "𝒳", "\uffff", "a"])
def test_a_name_has_its_row(with_names, name):
    assert with_names.named(name) == NAMES.index(name)


def test_of_rows_of_one_name_the_first_is_found(with_names):
    assert with_names.named("b") == 0


@pytest.mark.parametrize("name", ["A", "c", "aa", " ", "None", "\U0010ffff", "\0"])
def test_an_absent_name_has_no_row(with_names, name):
    assert with_names.named(name) is None


def test_no_name_is_found_where_none_has_one():
    rows = keyed([key("1"), key("2")], name=pa.nulls(2, pa.string()))
    assert rows.named("") is rows.named("x") is None


names = st.text("abä𝒳\uffff", max_size=2)


@given(st.lists(st.none() | names), names)
def test_names_in_any_order(listed, other):
    column = pa.array(listed, pa.string())
    rows = [key(f"{i:04x}") for i in range(len(listed))]
    by_itself = keyed(rows, name=column)
    given_order = KeyedRows(by_itself.table, pc.sort_indices(column).to_numpy().astype(np.int64))
    for name in {other, *listed} - {None}:
        first = listed.index(name) if name in listed else None
        assert by_itself.named(name) == given_order.named(name) == first


# Values


def test_a_row_is_of_python_values():
    columns = {
        "text": pa.array(["é", None]),
        "number": pa.array([2**53 + 1, -1]),
        "count": pa.array([3, None]),
        "small": pa.array([7, 8], pa.int32()),
        "score": pa.array([0.1, -0.0]),
        "flag": pa.array([True, None]),
        "steps": pa.array([[1, 2], []], pa.list_(pa.int32())),
        "curve": pa.array([[0.5, math.inf], None], pa.list_(pa.float32())),
    }
    rows = keyed([key("1"), key("2")], **columns)
    first: dict[str, Any] = {"text": "é", "number": 2**53 + 1, "count": 3, "small": 7, "score": 0.1}
    first |= {"flag": True, "steps": [1, 2], "curve": [0.5, math.inf]}
    second: dict[str, Any] = {"text": None, "number": -1, "count": None, "small": 8, "score": -0.0}
    second |= {"flag": None, "steps": [], "curve": None}
    for number, expected in enumerate([first, second]):
        found = rows.row(number)
        assert repr(found) == repr({"key": key("12"[number])} | expected)
        assert {type(value) for value in found.values()} <= {
            str,
            int,
            float,
            bool,
            list,
            type(None),
        }


def test_nan_and_null_stay_apart():
    with_null = keyed([key("1"), key("2")], score=pa.array([math.nan, None]))
    without = keyed([key("1"), key("2")], score=pa.array([math.nan, 1.0]))
    assert math.isnan(with_null.row(0)["score"])
    assert with_null.row(1)["score"] is None
    assert math.isnan(without.row(0)["score"])


@given(st.lists(st.tuples(keys, st.none() | st.integers(-(2**63), 2**63 - 1)), unique=True))
def test_rows_are_those_of_the_sorted_table(pairs):
    listed, values = [k for k, _ in pairs], pa.array([v for _, v in pairs], pa.int64())
    rows = keyed(listed, value=values)
    assert [rows.row(i) for i in range(len(rows))] == rows.table.to_pylist()


# Many keys at once


@given(
    st.lists(keys, min_size=1),
    st.lists(keys) | st.lists(keys | st.sampled_from(MALFORMED)),
    st.data(),
)
def test_many_at_once_are_found_as_one_by_one(listed, others, data):
    rows = keyed(sorted(listed))
    present = data.draw(st.lists(st.sampled_from(listed)))
    wanted = data.draw(st.permutations(others + present))
    found = rows.locate(wanted)
    assert found.tolist() == one_by_one(rows, wanted)
    assert found.dtype == np.int64
    assert found.shape == (len(wanted),)


def test_many_keys_that_share_their_prefix():
    rows = keyed([key("c" * 16, n) for n in range(0, 40, 2)])
    wanted = [key("c" * 16, n) for n in reversed(range(40))]
    assert rows.locate(wanted).tolist() == one_by_one(rows, wanted)


def test_of_several_rows_of_a_key_the_first_is_located():
    rows = keyed([key("1"), key("2"), key("2"), key("3")])
    wanted = [key("3"), key("2"), key("2"), key("1"), key("f")]
    assert rows.locate(wanted).tolist() == [3, 1, 1, 0, -1]


def test_thousands_at_once():
    rng = np.random.default_rng(0)
    listed = sorted(rng.bytes(32).hex() for _ in range(3000))
    rows = keyed(listed)
    order = rng.permutation(3000)
    assert rows.locate([listed[i] for i in order]).tolist() == order.tolist()


@pytest.mark.parametrize("listed", [[], [key("1")]])
def test_none_wanted(listed):
    found = keyed(listed).locate([])
    assert found.tolist() == []
    assert found.dtype == np.int64


def test_nothing_is_located_where_there_are_no_rows():
    assert keyed([]).locate([key("1"), key("2")]).tolist() == [-1, -1]


def test_malformed_keys_are_located_nowhere_even_without_rows():
    assert keyed([]).locate(MALFORMED).tolist() == [-1] * len(MALFORMED)


def test_keys_with_blanks_are_located_nowhere():
    rows = keyed([key("0"), key("1")])
    for blank in SPACES:
        assert rows.locate([key("1"), blank]).tolist() == [1, -1]
        assert rows.locate([blank] * 4).tolist() == [-1] * 4


def test_text_that_cannot_be_encoded_is_located_nowhere():
    assert keyed([key("1")]).locate(["\ud800", key("1")]).tolist() == [-1, 0]
