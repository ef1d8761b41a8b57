"""The study and its document, in worlds where the answers are known."""

import json
import re
from functools import partial

import numpy as np
import pytest

from dipbench import load
from dipbench.cli import main
from dipbench.errors import InvalidTable
from dipbench.reports.findings import Effort
from dipbench.reports.proxy import write_proxy
from dipbench.reports.proxy.scores import SCORES
from dipbench.reports.proxy.study import as_json, study
from dipbench.table.table import Table

FEW = Effort(60, 1, 1)


def rank(a):
    """A test RMSE that no two architectures have, not a function of what the graph says."""
    return 20 + int(a.key[:6], 16) / 2**24


def says(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def perfect(world, tmp_path_factory):
    """DIP orders as training does, but at 100 iterations the other way round."""
    return world(
        tmp_path_factory.mktemp("perfect"),
        test=rank,
        dip=lambda a, image: rank(a) + "pqr".index(image),
        early=lambda a, image: 49 - rank(a),
    )


@pytest.fixture(scope="module")
def slc_world(world, tmp_path_factory):
    """SLC is test RMSE but for a little, and DIP runs against it."""
    return world(
        tmp_path_factory.mktemp("slc"),
        test=lambda a: 10 + 2 * a.slc + rank(a) / 1000,
        dip=lambda a, image: 30 - 2 * a.slc - rank(a) / 1000,
    )


@pytest.fixture(scope="module")
def found(perfect, scores_file):
    return study(load(perfect), scores_file, effort=FEW)


@pytest.fixture(scope="module")
def written(slc_world, scores_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("written")
    write_proxy(load(slc_world), scores_file, out, effort=FEW)
    return out


@pytest.fixture
def few(monkeypatch):
    """The command with less effort."""
    import dipbench.reports.proxy as package
    import dipbench.reports.proxy.study as module

    monkeypatch.setattr(package, "write_proxy", partial(write_proxy, effort=FEW))
    monkeypatch.setattr(module, "study", partial(study, effort=FEW))


def test_a_perfect_proxy_finds_the_best_at_once(found):
    peak = found.named("dip_peak")
    assert peak.tau.value == peak.tau.low == peak.rho.value == peak.within.value == 1
    assert peak.choice == 0
    assert peak.hunt.trained.mean == 1
    # 60 architectures on three images, 10 s each, and the one training.
    assert peak.total == pytest.approx(60 * 3 * 10 + 90)
    assert peak.each == pytest.approx(30)


def test_a_reversed_proxy_finds_the_good_last(found):
    early = found.named("dip_100")
    assert early.tau.high == -1
    assert early.hunt.trained.mean == len(found.panel) - found.good + 1
    # A tenth of a fit, then all that are not good, and a good one.
    assert early.total == pytest.approx(60 * 3 + 90 * (61 - found.good))
    assert found.named("dip_100_one").total == pytest.approx(60 + 90 * (61 - found.good))


def test_a_useless_proxy_is_random_order(found):
    """All architectures have one SNIP: no order, paid for."""
    snip = found.named("snip")
    assert np.isnan(snip.tau.value)
    assert snip.hunt.trained == found.random.trained
    assert snip.hunt.seconds.mean == pytest.approx(found.random.seconds.mean)
    assert snip.total == pytest.approx(found.random.seconds.mean + 2 * 60)


def test_random_order_is_between_one_and_all(found):
    assert found.random.trained.mean == pytest.approx(61 / (found.good + 1))
    assert found.random.seconds.mean == pytest.approx(90 * 61 / (found.good + 1))
    assert found.everything == 90 * 60


def test_a_training_that_was_begun_goes_on(found):
    """Steps 9 and 30 of 90; the curve orders as the test RMSE does."""
    tenth, third = found.named("validation_9"), found.named("validation_30")
    assert tenth.total == pytest.approx(60 * 9 + 81)
    assert third.total == pytest.approx(60 * 30 + 60)
    assert found.ceiling.tau.value == 1
    assert found.ceiling.hunt is None
    assert found.ceiling.total == pytest.approx(found.everything)


def test_features_are_free(found):
    for name in ("depth", "slc", "params", "macs"):
        assert found.named(name).beforehand == pytest.approx(0, abs=1e-9)


def test_ties_keep_tau_from_one(slc_world, scores_file):
    slc = study(load(slc_world), scores_file, effort=FEW).named("slc")
    assert slc.tau.value == pytest.approx(slc.highest)
    assert slc.highest < 0.95
    assert np.isnan(slc.beyond.value)


def test_signs_are_fixed_beforehand(world, tmp_path, scores_file):
    """In a world where all that was predicted is wrong, all taus are negative."""
    folder = world(
        tmp_path,
        test=lambda a: 20 - a.slc + a.depth + rank(a) / 1000,
        dip=lambda a, image: 40 + a.slc - a.depth - rank(a) / 1000,
    )
    found = study(load(folder), scores_file, effort=FEW)
    assert found.named("depth").tau.high < 0
    assert found.named("dip_peak").tau.high < 0
    assert {each.name: each.sign for each in found.standings} == {
        each.name: -1
        if each.name in ("depth", "params", "macs", "grad_norm", "snip", "synflow")
        else 1
        for each in found.standings
    }


def test_a_score_of_the_file_is_read_by_its_sign(perfect, tmp_path, score_rows, write_rows):
    rows = score_rows(grad_norm=rank, spectrum=rank)
    path = write_rows(tmp_path / "scores.csv", rows)
    found = study(load(perfect), path, effort=FEW)
    assert found.named("grad_norm").tau.value == -1
    assert found.named("spectrum").tau.value == 1


def test_no_proxy_is_there_twice(found):
    """Iterations 100 and 300 have one recorded step before them."""
    names = [each.name for each in found.standings]
    assert len(set(names)) == len(names)
    assert [name for name in names if name.startswith("dip_1")] == ["dip_100", "dip_100_one"]


def test_several_seeds_are_all_paid_for(world, tmp_path, scores_file):
    folder = world(tmp_path, test=rank, dip=lambda a, image: rank(a), seeds=(0, 1))
    found = study(load(folder), scores_file, effort=FEW)
    assert found.named("dip_peak").total == pytest.approx(60 * 60 + 180)
    assert found.everything == 180 * 60


def test_one_image_leaves_out_the_proxies_on_one_of_several(world, tmp_path, scores_file):
    folder = world(tmp_path, test=rank, dip=lambda a, image: rank(a), images=("p",))
    names = [each.name for each in study(load(folder), scores_file, effort=FEW).standings]
    assert "dip_100" in names
    assert "dip_100_one" not in names


def test_the_document_says_what_is_so(written):
    text = says((written / "proxy.md").read_text("utf-8"))
    for said in (
        "**Can DIP stand in for supervised training?** No: the DIP peak orders architectures the "
        "other way round",
        "None of its 7 ways does: ",
        "beat them all?** In order, no: its tau is higher than that of",
        "and is lower than that of validation at step 9 of 90 and validation at step 30 of 90",
        "In time to a good network, it is as fast as log-parameters and MACs; it takes 90 s",
        "stop, DIP peak up to 100 and DIP peak up to 100 on one image. Turned round",
        "| architectures compared here | 60 |",
        "$ dipbench proxy --scores",
    ):
        assert said in text


def test_slc_beats_all_where_it_does(world, tmp_path, score_rows, write_rows, monkeypatch):
    """The narrow networks with SLC 0 are good, and nothing else says so.

    Partial training is left out: here the curve orders as its end does.
    """
    monkeypatch.setattr("dipbench.reports.proxy.proxies.PARTIAL", ())
    folder = world(
        tmp_path / "table",
        test=lambda a: 10 + 2 * a.slc + (a.width == 16) + rank(a) / 1000,
        dip=lambda a, image: rank(a),
    )
    path = write_rows(tmp_path / "scores.csv", score_rows(**dict.fromkeys(SCORES, rank)))
    write_proxy(load(folder), path, tmp_path, effort=FEW)
    text = says((tmp_path / "proxy.md").read_text("utf-8"))
    assert "In order, yes: its tau is higher than that of all 14 others" in text
    assert "In time to a good network, yes; it takes" in text


def test_what_is_predicted_well_is_said_to_be(perfect, scores_file, tmp_path):
    write_proxy(load(perfect), scores_file, tmp_path, effort=FEW)
    text = says((tmp_path / "proxy.md").read_text("utf-8"))
    assert "In part: the DIP peak orders architectures as supervised training does" in text
    assert "The data show the other sign" in text
    assert "below 0, of DIP peak up to 100, DIP peak up to 100 on one image and SLC." in text


def test_same_table_same_bytes(written, slc_world, scores_file, tmp_path):
    write_proxy(load(slc_world), scores_file, tmp_path, effort=FEW)
    for name in ("proxy.md", "proxy/proxies.png"):
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes()


def test_tables_are_whole_and_the_figure_is_shown(written):
    text = (written / "proxy.md").read_text("utf-8")
    assert re.findall(r"!\[.+?\]\((.+?)\)", text) == ["proxy/proxies.png"]
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    for block in tables:
        cells = {line.count("|") - line.count("\\|") for line in block.splitlines()}
        assert len(cells) == 1, block


@pytest.mark.parametrize(("planned", "said"), [(60, False), (61, True)])
def test_an_incomplete_table_is_called_so(
    slc_world, scores_file, tmp_path, monkeypatch, planned, said
):
    table = load(slc_world)
    protocol = table.manifest["protocol"] | {"architectures": [""] * planned, "seeds": [0]}
    stated = {"protocol": protocol, "images": {"dip": ["p", "q", "r"]}}
    monkeypatch.setattr(table, "_manifest", table.manifest | stated)
    write_proxy(table, scores_file, tmp_path, effort=FEW)
    text = (tmp_path / "proxy.md").read_text("utf-8")
    assert ("The table is not complete" in text) is said
    assert f"| architectures with a run | 60 of {planned} planned |" in text


def test_command_writes_the_document(slc_world, scores_file, written, tmp_path, capsys, few):
    given = ["proxy", "--table", str(slc_world), "--scores", str(scores_file)]
    assert main([*given, "--out", str(tmp_path / "docs")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "docs" / "proxy.md"),
        str(tmp_path / "docs" / "proxy" / "proxies.png"),
    ]
    made = (tmp_path / "docs" / "proxy.md").read_bytes()
    assert made == (written / "proxy.md").read_bytes()


def test_command_prints_the_numbers_and_writes_nothing(
    perfect, scores_file, found, tmp_path, capsys, monkeypatch, few
):
    monkeypatch.chdir(tmp_path)
    given = ["--table", str(perfect), "--scores", str(scores_file)]
    assert main(["proxy", *given, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads(json.dumps(as_json(found), allow_nan=False))
    assert said["architectures"] == 60
    assert said["standings"][0]["tau"]["value"] == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--scores", "none.csv"], "none.csv"),
        (["--rng-seed", "-1"], "seed is -1; expected 0 or a positive number"),
        (["--task", "sharpen"], "0 architectures"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(
    slc_world, scores_file, tmp_path, capsys, more, message
):
    out = tmp_path / "docs"
    given = ["--table", str(slc_world), "--scores", str(scores_file), "--out", str(out)]
    assert main(["proxy", *given, *more]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.splitlines()) == 1
    assert not out.exists()


def test_a_run_without_a_curve_is_named(slc_world, scores_file, monkeypatch):
    import pyarrow.compute as pc

    table = load(slc_world)
    lost = table.curves.slice(1, 1).to_pylist()[0]
    kept = table.curves.filter(pc.invert(pc.equal(table.curves["key"], lost["key"])))
    monkeypatch.setattr(Table, "curves", kept)
    with pytest.raises(InvalidTable, match=r"run of seed 0.* has no learning curve"):
        study(table, scores_file, effort=FEW)


def test_without_scores_the_rest_is_there(slc_world, tmp_path, capsys, few):
    assert main(["proxy", "--table", str(slc_world), "--out", str(tmp_path / "docs")]) == 0
    text = (tmp_path / "docs" / "proxy.md").read_text("utf-8")
    assert "| SHA-256 of the file of scores | none was given |" in text
    assert "SynFlow" not in text
    assert "validation after training" in text


def test_seconds_are_those_of_the_reference_clock(slc_world, scores_file, monkeypatch):
    """Whatever the runs say of their own devices."""
    table = load(slc_world)
    slow = table.runs.to_pandas().assign(seconds=1e6)
    import pyarrow as pa

    monkeypatch.setattr(Table, "runs", pa.Table.from_pandas(slow))
    assert study(table, scores_file, effort=FEW).everything == 90 * 60


def test_a_table_without_a_reference_clock_is_refused(slc_world, scores_file, monkeypatch):
    table = load(slc_world)
    lost = table.frame.assign(dip_seconds=float("nan"))
    monkeypatch.setattr(Table, "frame", lost)
    with pytest.raises(InvalidTable, match="dip_seconds is missing of 60 architectures"):
        study(table, scores_file, effort=FEW)


def test_the_ceiling_is_that_of_another_seed(world, tmp_path, scores_file):
    """Two seeds of one score: another training orders as the same weights do."""
    folder = world(tmp_path / "t", test=rank, dip=lambda a, image: rank(a), seeds=(0, 1))
    found = study(load(folder), scores_file, effort=FEW)
    assert found.repeated[0].chosen == pytest.approx(1)
    write_proxy(load(folder), scores_file, tmp_path / "docs", effort=FEW)
    text = says((tmp_path / "docs" / "proxy.md").read_text("utf-8"))
    assert "A network is not its weights: with test RMSE of another seed tau is +1.00" in text
