"""Which runs are compared: the same for all, and a clear error where there are too few."""

import numpy as np
import pytest

from dipbench import load
from dipbench.reports.findings.panel import make_panel


@pytest.fixture
def panel_of(make_table, score_runs, bilinear, tmp_path):
    """panel_of(dip, supervised, architectures, **more): the panel of a new table."""

    def make(dip=None, supervised=None, architectures=None, **more):
        runs = score_runs(
            bilinear if architectures is None else architectures,
            dip or (lambda a, image, seed: 20.0 - a.depth),
            supervised or (lambda a, seed: 12.0 + a.slc),
            **more,
        )
        return make_panel(load(make_table(tmp_path, runs=runs)))

    return make


def test_scores_are_those_of_the_runs(panel_of, bilinear):
    images = {"p": 0, "q": 1, "r": 5, "s": 7}
    panel = panel_of(lambda a, image, seed: 20.0 - a.depth + images[image] + seed, seeds=(0, 1))
    assert len(panel) == panel.measured == 62
    assert (panel.images, panel.dip_seeds) == (("p", "q", "r", "s"), (0, 1))
    assert list(panel.architectures["name"]) == sorted(a.name for a in bilinear)
    depth = panel.feature("depth")
    expected = 20.5 - depth[:, None] + np.array([0, 1, 5, 7])
    assert panel.dip["peak_rmse"].shape == (62, 4, 2)
    assert panel.of_images("peak_rmse") == pytest.approx(expected)
    assert panel.of_images("final_rmse") == pytest.approx(expected + 4)
    assert panel.of_seeds("peak_rmse") == pytest.approx(
        np.add(expected.mean(axis=1, keepdims=True), [[-0.5, 0.5]])
    )
    assert panel.score("test_rmse") == pytest.approx(12.0 + panel.feature("slc"))
    assert panel.fits == 62 * 8


def test_means_of_a_whole_table_are_its_headline_columns(small_folder):
    table = load(small_folder)
    panel = make_panel(table)
    frame = table.frame.set_index("key").loc[panel.architectures["key"]]
    assert panel.score("peak_rmse") == pytest.approx(frame["dip_rmse"].to_numpy())
    assert panel.score("test_rmse") == pytest.approx(frame["supervised_rmse"].to_numpy())


def test_an_image_that_few_have_is_not_used(panel_of, bilinear):
    first = bilinear[:30]
    panel = panel_of(
        lambda a, image, seed: 20.0 if image != "s" or a in first else NotImplemented,
    )
    assert (len(panel), panel.images) == (62, ("p", "q", "r"))


def test_an_architecture_that_lacks_a_common_run_is_left_out(panel_of, bilinear):
    late, diverged, untrained = bilinear[5], bilinear[9], bilinear[20]
    panel = panel_of(
        lambda a, image, seed: (
            NotImplemented if (a, image) == (late, "s") else None if a == diverged else 20.0
        ),
        lambda a, seed: NotImplemented if a == untrained else 12.0,
    )
    names = {late.name, diverged.name, untrained.name}
    assert names.isdisjoint(panel.architectures["name"])
    assert (len(panel), panel.measured, panel.diverged) == (59, 62, 1)


def test_a_seed_of_some_is_left_to_the_seeds(panel_of, bilinear):
    panel = panel_of(
        lambda a, image, seed: 20.0 + seed if seed == 0 or a in bilinear[:9] else NotImplemented,
        lambda a, seed: 12.0 if seed == 0 or a in bilinear[:9] else NotImplemented,
        seeds=(0, 1),
    )
    assert (len(panel), panel.dip_seeds, panel.supervised_seeds) == (62, (0,), (0,))
    assert (panel.score("peak_rmse") == 20).all()


def test_too_few_architectures(panel_of, bilinear):
    with pytest.raises(ValueError, match=r"the table has 29 architectures .* expected at least 30"):
        panel_of(architectures=bilinear[:29])


def test_an_unknown_task_has_none(small_folder):
    with pytest.raises(ValueError, match=r"0 architectures .* task 'inpaint50'"):
        make_panel(load(small_folder), "inpaint50")


def test_features_must_vary(panel_of, bilinear):
    with pytest.raises(ValueError, match="all 32 architectures have depth 5"):
        panel_of(architectures=[a for a in bilinear if a.depth == 5])


def test_a_space_of_its_own_lacks_features(make_rows, make_table, score_runs, bilinear, tmp_path):
    rows = make_rows(score_runs(bilinear, lambda a, i, s: 20.0, lambda a, s: 12.0))
    for row in rows["architectures.parquet"]:
        row["width"] = None
    table = load(make_table(tmp_path, rows=rows))
    with pytest.raises(ValueError, match="width is missing of 62 architectures"):
        make_panel(table)


def test_part_is_what_was_chosen(panel_of):
    panel = panel_of()
    deep = panel.feature("depth") >= 2
    part = panel.part(deep)
    assert len(part) == deep.sum()
    assert part.feature("name").tolist() == panel.feature("name")[deep].tolist()
    assert (part.score("peak_rmse") == panel.score("peak_rmse")[deep]).all()
    assert (part.score("test_rmse") == panel.score("test_rmse")[deep]).all()


def test_fits_of_another_table(make_table, score_runs, bilinear, tmp_path):
    """The trainings of one table with the fits of another, on its images."""
    own = score_runs(bilinear, lambda a, i, s: 20.0, lambda a, s: 12.0 + a.slc)
    still = [
        run
        for run in score_runs(bilinear, lambda a, i, s: 30.0 + a.depth, lambda a, s: 0.0, ("p",))
        if run["mode"] == "dip"
    ]
    tables = [
        load(make_table(tmp_path / name, runs=runs)) for name, runs in (("o", own), ("s", still))
    ]
    panel = make_panel(tables[0], fits_of=tables[1])
    assert (len(panel), panel.images) == (62, ("p",))
    assert panel.score("peak_rmse") == pytest.approx(30.0 + panel.feature("depth"))
    assert panel.score("test_rmse") == pytest.approx(12.0 + panel.feature("slc"))


def test_runs_that_are_no_rectangle_are_cut_to_one(panel_of):
    """Two images have two seeds, the others one: four images with one seed are as many."""
    panel = panel_of(
        lambda a, image, seed: 20.0 if seed == 0 or image in "pq" else NotImplemented,
        seeds=(0, 1),
    )
    assert panel.dip["peak_rmse"].shape == (62, 4, 1)
    assert panel.dip_seeds == (0,)
