"""An architecture of ``core64`` as named parameters, the form in which tuners propose one.

The parameters are ``depth``, ``skip0`` to ``skip4``, ``upsample`` and ``width``. The skip of a
level is a parameter only where the network has that level, so ``skip3`` needs ``depth`` 4 or 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dipbench.errors import InvalidArchitecture
from dipbench.spaces.space import DEPTHS, UPSAMPLES, WIDTHS, Architecture

if TYPE_CHECKING:
    from dipbench.nas.problem import Evaluation, Problem

__all__ = ["Choices", "from_parameters", "members", "stepwise", "switched", "to_parameters"]

SKIPS = {f"skip{level}": level for level in range(max(DEPTHS))}
NAMES = ("depth", *SKIPS, "upsample", "width")


@dataclass(frozen=True)
class Choices:
    """The values that the parameters may take; by default all of the space.

    Attributes:
        depths, upsamples, widths: in ascending order, or in that of the space.
    """

    depths: tuple[int, ...] = DEPTHS
    upsamples: tuple[str, ...] = UPSAMPLES
    widths: tuple[int, ...] = WIDTHS

    @classmethod
    def of(cls, problem: Problem) -> Choices:
        """Those that some architecture of `problem` takes.

        A table, or a choice among its architectures, that is not the whole space may still
        lack some of the architectures that they make.

        Raises:
            ValueError: as `members`.
        """
        found = members(problem)
        return cls(
            depths=tuple(d for d in DEPTHS if any(a.depth == d for a in found)),
            upsamples=tuple(u for u in UPSAMPLES if any(a.upsample == u for a in found)),
            widths=tuple(w for w in WIDTHS if any(a.width == w for a in found)),
        )

    @property
    def skips(self) -> Mapping[str, int]:
        """The levels of all skips that there may be, by parameter."""
        return {name: level for name, level in SKIPS.items() if level < max(self.depths)}


def members(problem: Problem) -> set[Architecture]:
    """The architectures of a problem, which must be of ``core64``.

    Raises:
        ValueError: they are graphs of one's own, which have no parameters.
    """
    found = {a for a in problem.architectures if isinstance(a, Architecture)}
    if not found:
        raise ValueError(f"{problem!r} is of graphs of one's own; expected the space core64")
    return found


def to_parameters(architecture: Architecture) -> dict[str, Any]:
    """The parameters of an architecture, among them the skips of the levels that it has."""
    own = {name: level for name, level in SKIPS.items() if level < architecture.depth}
    return {
        "depth": architecture.depth,
        **{name: level in architecture.skips for name, level in own.items()},
        "upsample": architecture.upsample,
        "width": architecture.width,
    }


def from_parameters(parameters: Mapping[str, Any]) -> Architecture:
    """The architecture of `parameters`, Python's or numpy's values; no parameter, no skip.

    Raises:
        InvalidArchitecture: a parameter is missing, unknown or out of range, or a skip is set
            at a level that the network does not have.
    """
    unknown = [name for name in parameters if name not in NAMES]
    if unknown:
        raise InvalidArchitecture(f"unknown parameter {unknown[0]!r}; expected {', '.join(NAMES)}")
    for name in NAMES:
        if name not in parameters and name not in SKIPS:
            raise InvalidArchitecture(f"parameter {name!r} is missing")
        if name in SKIPS and parameters.get(name, False) not in (True, False):
            raise InvalidArchitecture(f"{name} is {parameters[name]!r}; expected True or False")
    upsample = parameters["upsample"]
    return Architecture(
        depth=parameters["depth"],
        skips=tuple(level for name, level in SKIPS.items() if parameters.get(name, False)),
        upsample=str(upsample) if isinstance(upsample, str) else upsample,
        width=parameters["width"],
    )


def switched(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """`parameters` with the skips off at levels that the network does not have.

    For tuners that always set every parameter: this tells which settings mean the same.
    """
    absent = {name for name, level in SKIPS.items() if level >= parameters["depth"]}
    return {name: False if name in absent else value for name, value in parameters.items()}


def stepwise(
    problem: Problem, architecture: Architecture, steps: Sequence[int]
) -> Iterator[Evaluation]:
    """One run, judged at each of `steps` and paid for as far as it went.

    Raises:
        BudgetExceeded, NotInTable, ValueError: as `Problem.evaluate`, at the step concerned.
    """
    seed = None
    for step in steps:
        evaluation = problem.evaluate(architecture, step, seed=seed)
        yield evaluation
        seed = evaluation.seed if problem.seed == "random" else None
