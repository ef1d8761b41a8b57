"""Tests of the library on several Pythons, each at the newest and lowest versions of what it needs.

`make versions` runs them on Python 3.11 to 3.14. What is installed is the library with its extras
`plot` and `nas`, which uv resolves by the bounds of pyproject.toml; uv finds or downloads the
interpreters, too. A Python that cannot be had is named and does not count as run.

What runs is what versions matter to: dataclasses and pickle, Parquet, pandas, numpy, networkx,
the command line, problems, comparisons and plots. What does not run: laws of graphs and of the
space unet64, which thousands of examples test and no version changes; long statistics; tests with
the marker `slow`; what needs torch, the service or the adapters.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = {"highest": "newest", "lowest-direct": "lowest"}
TOOLS = ("pytest>=8", "hypothesis>=6.130")
TESTS = (
    "graphs/test_dag.py",
    "graphs/test_features.py",
    "graphs/test_nodelink.py",
    "nas/test_clock.py",
    "nas/test_comparison.py",
    "nas/test_problem.py",
    "nas/test_ranking.py",
    "reports/test_plots.py",
    "spaces/test_core64.py",
    "spaces/test_sizes.py",
    "spaces/test_space.py",
    "table",
    "test_arguments.py",
    "test_cli.py",
    "test_files.py",
    "test_import.py",
    "test_lookup.py",
    "test_program.py",
    "test_travel.py",
)
# What describes a data set for publication is checked with validators of their own.
LEFT_OUT = "tests/dipbench/table/test_data_set.py"
SHOWN = (
    "numpy",
    "networkx",
    "pandas",
    "pyarrow",
    "huggingface_hub",
    "matplotlib",
    "scipy",
    "scikit-learn",
)
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
    checked(uv(*install, "--resolution", resolution, "-e", ".[plot,nas]"))
    # The test tools must not lift what was resolved.
    checked(uv(*install, *TOOLS))
    listed = subprocess.run(
        [interpreter, "-c", LIST % (SHOWN,)], capture_output=True, text=True, check=True
    )
    print(f"Python {python}, {RESOLUTIONS[resolution]}: {listed.stdout.strip()}", flush=True)
    tests = [f"tests/dipbench/{test}" for test in TESTS]
    command = [str(interpreter), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    if resolution != "highest":
        # Old packages use what newer ones below them deprecate; that is no fault of ours.
        command += ["-W", "ignore::DeprecationWarning"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([*command, f"--ignore={LEFT_OUT}", *options], cwd=ROOT, env=environment)
    return done.returncode


def parsed(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and after ``--`` those of pytest."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "pythons",
        nargs="*",
        default=PYTHONS,
        metavar="PYTHON",
        help=f"versions or paths of interpreters (default: {' '.join(PYTHONS)}); what stands after "
        "-- goes to pytest, such as: -- -k nodelink",
    )
    parser.add_argument(
        "--only", choices=tuple(RESOLUTIONS.values()), help="one of the two (default: both)"
    )
    return parser.parse_args(arguments[:cut]), arguments[cut + 1 :]


def main(arguments: list[str]) -> int:
    asked, options = parsed(arguments)
    found = {}
    for python in asked.pythons:
        for resolution, called in RESOLUTIONS.items():
            if asked.only in (None, called):
                with tempfile.TemporaryDirectory(prefix="dipbench-") as temporary:
                    status = run(python, resolution, Path(temporary, "venv"), options)
                found[python, called] = status
    words = {None: "not to be had", 0: "passed"}
    for (python, called), status in found.items():
        print(f"Python {python}, {called}: {words.get(status, 'FAILED')}")
    return int(any(found.values()) or not any(status == 0 for status in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
