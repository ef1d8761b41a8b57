"""What there is: tables, metrics, all scores at once."""

import pytest
from starlette.testclient import TestClient

import dipbench
from api.app import make_service
from api.catalogue import Catalogue
from dipbench import Architecture, NotInTable
from dipbench.table.schema import FILES

SKIP = "d2-s0-bilinear-w8"
PLAIN = "d3-s-nearest-w16"
DIVERGED = "d1-s-transposed-w8"


def test_tables(get, table):
    said = get("/v1/tables")
    assert said["version"] == dipbench.__version__
    assert said["tables"] == [
        {
            "protocol": "made-up-v1",
            "space": "core64",
            "tasks": ["denoise25"],
            "architectures": 3,
            "runs": 13,
            "modes": ["dip", "supervised"],
            "seeds": [0, 1],
            "images": ["cat", "dog"],
            "protocol_hash": "cafe",
            "sha256": table.manifest["sha256"],
        }
    ]


def test_metrics_are_all_columns_of_the_schema(get):
    said = get("/v1/metrics")["metrics"]
    assert [m["name"] for m in said] == [c.name for columns in FILES.values() for c in columns]
    of = {m["name"]: m for m in said if m["of"] == "architectures"}
    assert of["dip_rmse"]["unit"] == "grey levels"
    assert "raw peak" in of["dip_rmse"]["meaning"]
    roles = {name: m["role"] for name, m in of.items()}
    assert roles["name"] == "identity"
    assert {roles[name] for name in ("depth", "slc", "skips", "macs")} == {"feature"}
    assert {roles[name] for name in ("supervised_std", "dip_seconds")} == {"score"}
    assert roles["n_censored"] == "count"


def test_scores_are_columns_of_one_length_merged_by_key(get):
    said = get("/v1/scores")
    assert said["space"] == "core64"
    architectures = said["architectures"]
    (scores,) = said["scores"]
    lengths = {len(column) for column in [*architectures.values(), *scores["columns"].values()]}
    assert lengths == {3}
    place = architectures["name"].index(SKIP)
    assert architectures["key"][place] == Architecture.parse(SKIP).key
    assert (architectures["depth"][place], architectures["slc"][place]) == (2, 0)
    # Means of 8 + SLC + seed, and of 10 + depth + 2 seed + 4 image, for seeds and images 0, 1.
    assert scores["columns"]["supervised_rmse"][place] == 8.5
    assert scores["columns"]["dip_rmse"][place] == 15.0
    assert scores["columns"]["supervised_rmse"][architectures["name"].index(DIVERGED)] is None
    assert get("/v1/scores", space="core64") == said


def test_scores_of_a_space_without_a_table(client, problem):
    assert "'nas'" in problem(client.get("/v1/scores", params={"space": "nas"}), 404)


def test_health(get):
    assert get("/health") == {"status": "ok", "version": dipbench.__version__}


TWIN = "u2-sno-ubb-c1-w8-x"  # the network of SKIP under the name of another space
WIDE = "u2-swn-ubt-c2-w16g-x0"


@pytest.fixture(scope="module")
def both(table, second_table):
    """The second has another space, with a network of the first and one that it has not."""
    with TestClient(make_service([table, second_table])) as client:
        yield client


@pytest.mark.parametrize(
    ("asked", "name", "protocol"),
    [
        (SKIP, SKIP, "made-up-v1"),
        (Architecture.parse(SKIP).key, SKIP, "made-up-v1"),
        (TWIN, TWIN, "other-v1"),
        (WIDE, WIDE, "other-v1"),
    ],
)
def test_the_first_that_has_it_answers(both, asked, name, protocol):
    said = both.get("/v1/query", params={"architecture": asked}).json()
    assert (said["name"], said["protocol"]) == (name, protocol)


def test_either_answers_when_it_is_named(both):
    asked = {"architecture": SKIP, "protocol": "other-v1"}
    said = both.get("/v1/query", params=asked).json()
    assert (said["name"], said["supervised_rmse"]) == (TWIN, 108.5)
    asked["architecture"] = PLAIN
    assert both.get("/v1/query", params=asked).status_code == 404


def test_a_name_of_one_space_finds_the_network_in_the_table_of_another(both):
    twin = "u3-sooo-unnn-c1-w16-x"
    said = both.get("/v1/query", params={"architecture": twin}).json()
    assert (said["name"], said["protocol"]) == (PLAIN, "made-up-v1")


def test_scores_are_of_one_space(both):
    for space, protocol, names in (
        ("core64", "made-up-v1", {SKIP, PLAIN, DIVERGED}),
        ("unet64", "other-v1", {TWIN, WIDE}),
    ):
        said = both.get("/v1/scores", params={"space": space}).json()
        assert set(said["architectures"]["name"]) == names
        assert [scores["protocol"] for scores in said["scores"]] == [protocol]


def test_what_was_not_measured_is_missed_in_the_table_of_its_space(both):
    for name, protocol in (("u1-sn-un-c1-w8-x", "other-v1"), ("d5-s-nearest-w8", "made-up-v1")):
        reply = both.get("/v1/query", params={"architecture": name})
        assert reply.status_code == 404
        assert f"architectures of the table {protocol}" in reply.json()["detail"]


def test_scores_of_two_tables_of_one_space_are_merged_by_key(table, variant_table):
    """The second lacks two of the three architectures, and is of other runs."""
    with TestClient(make_service([table, variant_table])) as client:
        said = client.get("/v1/scores").json()
        asked = {"architecture": SKIP}
        assert client.get("/v1/query", params=asked).json()["protocol"] == "made-up-v1"
    assert len(said["architectures"]["key"]) == 3
    place = said["architectures"]["name"].index(SKIP)
    columns = {scores["protocol"]: scores["columns"] for scores in said["scores"]}
    assert columns["made-up-v1"]["supervised_rmse"][place] == 8.5
    assert columns["made-up-long-v1"]["supervised_rmse"][place] == 8.0
    others = [v for i, v in enumerate(columns["made-up-long-v1"]["supervised_rmse"]) if i != place]
    assert others == [None, None]


def test_where_it_was_measured(both):
    said = both.get(f"/v1/architectures/{SKIP}").json()["measured"]
    assert [entry["protocol"] for entry in said] == ["made-up-v1", "other-v1"]


def test_a_protocol_or_task_that_there_is_not(table):
    catalogue = Catalogue([table])
    with pytest.raises(NotInTable, match=r"'core64-v9'; expected one of made-up-v1"):
        catalogue.table("core64-v9")
    with pytest.raises(NotInTable, match=r"task 'sr2' was not measured; expected one of denoise25"):
        catalogue.choose(SKIP, "sr2", None)
    with pytest.raises(NotInTable, match=r"task 'sr2' was not measured in made-up-v1"):
        catalogue.rows("made-up-v1", "sr2")


def test_the_largest_graph_is_of_a_space_or_of_a_table(table):
    largest = len(Architecture(5, (0, 1, 2, 3, 4)).graph)
    assert Catalogue([table]).largest >= largest
