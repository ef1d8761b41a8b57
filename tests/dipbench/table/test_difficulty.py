"""Difficulty: tables where the answer is known."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipbench.kendall import kendall
from dipbench.table.difficulty import difficulty, seed_noise, sure_draws


def test_ties_draws_and_rules():
    means = np.array([1.0, 1.01, 1.02, 5.0, 6.0, 7.0, 8.0, 9.0])
    scores = means[:, None] + np.array([[0.1, -0.1, 0.0], [-0.1, 0.1, 0.0]] * 4)
    found = difficulty(scores, {"size": -means, "colour": np.zeros(8)})
    assert (found.architectures, found.seeds, found.tied) == (8, 3, 3)
    assert found.best == pytest.approx(1.0)
    # In the best quarter two rows move apart by 0.2, 0.2 and 0: squares 0.04 over 1 x 2.
    assert found.noise == pytest.approx(math.sqrt(0.04 / 2))
    assert found.least_difference == pytest.approx(1.96 * math.sqrt(2 / 3) * found.noise)
    assert found.draws == 9 / 4
    assert found.rules[0].name == "most size"
    assert found.rules[0].regret == 0
    assert found.rules[-1].name == "least size"
    assert found.rules[-1].regret == pytest.approx(8)
    assert [rule.regret for rule in found.rules] == sorted(rule.regret for rule in found.rules)


@given(st.integers(1, 7), st.data())
def test_expected_draws_are_those_of_all_orders(count, data):
    tied = data.draw(st.integers(1, count))
    means = np.array([0.0] * tied + [100.0] * (count - tied))
    scores = means[:, None] + np.zeros((1, 2))
    found = difficulty(scores, {})
    if not math.isnan(found.noise):  # one architecture has no noise of its own
        assert found.tied == tied
    orders = list(permutations(range(count)))
    first = [next(i for i, a in enumerate(order) if a < found.tied) + 1 for order in orders]
    assert found.draws == pytest.approx(np.mean(first))
    assert np.mean(np.array(first) <= found.draws_95) >= 0.95 - 1e-12
    assert np.mean(np.array(first) <= found.draws_95 - 1) < 0.95


def test_one_seed_says_nothing_of_noise():
    found = difficulty(np.arange(40.0)[:, None], {"n": np.arange(40.0)})
    assert math.isnan(found.noise)
    assert math.isnan(found.least_difference)
    assert (found.tied, found.best_tau, found.signal) == (1, None, None)


def test_order_of_the_best_is_noise_or_signal():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(400, 3))
    none = difficulty(10 + noise, {})
    assert none.best_tau is not None
    assert none.signal is not None
    assert abs(none.best_tau) < 0.2
    assert none.signal < 0.4
    clear = difficulty(np.arange(400.0)[:, None] + 0.01 * noise, {})
    assert clear.best_tau == 1
    assert clear.signal is not None
    assert clear.signal > 0.999
    assert (clear.tied, clear.best_count) == (1, 40)


def test_noise_of_seeds_leaves_out_what_all_share():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.5, size=(3000, 3))
    assert seed_noise(noise + np.arange(3000)[:, None] + [0, 7, 9]) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.zeros(3), r"shape \(3,\); expected architectures x seeds"),
        (np.array([[1.0, np.nan]]), "1 scores are missing"),
    ],
)
def test_bad_scores(scores, message):
    with pytest.raises(ValueError, match=message):
        difficulty(scores, {})


@given(st.lists(st.integers(0, 4), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_tau_is_that_of_pairs_and_weights_repeat_items(values, random):
    x = np.array(values, float)
    y = np.array([random.randint(0, 4) for _ in values], float)
    counts = np.array([random.randint(0, 3) for _ in values])
    pairs = [(i, j) for i in range(len(x)) for j in range(i)]
    sx, sy = (np.array([np.sign(v[i] - v[j]) for i, j in pairs]) for v in (x, y))
    untied = (sx != 0).sum() * (sy != 0).sum()
    expected = (sx @ sy) / math.sqrt(untied) if untied else math.nan
    assert kendall(x, y) == pytest.approx(expected, nan_ok=True)
    repeated = kendall(np.repeat(x, counts), np.repeat(y, counts))
    assert kendall(x, y, counts.astype(float)) == pytest.approx(repeated, nan_ok=True)


@given(st.integers(1, 400), st.data())
def test_draws_for_95_percent_are_counted(count, data):
    tied = data.draw(st.integers(1, count))
    draws = sure_draws(count, tied)
    missed, fewer = (math.comb(count - tied, k) / math.comb(count, k) for k in (draws, draws - 1))
    assert missed <= 0.05 + 1e-8
    assert fewer > 0.05 - 1e-8


def test_draws_of_millions_are_no_more_than_there_are():
    """Of one in n it is 95 % of them; of many in more, as if each draw were from all."""
    assert sure_draws(8_002_872, 1) == math.ceil(0.95 * 8_002_872)
    share = 18_898 / 8_002_872
    expected = math.log(0.05) / math.log1p(-share)
    assert sure_draws(8_002_872, 18_898) == pytest.approx(expected, rel=1e-3)
