"""The rules: worlds where the right verdict is known get it, and the sentence says where."""

import numpy as np
import pytest

from dipbench.reports.findings import conditions
from dipbench.reports.findings.bootstrap import Estimate
from dipbench.reports.findings.claims import CLAIMS, Case, corner_verdict, decided
from dipbench.reports.findings.conditions import Condition, corner_conditions
from dipbench.reports.findings.corner import Corner
from dipbench.reports.findings.effort import Effort
from dipbench.reports.findings.judging import judged
from dipbench.reports.findings.ranks import RankAgreement
from dipbench.reports.findings.rules import rules
from dipbench.reports.findings.settings import PERTURBED, STILL, UNPERTURBED, Setting

FEW = Effort(40, 199, 40)


@pytest.fixture(scope="module")
def skeletons(core64):
    """124 architectures: two kinds of up-sampling, one width."""
    some = (core64["upsample"] != "transposed") & (core64["width"] == 16)
    return core64[some].reset_index(drop=True)


@pytest.fixture
def noise():
    rng = np.random.default_rng(3)
    return lambda *shape: rng.normal(0, 0.1, size=shape)


def claims_of(missing=(), **panels):
    found, _ = judged(panels, missing, np.random.default_rng(0), FEW)
    assert [claim.name for claim in found] == list(CLAIMS)
    return {claim.name: claim for claim in found}


def as_claimed(skeletons, make_panel_of, noise):
    dip = -skeletons["depth"].to_numpy(float)[:, None] + noise(124, 4)
    return make_panel_of(skeletons, dip, skeletons["slc"] + noise(124))


def test_a_world_as_the_report_says(skeletons, make_panel_of, noise):
    panel = as_claimed(skeletons, make_panel_of, noise)
    found = claims_of(perturbed=panel, still=panel)
    for name in ("dip", "supervised", "independent"):
        assert found[name].verdict == "holds"
        assert "Holds in all" in found[name].sentence
    # Two inputs, two scores, all and depth >= 2, values and ranks.
    assert len(found["dip"].cases) == len(found["independent"].cases) == 16
    assert len(found["supervised"].cases) == 4
    assert len({str(case.setting.chosen) for case in found["corner"].cases}) == 16


def test_without_the_fits_that_are_not_perturbed_nothing_of_dip_holds(
    skeletons, make_panel_of, noise
):
    found = claims_of(["no such table"], perturbed=as_claimed(skeletons, make_panel_of, noise))
    assert found["dip"].verdict == found["independent"].verdict == "not judged"
    assert found["dip"].sentence.endswith("Not judged: no such table.")
    assert found["supervised"].verdict == "holds"


def test_what_breaks_without_perturbation_holds_in_part(skeletons, make_panel_of, noise):
    panel = as_claimed(skeletons, make_panel_of, noise)
    still = make_panel_of(skeletons, noise(124, 4), skeletons["slc"] + noise(124))
    found = claims_of(perturbed=panel, still=still)
    assert found["dip"].verdict == "holds in part"
    assert found["dip"].sentence.startswith("Breaks without perturbation of the input (")
    assert "Holds in 8 of 16 settings." in found["dip"].sentence


def test_what_hangs_on_depth_1_breaks_at_depth_2(skeletons, make_panel_of, noise):
    shallow = 9.0 * (skeletons["depth"].to_numpy()[:, None] == 1)
    panel = make_panel_of(skeletons, shallow + noise(124, 4), skeletons["slc"] + noise(124))
    found = claims_of(perturbed=panel)["dip"]
    by_part: dict[str, set[str]] = {}
    for case in found.cases:
        if case.setting.chosen["by"] == "values":
            by_part.setdefault(case.setting.chosen["architectures"], set()).add(case.verdict)
    assert by_part["deep"] == {"does not hold"}
    assert found.verdict == "holds in part"


def test_a_score_without_perturbation_is_a_setting_of_its_own(skeletons, make_panel_of, noise):
    panel = as_claimed(skeletons, make_panel_of, noise)
    panel.dip["unperturbed_peak_rmse"] = noise(124, 4)[:, :, None]
    found = claims_of(perturbed=panel)["dip"]
    assert found.verdict == "holds in part"
    assert "for the output of the input without perturbation (" in found.sentence
    inputs = {case.setting.chosen["input"] for case in found.cases}
    assert inputs == {PERTURBED, UNPERTURBED}


