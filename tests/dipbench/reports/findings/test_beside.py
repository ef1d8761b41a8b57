"""Tables beside the one that the findings are of: found by their settings, judged when complete."""

from dataclasses import replace

import numpy as np
import pytest

from dipbench import load
from dipbench.reports.findings import Effort, study
from dipbench.reports.findings.baselines import Baseline, read_baselines
from dipbench.reports.findings.beside import still_says
from dipbench.reports.findings.companions import companions, unfinished
from dipbench.reports.findings.longer import _below
from dipbench.reports.findings.report import report
from dipbench.reports.findings.still import ByDepth, Still
from dipbench.reports.findings.text import number, signed
from dipbench.spaces import Space

FEW = Effort(20, 199, 20)
BOTH = ["dip", "supervised"]
FIGURES = ("controls", "scatter", "scatter-depth", "scatter-slc", "shares", "taus")
WIDE = [a for a in Space("core64") if a.width == 16 and a.upsample != "transposed"]


def protocol(name, steps=1000, perturbation=0.03, modes=BOTH, **more):
    return {
        "name": name,
        "task": "denoise25",
        "seeds": [0],
        "architectures": [a.name for a in WIDE],
        "supervised": {"steps": steps},
        "dip": {"perturbation": perturbation, "iterations": 3000, "stop_window": 100},
        "modes": modes,
    } | more


@pytest.fixture(scope="module")
def world(make_table, score_runs, tmp_path_factory):
    """Five tables: the own one; no perturbation, complete and not; longer; another task."""
    folder, rng = tmp_path_factory.mktemp("world"), np.random.default_rng(0)

    def made(name, dip, supervised, images=("p", "q"), chosen=WIDE, stated=None, **changes):
        stated = stated or protocol(name)
        runs = score_runs(chosen, dip, supervised, images)
        runs = [r | changes for r in runs if r["mode"] in stated["modes"]]
        place = folder / name
        make_table(place, runs=runs, protocol=stated, images={"dip": list(images)})
        return load(place)

    noise = lambda: rng.normal(0, 0.05)  # noqa: E731
    falls = lambda a, i, s: 20.0 - a.depth + noise()  # noqa: E731
    rises = lambda a, i, s: 10.0 + a.depth + noise()  # noqa: E731
    by_slc = lambda a, s: 12.0 + 2 * a.slc + noise()  # noqa: E731
    half = lambda a, s: 11.0 + a.slc + noise()  # noqa: E731
    still = protocol("still-v1", perturbation=0.0, modes=["dip"])
    return {
        "own": made("own-v1", falls, by_slc),
        "still": made("still-v1", rises, by_slc, stated=still),
        "part": made("part-v1", rises, by_slc, chosen=WIDE[:40], stated=still),
        "long": made(
            "long-v1",
            falls,
            half,
            stated=protocol("long-v1", steps=4000, modes=["supervised"]),
        ),
        "task": made(
            "holes-v1",
            falls,
            by_slc,
            stated=protocol("holes-v1", task="inpaint50"),
            task="inpaint50",
        ),
    }


@pytest.fixture(scope="module")
def found(world):
    others = [world[name] for name in ("task", "long", "still")]
    return study(world["own"], effort=FEW, others=others)


def text_of(table, found):
    figures = dict.fromkeys(FIGURES, "x.png")
    return " ".join(report(table, found, figures).split())


def test_tables_are_known_by_their_settings(world):
    beside = companions(world["own"], world.values())
    assert beside.still in (world["still"], world["part"])
    assert beside.longer == world["long"]
    assert beside.tasks == (world["task"],)


def test_of_several_tables_of_another_task_the_one_measured_alike_is_taken(world):
    for order in (["still", "long", "own"], ["own", "still", "long"]):
        beside = companions(world["task"], [world[name] for name in order])
        assert beside.tasks == (world["own"],)
    assert companions(world["own"], [world["own"]]).tasks == ()


def test_what_is_missing_is_counted(world):
    assert unfinished(world["still"]) == ""
    assert unfinished(world["part"]) == "`still-v1` is not complete (80 of 248 fits)"


def test_perturbation_comes_first_and_turns_the_trend(world, found):
    """With perturbation the peak falls with depth, without it rises."""
    rows = {row.name: row for row in found.still.rows}
    assert rows["all"].trends == (-1, 1)
    assert found.still.tau < -0.5
    assert rows["SLC 0, bilinear"].count == 31
    text = text_of(world["own"], found)
    opening = text.index(
        "With perturbation of the input, the mean DIP peak on 2 images and seed 0 falls from 19."
    )
    assert opening < text.index("## The verdicts")
    assert "; without it, it rises, from 1" in text
    dip = found.claims[0]
    assert {case.setting.chosen["input"] for case in dip.cases} == {"perturbed", "still"}
    assert dip.missing == ()


