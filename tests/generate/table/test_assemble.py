"""From rows to the table."""

import math
from pathlib import Path

import pytest

from dipbench import load, query, tables
from dipbench.spaces import BaseArchitecture
from generate.measure import rows as measure
from generate.measure.rows import _row
from generate.protocols.plan import make_plan
from generate.protocols.reading import get
from generate.table.assemble import assemble
from generate.table.shards import Results, read_results
from generate.training.dip import fit

ROOT = Path(__file__).parents[3]


@pytest.fixture
def units(tiny, made_up):
    """Made-up rows of every unit; the score is 10 + seed, DIP 5 more."""
    return {
        unit.id: [
            made_up(unit, image, 10.0 + unit.seed + 5 * (unit.mode == "dip"))
            for image in unit.images or [None]
        ]
        for unit in make_plan(tiny)
    }


def test_means_counts_and_curves(tiny, units, tmp_path):
    table = load(assemble(tiny, Results(units), tmp_path))
    assert len(table) == 3
    r = query("d2-s0-nearest-w8", table=table)
    assert (r.supervised_rmse, r.dip_rmse) == (10.5, 15.5)
    assert r.supervised_std == pytest.approx(math.sqrt(0.5))
    assert (r.n_seeds, r.n_images, r.n_fits, r.n_censored, r.n_failed) == (2, 2, 4, 4, 0)
    assert r.curve("dip").rmse == (9.0, 15.5)
    assert r.curve("supervised").rmse == (9.0, 10.5)
    assert (r.depth, r.slc) == (2, 0)


def test_the_table_does_not_depend_on_the_order_of_the_shards(tiny, units, tmp_path):
    backwards = dict(reversed(units.items()))
    first = assemble(tiny, Results(units), tmp_path / "a")
    second = assemble(tiny, Results(backwards), tmp_path / "b")
    assert [p.read_bytes() for p in sorted(first.iterdir())] == [
        p.read_bytes() for p in sorted(second.iterdir())
    ]


def test_a_diverged_run_is_counted_and_never_averaged_in(tiny, units, made_up, tmp_path):
    unit = next(u for u in make_plan(tiny) if u.mode == "dip" and u.seed == 0)
    units[unit.id] = [made_up(unit, unit.images[0], 0, "diverged"), units[unit.id][1]]
    assert isinstance(unit.architecture, BaseArchitecture)
    r = query(unit.architecture, table=load(assemble(tiny, Results(units), tmp_path)))
    assert (r.n_failed, r.n_fits) == (1, 3)
    assert r.dip_rmse == pytest.approx((15 + 16 + 16) / 3)


def test_what_was_not_measured_is_not_filled_in(tiny, units, tmp_path):
    only = {unit: rows for unit, rows in units.items() if unit.startswith("supervised")}
    r = query("d2-s0-nearest-w8", table=load(assemble(tiny, Results(only), tmp_path)))
    assert math.isnan(r.dip_rmse)
    assert math.isnan(r.dip_std)
    assert (r.n_fits, r.n_images, r.n_seeds) == (0, 0, 2)


def test_a_run_with_any_number_that_is_not_finite_has_diverged():
    found = {"final_rmse": 1.0, "curve": {"step": [1, 2], "rmse": [1.0, math.nan]}}
    assert _row({"seed": 0}, found) == {"seed": 0, "status": "diverged"}
    found = {"final_rmse": math.inf, "curve": {"step": [1], "rmse": [1.0]}}
    assert _row({"seed": 0}, found)["status"] == "diverged"


def test_a_fit_that_diverges_is_recorded_as_such(tiny, images, cpu, monkeypatch):
    unit = make_plan(tiny)[0]

    def diverging(*arguments, **options):
        fits = fit(*arguments, **options)
        fits.curves["averaged_rmse"][1, -1] = math.nan
        return fits

    monkeypatch.setattr(measure, "fit", diverging)
    rows = measure.measure(tiny, unit, images, cpu)
    assert [row["status"] for row in rows] == ["ok", "diverged"]
    assert "peak_rmse" not in rows[1]


def test_no_results_and_foreign_units_are_refused(tiny, units, tmp_path):
    with pytest.raises(ValueError, match="no results of tiny"):
        assemble(tiny, Results(), tmp_path)
    with pytest.raises(ValueError, match="unit elsewhere is not in the plan of tiny"):
        assemble(tiny, Results(units | {"elsewhere": []}), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", tables())
def test_an_embedded_table_is_made_of_the_committed_shards_byte_for_byte(name, tmp_path):
    protocol = get(name)
    results = read_results(ROOT / "generate" / "results" / protocol.name, protocol)
    assert results.rejected == []
    made = assemble(protocol, results, tmp_path)
    embedded = ROOT / "dipbench" / "data" / name
    assert {p.name for p in made.iterdir()} == {
        p.name for p in embedded.iterdir() if not p.name.startswith("surrogate")
    }
    for path in made.iterdir():
        assert path.read_bytes() == (embedded / path.name).read_bytes(), path.name
