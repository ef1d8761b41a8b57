"""What search names on predictions: the best it saw, none measured before, and their file."""

from dataclasses import replace

import numpy as np
import pytest

from dipbench import Space
from dipbench.nas import Problem, search
from dipbench.nas.front import Front, front
from dipbench.nas.nominees import PROBLEMS, _spread, nominate
from dipbench.spaces.sizes import sizes
from dipbench.surrogate.description import encoded
from dipbench.surrogate.nominees import SCORES, VALUES, read_nominees, write_nominees

UNET = Space("unet64")
QUICK = {"count": 3, "repeats": 1, "evaluations": 25}
ALGORITHMS = ("local_search", "random_search")


def named(surrogate, seed=0, **changes):
    rng = np.random.default_rng(seed)
    return nominate(surrogate, rng, algorithms=ALGORITHMS, **{**QUICK, **changes})


@pytest.fixture(scope="module")
def nominees(made_up_unet64):
    return named(made_up_unet64)


def test_every_problem_has_as_many_as_asked_for_and_keeps_its_limit(nominees):
    assert [n.problem for n in nominees] == [title for title in PROBLEMS for _ in range(3)]
    for title, asked in PROBLEMS.items():
        names = [n.name for n in nominees if n.problem == title]
        assert len(set(names)) == 3
        macs = sizes(encoded(UNET, [UNET.index(name) for name in names])).macs
        assert max(macs) <= asked.get("max_macs", np.inf)


def test_what_is_predicted_is_what_the_surrogate_says(nominees, made_up_unet64):
    for nominee in nominees:
        expected = made_up_unet64.predict_at([UNET.index(nominee.name)])[0, : len(SCORES)]
        assert [middle for middle, _, _ in nominee.predicted] == pytest.approx(expected)
        assert all(low < middle < high for middle, low, high in nominee.predicted)


def test_for_one_objective_they_are_the_best_that_were_seen(nominees, made_up_unet64):
    values = [n.predicted[1][0] for n in nominees if n.problem == "supervised, 8 million MACs"]
    assert values == sorted(values)
    rng, asked = np.random.default_rng(0), PROBLEMS["supervised, 8 million MACs"]
    seen = []
    for algorithm in ALGORITHMS:
        problem = Problem(**asked, surrogate=made_up_unet64, evaluations=25)
        search(algorithm, problem, rng)
        seen += [e.values[0] for e in problem.history]
    assert values == pytest.approx(sorted(set(seen))[:3])


def test_what_was_measured_is_passed_over(nominees, made_up_unet64):
    problems = {"supervised, 8 million MACs": PROBLEMS["supervised, 8 million MACs"]}
    first = named(made_up_unet64, problems=problems)
    knows_it = replace(made_up_unet64, about={**made_up_unet64.about, "sample": [first[0].name]})
    second = named(knows_it, problems=problems, count=2)
    assert [n.name for n in second] == [n.name for n in first[1:]]


def test_the_same_numbers_give_the_same_names(made_up_unet64, nominees):
    assert named(made_up_unet64) == nominees
    assert named(made_up_unet64, seed=1) != nominees


def test_too_few_are_an_error(made_up_unet64):
    with pytest.raises(ValueError, match=r"MACs: \d+ architectures found .* at least 60"):
        named(made_up_unet64, count=60)


@pytest.mark.parametrize("count", [1, 5, 30])
def test_of_two_objectives_each_adds_most_hypervolume_to_those_before(count):
    points = np.random.default_rng(0).uniform(1, 9, size=(30, 2))
    chosen = _spread(points, count)
    assert len(set(chosen)) == count
    whole, on_front = Front(points), len(front(points))
    regrets = [whole.regret(points[chosen[: n + 1]]) for n in range(min(count, on_front))]
    for number, regret in enumerate(regrets):
        before = chosen[:number]
        assert regret == min(whole.regret(points[[*before, i]]) for i in range(30))
    if count >= on_front:
        assert regrets[-1] == 0.0


def test_the_file_gives_them_back(nominees, tmp_path):
    path = write_nominees(nominees, tmp_path / "best.csv")
    assert read_nominees(path) == nominees
    assert path.read_text().splitlines()[0] == ",".join(["problem", "objectives", "name", *VALUES])


COLUMNS = ",".join(["problem", "objectives", "name", *VALUES])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("problem,name\n", "expected .*supervised_rmse_low"),
        (
            ",".join(["problem", "objectives", "name", *VALUES]) + "\np,o,n" + ",x" * 12,
            "expected numbers of n",
        ),
        (
            ",".join(["problem", "objectives", "name", *VALUES]) + "\np,o,n,1",
            "expected numbers of n",
        ),
    ],
)
def test_another_file_is_refused(text, problem, tmp_path):
    (tmp_path / "best.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"best\.csv: .*{problem}"):
        read_nominees(tmp_path / "best.csv")