def test_what_remains_of_the_trend_is_a_share():
    row = ByDepth("all", 2, (1, 5), (23.0, 15.0), (17.0, 15.0), (-0.8, -0.3))
    said = still_says(Still("still-v1", ("p",), (0,), 2, (row,), 0.5))
    assert said.endswith(
        "; without it, from 17.00 to 15.00 (−0.30), so the perturbation makes 75% of the "
        "difference."
    )


def test_a_table_that_is_not_complete_is_not_judged(world):
    found = study(world["own"], effort=FEW, others=[world["part"]])
    assert found.still == "`still-v1` is not complete (80 of 248 fits)"
    assert found.claims[0].verdict == "not judged"
    text = text_of(world["own"], found)
    assert "Not judged: `still-v1` is not complete (80 of 248 fits)." in text


def test_longer_training_keeps_the_order_and_half_of_the_effect(world, found):
    longer = found.longer
    assert (longer.steps, longer.count, longer.seeds) == ((1000, 4000), 124, (0,))
    assert longer.tau > 0.5
    assert longer.ceiling is None  # one seed
    assert longer.missing == ""
    spans = [row.short - row.long for row in (longer.rows[0], longer.rows[-1])]
    assert spans == pytest.approx([1, 6], abs=0.1)
    assert "50% of SLC's effect remains" in text_of(world["own"], found)


@pytest.mark.parametrize(("turned", "shown"), [(0.0, False), (3.0, True)])
def test_another_order_is_shown_only_where_seeds_do_not_give_it(turned, shown):
    """Longer training is as another seed, or moves each network by three times as much."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, 62)
    seeds = truth[:, None] + rng.normal(0, 0.3, (62, 3))
    long = truth + rng.normal(0, 0.3, 62) + turned * rng.normal(0, 0.3, 62)
    found = _below(seeds, seeds[:, 0], long)
    assert found is not None
    assert found.low < found.value < found.high
    assert (found.low > 0) is shown
    assert _below(seeds[:, :1], seeds[:, 0], long) is None


def test_claims_and_scores_of_another_task(world, found):
    own, other = found.tasks.tasks
    assert (own.task, other.task, other.count) == ("denoise25", "inpaint50", 124)
    assert {claim.name: claim.verdict for claim in other.claims}["supervised"] == "holds"
    pairs = {(each.first, each.second): each for each in found.tasks.pairs}
    assert pairs["denoise25, supervised", "inpaint50, supervised"].tau > 0.5
    assert pairs["denoise25, DIP", "denoise25, DIP not perturbed"].tau < -0.5
    text = text_of(world["own"], found)
    assert "| inpaint50 | `holes-v1` | 124 |" in text
    alike = pairs["denoise25, supervised", "inpaint50, supervised"].tau
    assert f"for DIP and {signed(alike)} for supervised. Between the modes it is" in text


def test_where_baselines_are_better_than_every_network_it_is_said(world):
    known = (
        Baseline("denoise25", "mean of neighbours", "dip", 4, 99.0, 8.2),
        Baseline("denoise25", "an oracle", "dip", 4, 1.0, 48.1),
        Baseline("denoise25", "an oracle", "test", 4, 99.0, 8.2),
    )
    found = study(world["own"], effort=FEW, baselines=known)
    best = number(found.tasks.tasks[0].best["peak_rmse"])
    text = text_of(world["own"], found)
    said = f"Better than every network: an oracle in denoise25, DIP peak (1.00 against {best})."
    assert said in text
    found = replace(found, baselines=known[::2])
    assert "The best network is better than all of them" in text_of(world["own"], found)


def test_nothing_beside_is_said_plainly(world):
    text = text_of(world["own"], study(world["own"], effort=FEW))
    for said in (
        "no table of DIP fits without perturbation of the input is there",
        "No table of longer trainings is there: not judged.",
        "No table of another task is there",
        "No file of baselines was given",
    ):
        assert said in text


HEAD = "protocol,task,method,images,count,rmse,psnr"


def test_baselines_stand_beside_the_best_network(world, tmp_path):
    file = tmp_path / "b.csv"
    file.write_text(f"{HEAD}\nown-v1,denoise25,non-local means,test,200,13.1,25.96\n")
    known = read_baselines(file)
    found = study(world["own"], effort=FEW, baselines=known)
    text = text_of(world["own"], found)
    assert "| denoise25 | test | non-local means | 200 | 13.10 | 25.96 |" in text
    best = found.panel.score("test_rmse").min()
    assert f"| denoise25 | test | supervised, best of 124 networks | – | {best:.2f} | – |" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("task,method\n", "has no column 'protocol'"),
        (f"{HEAD}\np,denoise25,m,test,0,1,2\n", "m on denoise25 has count '0'"),
        (f"{HEAD}\np,denoise25,m,test,3,x,2\n", "rmse 'x'"),
    ],
)
def test_bad_baselines(tmp_path, content, message):
    file = tmp_path / "b.csv"
    file.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_baselines(file)
