"""What a published data set says, read with the libraries that others read it with."""

import hashlib
import json
import math
import re
from importlib.util import find_spec
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dipbench
from dipbench import load, tables
from dipbench.publish import build
from dipbench.publish.card import extras, size_category
from dipbench.publish.release import OURS, quoted
from dipbench.table.catalogue import Entry, entries, entry
from dipbench.table.coverage import Plan, coverage, plan
from dipbench.table.schema import FILES

REPO = "some-owner/some.name"
TABLE = ["architectures.parquet", "curves.parquet", "manifest.json", "runs.parquet"]
CONFIGS = ["architectures", "runs", "curves"]


# datasets -----------------------------------------------------------------------------------

LOAD = """
import json, sys
import datasets
import pyarrow.parquet as pq
out = {}
for folder in sys.argv[2:]:
    found = {"default": datasets.get_dataset_default_config_name(folder)}
    found["configs"] = datasets.get_dataset_config_names(folder)
    for name in (None, *found["configs"]):
        (split, loaded), = datasets.load_dataset(folder, name, cache_dir=sys.argv[1]).items()
        stated = datasets.load_dataset_builder(folder, name, cache_dir=sys.argv[1]).info.features
        schema = pq.read_schema(f"{folder}/{name or 'architectures'}.parquet")
        plain = datasets.Features.from_arrow_schema(schema)
        assert stated == loaded.features == plain, (stated, loaded.features, plain)
        found[name or "unnamed"] = {
            "split": split, "rows": loaded.to_list(), "yaml": loaded.features._to_yaml_list()
        }
    out[folder] = found
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def loaded(folders, tmp_path_factory, python):
    """What `datasets` reads of both folders, in an interpreter of its own, without network."""
    if find_spec("datasets") is None:
        pytest.skip("datasets is not installed")
    home = str(tmp_path_factory.mktemp("home"))
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": home, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    done = python(LOAD, home, *folders.values(), **offline)
    by_path = json.loads(done.stdout)
    return {name: by_path[str(path)] for name, path in folders.items()}


@pytest.mark.parametrize("table", ["synthetic", "embedded"])
@pytest.mark.parametrize("config", [*CONFIGS, "unnamed"])
def test_datasets_reads_the_same_rows(loaded, folders, table, config):
    file = f"{'architectures' if config == 'unnamed' else config}.parquet"
    rows = pq.read_table(folders[table] / file).to_pylist()
    assert loaded[table][config]["split"] == "train"
    # As text, for NaN is not equal to itself; null is null, not NaN and not 0.
    assert json.dumps(loaded[table][config]["rows"]) == json.dumps(rows)


def test_synthetic_rows_have_nulls_and_nan(loaded):
    for config, text in (("architectures", "NaN"), ("runs", "null"), ("curves", "null")):
        assert text in json.dumps(loaded["synthetic"][config]["rows"])


@pytest.mark.parametrize("table", ["synthetic", "embedded"])
def test_datasets_knows_the_configurations(loaded, table):
    assert (loaded[table]["default"], loaded[table]["configs"]) == ("architectures", CONFIGS)


# The card -----------------------------------------------------------------------------------


def front_matter(folder):
    import yaml

    _, text, _ = re.split(r"^---$", (folder / "README.md").read_text(), maxsplit=2, flags=re.M)
    return yaml.safe_load(text)


@pytest.mark.parametrize("config", CONFIGS)
def test_card_states_the_features_as_datasets_writes_them(loaded, folders, config):
    stated = {info["config_name"]: info["features"] for info in said_of(folders)["dataset_info"]}
    assert stated[config] == loaded["synthetic"][config]["yaml"]


def said_of(folders):
    return front_matter(folders["synthetic"])


def test_front_matter(folders):
    said = said_of(folders)
    assert list(said) == [
        *("pretty_name", "license", "task_categories", "size_categories", "tags", "configs"),
        "dataset_info",
    ]
    assert said["pretty_name"] == "dipbench synthetic-v1"
    assert said["license"] == "cc-by-4.0"
    assert said["task_categories"] == ["image-to-image"]
    assert said["size_categories"] == ["n<1K"]
    assert [info["config_name"] for info in said["dataset_info"]] == CONFIGS
    assert said["configs"] == [
        {"config_name": "architectures", "data_files": "architectures.parquet", "default": True},
        {"config_name": "runs", "data_files": "runs.parquet"},
        {"config_name": "curves", "data_files": "curves.parquet"},
    ]


def test_card_parses_with_the_hub_library(folder):
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(folder / "README.md")
    assert card.data.to_dict() == front_matter(folder)
    assert card.data.license == "cc-by-4.0"
    assert card.text.startswith("\n# dipbench ")


@pytest.mark.parametrize(
    ("rows", "category"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (9_999, "1K<n<10K"),
        (10_000, "10K<n<100K"),
        (123_456, "100K<n<1M"),
        (10**12 - 1, "100B<n<1T"),
        (10**12, "n>1T"),
    ],
)
def test_size_category_counts_all_files(rows, category):
    assert size_category({"a": rows // 2, "b": rows - rows // 2}) == category


@pytest.mark.parametrize("file", ["README.md", "DATASHEET.md"])
def test_card_and_datasheet_say_what_the_numbers_are(folders, source, file):
    text = (folders["synthetic"] / file).read_text()
    manifest = load(source).manifest
    said = [
        "grey levels on the 0-255 scale",
        "mean over the images",
        "no photograph",
        "A. Author, Photographs, 2001",
        "synthetic-v1",
        manifest["protocol_hash"],
        "| dip.iterations | 16 |",
        "| dip.rate | 0.01 |",
        "| architectures | 4 of 4 planned |",
        "| finished supervised trainings | 5 of 8 planned |",
        "| finished DIP fits | 7 of 16 planned |",
        "| of these with all runs (supervised and dip) | 1 |",
        "| diverged runs, in none of the means | 2 |",
        "1 of 7 DIP fits have their peak at the last iteration",
        "64×64",
        "CC-BY-4.0",
    ]
    assert [words for words in said if words not in text] == []


def test_card_explains_every_column(folders):
    text = (folders["synthetic"] / "README.md").read_text()
    for file, columns in FILES.items():
        section = text.split(f"### {file}\n")[1].split("\n### ")[0].split("\n## ")[0]
        for c in columns:
            assert f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning} |" in section


def test_example_of_the_card_runs(folder, monkeypatch):
    examples = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)
    asked = {}
    monkeypatch.setattr(dipbench, "load", lambda **named: asked.update(named) or load(folder))
    names: dict[str, Any] = {}
    exec(examples[0], names)
    assert asked == {"repo_id": REPO, "revision": "main"}
    assert len(names["query_many"](names["table"].frame["name"], table=names["table"])) >= 4
    assert f'load_dataset("{REPO}", "runs"' in examples[1]
    compile(examples[1], "README.md", "exec")


def test_headings_of_the_datasheet(folder):
    headings = re.findall("^## (.*)$", (folder / "DATASHEET.md").read_text(), re.M)
    assert headings == [
        *("Motivation", "Composition", "Collection", "Protocol", "Preprocessing", "Uses"),
        *("Distribution", "Terms", "Known limits", "Maintenance"),
    ]


# What is counted ----------------------------------------------------------------------------


def test_coverage_counts(source):
    found = coverage(load(source))
    assert found.rows == {file: len(pq.read_table(source / file)) for file in FILES}
    assert (found.architectures, found.complete) == (4, 1)
    assert (found.trainings, found.fits, found.diverged, found.censored) == (5, 7, 2, 1)
    assert (found.tasks, found.seeds) == (("denoise25",), (0, 1))
    assert found.images == ("camera-a", "camera-b")
    assert (found.devices, found.torch_versions) == (("a processor",), ("2.0.0",))
    assert found.training_hours == {"a processor, kernel": pytest.approx(5 * 8 / 3600)}
    assert found.fit_hours == {"a processor, kernel": pytest.approx(7 * 2 / 3600)}
    assert found.ranges["supervised_rmse"] == (12.0, 18.5)
    assert found.ranges["dip_rmse"] == (16.0, 32.0)
    assert found.ranges["depth"] == (1, 3)


def test_hours_of_different_devices_and_engines_are_not_added():
    found = coverage(load())
    assert set(found.fit_hours) == {
        "AMD EPYC, kernel",
        "Intel(R) Xeon(R) Processor, kernel",
        "NVIDIA H200, gated",
    }
    assert sum(found.fit_hours.values()) > max(found.fit_hours.values())


@pytest.mark.parametrize("protocol", tables())
def test_every_embedded_table_is_complete_in_its_own_modes(protocol):
    table = load(protocol=protocol)
    planned = plan(table.manifest)
    assert planned
    found = coverage(table)
    sampled = found.architectures < planned.architectures  # of a space too large to measure
    assert sampled == ("planned" in table.manifest)
    assert found.complete == (found.architectures if sampled else planned.architectures)


@pytest.mark.parametrize(
    ("protocol", "said", "not_said"),
    [
        ("core64-still-v1", ["trained as a Deep Image Prior, fitted", "(dip)"], ["two ways: "]),
        (
            "core64-inpaint50-v1",
            ["one degradation, inpaint50", "1 seed;", "image-inpainting"],
            ["noise level", "image-denoising"],
        ),
        (
            "core64-v1",
            ["one noise level, a standard deviation of 25", "3 seeds;"],
            ["-inpainting"],
        ),
        (
            "core64-long-v1",
            ["| finished supervised trainings | 62 of 62 planned |", "over at most 1 seed;"],
            ["| finished DIP fits |", "| DIP images |", "DIP scores are", "0 of 0", "0 images"],
        ),
        (
            "core64-still-v1",
            ["| finished DIP fits | 1488 of 1488 planned |"],
            ["| finished supervised trainings |", "of the trainings"],
        ),
    ],
)
def test_the_text_is_that_of_the_table(protocol, said, not_said, tmp_path):
    build(entry(protocol).folder, tmp_path / "out", REPO, OURS)
    names = ("README.md", "DATASHEET.md", "CITATION.cff")
    text = "\n".join((tmp_path / "out" / name).read_text() for name in names)
    assert [each for each in said if each not in text] == []
    assert [each for each in not_said if each in text] == []


def test_table_without_rows_and_with_a_short_manifest_is_published(tmp_path, make_table):
    empty = make_table(tmp_path / "empty", rows={file: [] for file in FILES})
    build(empty, tmp_path / "out", REPO, OURS)
    text = (tmp_path / "out" / "README.md").read_text()
    assert "| finished DIP fits | 0 |" in text
    assert "| `dip_rmse`, grey levels | - |" in text
    assert "not stated in the manifest" in text


@pytest.mark.parametrize(
    ("protocol", "images", "space", "expected"),
    [
        ({"seeds": [0, 1, 2]}, {"dip": ["a", "b"]}, "core64", Plan(372, 1116, 2232)),
        ({"seeds": [0], "architectures": ["x", "y"]}, {"dip": ["a"]}, "other", Plan(2, 2, 2)),
        ({"seeds": [0]}, {"dip": ["a"]}, "other", None),
        ({"seeds": [0]}, {}, "core64", None),
        ({"seeds": [0]}, None, "core64", None),
        ({}, {"dip": ["a"]}, "core64", None),
    ],
)
def test_plan(protocol, images, space, expected):
    manifest = {"protocol": {"name": "x", **protocol}, "images": images, "space": space}
    assert plan(manifest) == expected


# Croissant ----------------------------------------------------------------------------------

READ = """
import json, sys
import mlcroissant
out = {}
for folder in sys.argv[1:]:
    said = json.load(open(folder + "/croissant.json"))
    mapping = {file["@id"]: folder + "/" + file["@id"] for file in said["distribution"]}
    found = mlcroissant.Dataset(jsonld=folder + "/croissant.json", mapping=mapping)
    issues = found.metadata.ctx.issues
    out[folder] = {"errors": sorted(issues.errors), "warnings": sorted(issues.warnings)}
    for record_set in found.metadata.record_sets:
        out[folder][record_set.uuid] = list(found.records(record_set.uuid))
