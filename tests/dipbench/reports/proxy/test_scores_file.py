"""The file of training-free scores, and what is said of a bad one."""

from pathlib import Path

import pytest

from dipbench.reports.proxy.scores import COLUMNS, SCORES, read_scores
from dipbench.spaces import Space

ROOT = Path(__file__).parents[4]
ARCHITECTURES = list(Space("core64"))[:3]
KEYS, NAMES = ([getattr(a, what) for a in ARCHITECTURES] for what in ("key", "name"))


def test_values_are_in_the_order_asked_for(tmp_path, score_rows, write_rows):
    rows = score_rows(snip=lambda a: a.depth + a.width / 100)
    path = write_rows(tmp_path / "scores.csv", rows)
    found = read_scores(path, "synthetic-v1", KEYS[::-1], NAMES[::-1])
    expected = [a.depth + a.width / 100 for a in ARCHITECTURES[::-1]]
    assert found.values["snip"].tolist() == expected
    assert found.seconds["snip"].tolist() == [2.0] * 3
    assert (found.seeds, found.devices) == (("0 1",), ("a processor",))


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(tmp_path, score_rows, write_rows, column):
    columns = [name for name in COLUMNS if name != column]
    path = write_rows(tmp_path / "scores.csv", score_rows(), columns)
    with pytest.raises(ValueError, match=f"has no column '{column}'; expected key, name"):
        read_scores(path, "synthetic-v1", KEYS, NAMES)


def test_a_missing_architecture_is_named(tmp_path, score_rows, write_rows):
    rows = [row for row in score_rows() if row["key"] != KEYS[1]]
    path = write_rows(tmp_path / "scores.csv", rows)
    with pytest.raises(ValueError, match=f"no row for {NAMES[1]}, key {KEYS[1]}; it has 371 rows"):
        read_scores(path, "synthetic-v1", KEYS, NAMES)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("snip", "much", "a finite number"),
        ("spectrum", "nan", "a finite number"),
        ("grad_norm", "", "a finite number"),
        ("synflow_seconds", "-1", "a finite number, at least 0"),
    ],
)
def test_a_bad_number_is_named(tmp_path, score_rows, write_rows, column, value, expected):
    rows = [row | {column: value} if row["key"] == KEYS[2] else row for row in score_rows()]
    path = write_rows(tmp_path / "scores.csv", rows)
    with pytest.raises(ValueError, match=f"{column} of {NAMES[2]} is '{value}'; .*{expected}$"):
        read_scores(path, "synthetic-v1", KEYS, NAMES)


def test_scores_of_another_protocol_are_refused(scores_file):
    with pytest.raises(ValueError, match="under 'synthetic-v1'; expected 'core64-v1'"):
        read_scores(scores_file, "core64-v1", KEYS, NAMES)


def test_what_is_no_csv_is_refused(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not CSV"):
        read_scores(path, "synthetic-v1", KEYS, NAMES)


def test_every_score_says_what_it_is_and_why():
    for score in SCORES.values():
        assert score.sign in (1, -1)
        assert score.meaning
        assert score.reason


def test_the_scores_of_core64_are_all_there_and_the_page_is_made_from_them():
    every = list(Space("core64"))
    path = ROOT / "generate" / "results" / "core64-v1-scores.csv"
    found = read_scores(path, "core64-v1", [a.key for a in every], [a.name for a in every])
    assert all(len(set(values)) > 300 for values in found.values.values())
    page = (ROOT / "docs" / "proxy.md").read_text("utf-8")
    assert found.sha256 in page, "make it anew: the command stands on the page"
    assert (ROOT / "docs" / "proxy" / "proxies.png").exists()
