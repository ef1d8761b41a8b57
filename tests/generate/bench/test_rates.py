"""The bench: work counted by hand, ceilings that move with the machine, a report of both modes."""

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch

from dipbench import Architecture, macs, params
from generate.bench.plain import plain_dip, plain_training
from generate.bench.rates import bench, report
from generate.bench.roofline import Ceilings, ceilings, work
from generate.protocols.reading import get


def test_work_of_a_network_counted_by_hand():
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_node("x", op="input")
    graph.add_node("a", op="conv3", channels=2)
    graph.add_node("y", op="output")
    graph.add_edges_from([("x", "a"), ("a", "y")])
    found = work(graph, in_channels=3, size=4)
    stem, output = 9 * 3 * 2 * 16, 2 * 16
    # The stem needs no gradient of its values, the output does.
    assert found.flops == 2 * (2 * stem + 3 * output)
    weights = 9 * 3 * 2 + 2 * 2 + 2 + 1
    assert params(graph, 3) == weights
    assert found.state_bytes == 4 * (6 * weights + 3 * 16)
    assert found.layer_bytes == found.state_bytes + 4 * 4 * (2 * 16 + 16)


def test_a_batch_shares_the_state_of_its_network():
    graph = Architecture.parse("d2-s0-bilinear-w8").graph
    alone, together = work(graph, 1, 64), work(graph, 1, 64, shared=16)
    assert alone.flops == together.flops == 2 * (3 * macs(graph) - (macs(graph) - macs(graph, 0)))
    assert alone.state_bytes - together.state_bytes == 4 * 6 * params(graph) * 15 / 16


def test_limits_are_ceilings_over_work():
    amount = work(Architecture.parse("d1-s-bilinear-w8").graph, 1, 64)
    limits = amount.per_second(Ceilings(flops=1e9, bandwidth=1e8))
    assert limits == (1e9 / amount.flops, 1e8 / amount.state_bytes, 1e8 / amount.layer_bytes)
    assert limits[1] > limits[2]


def test_ceilings_are_those_of_some_machine(cpu):
    found = ceilings(cpu, seconds=0)
    assert 1e8 < found.flops < 1e16
    assert 1e7 < found.bandwidth < 1e14


def test_the_plain_ways_learn():
    graph = Architecture.parse("d1-s0-bilinear-w8").graph
    draw = torch.Generator().manual_seed(0)
    clean = torch.rand(2, 1, 16, 16, generator=draw)
    noisy = clean[:1]

    demo = get("demo-v1")
    fits = plain_dip(
        replace(demo, dip=replace(demo.dip, input_channels=4)),
        graph,
        noisy,
        np.random.default_rng(0),
    )
    outputs = [next(fits) for _ in range(60)]
    errors = [float((output - noisy).square().mean()) for output in (outputs[0], outputs[-1])]
    assert errors[1] < errors[0] / 2
    steps = plain_training(
        graph, iter([(clean, clean)] * 3), torch.device("cpu"), np.random.default_rng(0)
    )
    assert len(list(steps)) == 3


@pytest.fixture(scope="module")
def found(tiny, images):
    return bench(tiny, images, torch.device("cpu"), ("d1-s-bilinear-w8",), seconds=0.01)


@pytest.mark.slow
def test_bench_of_networks_side_by_side(tiny, images, monkeypatch):
    for name, few in (("AT_ONCE", 2), ("FITS", 3), ("TRAININGS", 1)):
        monkeypatch.setattr(f"generate.bench.rates.{name}", few)
    names = ("d1-s-bilinear-w8",)
    found = bench(tiny, images, torch.device("cpu"), names, seconds=0.01, side_by_side=True)
    assert [one["mode"] for one in found["measured"]] == ["dip", "supervised"]
    assert all(one["ours"] > 0 for one in found["measured"])


def test_bench_reports_both_modes(found):
    assert [one["mode"] for one in found["measured"]] == ["dip", "supervised"]
    for one in found["measured"]:
        assert one["low"] <= one["ratio"] <= one["high"]
        assert min(one["plain"], one["ours"], *one["limits"]) > 0


def test_report_says_what_was_measured(found):
    text = report(found)
    assert found["device"] in text
    assert f"engine {found['engine']}" in text
    assert all(f"{one['ratio']:.2f}" in text for one in found["measured"])
