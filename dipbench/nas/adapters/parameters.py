"""Architectures as parameters, which is what tuners propose.

The parameters are the dimensions of a space. In ``core64`` they are ``depth``, ``upsample``,
``width``, and for each level ``skip0``, ``skip1`` ... whether it has a skip connection. Those of
levels that the network does not have are not set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dipbench.spaces import BaseArchitecture, Dimension, Space

if TYPE_CHECKING:
    from dipbench.nas.problem import Evaluation, Problem

__all__ = [
    "Choices",
    "Waiting",
    "from_parameters",
    "members",
    "stepwise",
    "switched",
    "to_parameters",
]


@dataclass(frozen=True)
class Choices:
    """The parameters of some architectures of a space, and the values that they take.

    Attributes:
        space: whose architectures are meant.
        dimensions: those of the space, with the values that may be chosen.
    """

    space: Space[Any]
    dimensions: tuple[Dimension, ...]

    @classmethod
    def all_of(cls, space: str | Space[Any]) -> Choices:
        """All values of all dimensions of a space."""
        return cls(_named(space), _named(space).dimensions)

    @classmethod
    def of(cls, problem: Problem) -> Choices:
        """The values that some architecture of `problem` takes.

        Those are all of its space where that is too large to be listed. Else parameters that
        only deeper networks have are left out; what the others may be is not
        narrowed down, and a table, or a choice among its architectures, that is not the whole
        space may lack some of the architectures that the parameters make.

        Raises:
            ValueError: as `members`.
        """
        space = _space(problem)
        if not problem.listed:
            return cls(space, space.dimensions)
        found = members(problem)
        deepest = max(a.depth for a in found)
        settings = [space.parameters(a) for a in found]

        def taken(dimension: Dimension) -> Dimension:
            if dimension.from_depth:
                return dimension
            used = {setting[dimension.name] for setting in settings}
            return replace(dimension, values=tuple(v for v in dimension.values if v in used))

        kept = [d for d in space.dimensions if d.from_depth <= deepest]
        return cls(space, tuple(taken(dimension) for dimension in kept))


def to_parameters(architecture: BaseArchitecture) -> dict[str, Any]:
    """The parameters of an architecture: those that a network of its depth has."""
    return Space(architecture.space).parameters(architecture)


def from_parameters(
    parameters: Mapping[str, Any], space: str | Space[Any] = "core64"
) -> BaseArchitecture:
    """The architecture of `parameters`, Python's or numpy's values.

    Raises:
        InvalidArchitecture: a parameter is missing, unknown or out of range, or is one that a
            network of this depth lacks.
    """
    found: BaseArchitecture = _named(space).from_parameters(parameters)
    return found


def switched(parameters: Mapping[str, Any], space: str | Space[Any] = "core64") -> dict[str, Any]:
    """`parameters` with those that a network of this depth lacks at their first value: in
    ``core64``, without skip connections at levels that there are not.

    For tuners that always set every parameter: this tells which settings mean the same.
    """
    depth, dimensions = parameters["depth"], _named(space).dimensions
    idle = {d.name: d.values[0] for d in dimensions if d.from_depth > depth}
    return {name: idle.get(name, value) for name, value in parameters.items()}


def members(problem: Problem) -> set[BaseArchitecture]:
    """The architectures of a problem, which must be of a named space.

    Raises:
        ValueError: they are graphs of one's own, which have no parameters.
    """
    _space(problem)
    return {a for a in problem.architectures if not isinstance(a, str)}


class Waiting:
    """The architectures of a problem that were not run yet, none of which is listed.

    Raises:
        ValueError: as `members`.
    """

    def __init__(self, problem: Problem):
        _space(problem)
        self._count = len(problem.architectures)
        self._run: set[BaseArchitecture] = set()

    def discard(self, architecture: BaseArchitecture) -> None:
        """Say that one of the problem's architectures was run."""
        self._run.add(architecture)

    def __len__(self) -> int:
        return self._count - len(self._run)


def _named(space: str | Space[Any]) -> Space[Any]:
    return Space(space) if isinstance(space, str) else space


def _space(problem: Problem) -> Space[Any]:
    if problem.space is None:
        raise ValueError(
            f"{problem!r} is of graphs of one's own, which have no parameters; expected the space "
            "core64 or another that has a name"
        )
    return problem.space


def stepwise(
    problem: Problem, architecture: BaseArchitecture | str, steps: Sequence[int]
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
