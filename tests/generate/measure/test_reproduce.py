"""One row, measured again."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import generate.__main__ as program
from dipbench import NotInTable, Table, load, to_torch
from generate.measure import reproduce as module
from generate.measure.reproduce import Score, reproduce
from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.engines import make_networks
from generate.networks.networks import Networks
from generate.photographs.images import Images
from generate.protocols import reading
from generate.protocols.known import PROTOCOLS
from generate.protocols.plan import make_plan
from generate.table.assemble import assemble
from generate.table.shards import read_results
from generate.training.observed import observe

NAME = "d2-s0-nearest-w8"


@pytest.fixture(scope="module")
def folder(tiny, finished, tmp_path_factory):
    return assemble(tiny, read_results(finished, tiny), tmp_path_factory.mktemp("t") / "table")


@pytest.fixture(scope="module")
def table(folder):
    return Table.read(folder)


@pytest.fixture(scope="module")
def again(tiny, table, images):
    """Per mode, a row measured again."""
    found = {"supervised": reproduce(tiny, table, images, NAME, "supervised", 1)}
    return found | {"dip": reproduce(tiny, table, images, NAME, "dip", 1, images.dip[-1])}


@pytest.mark.parametrize("mode", ["supervised", "dip"])
def test_on_the_same_machine_it_is_the_same_to_the_last_bit(again, mode):
    found, _ = again[mode]
    assert found.same_machine
    assert found.identical
    assert found.reproduced
    assert all(score.difference == 0 for score in found.scores)
    assert str(found).endswith("the same to the last bit")


def test_a_fit_is_repeated_in_the_company_that_it_had(monkeypatch):
    """Fitted alone, its weights would be rounded in another way: only a whole unit is the same."""
    measured = []

    def measure(protocol, unit, *_):
        measured.append(unit)
        return [{"status": "diverged", "image": image} for image in unit.images]

    monkeypatch.setattr(module, "measure", measure)
    protocol = reading.get("core64-v1")
    name, blank, ids = "d1-s-nearest-w8", np.zeros((64, 64), np.float32), protocol.dip_images
    photographs = Images((), dict.fromkeys(ids, blank), {}, ids)
    for image in ids:
        with pytest.raises(RuntimeError, match="the run diverged"):
            reproduce(protocol, load(), photographs, name, "dip", 0, image)
    planned = {u.id: u.images for u in make_plan(protocol) if u.architecture.name == name}
    assert {unit.id: unit.images for unit in measured}.items() <= planned.items()
    assert len({unit.images for unit in measured}) == 2  # of four images each


def test_the_network_kept_restores_with_the_row_s_error(tiny, again, images):
    """Validation RMSE of the network by itself, against the row."""
    found, kept = again["supervised"]
    errors = []
    with torch.no_grad():
        for image, clean in images.val.items():
            given = torch.from_numpy(observe(tiny, image, clean, 1).values.numpy())
            restored = kept.network.eval()(given[None, None])[0, 0].numpy()
            errors.append(255 * np.sqrt(np.mean((restored - clean) ** 2)))
    assert np.mean(errors) == pytest.approx(found.here["val_rmse"], rel=1e-4)


def test_the_peak_of_a_fit_is_kept_as_an_image(again, images):
    found, kept = again["dip"]
    image = images.dip[-1]
    assert sorted(kept.images) == sorted(
        f"{image}-{what}" for what in ("clean", "given", "peak", "averaged")
    )

    def error(what):
        apart = kept.images[f"{image}-{what}"] - images.val[image]
        return 255 * np.sqrt(np.mean(apart**2))

    assert error("peak") <= found.here["peak_rmse"] * (1 + 1e-5)
    assert error("averaged") == pytest.approx(found.here["averaged_final_rmse"], rel=1e-4)


def test_elsewhere_the_noise_between_seeds_decides(again):
    found, _ = again["supervised"]
    elsewhere = dataclasses.replace(found, here=found.here | {"device": "another"})
    (first, *_) = found.scores
    assert first.seed_std > 0
    for difference, verdict in ((2.7, "within the noise"), (2.8, "OUTSIDE the noise")):
        score = dataclasses.replace(first, here=first.table + difference * first.seed_std)
        moved = dataclasses.replace(elsewhere, scores=(score,))
        assert moved.reproduced is (verdict == "within the noise")
        assert moved.verdict == f"{verdict} between seeds, on another machine"


def test_noise_that_is_not_known_is_said(again):
    found, _ = again["supervised"]
    score = Score("test_rmse", 10.0, 10.1, float("nan"))
    unknown = dataclasses.replace(found, scores=(score,))
    assert unknown.reproduced is None
    assert "its noise is not known" in unknown.verdict
    assert unknown.as_dict()["scores"]["test_rmse"]["seed_std"] is None


@pytest.mark.parametrize(
    ("name", "mode", "seed", "image", "error", "text"),
    [
        (NAME, "supervised", 7, None, NotInTable, "no supervised run of seed 7; expected one of"),
        (NAME, "dip", 0, None, ValueError, "image is None for mode dip; expected one of"),
        (NAME, "supervised", 0, "x", ValueError, "image is 'x' for mode supervised"),
        (NAME, "both", 0, None, ValueError, "mode is 'both'"),
        ("d1-s-nearest-w16", "supervised", 0, None, NotInTable, "no supervised run"),
        ("nonsense", "supervised", 0, None, ValueError, "nonsense"),
    ],
)
def test_bad_requests_are_named(tiny, table, images, name, mode, seed, image, error, text):
    with pytest.raises(error, match=text):
        reproduce(tiny, table, images, name, mode, seed, image)


def test_a_table_of_another_protocol_is_refused(tiny, table, images):
    other = dataclasses.replace(tiny, seeds=(0, 1, 2))
    with pytest.raises(ValueError, match="the table is of protocol hash"):
        reproduce(other, table, images, NAME, "supervised", 0)


def test_the_command_keeps_network_images_and_curves(tiny, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PROTOCOLS, "tiny", tiny)
    weights, out = tmp_path / "w.safetensors", tmp_path / "out"
    command = ["reproduce", NAME, "--protocol", "tiny", "--table", str(folder), "--json"]
    assert program.main([*command, "--weights", str(weights), "--out", str(out)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["identical"]
    assert said["scores"]["test_rmse"]["difference"] == 0
    assert {str(path) for path in out.iterdir()} | {str(weights)} == set(said["files"])
    with (out / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(r["val_rmse"]) for r in rows] == pytest.approx(
        [float(r["table_val_rmse"]) for r in rows], rel=1e-6
    )
    network = to_torch(said["name"])
    network.load_state_dict(load_file(weights))
    with safe_open(weights, "pt") as file:
        assert file.metadata()["name"] == NAME


def test_errors_of_the_command_are_one_line(tiny, folder, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(PROTOCOLS, "tiny", tiny)
    command = ["reproduce", NAME, "--protocol", "tiny", "--table", str(folder)]
    for wrong in (["--seed", "9"], ["--weights", str(tmp_path / "no" / "w")]):
        assert program.main([*command, *wrong]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")


@pytest.mark.parametrize("engine", ["kernel", "torch"])
def test_one_copy_alone_computes_what_it_did_among_others(cpu, engine):
    graph = to_graph()
    rngs = [np.random.default_rng(seed) for seed in range(3)]
    networks: Networks
    if engine == "torch":
        networks = EncoderDecoder(graph, 2, rngs)
    else:
        networks = make_networks(graph, 2, rngs, cpu)
    x = torch.rand(2, 6, 16, 16)
    networks.gradients(x, lambda output, copies: output)  # moves the running statistics
    together = networks.predict(x)
    for k in range(3):
        alone = networks.alone(k).eval()
        assert torch.allclose(alone(x[:, 2 * k : 2 * k + 2]), together[:, k : k + 1], atol=1e-6)


def to_graph():
    from dipbench import Architecture

    return Architecture.parse("d2-s01-transposed-w8").graph
