"""What the embedded table promises to hold."""

import io
from importlib.resources import files

import pyarrow.parquet as pq
import pytest

from dipbench import Space, load, tables
from dipbench.table.coverage import coverage, plan


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


# All embedded tables

EXACT = ["exact_peak_rmse", "averaged_exact_peak_rmse", "unperturbed_peak_rmse"]


@pytest.fixture(params=tables())
def table(request):
    return load(protocol=request.param)


def test_every_run_of_the_plan_is_there_and_none_failed(table):
    planned, found = plan(table.manifest), coverage(table)
    assert planned
    assert found.complete == found.architectures
    share = 1.0
    if "planned" in table.manifest:  # a space too large to measure: a sample, all of its runs
        assert 300 <= found.architectures < planned.architectures
        share = found.architectures / planned.architectures
    else:
        assert found.architectures == planned.architectures
    expected = share * planned.trainings, share * planned.fits, 0
    assert (found.trainings, found.fits, found.diverged) == pytest.approx(expected)


def test_seconds_of_every_table_are_of_one_clock(table):
    assert table.manifest["clock"] is not None
    frame = table.frame
    for mode in coverage(table).modes:
        assert (frame[f"{mode}_seconds"] > 0).all()


def test_what_a_protocol_records_is_there_and_nothing_else_is_made_up(table):
    runs = table.runs.to_pandas()
    fits, trainings = (runs[runs["mode"] == mode] for mode in ("dip", "supervised"))
    later = table.manifest["protocol"].get("recording", 1) == 2
    for column in EXACT if len(fits) else ():
        assert fits[column].notna().all() == fits[column].notna().any() == later
    assert trainings["test_psnr"].notna().all() or not later
    if later:
        assert (fits["exact_peak_rmse"] <= fits["peak_rmse"] + 1e-4).all()
        assert (fits["averaged_exact_peak_rmse"] <= fits["averaged_peak_rmse"] + 1e-4).all()


def test_scores_of_every_table_are_of_restored_images(table):
    """No network, however bad, is as far off as a black picture; none knows the clean image."""
    runs = table.runs.to_pandas()
    for column in ("test_rmse", "val_rmse", "peak_rmse", "final_rmse"):
        scores = runs[column].dropna()
        assert scores.between(1, 80).all(), column
