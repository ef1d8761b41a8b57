"""The architectures that search named, as they are committed: the shipped surrogate knows them."""

import json
from pathlib import Path

import pytest

from dipbench import load, predict
from dipbench.surrogate.nominees import read_nominees
from dipbench.surrogate.surrogate import find
from generate.protocols.reading import get
from generate.table.assemble import assemble
from generate.table.shards import read_results

ROOT = Path(__file__).parents[3]
NOMINEES = sorted((ROOT / "generate" / "nominees").glob("*.json"))


@pytest.fixture(scope="module", params=NOMINEES, ids=lambda path: path.stem)
def listed(request):
    return request.param


def test_there_are_ten_of_each_of_five_problems(listed):
    named = read_nominees(listed.with_suffix(".csv"))
    problems = [one.problem for one in named]
    assert [problems.count(p) for p in dict.fromkeys(problems)] == [10] * 5
    assert {one.name for one in named} == set(get(str(listed)).architectures)


def test_all_are_measured_and_the_surrogate_was_fitted_to_them(listed, tmp_path):
    protocol = get(str(listed))
    results = read_results(ROOT / "generate" / "results" / protocol.name, protocol)
    added = load(assemble(protocol, results, tmp_path / "table"))
    about = find(protocol.space, protocol.task).about
    assert about["added"] == {
        "protocol": protocol.name,
        "sha256": added.sha256,
        "rows": len(protocol.architectures),
    }
    assert {row["status"] for row in added.runs.to_pylist()} == {"ok"}
    sample = load(protocol=about["protocol"])
    assert not set(protocol.architectures) & set(sample.frame["name"])
    assert predict(protocol.architectures[0], space=protocol.space).in_sample


@pytest.mark.parametrize("space", ["core64", "unet64"])
def test_the_page_of_a_surrogate_is_that_of_the_shipped_one(space):
    page = json.loads((ROOT / "docs" / f"surrogate-{space}-denoise25.json").read_text("utf-8"))
    about = dict(find(space, "denoise25").about)
    del about["sample"]
    assert page["about"] == about, "make it anew: make surrogates"
