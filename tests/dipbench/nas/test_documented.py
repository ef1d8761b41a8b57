"""The numbers that docs/nas.md states in a table are those of the problems."""

import re
from pathlib import Path
from typing import Any

import pytest

from dipbench.nas import Problem

PAGE = Path(__file__).parents[3] / "docs" / "nas.md"
PROBLEMS: dict[str, dict[str, Any]] = {
    "test RMSE": {},
    "test RMSE, at most 5 million MACs": {"max_macs": 5e6},
    "test RMSE, at most 8 million MACs": {"max_macs": 8e6},
    "DIP averaged peak": {"objectives": "dip_averaged_rmse", "report": "dip_averaged_rmse"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "measured": {},
    "predicted": {"space": "core64"},
    "predicted in unet64": {"space": "unet64"},
}
OF_UNET64: dict[str, dict[str, Any]] = {
    "test RMSE": {},
    "test RMSE, at most 8 million MACs": {"max_macs": 8e6},
    "test RMSE, at most 20 million MACs": {"max_macs": 2e7},
    "DIP averaged peak": PROBLEMS["DIP averaged peak"],
}
SLOW = OF_UNET64.keys() - {"test RMSE, at most 8 million MACs"}  # many millions


def rows():
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found = re.fullmatch("(.*), (measured|predicted|predicted in unet64)", cells[0])
        if found and len(cells) == 5:
            slow = found[2] == "predicted in unet64" and found[1] in SLOW
            marks = [pytest.mark.slow] if slow else []
            yield pytest.param(found[1], found[2], cells[1:], marks=marks)


def test_every_problem_is_there_measured_and_predicted():
    named = [tuple(row.values[:2]) for row in rows()]
    assert named == [
        *((problem, answers) for problem in PROBLEMS for answers in list(ANSWERS)[:2]),
        *((problem, "predicted in unet64") for problem in OF_UNET64),
    ]


@pytest.mark.parametrize(("problem", "answers", "stated"), list(rows()))
def test_how_hard_each_is(problem, answers, stated):
    asked = (OF_UNET64 if answers == "predicted in unet64" else PROBLEMS)[problem]
    found = Problem(**asked, **ANSWERS[answers]).difficulty
    assert found
    best = f"{found.rules[0].name}, {found.rules[0].regret:.3f}"
    assert stated == [str(found.architectures), str(found.tied), f"{found.draws:.1f}", best]
