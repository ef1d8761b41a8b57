"""Tables and files of scores whose proxies are known to be worth something, or nothing."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from dipbench.reports.proxy.scores import COLUMNS, SCORES
from dipbench.spaces import Architecture, Core64

Run: TypeAlias = dict[str, Any]  # a row of values by column

DIP_STEPS = [1, 30, 100, 500, 1000]
STEPS = [1, 9, 30, 90]
IMAGES = ("p", "q", "r")
SIXTY = [a for a in Core64() if a.upsample == "bilinear" and a.depth < 5]


@pytest.fixture(scope="session")
def world(make_run: Callable[..., Run], make_table: Callable[..., Path]) -> Callable[..., Path]:
    """world(folder, test, dip, early, ...): a table of these scores; the folder.

    `test` is called with an architecture, `dip` and `early`, the DIP RMSE at 100 iterations, with
    an architecture and an image. A training takes 90 s, a fit 10 s.
    """

    def make(
        folder: Path,
        test: Callable[[Architecture], float],
        dip: Callable[[Architecture, str], float],
        early: Callable[[Architecture, str], float] | None = None,
        images: Sequence[str] = IMAGES,
        seeds: Sequence[int] = (0,),
        **more: Any,
    ) -> Path:
        rows = []
        for a in SIXTY:
            for seed in seeds:
                score = test(a)
                curve: dict[str, Any] = {
                    "step": STEPS,
                    "val_rmse": [score + 50, score + 9, score + 3, score + 1],
                }
                rows.append(
                    make_run(a.name, "supervised", seed, score, curve=curve, seconds=90.0, **more)
                )
                for image in images:
                    peak = dip(a, image)
                    at_100 = peak + 5 if early is None else early(a, image)
                    raw = [60.0, 50.0, at_100, peak, peak + 4]
                    others = ("rmse_noisy", "averaged_rmse", "averaged_rmse_noisy")
                    curve = {"step": DIP_STEPS, "rmse": raw} | dict.fromkeys(others, raw)
                    rows.append(
                        make_run(a.name, "dip", seed, peak, image, curve=curve, seconds=10.0)
                    )
        return make_table(folder, runs=sorted(rows, key=lambda run: run["key"]))

    return make


def _one(a: Architecture) -> float:
    return 1.0


@pytest.fixture(scope="session")
def score_rows() -> Callable[..., list[Run]]:
    """score_rows(**scores): a row of the file of scores per architecture, as dictionaries.

    Each score is a function of the architecture, by default constant; each takes 2 s.
    """

    def make(**scores: Callable[[Architecture], float]) -> list[Run]:
        rows = []
        for a in Core64():
            row: Run = {"key": a.key, "name": a.name, "protocol": "synthetic-v1", "seeds": "0 1"}
            row["device"] = "a processor"
            row |= {name: scores.get(name, _one)(a) for name in SCORES}
            rows.append(row | {f"{name}_seconds": 2.0 for name in SCORES})
        return rows

    return make


@pytest.fixture(scope="session")
def write_rows() -> Callable[..., Path]:
    """write_rows(path, rows, columns): the rows as CSV; the path."""

    def write(path: Path, rows: Sequence[Run], columns: Sequence[str] = tuple(COLUMNS)) -> Path:
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def scores_file(
    tmp_path_factory: pytest.TempPathFactory,
    score_rows: Callable[..., list[Run]],
    write_rows: Callable[..., Path],
) -> Path:
    """A file in which all architectures have the same scores; read it, never change it."""
    return write_rows(tmp_path_factory.mktemp("scores") / "scores.csv", score_rows())
