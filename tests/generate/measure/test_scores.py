"""Training-free scores: by hand for tiny networks, the same for every naming of the nodes."""

import csv
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

from dipbench.reports.proxy.scores import COLUMNS, SCORES
from dipbench.spaces import Architecture
from generate.__main__ import main
from generate.measure.scores import Scorer, ring_spectrum, scores_csv, synflow
from generate.networks.encoder_decoder import EncoderDecoder
from generate.training.observed import observe
from generate.training.supervised import weights_stream

NET = Architecture.parse("d2-s0-bilinear-w8")


def chain(*nodes):
    """A network of these ops, with channels where given, one after the other."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for i, (op, channels) in enumerate(nodes):
        graph.add_node(i, op=op, **({"channels": channels} if channels else {}))
    nx.add_path(graph, range(len(nodes)))
    return graph


@pytest.fixture(scope="module")
def scorer(tiny, images):
    return Scorer(tiny, images)


@pytest.fixture(scope="module")
def scored(scorer):
    return scorer(NET.graph, NET.key)


def test_scores_are_deterministic_and_seed_nothing(scorer, tiny, images, scored):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    again = Scorer(tiny, images)(NET.graph, NET.key)
    assert torch.equal(before, torch.get_rng_state())
    assert {name: again[name] for name in SCORES} == {name: scored[name] for name in SCORES}


def test_relabelling_the_graph_changes_nothing(scorer, scored):
    names = list(NET.graph)
    numbers = np.random.default_rng(0).permutation(len(names)).tolist()
    copy = nx.relabel_nodes(NET.graph, {n: f"n{i}" for n, i in zip(names, numbers, strict=True)})
    shuffled: nx.DiGraph[Any] = nx.DiGraph()
    shuffled.add_nodes_from(sorted(copy.nodes(data=True)))
    shuffled.add_edges_from(sorted(copy.edges))
    found = scorer(shuffled, NET.key)
    assert {name: found[name] for name in SCORES} == {name: scored[name] for name in SCORES}


def test_they_are_means_over_the_seeds(tiny, images, scored):
    apart = [Scorer(tiny, images, [seed])(NET.graph, NET.key) for seed in tiny.seeds]
    for name in SCORES:
        assert scored[name] == pytest.approx(np.mean([found[name] for found in apart]))
        assert len({found[name] for found in apart}) == len(tiny.seeds)


def test_every_score_has_its_seconds(scored):
    assert set(scored) == {*SCORES, *(f"{name}_seconds" for name in SCORES)}
    assert all(scored[f"{name}_seconds"] > 0 for name in SCORES)


def test_synflow_by_hand():
    """Output: the sum over 16 pixels of w2 w1 + b. Times their gradients: 2 × 16 w1 w2 + 16 b."""
    graph = chain(("input", 0), ("skip1", 1), ("output", 0))
    network = EncoderDecoder(graph, 1, [np.random.default_rng(0)])
    w1, w2, b = sorted_weights(network)
    assert synflow(network, 4) == pytest.approx(2 * 16 * abs(w1 * w2) + 16 * abs(b))


def sorted_weights(network):
    """Of the convolution, and weight and bias of the output; normalisation has 1 and 0."""
    (first,) = network.layers[1][0].weight.flatten().tolist()
    output = network.layers[2][0]
    return first, output.weight.item(), output.bias.item()


def test_synflow_counts_every_path():
    """Two parallel 1×1 convolutions and their concatenation: the flow of each path adds up."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from([("in", {"op": "input"}), ("out", {"op": "output"})])
    graph.add_nodes_from((n, {"op": "skip1", "channels": n}) for n in (1, 2))
    graph.add_node("join", op="concat")
    graph.add_edges_from([("in", 1), ("in", 2), (1, "join"), (2, "join"), ("join", "out")])
    network = EncoderDecoder(graph, 1, [np.random.default_rng(0)])
    with torch.no_grad():
        for weights in network.parameters():
            weights.fill_(-0.5)
    # Each of three channels gives 16 × 0.5 × 0.5 in each of its two weights; the bias 16 × 0.5.
    assert synflow(network, 4) == pytest.approx(3 * 2 * 4 + 8)


