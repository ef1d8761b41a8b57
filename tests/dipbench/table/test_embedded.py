"""What the embedded table promises to hold."""

import io
from importlib.resources import files

import pyarrow.parquet as pq
import pytest

from dipbench import Space, load


@pytest.fixture(scope="module")
def runs():
    finished = load().runs.to_pandas()
    return finished[finished["status"] == "ok"]


def seeds(runs, mode):
    """Per architecture, its seeds in `mode` that have every image of seed 0."""
    found = runs[runs["mode"] == mode].groupby(["name", "seed"])["image"].nunique(dropna=False)
    return (
        found[found >= (8 if mode == "dip" else 1)].reset_index().groupby("name")["seed"].agg(set)
    )


@pytest.mark.parametrize("mode", ["dip", "supervised"])
def test_every_architecture_of_the_space_has_all_three_seeds(runs, mode):
    found = seeds(runs, mode)
    assert set(found.index) == {a.name for a in Space("core64")}
    assert all(of == {0, 1, 2} for of in found)


def test_core64_is_complete_and_nothing_failed():
    frame = load().frame
    assert (frame["n_seeds"] == 3).all()
    assert (frame["n_fits"] == 24).all()
    assert (frame["n_failed"] == 0).all()


def test_seconds_are_of_one_clock():
    table = load()
    assert table.manifest["clock"] == {"device": "Intel(R) Xeon(R) Processor", "engine": "kernel"}
    assert table.frame[["supervised_seconds", "dip_seconds"]].notna().all(axis=None)


def test_curves_take_hardly_more_than_half_the_room_of_plain_parquet():
    kept = (files("dipbench") / "data" / "core64-v1" / "curves.parquet").read_bytes()
    plain = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(kept)), plain, compression="zstd")
    assert len(kept) < 0.55 * len(plain.getvalue())


def test_scores_are_grey_levels_of_restored_images():
    frame = load().frame
    for name in ("supervised_rmse", "supervised_rmse_val", "dip_rmse", "dip_stopped_rmse"):
        assert frame[name].between(5, 60).all(), name
