"""``python -m generate``: what it prints, and how it fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import generate.measure.executors
from generate.__main__ import main

ROOT = Path(__file__).parents[2]


def fails(capsys, *arguments):
    assert main(list(map(str, arguments))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_it_runs_from_a_checkout():
    answer = subprocess.run(
        [sys.executable, "-m", "generate", "status", "--protocol", "demo-v1", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    parts = json.loads(answer.stdout)
    assert [part["part"] for part in parts] == ["seed 0, images 1-2", "seed 1, images 1-2"]


def test_status_counts_what_is_there(capsys, tmp_path):
    assert main(["status", "--protocol", "demo-v1", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "seed", "0,", "images", "1-2", "0", "24", "0",
    ]  # fmt: skip


def test_status_reports_files_that_are_no_shards(capsys, tmp_path):
    folder = tmp_path / "demo-v1"
    folder.mkdir()
    (folder / "unit.0123456789abcdef.json.gz").write_bytes(b"")
    assert main(["status", "--protocol", "demo-v1", "--results", str(tmp_path)]) == 0
    assert "not a shard of demo-v1: unit.0123456789abcdef.json.gz" in capsys.readouterr().out


def test_images_are_checked_and_prepared(capsys, tmp_path):
    out = tmp_path / "images.npz"
    assert main(["images", "--protocol", "demo-v1", "--out", str(out)]) == 0
    assert "3 train, 4 val, 4 test" in capsys.readouterr().out
    assert main(["images", "--protocol", "demo-v1", "--images", str(out)]) == 0


def test_a_missing_image_folder_is_named_and_leaves_nothing(capsys, tmp_path):
    err = fails(capsys, "run", "--images", tmp_path / "no", "--results", tmp_path / "results")
    assert f"image folder {tmp_path / 'no'} does not exist" in err
    assert list(tmp_path.iterdir()) == []


def test_core64_without_images_says_which_it_needs(capsys, tmp_path):
    assert "BSDS500" in fails(capsys, "run", "--results", tmp_path)


def test_an_unwritable_output_folder_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "results"
    err = fails(capsys, "run", "--protocol", "demo-v1", "--results", place, "--quiet")
    assert str(place) in err
    err = fails(capsys, "assemble", "--protocol", "demo-v1", "--out", place)
    assert str(place) in err


def test_assembling_nothing_is_refused(capsys, tmp_path):
    out = tmp_path / "table"
    assert "no results" in fails(capsys, "assemble", "--results", tmp_path, "--out", out)
    assert not out.exists()


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there_is_named(capsys, tmp_path, device):
    err = fails(capsys, "run", "--protocol", "demo-v1", "--results", tmp_path, "--device", device)
    assert f"device '{device}'" in err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--address", "auto"], "expected --executor ray"),
        (["--num-gpus", "1"], "expected --executor ray"),
        (["--executor", "ray", "--device", "cuda:1"], "'cuda:1'; expected auto, cpu or cuda"),
        (["--executor", "ray", "--device", "cpu", "--num-gpus", "1"], "--num-gpus 1 with"),
        (["--executor", "ray", "--device", "cuda", "--num-gpus", "0"], "--num-gpus 0 with"),
        (["--executor", "ray", "--num-gpus", "-1"], "--num-gpus -1 with"),
        (["--executor", "ray", "--num-gpus", "nan"], "--num-gpus nan with"),
    ],
)
def test_options_that_do_not_fit_together_are_named(
    capsys, tmp_path, monkeypatch, options, problem
):
    monkeypatch.setattr(generate.measure.executors, "find_spec", lambda name: name)  # Ray or no Ray
    results = ["--protocol", "demo-v1", "--results", tmp_path]
    assert problem in fails(capsys, "run", *results, *options)


def test_a_cluster_without_ray_says_what_to_install(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(generate.measure.executors, "find_spec", lambda name: None)
    results = ["--protocol", "demo-v1", "--results", tmp_path]
    assert "pip install -e '.[ray]'" in fails(capsys, "run", *results, "--executor", "ray")


def test_an_unknown_protocol_is_named_with_the_choices(capsys):
    assert "'core65'; expected one of core64-v1" in fails(capsys, "status", "--protocol", "core65")


@pytest.mark.parametrize("arguments", [["run", "--workers", "0"], ["measure"], []])
def test_wrong_usage_exits_with_two(arguments):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2


def test_it_needs_no_more_than_the_listed_packages():
    """Without the Hub's client, matplotlib and the test tools, as on a bare GPU machine."""
    script = """
import sys
for name in ("huggingface_hub", "matplotlib", "pytest", "hypothesis", "yaml", "requests"):
    sys.modules[name] = None
from generate.__main__ import main
import generate.table.assemble, generate.measure.rows
import generate.measure.executors.local, generate.measure.run
sys.exit(main(["images", "--protocol", "demo-v1"]))
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("command", ["run --time-limit", "bench --seconds", "gpu-check --minutes"])
def test_a_time_that_is_no_time_is_refused(capsys, command):
    with pytest.raises(SystemExit):
        main([*command.split(), "nan"])
    assert "'nan'; expected a positive number" in capsys.readouterr().err


OUTPUTS = {
    "images": ["--out"],
    "scores": ["--out"],
    "baselines": ["--out"],
    "assemble": ["--out"],
    "demo": ["--out"],
    "restored d1-s-bilinear-w8": ["--out"],
    "reproduce d1-s-bilinear-w8": ["--out", "--weights"],
}


@pytest.mark.parametrize(
    ("command", "option"), [(c, option) for c, options in OUTPUTS.items() for option in options]
)
def test_a_place_that_cannot_be_written_is_found_first(
    capsys, tmp_path, monkeypatch, command, option
):
    """Before a protocol or a photograph is read."""
    monkeypatch.setattr("generate.protocols.reading.PROTOCOLS", {})
    (tmp_path / "file").mkdir()
    place = tmp_path / "file" / "out.png"
    place.mkdir() if option == "--weights" or command not in FOLDERS else place.write_text("")
    assert f"cannot write to {place}" in fails(capsys, *command.split(), option, place)


FOLDERS = ("assemble", "demo", "reproduce d1-s-bilinear-w8")


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "images",
        "scores --out x",
        "baselines --out x",
        "restored d1-s-bilinear-w8 --out x.png",
        "reproduce d1-s-bilinear-w8",
        "bench",
        "gpu-check",
        "demo",
        "manifest x --source a --citation b --terms c",
    ],
)
def test_what_is_not_installed_is_named_first(capsys, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "skimage", None)
    err = fails(capsys, *command.split())
    assert "scikit-image is not installed; expected pip install 'dipbench[generate]'" in err


def test_a_format_that_is_not_drawn_is_refused_first(capsys, tmp_path):
    out = tmp_path / "picture.jpg"
    err = fails(capsys, "restored", "d1-s-bilinear-w8", "--out", out)
    assert "format is 'jpg'; expected one of png, pdf, svg" in err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run", "stopped; every finished unit is on disk, the same command goes on\n"),
        ("demo", "stopped; every finished unit is on disk, the same command goes on\n"),
        ("bench", "stopped\n"),
    ],
)
def test_ctrl_c_says_what_is_kept(capsys, monkeypatch, command, said):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    for module in ("measuring", "speed"):
        monkeypatch.setattr(f"generate.commands.{module}.require", interrupted)
    assert main([command]) == 130
    assert capsys.readouterr().err == said
