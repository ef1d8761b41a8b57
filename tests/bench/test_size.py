"""Tables of ten thousand to ten million architectures: opening, queries, vectorised features.

The synthetic tables hold random numbers. ``DIPBENCH_BENCH_ROWS`` sets the greatest size.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from dipbench import slc_many
from dipbench.table.schema import ARCHITECTURES, CURVES, RUNS, arrow_schema
from dipbench.table.table import write_table

SIZES = (10**4, 10**5, 10**6, 10**7)
GREATEST = int(os.environ.get("DIPBENCH_BENCH_ROWS", SIZES[-1]))
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)

MEASURE = """
import json, sys, time
import numpy as np, pyarrow.parquet
from dipbench import load, query, query_many
import dipbench.lookup, dipbench.table.cache

folder, keys = sys.argv[1], open(sys.argv[2])
first = keys.readline().strip()
clock = time.perf_counter

started = clock()
table = load(folder)
query(first, table=table)
opened = clock() - started
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
resident = int(status["VmHWM"].split()[0]) / 1024

keys = keys.read().split()

times = []
for key in keys[1:5001]:
    started = clock()
    query(key, table=table)
    times.append(clock() - started)

query_many(keys[:10], table=table)
wanted = (keys * (1_000_000 // len(keys) + 1))[:1_000_000]
many = []
for _ in range(3):
    started = clock()
    frame = query_many(wanted, table=table)
    many.append(len(frame) / (clock() - started))
assert frame["key"].tolist()[:1000] == wanted[:1000]
print(json.dumps({
    "open ms": opened * 1e3,
    "resident MB": resident,
    "query us": sorted(times)[len(times) // 2] * 1e6,
    "query_many M/s": max(many) / 1e6,
}))
"""


def column(kind, rows, rng):
    if kind == "int":
        return pa.array(rng.integers(0, 1000, rows))
    if kind == "float":
        return pa.array(rng.random(rows))
    return pa.nulls(rows, pa.string())


def synthetic(rows, rng):
    """The architectures file, keys in order."""
    words = np.sort(rng.integers(0, 2**63, rows, dtype=np.uint64))
    digits = np.empty((rows, 64), np.uint8)
    for i in range(16):
        digits[:, i] = HEX[(words >> np.uint64(60 - 4 * i)) & np.uint64(15)]
    digits[:, 16:] = HEX[rng.integers(0, 16, (rows, 48), dtype=np.uint8)]
    offsets = np.arange(0, 64 * rows + 1, 64, dtype=np.int32)
    keys = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(digits))
    columns = {c.name: column(c.kind, rows, rng) for c in ARCHITECTURES}
    columns |= {"key": keys, "task": pa.repeat("denoise25", rows)}
    return pa.table(columns), digits


@pytest.fixture(scope="module", params=[n for n in SIZES if n <= GREATEST], ids=lambda n: f"{n:,}")
def built(request, tmp_path_factory):
    """A table of so many rows, and a million of its keys in a file."""
    rows, rng = request.param, np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("table")
    architectures, digits = synthetic(rows, rng)
    others = {"runs.parquet": RUNS, "curves.parquet": CURVES}
    files = {f: arrow_schema(columns).empty_table() for f, columns in others.items()}
    manifest = {"space": "synthetic", "protocol": {"name": "none"}, "protocol_hash": ""}
    files["architectures.parquet"] = architectures
    write_table(folder, files, manifest, compression_level=1)
    some = digits[rng.integers(0, rows, min(rows, 1_000_000))]
    (folder / "keys").write_bytes(b"\n".join(some.view("S64").ravel().tolist()))
    return rows, folder


@pytest.mark.benchmark(group="ten thousand to ten million architectures")
def test_growth(built, benchmark, capsys, tmp_path_factory):
    """The first opening of a big table makes its memory-mapped copy; the second is measured."""
    rows, folder = built
    environment = os.environ | {"DIPBENCH_CACHE": str(tmp_path_factory.getbasetemp() / "cache")}
    command = [sys.executable, "-c", MEASURE, str(folder), str(folder / "keys")]

    def measure():
        answer = subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        )
        return json.loads(answer.stdout)

    measure()
    found = benchmark.pedantic(measure, rounds=1)
    benchmark.extra_info.update(found)
    with capsys.disabled():
        print(f"\n{rows:>12,} rows  " + "  ".join(f"{k} {v:8.2f}" for k, v in found.items()))


@pytest.mark.benchmark(group="SLC of a million architectures")
def test_slc_many(benchmark):
    rng = np.random.default_rng(0)
    depths = rng.integers(1, 21, 1_000_000)
    skips = rng.integers(0, 2**depths)
    assert len(benchmark(slc_many, depths, skips)) == 1_000_000
