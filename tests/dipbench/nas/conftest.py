"""Tables to search: a whole small one, one with holes, and one of own graphs."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from dipbench.spaces import Architecture, Core64
from dipbench.table.table import Table

Run: TypeAlias = dict[str, Any]  # a row of runs, with its curve

# Twelve that edits connect: depths 1 to 3 with and without a skip connection at level 0.
NAMES = [
    a.name for a in Core64() if a.upsample == "bilinear" and a.depth <= 3 and set(a.skips) <= {0}
]


def _score(name: str) -> float:
    """SLC decides, then depth and width; no two are equal."""
    a = Architecture.parse(name)
    return 10.0 + 4 * a.slc + 0.5 * a.depth + (a.width == 8)


def _make_runs(
    make_run: Callable[..., Run],
    names: Iterable[str],
    seeds: Sequence[int] = (0, 1),
    images: Sequence[str] = ("camera-a", "camera-b"),
) -> list[Run]:
    """Both seeds of both modes; a training takes 4 s per level, a fit 1 s."""
    runs: list[Run] = []
    for name in names:
        a, score = Architecture.parse(name), _score(name)
        trainings = [make_run(name, "supervised", s, score + s / 8) for s in seeds]
        fits = [
            make_run(name, "dip", s, 30 - a.depth + s, image) for s in seeds for image in images
        ]
        runs += [run | {"seconds": 4.0 * a.depth} for run in trainings]
        runs += [run | {"seconds": 1.0 * a.depth} for run in fits]
    return runs


@pytest.fixture(scope="session")
def make_searchable(
    tmp_path_factory: pytest.TempPathFactory,
    make_run: Callable[..., Run],
    make_table: Callable[..., Path],
) -> Callable[..., Table]:
    """make_searchable(names): a table of all runs of these architectures."""

    def make(names: Iterable[str], **changes: Any) -> Table:
        runs = _make_runs(make_run, names, **changes)
        return Table.read(make_table(tmp_path_factory.mktemp("searchable"), runs))

    return make


@pytest.fixture(scope="session")
def small_folder(
    tmp_path_factory: pytest.TempPathFactory,
    make_run: Callable[..., Run],
    make_table: Callable[..., Path],
) -> Path:
    """The folder of a table of twelve architectures, two seeds of either mode, two images."""
    return make_table(tmp_path_factory.mktemp("small"), _make_runs(make_run, NAMES))


@pytest.fixture(scope="session")
def small(small_folder: Path) -> Table:
    """That table."""
    return Table.read(small_folder)


@pytest.fixture(scope="session")
def holey(
    tmp_path_factory: pytest.TempPathFactory,
    make_run: Callable[..., Run],
    make_table: Callable[..., Path],
) -> Table:
    """Architectures far apart; of some one seed, no training, a diverged one, or no fit."""
    far = ["d1-s-bilinear-w8", "d3-s02-nearest-w16", "d5-s-transposed-w8", "d1-s0-bilinear-w8"]
    runs = _make_runs(make_run, far[:2])
    runs += _make_runs(make_run, far[2:3], seeds=(1,))
    runs += _make_runs(make_run, far[3:], images=())
    runs.append(make_run("d2-s-bilinear-w8", "dip", 0, 20.0, "camera-a"))
    runs.append(make_run("d2-s0-bilinear-w8", "supervised", 0, None))
    runs.append(make_run("d2-s1-bilinear-w8", "supervised", 0, 9.0))
    runs.append(make_run("d2-s1-bilinear-w8", "supervised", 1, None))
    runs.append(make_run("d2-s1-bilinear-w8", "dip", 0, 20.0, "camera-a"))
    return Table.read(make_table(tmp_path_factory.mktemp("holey"), runs))


@pytest.fixture(scope="session")
def own_graphs(
    tmp_path_factory: pytest.TempPathFactory,
    make_run: Callable[..., Run],
    make_rows: Callable[..., dict[str, list[Run]]],
    make_table: Callable[..., Path],
) -> Table:
    """Four networks of a space that has no notation."""
    rows = make_rows(_make_runs(make_run, NAMES[:4]))
    for file in rows.values():
        for row in file:
            row |= {
                column: None for column in ("name", "skips", "upsample", "width") if column in row
            }
    folder = tmp_path_factory.mktemp("own")
    return Table.read(make_table(folder, rows=rows, space="mine"))
