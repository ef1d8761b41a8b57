"""Two folders of results side by side: differences, their errors, and the noise as a yardstick."""

import math
from pathlib import Path

import pytest

from generate.protocols.reading import get
from generate.table.agreement import agreement, report
from generate.table.shards import Results, read_results

GENERATE = Path(__file__).parents[3] / "generate"
RESULTS, REFERENCE = GENERATE / "results", GENERATE / "reference"
NAMES = ("a", "b", "c")


def rows(name, seed, peaks, status="ok"):
    return [
        {
            "mode": "dip",
            "key": name,
            "name": name,
            "seed": seed,
            "image": image,
            "status": status,
            "peak_rmse": peak,
            "final_rmse": peak + 1,
            "averaged_peak_rmse": peak - 1,
            "stopped_rmse": peak + 2,
        }
        for image, peak in zip("xy", peaks, strict=True)
    ]


def results(shift=0.0, seeds=(0, 1)):
    """Peaks 10 + number of the network + seed, on both images."""
    return Results(
        {
            f"{name}-{seed}": rows(name, seed, [10 + number + seed + shift] * 2)
            for number, name in enumerate(NAMES)
            for seed in seeds
        }
    )


def peak(found):
    return next(one for one in found if one.score == "peak_rmse")


def test_equal_results_agree():
    found = agreement(results(), results())
    assert [one.score for one in found] == [
        *("peak_rmse", "final_rmse", "averaged_peak_rmse", "stopped_rmse")
    ]
    assert all(one.difference == one.error == 0 and one.agrees for one in found)
    assert (peak(found).architectures, peak(found).runs, peak(found).mean) == (3, 12, 11.5)


def test_the_yardstick_is_half_the_noise_between_seeds():
    # Seeds 0 and 1 lie 1 apart: their standard deviation is the root of one half.
    noise = math.sqrt(0.5)
    for shift, agrees in ((0.35, True), (0.36, False), (-0.36, False)):
        one = peak(agreement(results(shift), results()))
        assert one.seed_std == pytest.approx(noise)
        assert one.difference == pytest.approx(shift)
        assert one.agrees is agrees


def test_the_error_comes_from_the_spread_between_networks():
    reference = Results({f"{n}-0": rows(n, 0, [10 + k] * 2) for k, n in enumerate(NAMES)})
    ours = Results({f"{n}-0": rows(n, 0, [10 + 2 * k] * 2) for k, n in enumerate(NAMES)})
    one = peak(agreement(ours, reference))
    assert one.difference == 1
    assert one.error == pytest.approx(1 / math.sqrt(3))


def test_one_seed_leaves_the_question_open():
    one = peak(agreement(results(seeds=(0,)), results()))
    assert math.isnan(one.seed_std)
    assert one.agrees is None
    assert one.runs == 6


def test_only_the_named_are_compared_by_the_noise_of_all():
    ours = results()
    ours.units["a-0"] = rows("a", 0, [10.5] * 2)
    one = peak(agreement(ours, results(), {"a", "elsewhere"}))
    assert (one.architectures, one.runs, one.difference) == (1, 4, 0.25)
    # Seeds lie 1 apart, those of a one half.
    assert one.seed_std == pytest.approx(math.sqrt((0.5**2 / 2 + 2 * 0.5) / 3))
    with pytest.raises(ValueError, match="no unit in common"):
        agreement(ours, results(), {"elsewhere"})


def test_diverged_runs_are_left_out():
    ours = results()
    ours.units["a-0"] = rows("a", 0, [math.nan] * 2, status="diverged")
    assert peak(agreement(ours, results())).runs == 10


def test_nothing_in_common_is_refused():
    with pytest.raises(ValueError, match="no unit in common"):
        agreement(results(seeds=(0,)), results(seeds=(1,)))


def test_report_says_whether_they_agree():
    assert " yes" in report(agreement(results(0.1), results()))
    assert " no" in report(agreement(results(5), results()))
    assert report(agreement(results(seeds=(0,)), results())).rstrip().endswith("-")


@pytest.mark.parametrize("engine", ["kernel", "torch"])
def test_the_engines_of_the_table_agree_with_the_reference(engine):
    """What another engine measured of the same units lies within the noise between seeds."""
    protocol = get("core64-v1")
    measured = read_results(RESULTS / protocol.name, protocol)
    reference = read_results(REFERENCE / engine / protocol.name, protocol)
    assert {row["engine"] for rows in reference.units.values() for row in rows} == {engine}
    found = agreement(measured, reference)
    assert len(found) == 6
    assert all(one.architectures > 30 for one in found)
    assert [one.score for one in found if not one.agrees] == []


def test_the_sample_of_unet64_agrees_with_the_kernel_of_a_cpu():
    """It has one seed, so the yardstick is the error of the mean difference itself."""
    protocol = get("unet64-v1")
    measured = read_results(RESULTS / protocol.name, protocol)
    reference = read_results(REFERENCE / "kernel" / protocol.name, protocol)
    engines = [
        {row["engine"] for of in r.units.values() for row in of} for r in (measured, reference)
    ]
    assert engines == [{"triton-float32"}, {"kernel"}]
    for one in agreement(measured, reference):
        assert one.architectures >= 35
        assert abs(one.difference) < 4 * one.error
        assert abs(one.difference) < (0.02 if one.mode == "supervised" else 0.3)
