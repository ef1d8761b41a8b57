"""The commands of the guide to publishing, run in order with the files that it shows."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "publishing.md"
PROGRAMS = {"python": [sys.executable], "dipbench": [sys.executable, "-m", "dipbench"]}


def commands():
    """Every console line of the guide, in order."""
    blocks = re.findall(r"```console\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


RUN = [command for command in commands() if "--upload" not in command]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder they ran in, and how each command of `RUN` ended, up to the first that failed."""
    folder = shutil.copytree(
        ROOT / "docs" / "example", tmp_path_factory.mktemp("guide") / "example"
    )
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "DIPBENCH_CACHE": str(folder / "cache"),
    }
    done = {}
    for command in RUN:
        program, *arguments = shlex.split(command)
        done[command] = subprocess.run(
            [*PROGRAMS[program], *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        if done[command].returncode:
            break
    return folder, done


@pytest.mark.parametrize("command", RUN)
def test_the_command_works(runs, command):
    _, done = runs
    assert command in done, "one before it failed"
    assert done[command].returncode == 0, done[command].stderr
    assert "Traceback" not in done[command].stderr


def test_the_guide_goes_all_the_way():
    steps = ["make_graphs.py", "generate images", "generate run", "generate assemble"]
    steps += ["dipbench table", "dipbench query", "dipbench publish"]
    found = [next(i for i, command in enumerate(RUN) if step in command) for step in steps]
    assert found == sorted(found)


def test_what_is_not_run_is_the_upload_alone():
    assert [command.split()[:2] for command in commands() if command not in RUN] == [
        ["dipbench", "publish"]
    ]


def test_the_query_answers_with_the_scores_of_the_network(runs):
    _, done = runs
    (query,) = (run for command, run in done.items() if command.startswith("dipbench query"))
    shown = dict(line.split(maxsplit=1) for line in query.stdout.splitlines())
    assert (shown["name"], shown["depth"], shown["slc"]) == ("thin-skip", "1", "0")
    assert 0 < float(shown["dip_rmse"]) < 255
    assert 0 < float(shown["supervised_rmse"]) < 255


def test_what_is_left_is_a_table_and_a_data_set(runs):
    folder, _ = runs
    table = {path.name for path in (folder / "table").iterdir()}
    data_set = {path.name for path in (folder / "data-set").iterdir()}
    parquet = {f"{name}.parquet" for name in ("architectures", "runs", "curves")}
    assert table == {"manifest.json"} | parquet
    assert table < data_set
    assert "README.md" in data_set
    for name in table:
        assert (folder / "data-set" / name).read_bytes() == (folder / "table" / name).read_bytes()
