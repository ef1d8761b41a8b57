"""A table on its way to the Hub and back."""

REPO = "somebody/a-table"


def publish(hub, client, table, tag=None, token=None):
    env = {"HF_TOKEN": token or hub.token}
    folder = str(table.folder)
    return client("publish", table_folder=folder, repo_id=REPO, send=True, tag=tag, env=env)


def test_what_was_published_is_downloaded_as_it_was(hub, client, table):
    assert publish(hub, client, table(10.0), "v1.0").error is None
    assert publish(hub, client, table(20.0), "v2.0").error is None
    for revision, rmse in (("v1.0", 10.0), ("v2.0", 20.0), ("main", 20.0)):
        answer = client("load", repo_id=REPO, revision=revision)
        assert (answer.error, answer.result) == (None, table(rmse).sha256)


def test_a_published_table_has_its_texts_beside_it(hub, client, table):
    publish(hub, client, table(10.0), "v1.0")
    repository = hub.repositories[REPO]
    files = repository.commits[repository.resolve("v1.0")]
    texts = {"README.md", "DATASHEET.md", "CITATION.cff", "croissant.json"}
    assert files.keys() == {".gitattributes"} | texts | table(10.0).files.keys()
    assert {file: files[file] for file in table(10.0).files} == table(10.0).files


def test_the_same_table_again_is_the_same_commit(hub, client, table):
    first = publish(hub, client, table(10.0))
    assert publish(hub, client, table(10.0)).result == first.result


def test_a_tag_that_is_taken_stops_the_upload(hub, client, table):
    publish(hub, client, table(10.0), "v1.0")
    commits = dict(hub.repositories[REPO].commits)
    answer = publish(hub, client, table(20.0), "v1.0")
    assert "v1.0" in answer.error
    assert hub.repositories[REPO].commits == commits


def test_without_the_right_token_nothing_is_published(hub, client, table):
    answer = publish(hub, client, table(10.0), token="hf_wrong")
    assert answer.kinds[0] == "OSError"
    assert REPO in answer.error
    assert "401" in answer.error
    assert hub.repositories == {}
