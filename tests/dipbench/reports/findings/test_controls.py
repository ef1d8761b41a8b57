"""The control experiment: effects that were put in come out, with their sign."""

import math

import numpy as np
import pytest

from dipbench.reports.findings.controls import control


@pytest.fixture
def found(core64, make_panel_of):
    """DIP falls with depth alone; supervised rises with SLC alone; width moves both."""
    width = np.where(core64["width"] == 16, 0.0, 100.0)
    panel = make_panel_of(core64, width - core64["depth"], width + 2.0 * core64["slc"])
    rng = np.random.default_rng(0)
    return {column: control(panel, column, rng, 99) for column in ("peak_rmse", "test_rmse")}


def test_own_feature_moves_the_score_whatever_else_varies(found):
    dip, supervised = found["peak_rmse"].trends, found["test_rmse"].trends
    assert dip["depth"].d == -1
    assert supervised["slc"].d == 1
    assert dip["depth"].p == supervised["slc"].p == 1 / 100


def test_the_other_feature_does_not(found):
    assert found["peak_rmse"].trends["slc"].d == 0
    assert found["peak_rmse"].trends["slc"].p == 1
    assert found["test_rmse"].trends["depth"].d == 0


def test_margins_say_where(found):
    at = found["peak_rmse"].trends["depth"].at
    assert [at[slc] for slc in range(5)] == [-1] * 5
    assert math.isnan(at[5])  # SLC 5 needs depth 5
    assert list(found["test_rmse"].trends["slc"].at) == [1, 2, 3, 4, 5]


def test_cells_are_means_of_their_architectures(core64, make_panel_of):
    rng = np.random.default_rng(0)
    score = rng.normal(20, 1, size=372)
    cells = control(make_panel_of(core64, score, score), "peak_rmse", rng, 1).cells
    assert [(c.depth, c.slc) for c in cells] == [(d, s) for d in range(1, 6) for s in range(d + 1)]
    assert sum(c.count for c in cells) == 372
    inside = score[(core64["depth"] == 4) & (core64["slc"] == 1)]
    cell = next(c for c in cells if (c.depth, c.slc) == (4, 1))
    assert (cell.mean, cell.std) == pytest.approx((inside.mean(), inside.std(ddof=1)))


def test_a_cell_of_one_architecture_has_no_spread(core64, make_panel_of):
    one = core64[(core64["upsample"] == "nearest") & (core64["width"] == 8)].reset_index(drop=True)
    cells = control(make_panel_of(one, one["slc"], one["slc"]), "peak_rmse", _rng(), 1).cells
    assert math.isnan(cells[-1].std)
    assert cells[-1].count == 1


def test_all_steps_of_depth_weigh_the_same(core64, make_panel_of):
    """Only depth 1 differs. It has few architectures, but four of the ten pairs of depths."""
    panel = make_panel_of(core64, core64["depth"] == 1, core64["depth"] == 1)
    trend = control(panel, "peak_rmse", _rng(), 1).trends["depth"]
    assert trend.at[0] == pytest.approx(-0.4)


def _rng():
    return np.random.default_rng(0)
