"""Folders for what takes long: checked first, and not left empty."""

import pytest

from dipbench.files import output_folder
from dipbench.threads import one_thread


def test_the_folder_is_made_and_stays(tmp_path):
    with output_folder(tmp_path / "a" / "b") as folder:
        assert list(folder.iterdir()) == []
        (folder / "x").write_text("y")
    assert (tmp_path / "a" / "b" / "x").read_text() == "y"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_folders_that_were_made_for_nothing_are_removed(tmp_path, error):
    with pytest.raises(error), output_folder(tmp_path / "a" / "b"):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_stays(tmp_path):
    def begin():
        with output_folder(tmp_path / "a" / "b") as folder:
            (folder / "x").write_text("y")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        begin()
    assert (tmp_path / "a" / "b" / "x").exists()


def test_a_file_in_its_place_is_an_error_before_anything(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="a"), output_folder(tmp_path / "a" / "b"):
        pytest.fail("entered")


def test_threads_are_held_and_given_back():
    info = pytest.importorskip("threadpoolctl").threadpool_info
    before = [library["num_threads"] for library in info()]
    with one_thread():
        assert {library["num_threads"] for library in info()} <= {1}
    assert [library["num_threads"] for library in info()] == before


def test_empty_folders_made_in_the_block_go_too(tmp_path):
    (tmp_path / "a" / "old").mkdir(parents=True)

    def begin():
        with output_folder(tmp_path / "a") as folder:
            (folder / "new").mkdir()
            (folder / "kept").mkdir()
            (folder / "kept" / "file").write_text("done")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"old", "kept"}
