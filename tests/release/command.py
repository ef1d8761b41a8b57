"""A check that fails, and the commands that checks run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

__all__ = ["ROOT", "CheckFailed", "fail_with", "run"]

ROOT = Path(__file__).parents[2]


class CheckFailed(Exception):
    """A check that failed, and why, in a line or more."""


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Standard output of a command, without the checkout on Python's path.

    Raises:
        CheckFailed: it ended with another status than 0.
    """
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=kept | environment, capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise CheckFailed(f"{' '.join(map(str, command[:6]))}: {said or done.returncode}")
    return done.stdout.strip()


def fail_with(problems: Iterable[str]) -> None:
    """Raise `CheckFailed` if there are any."""
    if text := "; ".join(problems):
        raise CheckFailed(text)
