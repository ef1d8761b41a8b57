"""``python -m generate gpu-check``: in a few minutes, whether a GPU computes right and how fast.

It prints one table; each line has a figure and, where there is a goal, whether it is reached.
"""

from __future__ import annotations

import itertools
import operator
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch

from dipbench.spaces import Architecture, BaseArchitecture, Space, Unet64
from generate.bench.rates import fits_rate, trainings_rate
from generate.measure.rows import device_name
from generate.measure.side_by_side import compile_for, measure_all
from generate.networks.encoder_decoder import EncoderDecoder
from generate.networks.engines import PRECISIONS, make_networks
from generate.networks.gpu.in_flight import AT_ONCE
from generate.networks.networks import square_error
from generate.photographs.images import Images
from generate.protocols.plan import Unit, balanced, make_plan, sample
from generate.protocols.reading import get
from generate.protocols.settings import Candidate, Protocol
from generate.table.agreement import agreement
from generate.table.shards import Row, read_results, write_shard

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["Check", "Line", "errors", "gpu_check", "report"]

Measured: TypeAlias = Sequence[BaseArchitecture | Candidate]

ROOT = Path(__file__).parents[2]
TESTS = (  # but for compiling, which the first check does
    "tests/generate/networks/gpu",
    "--ignore=tests/generate/networks/gpu/test_compile.py",
    "tests/generate/measure/test_side_by_side.py",
)
TESTS_SECONDS = 120  # at most; kernels that only tests need are compiled on the way
NAME = "d5-s01234-bilinear-w16"
ARCHITECTURES = 16  # of each space, to be timed
FITS_GOAL, MIXED_GOAL = 100_000, 60_000  # instance-iterations per second
TRAININGS_GOAL = 1000 * 1000 * 16 / 200  # 1,000 trainings of 1,000 steps of 16 images in 200 s
# The most that relative errors of outputs and gradients may be.
ERRORS = {"float32": (1e-5, 1e-4), "tf32": (2e-2, 2e-2)}
COMPARED = 4  # architectures whose rows are compared with those of another engine


@dataclass(frozen=True)
class Line:
    """One line of the table; `holds` is None where there is nothing to reach."""

    what: str
    figure: str
    holds: bool | None = None


@dataclass(frozen=True)
class Check:
    """What is checked, one method for each kind.

    Attributes:
        reference: results to compare with; shards lie in a folder named as the protocol.
        seconds: about how long a rate is timed.
    """

    protocol: Protocol
    images: Images
    device: torch.device
    reference: Path
    seconds: float

    def kernels(self) -> Iterator[Line]:
        """Compile what the rates need."""
        started = time.monotonic()
        count = compile_for(self.protocol, [*_core(), *_mixed()], PRECISIONS)
        yield Line("kernels compiled", f"{count} in {time.monotonic() - started:.0f} s")

    def precision(self) -> Iterator[Line]:
        """Errors of outputs and gradients against float64."""
        mixed = _mixed()[-1]
        graphs = {NAME: Architecture.parse(NAME).graph, mixed.name: mixed.graph}
        for (name, graph), precision in itertools.product(graphs.items(), PRECISIONS):
            found = errors(graph, self.protocol.size, self.device, precision)
            figure = "output {:.1e}, gradient {:.1e}".format(*found)
            holds = all(map(operator.lt, found, ERRORS[precision]))
            yield Line(f"{precision}, {name}", figure, holds)

    def tests(self) -> Iterator[Line]:
        """The tests that use a GPU where there is one."""
        command = [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", *TESTS]
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=TESTS_SECONDS
        )
        lines = [line for line in run.stdout.splitlines() if line.strip()] or ["no output"]
        yield Line("tests", lines[-1].strip("= "), run.returncode == 0)

    def bits(self) -> Iterator[Line]:
        """Whether two runs of the same units give the same rows."""
        short = replace(
            self.protocol,
            dip=replace(self.protocol.dip, iterations=60, stop_window=20, recorded=12),
            supervised=replace(self.protocol.supervised, steps=20, recorded=4),
        )
        units = [Unit("", "dip", a, 0, self.images.dip[:2]) for a in _mixed()[:4]]
        units += [Unit("", "supervised", a, 0) for a in _mixed()[:4]]
        first, second = (self._rows(short, units) for _ in range(2))
        same = first == second
        yield Line("the same run gives the same bits", "yes" if same else "no", same)

    def rates(self) -> Iterator[Line]:
        """Both modes over core64, and DIP over a mixed space."""
        steps = max(20, int(TRAININGS_GOAL * self.seconds / (ARCHITECTURES * 3 * 16)))
        where = (self.protocol, self.images, self.device)
        for precision in PRECISIONS:
            for space, of, goal in (
                ("core64", _core(), FITS_GOAL),
                ("unet64", _mixed(), MIXED_GOAL),
            ):
                rate = self._fits(of, precision, self.seconds)
                yield _rated(f"DIP, {space}, {precision}", rate, goal, precision)
            rate = trainings_rate(*where, _core(), steps, precision)
            yield _rated(f"trainings, core64, {precision}", rate, TRAININGS_GOAL, precision)

    def agrees(self) -> Iterator[Line]:
        """Rows of a sample against those that another engine has measured."""
        reference = read_results(self.reference / self.protocol.name, self.protocol)
        names = {a.name for a in sample(self.protocol, COMPARED)}
        units = [
            unit
            for unit in make_plan(self.protocol)
            if unit.architecture.name in names and unit.id in reference.units
        ]
        for precision in PRECISIONS:
            with tempfile.TemporaryDirectory() as folder:
                measured = measure_all(self.protocol, units, self.images, self.device, precision)
                for unit, rows in measured:
                    write_shard(Path(folder), self.protocol, {unit.id: rows})
                found = agreement(read_results(Path(folder), self.protocol), reference)
            for one in found:
                figure = f"{one.difference:+.3f} ± {one.error:.3f}, {one.runs} runs"
                yield Line(f"agrees, {precision}, {one.mode} {one.score}", figure, one.agrees)

    def choices(self) -> Iterator[Line]:
        """What is still a choice: how many architectures run in turns."""
        for count in (4, 8, 16):
            rate = self._fits(_mixed(), "float32", self.seconds / 2, count)
            yield Line(f"DIP, unet64, {count} at once", f"{rate:,.0f} per second")

    def _fits(self, of: Measured, precision: str, seconds: float, at_once: int = AT_ONCE) -> float:
        iterations = int(FITS_GOAL * seconds / (len(of) * 24))
        where = (self.protocol, self.images, self.device)
        return fits_rate(*where, of, iterations, precision, at_once)

    def _rows(self, protocol: Protocol, units: Sequence[Unit]) -> dict[str, list[Row]]:
        found = measure_all(protocol, units, self.images, self.device)
        return {
            unit.id: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
            for unit, rows in found
        }


