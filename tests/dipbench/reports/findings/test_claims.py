"""The rules: tables where the right verdict is known get it."""

import numpy as np
import pytest

from dipbench.reports.findings import claims as rules
from dipbench.reports.findings.bootstrap import Estimate, draw
from dipbench.reports.findings.claims import CLAIMS, claims
from dipbench.reports.findings.controls import control
from dipbench.reports.findings.corner import Corner
from dipbench.reports.findings.ranks import RankAgreement
from dipbench.reports.findings.variance import explained

COLUMNS = {"dip": "peak_rmse", "supervised": "test_rmse"}


@pytest.fixture
def skeletons(core64):
    """62 architectures: one kind of up-sampling, one width."""
    one = (core64["upsample"] == "bilinear") & (core64["width"] == 16)
    return core64[one].reset_index(drop=True)


def decided(panel, tau=-0.5, p=0.001, corner=(-0.5, -0.6, -0.4)):
    rng = np.random.default_rng(0)
    draws = draw(panel, rng, 60)
    shares = explained(panel, draws, list(COLUMNS.values()), np.ones(len(panel)))
    return claims(
        dict(zip(COLUMNS, shares, strict=True)),
        {mode: control(panel, column, rng, 199) for mode, column in COLUMNS.items()},
        RankAgreement(Estimate(tau, tau, tau), p, 1),
        Corner(*corner),
    )


def verdicts(panel, *given):
    found = decided(panel, *given)
    assert [claim.name for claim in found] == list(CLAIMS)
    return {claim.name: claim.verdict for claim in found}


def test_a_corner_of_the_other_sign_is_said_to_be(skeletons, make_panel_of):
    panel = make_panel_of(skeletons, skeletons["depth"], skeletons["slc"])
    met = [
        condition.met for condition in decided(panel, -0.5, 0.001, (0.2, 0.1, 0.3))[-1].conditions
    ]
    assert met == [True, False, False, False]


@pytest.fixture
def noise():
    rng = np.random.default_rng(3)
    return lambda *shape: rng.normal(0, 0.1, size=shape)


def test_a_world_as_the_report_says(skeletons, make_panel_of, noise):
    dip = -skeletons["depth"].to_numpy(float)[:, None] + noise(62, 4)
    found = verdicts(make_panel_of(skeletons, dip, skeletons["slc"] + noise(62)))
    assert found == dict.fromkeys(CLAIMS, "holds")


def test_the_other_way_round(skeletons, make_panel_of, noise):
    dip = skeletons["slc"].to_numpy(float)[:, None] + noise(62, 4)
    found = verdicts(make_panel_of(skeletons, dip, noise(62) - skeletons["depth"]))
    assert found["dip"] == found["supervised"] == found["independent"] == "does not hold"


def test_dip_that_follows_both_cannot_be_set_alone(skeletons, make_panel_of, noise):
    both = -2 * skeletons["depth"].to_numpy(float) - skeletons["slc"]
    found = verdicts(
        make_panel_of(skeletons, both.to_numpy()[:, None] + noise(62, 4), skeletons["slc"])
    )
    assert found["dip"] in ("holds", "holds in part")
    assert found["supervised"] == "holds"
    assert found["independent"] == "holds in part"


def test_noise_follows_nothing(skeletons, make_panel_of, noise):
    found = verdicts(make_panel_of(skeletons, noise(62, 4), noise(62)))
    assert found["dip"] == found["supervised"] == found["independent"] == "does not hold"


@pytest.mark.parametrize(
    ("tau", "p", "corner", "verdict"),
    [
        (-0.5, 0.001, (-0.5, -0.6, -0.4), "holds"),
        (-0.5, 0.2, (-0.5, -0.6, -0.4), "does not hold"),  # there is no correlation
        (-0.5, 0.001, (-0.2, -0.3, -0.1), "holds in part"),
        (-0.5, 0.001, (-0.1, -0.15, -0.05), "does not hold"),  # a fifth of it
        (-0.5, 0.001, (-0.2, -0.45, 0.05), "does not hold"),  # might be none
        (-0.5, 0.001, (0.2, 0.1, 0.3), "does not hold"),  # of the other sign
        (-0.1, 0.001, (-0.3, -0.4, -0.2), "holds in part"),  # more than is there
    ],
)
def test_claim_of_the_corner(skeletons, make_panel_of, tau, p, corner, verdict):
    panel = make_panel_of(skeletons, skeletons["depth"], skeletons["slc"])
    assert verdicts(panel, tau, p, corner)["corner"] == verdict


def test_rules_state_the_thresholds_that_decide():
    said = " ".join(rules.rules().values())
    for threshold in (f"{rules.TREND:.2f}", f"{rules.SIGNIFICANT:g}"):
        assert threshold in said
    for share in (rules.LEAK, rules.CORNER):
        assert f"{share:.0%}" in said
    assert list(rules.rules()) == list(CLAIMS)
