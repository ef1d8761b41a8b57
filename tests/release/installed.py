"""The wheel alone, in a new environment on each Python, away from the checkout."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests.release.command import ROOT, CheckFailed, run

__all__ = ["tried"]

NAME = "d3-s012-bilinear-w16"
# In an environment of its own, away from the checkout. The examples are those of the README.
TRY = """
import doctest, sys
from importlib.metadata import version
from pathlib import Path

import dipbench

assert Path(dipbench.__file__).is_relative_to(sys.prefix), dipbench.__file__
result = dipbench.query(sys.argv[1])
for name in dipbench.tables():
    assert dipbench.load(protocol=name).protocol == name
failed, tried = doctest.testfile(sys.argv[2], module_relative=False)
print(
    f"{len(dipbench.tables())} tables, query {result.supervised_rmse:.2f}, {tried} examples of the "
    f"README, with", ", ".join(f"{n} {version(n)}" for n in ("numpy", "pandas", "pyarrow"))
)
sys.exit(failed > 0)
"""


def tried(python: str, dist: Path) -> str | None:
    """Install the wheel alone on a Python and use it; None where that Python cannot be had."""
    (wheel,) = dist.glob("*.whl")
    uv = (sys.executable, "-m", "uv", "--quiet")
    with tempfile.TemporaryDirectory(prefix="dipbench-") as temporary:
        away, venv = Path(temporary, "away"), Path(temporary, "venv")
        away.mkdir()
        try:
            run(*uv, "venv", "--python", python, venv)
        except CheckFailed:
            return None
        interpreter, command = venv / "bin" / "python", venv / "bin" / "dipbench"
        run(*uv, "pip", "install", "--python", interpreter, wheel)
        shutil.copy(ROOT / "README.md", away)
        cache = {"DIPBENCH_CACHE": str(away / "cache"), "HF_HUB_OFFLINE": "1"}
        said = run(interpreter, "-c", TRY, NAME, "README.md", cwd=away, **cache)
        shown = run(command, "query", NAME, cwd=away, **cache)
        score = re.search(r"^supervised_rmse +(\S+)", shown, re.MULTILINE)
        if score is None or f"query {float(score[1]):.2f}" not in said:
            raise CheckFailed(f"dipbench query prints another score: {shown}")
        number = run(interpreter, "-c", "import platform; print(platform.python_version())")
        return f"{number}: {run(command, '--version', cwd=away)}, {said}"
