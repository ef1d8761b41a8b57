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
def test_every_architecture_of_the_space_has_one_seed_and_some_have_three(runs, mode):
    found = seeds(runs, mode)
    assert set(found.index) == {a.name for a in Space("core64")}
    assert all(0 in of for of in found)
    assert sum(of == {0, 1, 2} for of in found) >= 40


def test_curves_take_hardly_more_than_half_the_room_of_plain_parquet():
    kept = (files("dipbench") / "data" / "core64-v1" / "curves.parquet").read_bytes()
    plain = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(kept)), plain, compression="zstd")
    assert len(kept) < 0.55 * len(plain.getvalue())


def test_scores_are_grey_levels_of_restored_images():
    frame = load().frame
    for name in ("supervised_rmse", "supervised_rmse_val", "dip_rmse", "dip_stopped_rmse"):
        assert frame[name].between(5, 60).all(), name