print(json.dumps(out, default=bytes.decode))
"""


@pytest.fixture(scope="module")
def croissants(folders, source, tmp_path_factory, python):
    """What mlcroissant reads of the folders, and of a third one with a date."""
    if find_spec("mlcroissant") is None:
        pytest.skip("mlcroissant is not installed")
    dated = tmp_path_factory.mktemp("dated")
    build(source, dated, REPO, OURS, published="2031-02-03")
    home = str(tmp_path_factory.mktemp("home"))
    done = python(READ, *folders.values(), dated, HF_HUB_OFFLINE="1", CROISSANT_CACHE=home)
    assert "`@context` is not standard" not in done.stderr
    by_path = json.loads(done.stdout)
    return {name: by_path[str(p)] for name, p in {**folders, "dated": dated}.items()}


def test_croissant_has_no_errors_and_misses_the_date_alone(croissants):
    assert [found["errors"] for found in croissants.values()] == [[], [], []]
    assert croissants["dated"]["warnings"] == []
    for name in ("synthetic", "embedded"):
        (warning,) = croissants[name]["warnings"]
        assert 'datePublished" is recommended' in warning


@pytest.mark.parametrize("table", ["synthetic", "embedded"])
@pytest.mark.parametrize("config", CONFIGS)
def test_croissant_yields_the_records(croissants, folders, table, config):
    rows = pq.read_table(folders[table] / f"{config}.parquet").to_pylist()
    expected = [
        {f"{config}/{name}": None if is_nan(value) else value for name, value in row.items()}
        for row in rows
    ]
    assert croissants[table][config] == expected


def is_nan(value):
    return isinstance(value, float) and math.isnan(value)


def test_croissant_describes_the_files(folder):
    said = json.loads((folder / "croissant.json").read_text())
    assert said["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert said["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert said["citeAs"] in (folder / "README.md").read_text()
    assert [file["@id"] for file in said["distribution"]] == TABLE
    for file in said["distribution"]:
        data = (folder / file["name"]).read_bytes()
        assert file["contentSize"] == f"{len(data)} B"
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["contentUrl"].endswith(f"/datasets/{REPO}/resolve/main/{file['name']}")


def test_croissant_states_meaning_and_unit_of_every_column(folder):
    said = json.loads((folder / "croissant.json").read_text())
    for record_set, columns in zip(said["recordSet"], FILES.values(), strict=True):
        assert [field["name"] for field in record_set["field"]] == [c.name for c in columns]
        for field, column in zip(record_set["field"], columns, strict=True):
            assert field["description"].startswith(column.meaning)
            assert field["description"].endswith(f"unit: {column.unit}") or not column.unit
            several = column.kind in ("ints", "floats")
            assert field.get("isArray", False) == several
            assert field.get("arrayShape") == ("-1" if several else None)


@pytest.mark.parametrize("config", CONFIGS)
def test_key_of_a_record_set_tells_its_rows_apart(folder, config):
    said = json.loads((folder / "croissant.json").read_text())
    (keys,) = [r["key"] for r in said["recordSet"] if r["@id"] == config]
    columns = [key["@id"].removeprefix(f"{config}/") for key in keys]
    rows = pq.read_table(folder / f"{config}.parquet", columns=columns).to_pylist()
    assert len({tuple(row.values()) for row in rows}) == len(rows)


def test_the_card_lists_all_embedded_tables_with_their_tasks(folder):
    text = (folder / "README.md").read_text()
    for one in entries():
        assert f"| `{one.protocol}` | {one.space} | {one.task} |" in text
        assert f"| `{one.repo_id}` |" in text


def test_a_tagged_data_set_points_at_its_tag(tmp_path):
    build(entry("core64-v1").folder, tmp_path / "set", REPO, OURS, revision="v9.8")
    croissant = json.loads((tmp_path / "set" / "croissant.json").read_text())
    urls = [file["contentUrl"] for file in croissant["distribution"]]
    assert all("/resolve/v9.8/" in url for url in urls)
    assert 'revision="v9.8"' in (tmp_path / "set" / "README.md").read_text()


def test_the_card_says_which_tables_have_a_surrogate(tmp_path):
    said = "with a surrogate: `dipbench.predict`"
    assert extras(Entry("core64-v1", "core64", "denoise25", tmp_path)) == said
    assert extras(Entry("core64-long-v1", "core64", "denoise25", tmp_path)) == ""
    assert extras(Entry("core64-other7-v1", "core64", "other7", tmp_path)) == ""


# The citation -------------------------------------------------------------------------------


@pytest.mark.parametrize("published", [None, "2031-02-03"])
def test_citation_is_valid(tmp_path, source, published, python):
    build(source, tmp_path / "out", REPO, OURS, published)
    script = "from cffconvert.cli.cli import cli; cli()"
    python(script, "--validate", "--infile", tmp_path / "out" / "CITATION.cff")


NASTY = 'A "quoted" | name: # one,\n---\ntwo\x7f\x85\u2028three é 🐑 \\ end'


def test_odd_characters_of_a_manifest_stay_in_their_place(tmp_path, make_table):
    import yaml

    images = {"source": NASTY, "citation": NASTY, "dip": ["camera-a"]}
    protocol = {"name": NASTY, "note": NASTY}
    build(
        make_table(tmp_path / "t", images=images, protocol=protocol), tmp_path / "out", REPO, OURS
    )
    line = " ".join(NASTY.split())
    cited = yaml.safe_load((tmp_path / "out" / "CITATION.cff").read_text())
    assert cited["title"] == f"dipbench {line}"
    assert cited["message"].endswith(f"({line}): {line}")
    assert front_matter(tmp_path / "out")["pretty_name"] == f"dipbench {line}"
    cell = line.replace("|", "\\|")
    assert f"| note | {cell} |" in (tmp_path / "out" / "README.md").read_text().split("\n")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_text_is_read_alike_by_json_and_yaml(text):
    import yaml

    assert json.loads(quoted(text)) == yaml.safe_load(quoted(text)) == text