def test_gradient_by_hand(tiny, images):
    """A sigmoid of a straight line per pixel: the gradient is a sum over pixels."""
    graph = chain(("input", 0), ("output", 0))
    scorer = Scorer(tiny, images, [0])
    x, y = (part.double().numpy() for part in scorer._batches[0])
    signs = set()
    for key in ("a", "b", "c", "d", "e"):
        network = EncoderDecoder(graph, 1, [weights_stream(tiny, key, 0)])
        w, b = parameters_to_vector(network.parameters()).detach().double().tolist()
        out = 1 / (1 + np.exp(-(w * x + b)))
        inner = 2 * (out - y) * out * (1 - out) / x.size
        dw, db = (inner * x).sum(), inner.sum()
        found = scorer.gradient(graph, key, 0)
        assert found["grad_norm"] == pytest.approx(np.hypot(dw, db), rel=1e-5)
        assert found["snip"] == pytest.approx(abs(w * dw) + abs(b * db), rel=1e-5)
        signs.add(w * dw * b * db > 0)
    assert signs == {True, False}  # so neither sum alone would do


def test_spectrum_of_a_wave_is_in_its_ring():
    x = np.arange(16)
    wave = np.cos(2 * np.pi * 3 * x / 16)[None].repeat(16, 0).astype(np.float32)
    found = ring_spectrum(0.5 + 0.1 * wave)
    assert found.shape == (8,)
    assert found.argmax() == 2
    assert found[2] == pytest.approx(0, abs=1e-6)
    assert np.delete(found, 2).max() < -100


def test_a_flat_image_has_a_spectrum_without_infinities():
    assert np.isfinite(ring_spectrum(np.full((8, 8), 0.5, np.float32))).all()


def test_spectral_distance_is_to_the_noisy_image(scorer, tiny, images):
    name = images.dip[0]
    noisy = observe(tiny, name, images.val[name], 1).values.numpy()
    assert scorer._spectra[1].tolist() == ring_spectrum(noisy).tolist()
    assert scorer._spectra[1].tolist() != scorer._spectra[0].tolist()


def test_spectral_distance_is_zero_to_itself(scorer, monkeypatch):
    """Where the image is the untrained output, nothing is apart."""
    found = []

    def remember(image):
        found.append(ring_spectrum(image))
        return found[-1]

    monkeypatch.setattr("generate.measure.scores.ring_spectrum", remember)
    assert scorer.spectrum(NET.graph, NET.key, 0)["spectrum"] > 0
    monkeypatch.setitem(scorer._spectra, 0, found[0])
    assert scorer.spectrum(NET.graph, NET.key, 0)["spectrum"] == 0


def test_the_file_has_a_row_per_architecture(tiny, images):
    text = scores_csv(tiny, images)
    rows = list(csv.DictReader(text.splitlines()))
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert [row["name"] for row in rows] == list(tiny.architectures)
    assert {(row["protocol"], row["seeds"]) for row in rows} == {("tiny", "0 1")}
    by_name = {row["name"]: row for row in rows}
    scorer, a = Scorer(tiny, images), Architecture.parse("d2-s0-nearest-w8")
    found = scorer(a.graph, a.key)
    for name in SCORES:
        assert float(by_name[a.name][name]) == pytest.approx(found[name], rel=1e-5)


def test_command_writes_the_file(tmp_path, monkeypatch, tiny, images, capsys):
    monkeypatch.setattr("generate.commands.report_inputs.get", lambda name: tiny)
    monkeypatch.setattr("generate.photographs.images.load_images", lambda *given: images)
    out = tmp_path / "new" / "scores.csv"
    assert main(["scores", "--protocol", "tiny", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {out}\n"
    assert [path.name for path in out.parent.iterdir()] == ["scores.csv"]


def test_an_unwritable_place_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "scores.csv"
    assert main(["scores", "--protocol", "demo-v1", "--out", str(place)]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err
