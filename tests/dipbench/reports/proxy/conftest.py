"""Tables and files of scores whose proxies are known to be worth something, or nothing."""

import csv
import io

import pytest

from dipbench.reports.proxy.scores import COLUMNS, SCORES
from dipbench.spaces import Space

DIP_STEPS = [1, 30, 100, 500, 1000]
STEPS = [1, 9, 30, 90]
IMAGES = ("p", "q", "r")
SIXTY = [a for a in Space("core64") if a.upsample == "bilinear" and a.depth < 5]


@pytest.fixture(scope="session")
def world(make_run, make_table):
    """world(folder, test, dip, early, ...): a table of these scores; the folder.

    `test` is called with an architecture, `dip` and `early`, the DIP RMSE at 100 iterations, with
    an architecture and an image. A training takes 90 s, a fit 10 s.
    """

    def make(folder, test, dip, early=None, images=IMAGES, seeds=(0,), **more):
        rows = []
        for a in SIXTY:
            for seed in seeds:
                score = test(a)
                curve = {"step": STEPS, "val_rmse": [score + 50, score + 9, score + 3, score + 1]}
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


@pytest.fixture(scope="session")
def score_rows():
    """score_rows(**scores): a row of the file of scores per architecture, as dictionaries.

    Each score is a function of the architecture, by default constant; each takes 2 s.
    """

    def make(**scores):
        rows = []
        for a in Space("core64"):
            row = {"key": a.key, "name": a.name, "protocol": "synthetic-v1", "seeds": "0 1"}
            row["device"] = "a processor"
            row |= {name: scores.get(name, lambda a: 1.0)(a) for name in SCORES}
            rows.append(row | {f"{name}_seconds": 2.0 for name in SCORES})
        return rows

    return make


@pytest.fixture(scope="session")
def write_rows():
    """write_rows(path, rows, columns): the rows as CSV; the path."""

    def write(path, rows, columns=tuple(COLUMNS)):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def scores_file(tmp_path_factory, score_rows, write_rows):
    """A file in which all architectures have the same scores; read it, never change it."""
    return write_rows(tmp_path_factory.mktemp("scores") / "scores.csv", score_rows())