def test_the_other_way_round(skeletons, make_panel_of, noise):
    dip = skeletons["slc"].to_numpy(float)[:, None] + noise(124, 4)
    found = claims_of(perturbed=make_panel_of(skeletons, dip, noise(124) - skeletons["depth"]))
    for name in ("dip", "supervised", "independent"):
        assert found[name].verdict == "does not hold"
    assert "SLC leads" in found["dip"].sentence


def test_dip_that_slc_moves_too_is_not_independent(skeletons, make_panel_of, noise):
    """SLC explains little of it, but moves it: the share alone would not show that."""
    both = -9.0 * skeletons["depth"] - 1.5 * skeletons["slc"]
    panel = make_panel_of(
        skeletons, both.to_numpy()[:, None] + noise(124, 4), skeletons["slc"] + noise(124)
    )
    found = claims_of(perturbed=panel)["independent"]
    assert found.verdict == "holds in part"
    crosswise = found.cases[0].conditions[1]
    assert (crosswise.name, crosswise.met) == ("crosswise", False)
    assert "SLC moves DIP RMSE too, D −1.00" in found.sentence


def test_a_trend_the_other_way_is_none_of_the_claims(skeletons, make_panel_of, noise):
    """Depth leads and moves without perturbation too, but there deeper is worse."""
    depth = skeletons["depth"].to_numpy(float)[:, None]
    turned = make_panel_of(skeletons, depth + noise(124, 4), skeletons["slc"] + noise(124))
    panel = as_claimed(skeletons, make_panel_of, noise)
    found = claims_of(perturbed=panel, still=turned)["dip"]
    assert found.verdict == "holds in part"
    assert "depth moves DIP RMSE the other way, D +1" in found.sentence
    still = [case for case in found.cases if case.setting.chosen["input"] == STILL]
    assert {case.verdict for case in still} == {"holds in part"}
    assert found.sentence.endswith("Holds in 8 of 16 settings, in part in 8 more.")


def test_noise_follows_nothing(skeletons, make_panel_of, noise):
    found = claims_of(perturbed=make_panel_of(skeletons, noise(124, 4), noise(124)))
    for name in ("dip", "supervised", "independent"):
        assert found[name].verdict == "does not hold"


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
def test_claim_of_the_corner(tau, p, corner, verdict):
    overall = RankAgreement(Estimate(tau, tau, tau), p, 1)
    assert corner_verdict(corner_conditions(overall, Corner(*corner), 0.3)) == verdict


def case(verdict, reason="", **chosen):
    condition = Condition("leads", "", verdict == "holds", reason)
    return Case(Setting(chosen), (condition,), verdict)


def test_the_sentence_goes_from_the_headline_outwards():
    """What differs in one respect is said, what differs in two is counted alone."""
    at = {"input": PERTURBED, "score": "peak", "architectures": "all", "by": "values"}
    cases = [
        case("holds", **at),
        case("does not hold", "width leads", **at | {"architectures": "deep"}),
        case("holds", **at | {"by": "ranks"}),
        case("does not hold", "unseen", **at | {"architectures": "deep", "by": "ranks"}),
    ]
    found = decided("dip", cases, ())
    assert found.verdict == "holds in part"
    assert found.sentence == "Breaks at depth ≥ 2 (width leads). Holds in 2 of 4 settings."


def test_a_headline_that_fails_is_said_first():
    at = {"input": PERTURBED, "score": "peak", "architectures": "all", "by": "values"}
    cases = [
        case("does not hold", "SLC leads", **at),
        case("holds", **at | {"input": STILL}),
        case("does not hold", "SLC leads", **at | {"by": "ranks"}),
    ]
    assert decided("dip", cases, ()).sentence == (
        "For the headline it does not hold: SLC leads. It holds without perturbation of the "
        "input. Holds in 1 of 3 settings."
    )


def test_rules_state_the_thresholds_that_decide():
    said = " ".join(rules().values())
    for threshold in (f"{conditions.TREND:.2f}", f"{conditions.SIGNIFICANT:g}"):
        assert threshold in said
    for share in (conditions.LEAK, conditions.CORNER):
        assert f"{share:.0%}" in said
    assert list(rules()) == list(CLAIMS)
