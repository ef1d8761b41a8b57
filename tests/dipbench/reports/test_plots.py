"""Figures: real images with one point per architecture that has both scores."""

import subprocess
import sys

import matplotlib.axes
import matplotlib.image
import pytest

from dipbench import load
from dipbench.reports.plots import COLOURS, scatter, scatter_plots

MISSING = "matplotlib is not installed; expected pip install 'dipbench"


@pytest.fixture
def scatters(monkeypatch):
    """What Axes.scatter was called with: x, y and the colours."""
    calls, original = [], matplotlib.axes.Axes.scatter

    def spy(self, x, y, **options):
        calls.append((list(x), list(y), options.get("c")))
        return original(self, x, y, **options)

    monkeypatch.setattr(matplotlib.axes.Axes, "scatter", spy)
    return calls


@pytest.fixture
def texts(monkeypatch):
    """The titles and axis labels that are drawn."""
    said = []
    for method in ("set_title", "set_xlabel", "set_ylabel"):
        monkeypatch.setattr(
            matplotlib.axes.Axes, method, lambda self, text, **options: said.append(text)
        )
    return said


def test_three_images_are_drawn(table, tmp_path):
    paths = scatter_plots(table, tmp_path / "a" / "plots")
    assert [path.name for path in paths] == ["scatter.png", "scatter-depth.png", "scatter-slc.png"]
    assert sorted((tmp_path / "a" / "plots").iterdir()) == sorted(paths)
    for path in paths:
        pixels = matplotlib.image.imread(path)
        assert min(pixels.shape[:2]) > 400
        assert pixels[..., :3].min() < 0.5 < pixels[..., :3].max()


def test_images_differ_by_their_colours(table, tmp_path):
    drawn = {path.read_bytes() for path in scatter_plots(table, tmp_path)}
    assert len(drawn) == 3


def test_points_are_the_architectures_with_both_scores(table, tmp_path, scatters):
    scatter_plots(table, tmp_path)
    assert len(scatters) == 3
    for x, y, _ in scatters:
        assert sorted(zip(x, y, strict=True)) == [(12, 16), (12, 26.5)]


@pytest.mark.parametrize(("colour", "expected"), [("depth", {1: 26.5, 2: 16}), ("slc", None)])
def test_points_are_coloured_by_their_feature(table, tmp_path, scatters, colour, expected):
    scatter(table, tmp_path / "image.png", colour)
    ((_, y, colours),) = scatters
    expected = expected or {1: 26.5, 0: 16}
    assert dict(zip(colours, y, strict=True)) == expected


def test_plain_points_have_one_colour(table, tmp_path, scatters):
    scatter(table, tmp_path / "image.png")
    assert scatters[0][2] is None


def test_title_and_labels_say_count_and_unit(table, tmp_path, texts):
    scatter(table, tmp_path / "image.png")
    assert "synthetic-v1: 2 architectures" in texts
    labels = [text for text in texts if "RMSE" in text]
    assert len(labels) == 2
    assert all("grey levels" in label for label in labels)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_single_point_can_be_drawn(make_run, make_table, tmp_path, colour):
    name = "d3-s1-bilinear-w8"
    runs = [make_run(name, "supervised", 0, 9.0), make_run(name, "dip", 0, 11.0, "camera-a")]
    path = scatter(load(make_table(tmp_path, runs=runs)), tmp_path / "one.png", colour)
    assert matplotlib.image.imread(path).shape[0] > 400


@pytest.mark.parametrize(("suffix", "start"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_suffix_decides_the_format(table, tmp_path, suffix, start):
    path = scatter(table, str(tmp_path / f"image.{suffix}"))
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("colour", ["width", "", "SLC"])
def test_unknown_colour_is_refused_before_anything_is_written(table, tmp_path, colour):
    with pytest.raises(ValueError, match=f"colour is {colour!r}; expected one of depth, slc"):
        scatter(table, tmp_path / "image.png", colour)
    assert not list(tmp_path.iterdir())


def test_table_without_both_scores_is_refused(make_run, make_table, tmp_path):
    runs = [make_run("d1-s-bilinear-w8", "supervised", 0, 9.0)]
    table = load(make_table(tmp_path / "table", runs=runs))
    with pytest.raises(ValueError, match="synthetic-v1: 1 architectures> has no architecture with"):
        scatter(table, tmp_path / "image.png")
    assert not (tmp_path / "image.png").exists()


def test_table_of_no_rows_is_refused(make_table, tmp_path):
    with pytest.raises(ValueError, match="nothing to draw"):
        scatter(load(make_table(tmp_path, runs=[])), tmp_path / "image.png")


def test_without_matplotlib_the_message_says_what_to_install(table, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=MISSING):
        scatter(table, tmp_path / "image.png")
    assert not list(tmp_path.iterdir())


def test_no_global_figure_no_backend_no_window(table_folder, tmp_path):
    script = (
        "import sys\n"
        "from dipbench import load\n"
        "from dipbench.reports.plots import scatter_plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "scatter_plots(load(sys.argv[1]), sys.argv[2])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script, table_folder, tmp_path], check=True)
    assert len(list(tmp_path.iterdir())) == 3