def gpu_check(check: Check, minutes: float) -> Iterator[Line]:
    """Run all checks in turn, the most important first, as long as `minutes` are not over."""
    started = time.monotonic()
    name = f"{device_name(check.device)}, torch {torch.__version__}"
    yield Line("device", name)
    kinds: list[Callable[[], Iterable[Line]]] = [
        check.kernels,
        check.precision,
        check.bits,
        check.rates,
        check.agrees,
        check.tests,
        check.choices,
    ]
    for kind in kinds:
        if time.monotonic() - started > 60 * minutes:
            yield Line(kind.__name__, "not run: the minutes are over", False)
            continue
        try:
            yield from kind()
        except Exception as error:  # the other checks are to be seen all the same
            text = f"{type(error).__name__}: {error}"
            yield Line(kind.__name__, text.partition("\n")[0], False)


def errors(graph: Graph, size: int, device: torch.device, precision: str) -> tuple[float, float]:
    """Relative errors of outputs and gradients against float64: medians over five networks.

    Not means, for a value within rounding of the kink of LeakyReLU may fall on either side, which
    moves the gradients of about one deep network in forty by a thousandth.
    """
    channels, copies = 16, 5
    ours_rngs, exact_rngs = ([np.random.default_rng(k) for k in range(copies)] for _ in range(2))
    ours = make_networks(graph, channels, ours_rngs, device, precision=precision)
    exact = EncoderDecoder(graph, channels, exact_rngs).to(device, torch.float64)
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(1, copies * channels, size, size, generator=draw).to(device)
    target = torch.rand(1, copies, size, size, generator=draw).to(device)
    found = ours.gradients(x, square_error(target)).double()
    wanted = exact.gradients(x.double(), square_error(target.double()))
    gradients = (_gradients(networks.parameters(), copies) for networks in (ours, exact))
    return _error(found[0].flatten(1), wanted[0].flatten(1)), _error(*gradients)


def _gradients(parameters: Iterable[torch.nn.Parameter], copies: int) -> torch.Tensor:
    """Shape (copies, weights of a copy)."""
    given = [p.grad.view(copies, -1).double() for p in parameters if p.grad is not None]
    return torch.cat(given, 1)


def _error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """The median over copies, which are rows."""
    return float(((found - wanted).norm(dim=1) / wanted.norm(dim=1)).median())


def _core() -> Measured:
    return sample(get("core64-v1"), ARCHITECTURES)


def _mixed() -> Measured:
    space = Space("unet64")
    assert isinstance(space, Unet64)
    return list(itertools.islice(balanced(space, np.random.default_rng(0)), ARCHITECTURES))


def _rated(what: str, rate: float, goal: float, precision: str) -> Line:
    """The goals are those of float32."""
    return Line(what, f"{rate:,.0f} per second", rate >= goal if precision == "float32" else None)


def report(line: Line) -> str:
    """For people."""
    answer = {True: "holds", False: "FAILS", None: ""}[line.holds]
    return f"{line.what:<46}{line.figure:<46}{answer}".rstrip()
