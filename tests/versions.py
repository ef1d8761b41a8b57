"""The library's own tests on every Python that can be had, at the newest and lowest requirements.

``make versions`` runs them; ``python tests/versions.py 3.13`` or a path of an interpreter runs
them on that one, and what stands after ``--`` goes to pytest, such as ``-- -k nodelink``. uv finds
or downloads the interpreters and solves for the lowest versions that `pyproject.toml` promises. A
Python that cannot be had is named and does not count as run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = ("highest", "lowest-direct")
TOOLS = ("pytest>=8", "hypothesis>=6.100")
# What needs the five requirements alone; search and reports have extras of their own.
TESTS = ("graphs", "spaces", "table", "test_lookup.py", "test_travel.py", "test_import.py")
# What describes a data set for publication is checked with validators of their own.
LEFT_OUT = "tests/dipbench/table/test_data_set.py"
SHOWN = ("numpy", "networkx", "pandas", "pyarrow", "huggingface_hub")
LIST = "import importlib.metadata as m; print(*[f'{n} {m.version(n)}' for n in %r], sep=', ')"


def uv(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "uv", "--quiet", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def checked(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        raise SystemExit(done.stderr.strip())


def run(python: str, resolution: str, folder: Path, options: list[str]) -> int | None:
    """The exit status of the tests; None where the interpreter cannot be had."""
    made = uv("venv", "--python", python, folder)
    if made.returncode:
        print(f"Python {python}: not to be had here ({made.stderr.strip().splitlines()[-1]})")
        return None
    interpreter = folder / "bin" / "python"
    install = ("pip", "install", "--python", interpreter)
    checked(uv(*install, "--resolution", resolution, "-e", "."))
    # The test tools must not lift what was resolved.
    checked(uv(*install, *TOOLS))
    listed = subprocess.run(
        [interpreter, "-c", LIST % (SHOWN,)], capture_output=True, text=True, check=True
    )
    print(f"Python {python}, {resolution}: {listed.stdout.strip()}", flush=True)
    tests = [f"tests/dipbench/{test}" for test in TESTS]
    command = [
        interpreter,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *tests,
        f"--ignore={LEFT_OUT}",
        *options,
    ]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def main(arguments: list[str]) -> int:
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    pythons, options = arguments[:cut] or list(PYTHONS), arguments[cut + 1 :]
    found = {}
    for python in pythons:
        for resolution in RESOLUTIONS:
            with tempfile.TemporaryDirectory(prefix="dipbench-") as temporary:
                found[python, resolution] = run(
                    python, resolution, Path(temporary, "venv"), options
                )
    words = {None: "not to be had", 0: "passed"}
    for (python, resolution), status in found.items():
        print(f"{python:<8}{resolution:<16}{words.get(status, 'FAILED')}")
    return int(any(found.values()) or not any(status == 0 for status in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
