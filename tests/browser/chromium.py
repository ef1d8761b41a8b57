"""A browser and a running service, for the tests and for the pictures of the documentation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def executable() -> str | None:
    """The Chromium to use: ``DIPBENCH_CHROMIUM``, else one on the path; None if there is none."""
    return os.environ.get("DIPBENCH_CHROMIUM") or next(filter(None, map(which, NAMES)), None)


@contextmanager
def launched() -> Iterator[Any]:
    """A headless browser, as a `playwright.sync_api.Browser`.

    It visits nothing but the service on this machine, so it does without its sandbox, which needs
    rights that a container seldom has.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def served() -> Iterator[str]:
    """The address of ``python -m api`` with the embedded tables, on a free port."""
    command = [sys.executable, "-m", "api", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+", line)
            if found is None:
                raise RuntimeError(f"the service said {line!r}; expected its address")
            yield found[0]
        finally:
            process.terminate()
            process.wait(timeout=30)
