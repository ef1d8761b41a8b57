"""Shards: whole or not at all, and nothing foreign is ever believed."""

import dataclasses
import os
from pathlib import Path

import pytest

from generate.table import shards
from generate.table.shards import pack, read_results, set_aside, write_shard

ROWS = [{"status": "ok", "peak_rmse": 1.5, "image": None}]


def write(folder, protocol, *units):
    return write_shard(folder, protocol, dict.fromkeys(units, ROWS))


def test_what_is_written_is_read(tiny, tmp_path):
    write(tmp_path, tiny, "a")
    write(tmp_path, tiny, "b", "c")
    assert read_results(tmp_path, tiny).units == {"a": ROWS, "b": ROWS, "c": ROWS}


def test_the_same_rows_give_the_same_file(tiny, tmp_path):
    first = write(tmp_path, tiny, "a")
    content = first.read_bytes()
    assert write(tmp_path, tiny, "a") == first
    assert first.read_bytes() == content


def test_a_missing_folder_holds_nothing(tiny, tmp_path):
    assert read_results(tmp_path / "nowhere", tiny).units == {}


@pytest.mark.parametrize("keep", [0, 1, 20, -1])
def test_a_torn_shard_is_set_aside_and_its_unit_is_missing(tiny, tmp_path, keep):
    write(tmp_path, tiny, "a")
    torn = write(tmp_path, tiny, "b")
    torn.write_bytes(torn.read_bytes()[:keep])
    results = read_results(tmp_path, tiny)
    assert list(results.units) == ["a"]
    assert [file.path for file in results.rejected] == [torn]
    set_aside(tmp_path, results.rejected)
    assert (tmp_path / "set-aside" / torn.name).exists()
    assert read_results(tmp_path, tiny).rejected == []


def test_any_altered_byte_is_noticed(tiny, tmp_path):
    path = write(tmp_path, tiny, "a")
    content = path.read_bytes()
    for position in range(len(content)):
        altered = bytearray(content)
        altered[position] ^= 1
        path.write_bytes(altered)
        assert read_results(tmp_path, tiny).units == {}


def test_a_shard_of_another_protocol_is_refused_with_both_named(tiny, tmp_path):
    write(tmp_path, dataclasses.replace(tiny, task="denoise15"), "a")
    results = read_results(tmp_path, tiny)
    assert results.units == {}
    assert tiny.hash[:12] in results.rejected[0].reason


def test_a_file_with_a_right_checksum_but_no_shard_in_it_is_refused(tiny, tmp_path):
    data = b"anything"
    (tmp_path / f"a.{shards._digest(data)}.json.gz").write_bytes(data)
    assert len(read_results(tmp_path, tiny).rejected) == 1


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_leaves_nothing(tiny, tmp_path, monkeypatch, broken):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path, tiny, "a")
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_of_a_dead_process_is_swept_and_that_of_a_living_one_is_not(tiny, tmp_path):
    dead = tmp_path / f"a.0.json.gz.{2**22 + 1}.tmp"
    living = tmp_path / f"b.0.json.gz.{os.getpid()}.tmp"
    for path in (dead, living):
        path.write_bytes(b"")
    set_aside(tmp_path, [])
    assert not dead.exists()
    assert living.exists()


def test_packing_loses_nothing_and_can_be_done_again(tiny, tmp_path):
    for unit in "abcde":
        write(tmp_path, tiny, unit)
    write(tmp_path, tiny, "a", "b")  # twice there, which is harmless
    before = read_results(tmp_path, tiny).units
    for _ in range(2):
        assert pack(tmp_path, tiny, units_per_shard=2) == 3
        assert len(list(tmp_path.iterdir())) == 3
        assert read_results(tmp_path, tiny).units == before


def test_packing_that_fails_half_way_loses_nothing(tiny, tmp_path, monkeypatch):
    for unit in "abcd":
        write(tmp_path, tiny, unit)
    write_first = iter([write_shard])

    def fails_the_second_time(*arguments):
        return next(write_first)(*arguments)

    monkeypatch.setattr(shards, "write_shard", fails_the_second_time)
    with pytest.raises(StopIteration):
        next(iter([pack(tmp_path, tiny, units_per_shard=2)]))
    assert set(read_results(tmp_path, tiny).units) == set("abcd")
