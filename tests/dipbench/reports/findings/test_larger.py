"""A random sample of a larger space: what is said of depth and SLC there."""

import numpy as np
import pytest

from dipbench import load
from dipbench.reports.findings.companions import companions
from dipbench.reports.findings.larger import LABELS, larger, larger_section
from dipbench.spaces import Unet64

SPACE = Unet64()
EACH = 15


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    return [a for level in (1, 2, 3) for a in _of_depth(level, EACH, rng)]


def _of_depth(level, count, rng):
    indices = rng.choice(len(SPACE.indices(level)), count, replace=False)
    return [SPACE.at(SPACE.indices(level)[int(i)]) for i in indices]


@pytest.fixture(scope="module")
def sample(drawn, make_table, score_runs, tmp_path_factory):
    """The DIP peak falls with depth and with nothing else, supervised RMSE rises with SLC."""
    folder, rng = tmp_path_factory.mktemp("sample") / "table", np.random.default_rng(1)
    runs = score_runs(
        drawn,
        lambda a, image, seed: 20.0 - a.depth + rng.normal(0, 0.2),
        lambda a, seed: 12.0 + 2 * a.slc + rng.normal(0, 0.2),
        ("p", "q"),
    )
    stated = {
        "name": "drawn-v1",
        "task": "denoise25",
        "seeds": [0],
        "modes": ["dip", "supervised"],
        "dip": {"perturbation": 0.03},
        "supervised": {"steps": 1000},
    }
    make_table(folder, runs=runs, space="unet64", planned=10_000, protocol=stated)
    return load(folder)


def test_a_sample_of_another_space_serves_and_a_table_of_all_of_it_does_not(sample):
    core = load()
    assert companions(core, [sample]).sampled == sample
    assert companions(sample, [core]).sampled is None  # core64 is measured, not drawn
    assert companions(sample, [sample]).sampled is None


def test_means_and_trends_are_those_that_were_put_in(sample, drawn):
    found = larger(sample, "denoise25")
    assert (found.count, found.size, found.images) == (3 * EACH, len(SPACE), 2)
    assert [(of.value, of.count) for of in found.means["depth"]] == [
        (1, EACH),
        (2, EACH),
        (3, EACH),
    ]
    for of in found.means["depth"]:
        assert of.scores[0] == pytest.approx(20 - of.value, abs=0.2)
    counts = {of.value: of.count for of in found.means["slc"]}
    assert counts == {k: sum(a.slc == k for a in drawn) for k in counts}
    for of in found.means["slc"]:
        assert of.scores[-1] == pytest.approx(12 + 2 * of.value, abs=0.4)
    moves = {(m.score, m.varied, m.deep): m.d for m in found.moves}
    assert len(moves) == len(LABELS) * 4
    assert moves["dip_rmse", "depth", False].high < -0.8
    assert moves["supervised_rmse", "slc", False].low > 0.8
    by_chance = moves["supervised_rmse", "depth", False]
    assert by_chance.low < 0 < by_chance.high


def test_sentences_follow_the_intervals(sample):
    text = " ".join(larger_section(larger(sample, "denoise25")).split())
    assert f"`drawn-v1` (table {sample.sha256[:16]}) holds 45 of the 8,002,872" in text
    assert "the DIP peak falls with depth" in text
    assert "supervised RMSE rises with SLC, and the DIP peak does not certainly move" in text


def test_too_few_are_not_judged(sample):
    with pytest.raises(ValueError, match="drawn-v1 has 0 architectures in both modes; expected"):
        larger(sample, "inpaint50")
    assert larger_section("Not judged.") == "Not judged."
