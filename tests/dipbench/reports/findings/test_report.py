"""The document and its command: same bytes, its numbers the study's, and honest about coverage."""

import json
import re
import sys
from functools import partial

import matplotlib.image
import numpy as np
import pytest

from dipbench import load
from dipbench.cli import main
from dipbench.figures import Format
from dipbench.reports.findings import Effort, as_json, study, write_findings
from dipbench.reports.findings.bootstrap import Estimate
from dipbench.reports.findings.figures import figures
from dipbench.reports.findings.report import report
from dipbench.reports.findings.text import interval, listed, number, p_value, percent, signed

FIGURES = {"controls", "scatter", "scatter-depth", "scatter-slc", "shares", "taus"}


FEW = Effort(60, 199, 60)  # what is tested here is not how fine the intervals are


@pytest.fixture
def few(monkeypatch):
    """The command with less effort."""
    import dipbench.reports.findings as module

    fewer = partial(write_findings, effort=FEW)
    monkeypatch.setattr(module, "write_findings", fewer)
    monkeypatch.setattr(module, "study", partial(study, effort=FEW))


@pytest.fixture(scope="module")
def written(small_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("findings")
    write_findings(load(small_folder), out, effort=FEW)
    return out


@pytest.fixture(scope="module")
def found(small_folder):
    return study(load(small_folder), effort=FEW)


def test_files(written):
    assert {path.stem for path in (written / "figures").iterdir()} == FIGURES
    for name in FIGURES:
        pixels = matplotlib.image.imread(written / "figures" / f"{name}.png")
        assert min(pixels.shape[:2]) > 300
        assert pixels[..., :3].min() < 0.5 < pixels[..., :3].max()


def test_every_figure_is_shown(written):
    shown = re.findall(r"!\[.+?\]\((.+?)\)", (written / "findings.md").read_text("utf-8"))
    assert len(shown) == len(FIGURES)
    assert set(shown) == {f"figures/{name}.png" for name in FIGURES}


def test_same_table_same_bytes(written, small_folder, tmp_path):
    write_findings(load(small_folder), tmp_path, effort=FEW)
    for path in [written / "findings.md", *(written / "figures").iterdir()]:
        assert (tmp_path / path.relative_to(written)).read_bytes() == path.read_bytes()


def test_another_seed_gives_other_intervals_but_the_same_values(small_folder, found):
    other = study(load(small_folder), seed=1, effort=FEW)
    one, two = (s.headline.overall.tau for s in (found, other))
    assert one.value == two.value
    assert one.low != two.low


def test_one_quantity_has_one_interval(found):
    """Tau of the headline decides a claim and stands in the tables: the same draws."""
    for pair, weighing in ((found.headline, "architectures"), (found.even, "cells")):
        assert pair.overall == found.known.taus[pair.dip, weighing]


def test_document_states_its_coverage(written, small_folder):
    text = (written / "findings.md").read_text("utf-8")
    manifest = load(small_folder).manifest
    for said in (
        "| architectures compared here | 124 |",
        "| DIP images | p, q, r and s |",
        "| devices | a processor |",
        "| not varied | up-sampling |",
        manifest["sha256"],
        manifest["protocol_hash"],
    ):
        assert said in text


@pytest.mark.parametrize(("planned", "said"), [(124, False), (125, True)])
def test_an_incomplete_table_is_called_so(
    found, make_table, score_runs, bilinear, tmp_path, planned, said
):
    protocol = {"name": "part-v1", "architectures": [""] * planned, "seeds": [0]}
    runs = score_runs(bilinear, lambda a, i, s: 20.0, lambda a, s: 12.0)
    table = load(
        make_table(tmp_path, runs=runs, protocol=protocol, images={"dip": ["p", "q", "r", "s"]})
    )
    text = report(table, found, dict.fromkeys(FIGURES, "x.png"))
    assert ("The table is not complete" in text) is said
    assert f"| architectures with a run | 124 of {planned} planned |" in text


def test_verdicts_and_numbers_of_the_document_are_the_studys(written, found):
    text = (written / "findings.md").read_text("utf-8")
    for claim in found.claims:
        assert f"| {claim.text} | **{claim.verdict}** | {claim.sentence} |" in text
    share = found.explained["peak_rmse"].share("depth")
    assert f"| depth | 4 | {number(share.alone)} | {interval(share.shapley)} |" in text
    assert interval(found.headline.overall.tau, sign=True) in text


def test_this_world_is_as_the_report_says(found):
    """What can be judged holds; without fits that are not perturbed it is not judged."""
    verdicts = {claim.name: claim.verdict for claim in found.claims}
    assert verdicts["supervised"] == "holds"
    assert verdicts["dip"] == verdicts["independent"] == "not judged"
    for claim in found.claims[:3]:
        assert {case.verdict for case in claim.cases} == {"holds"}


def test_direction_in_words_follows_the_numbers(make_table, score_runs, bilinear, tmp_path):
    """The same world with DIP turned round: 'falls' becomes 'rises'."""
    rng = np.random.default_rng(0)
    runs = score_runs(
        bilinear,
        lambda a, image, seed: 20.0 + a.depth + rng.normal(0, 0.1),
        lambda a, seed: 12.0 - a.slc + rng.normal(0, 0.1),
    )
    table = load(make_table(tmp_path, runs=runs))
    text = " ".join(
        report(table, study(table, effort=FEW), dict.fromkeys(FIGURES, "x.png")).split()
    )
    assert "With SLC fixed, DIP RMSE rises with depth (Somers' D +1.00" in text
    assert "With depth fixed, supervised RMSE falls with SLC (Somers' D −1.00" in text
    assert "With depth fixed, DIP RMSE shows no trend in SLC" in text


def test_small_world_says_falls(written):
    text = " ".join((written / "findings.md").read_text("utf-8").split())
    assert "With SLC fixed, DIP RMSE falls with depth" in text
    assert "With depth fixed, supervised RMSE rises with SLC" in text


def test_one_seed_is_said_to_be_one(written):
    text = (written / "findings.md").read_text("utf-8")
    assert "Fewer than 10 architectures of this table have a second seed" in " ".join(text.split())


def test_several_seeds_and_one_image(make_table, score_runs, bilinear, noisy, tmp_path):
    """All parts that one image cannot give are left out, and those of the seeds are there."""
    scores = noisy(1)
    runs = score_runs(bilinear, scores.dip, scores.supervised, images=("p",), seeds=(0, 1, 2))
    table = load(make_table(tmp_path / "table", runs=runs))
    found = study(table, effort=FEW)
    assert (found.images, found.noise) == ((), ())
    drawn = {name: path.name for name, path in figures(table, found, tmp_path).items()}
    text = " ".join(report(table, found, drawn).split())
    assert "One image is in all architectures' runs" in text
    assert "DIP ES-WMV stop: 62 architectures, 1 image and 3 seeds" in text
    assert "supervised validation: 62 architectures and 3 seeds" in text
    assert re.search(
        r"DIP peak: noise of one run 0\.(2|3)\d against a spread between architectures of 1\.", text
    )


def test_tables_are_whole(written):
    """Every row of a table has as many cells as its heading."""
    for block in (written / "findings.md").read_text("utf-8").split("\n\n"):
        if block.startswith("|"):
            cells = {line.count("|") - line.count("\\|") for line in block.splitlines()}
            assert len(cells) == 1, block


def test_command_writes_the_document(small_folder, tmp_path, written, capsys, few):
    assert main(["findings", "--table", str(small_folder), "--out", str(tmp_path / "docs")]) == 0
    paths = capsys.readouterr().out.splitlines()
    assert paths[0] == str(tmp_path / "docs" / "findings.md")
    assert len(paths) == 7
    made = (tmp_path / "docs" / "findings.md").read_bytes()
    assert made == (written / "findings.md").read_bytes()


def test_command_prints_the_numbers_and_writes_nothing(
    small_folder, tmp_path, found, capsys, monkeypatch, few
):
    monkeypatch.chdir(tmp_path)
    assert main(["findings", "--table", str(small_folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads(json.dumps(as_json(found), allow_nan=False))
    assert said["explained"]["peak_rmse"]["shares"][0]["factor"] == "depth"
    assert said["panel"]["architectures"] == 124
    assert [c["verdict"] for c in said["claims"]][1] == "holds"
    assert said["difficulty"]["test_rmse"]["architectures"] == 124
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--task", "sharpen"], "task 'sharpen' was not measured; expected one of denoise25"),
        (["--rng-seed", "-1"], "seed is -1; expected 0 or a positive number"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(small_folder, tmp_path, capsys, more, message):
    out = tmp_path / "docs"
    assert main(["findings", "--table", str(small_folder), "--out", str(out), *more]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize("command", ["findings", "proxy"])
def test_tiny_table_is_refused(table_folder, tmp_path, capsys, command):
    assert main([command, "--table", str(table_folder), "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: the table has 2 architectures measured in both modes")
    assert err.endswith("; expected at least 30\n")
    assert list(tmp_path.iterdir()) == []


def test_numbers_as_text():
    nan = float("nan")
    assert [number(-0.001), number(-1.256), number(None), number(nan)] == [
        "0.00",
        "−1.26",
        "–",
        "–",
    ]
    assert [signed(0.5), signed(-0.5), signed(0.0), signed(nan)] == ["+0.50", "−0.50", "0.00", "–"]
    assert [percent(0.256), percent(nan)] == ["26%", "–"]
    assert [p_value(0.0005), p_value(0.2434), p_value(nan)] == ["0.0005", "0.24", "–"]
    estimate = Estimate(-0.1, -0.2, 0.1)
    assert interval(estimate, sign=True) == "−0.10 [−0.20, +0.10]"
    assert interval(None) == "–"
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]


def test_ctrl_c_is_one_line_and_leaves_nothing(small_folder, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dipbench.reports.findings.study", interrupted)
    out = tmp_path / "docs"
    assert main(["findings", "--table", str(small_folder), "--out", str(out)]) == 130
    assert capsys.readouterr().err == "stopped\n"
    assert not out.exists()


@pytest.mark.parametrize("lacking", ["matplotlib", "folder"])
def test_what_is_needed_is_looked_for_before_computing(
    small_folder, tmp_path, capsys, monkeypatch, lacking
):
    monkeypatch.setattr("dipbench.reports.findings.study", lambda *_, **__: pytest.fail("began"))
    out = tmp_path / "docs"
    if lacking == "matplotlib":
        monkeypatch.setitem(sys.modules, "matplotlib", None)
    else:
        out.write_text("a file")
    assert main(["findings", "--table", str(small_folder), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert ("matplotlib" if lacking == "matplotlib" else "docs") in said


@pytest.mark.slow
def test_figures_of_a_paper(small_folder, found, tmp_path):
    """Vector figures of the same bytes each time."""
    table = load(small_folder)
    formats: dict[Format, bytes] = {"svg": b"<?xml", "pdf": b"%PDF"}
    for format, start in formats.items():
        one, two = (figures(table, found, tmp_path / f"{format}{i}", format) for i in (0, 1))
        assert set(one) == FIGURES
        for name, path in one.items():
            content = path.read_bytes()
            assert path.suffix == f".{format}"
            assert content.startswith(start)
            assert content == two[name].read_bytes()
