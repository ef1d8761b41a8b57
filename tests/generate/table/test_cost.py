"""What a space of any size costs, from the seconds of measured rows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generate.__main__ import main
from generate.protocols.plan import make_plan
from generate.protocols.reading import get
from generate.table.cost import Rate, costs, rates, report
from generate.table.shards import Results, write_shard

CORE64 = get("core64-v1")
XEON, H100 = "Intel(R) Xeon(R) Processor", "NVIDIA H100 80GB HBM3"


def row(key, mode, seconds, device=XEON):
    found = {"key": key, "mode": mode, "seconds": seconds}
    return found | {"device": device, "engine": "kernel"}


def test_every_architecture_counts_once_however_often_it_was_measured():
    fits = [row("a", "dip", 10.0)] * 8 + [row("b", "dip", 30.0)]
    trainings = [row("a", "supervised", 50.0)]
    (rate,) = rates(Results({"fits": fits, "trainings": trainings}))
    assert rate == Rate(f"{XEON}, kernel", gpu=False, training=50.0, trainings=1, fit=20.0, fits=2)


def test_a_minimal_and_a_full_table_of_core64():
    measured = [Rate(XEON, gpu=False, training=40.0, trainings=9, fit=20.0, fits=9)]
    minimal, full = costs(CORE64, measured, [372])
    assert (minimal.extent, minimal.seeds, minimal.images) == ("minimal", 1, 4)
    assert minimal.hours == pytest.approx(372 * (40 + 4 * 20) / 3600)
    assert (full.extent, full.seeds, full.images) == ("full", 3, 8)
    assert full.hours == pytest.approx(372 * 3 * (40 + 8 * 20) / 3600)


@given(st.integers(1, 10**6), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_cost_grows_with_the_count_alone(count, training, fit):
    measured = [Rate(XEON, gpu=False, training=training, trainings=1, fit=fit, fits=1)]
    for one, many in zip(
        costs(CORE64, measured, [1]), costs(CORE64, measured, [count]), strict=True
    ):
        assert many.hours == pytest.approx(count * one.hours)


def test_devices_are_told_apart_and_gpu_hours_come_from_gpus_alone():
    cpu = [row("a", mode, 72.0) for mode in ("dip", "supervised")]
    gpu = [row("a", mode, 0.72, H100) for mode in ("dip", "supervised")]
    alone = report(CORE64, rates(Results({"cpu": cpu})), [15625])
    assert "  15,625 architectures, minimal (1 seed, 4 images): 1,600 hours of one thread" in alone
    assert alone.endswith("nothing was measured on a GPU, so GPU hours are unknown")
    both = report(CORE64, rates(Results({"cpu": cpu, "gpu": gpu})), [15625])
    assert "  15,625 architectures, minimal (1 seed, 4 images): 16 GPU hours: within a day" in both
    assert "unknown" not in both


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        (XEON, False),
        ("AMD Ryzen 7 5700G with Radeon Graphics", False),
        ("aarch64", False),
        (H100, True),
        ("Tesla T4", True),
        ("AMD Instinct MI300X", True),
    ],
)
def test_a_gpu_is_told_from_a_processor_by_its_name(name, gpu):
    (rate,) = rates(Results({"unit": [row("a", "dip", 1.0, name)]}))
    assert rate.gpu is gpu


def test_without_a_rate_of_either_mode_nothing_is_made_up():
    measured = rates(Results({"fits": [row("a", "dip", 10.0)]}))
    assert [cost.hours for cost in costs(CORE64, measured, [372])] == [None, None]
    text = report(CORE64, measured, [372])
    assert "  a training: not measured" in text
    assert "  372 architectures, full (3 seeds, 8 images): unknown" in text


def test_the_command_tells_it_from_the_shards(capsys, tmp_path):
    unit = make_plan(get("demo-v1"))[0]
    rows = [row("a", "dip", 36.0), row("a", "supervised", 36.0)]
    (tmp_path / "demo-v1").mkdir()
    write_shard(tmp_path / "demo-v1", get("demo-v1"), {unit.id: rows})
    command = ["cost", "--protocol", "demo-v1", "--results", str(tmp_path)]
    assert main([*command, "--architectures", "10", "1000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [rate["fit"] for rate in told["rates"]] == [36.0]
    assert [(c["architectures"], c["hours"]) for c in told["costs"] if c["extent"] == "full"] == [
        (10, pytest.approx(10 * 2 * 3 * 36 / 3600)),
        (1000, pytest.approx(1000 * 2 * 3 * 36 / 3600)),
    ]
    assert main([*command, "--architectures", "10"]) == 0
    assert "full (2 seeds, 2 images): 0.6 hours of one thread" in capsys.readouterr().out
