"""Rank correlations against scipy's, on data with ties and repeats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from dipbench.reports.findings.ranks import pairs_within, tau
from dipbench.reports.proxy.correlation import correlations

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(4, 12))
def test_a_resample_is_the_data_written_out(seed, size):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, size).astype(float), rng.integers(0, 9, size).astype(float)
    counts = rng.integers(0, 4, (3, size)).astype(float)
    found = correlations(x, y, counts, np.zeros(size, int))
    for c, t, r in zip(counts.astype(int), found.tau, found.rho, strict=True):
        p, q = np.repeat(x, c), np.repeat(y, c)
        if len(set(p)) > 1 and len(set(q)) > 1:
            assert t == pytest.approx(kendalltau(p, q).statistic)
            assert r == pytest.approx(spearmanr(p, q).statistic)
        else:
            assert np.isnan([t, r]).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_within_strata_it_is_the_tau_of_the_findings(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 15))
    strata, counts = rng.integers(0, 3, 15), rng.integers(0, 3, (4, 15)).astype(float)
    found = correlations(x, y, counts, strata).tau
    expected = [tau(x, y, pairs_within(strata), c) for c in counts]
    np.testing.assert_allclose(found, expected)


def test_a_score_may_differ_between_resamples():
    rng = np.random.default_rng(0)
    x, y, counts = rng.normal(size=(5, 9)), rng.normal(size=9), np.ones((5, 9))
    strata = np.zeros(9, int)
    found = correlations(x, y, counts, strata)
    apart = [correlations(row, y, counts[:1], strata) for row in x]
    np.testing.assert_allclose(found.tau, [each.tau[0] for each in apart])
    np.testing.assert_allclose(found.rho, [each.rho[0] for each in apart])


def test_the_measure_may_differ_between_resamples_too():
    rng = np.random.default_rng(0)
    measures = rng.normal(size=(2, 9))
    y, counts = measures[[0, 1, 1, 0, 1]], rng.integers(1, 4, (5, 9)).astype(float)
    strata = np.zeros(9, int)
    for x in (rng.normal(size=9), rng.normal(size=(5, 9))):
        found = correlations(x, y, counts, strata)
        for i in range(5):
            row = x if x.ndim == 1 else x[i]
            alone = correlations(row, y[i], counts[i : i + 1], strata)
            assert (found.tau[i], found.rho[i]) == pytest.approx((alone.tau[0], alone.rho[0]))
