"""Successive halving on the learning curves (Jamieson, Talwalkar, arXiv:1502.07943)."""

from __future__ import annotations

import math

import numpy as np

from dipbench.nas.data import Member
from dipbench.nas.evaluation import Evaluation
from dipbench.nas.front import Value
from dipbench.nas.problem import Problem

__all__ = ["bracket", "rungs", "successive_halving"]


def successive_halving(
    problem: Problem, rng: np.random.Generator, eta: int = 3, halvings: int = 3
) -> None:
    """Begin many trainings, go on with the best third of them, and so on to the full run.

    Brackets of ``eta**halvings`` random architectures follow one another. A point of a
    learning curve with a one-cycle schedule is not what a shorter schedule would have given:
    the rate is still high there, so early points rank architectures less well than short
    trainings of their own would.

    Args:
        eta: one in `eta` is promoted, to `eta` times the steps.
        halvings: how often.
    """
    complete: set[Member] = set()
    while len(complete) < len(problem.architectures):
        bracket(problem, rng, complete, eta**halvings, rungs(problem, eta, halvings), eta)


def rungs(problem: Problem, eta: int, halvings: int) -> list[int]:
    """The first fidelities from 1/eta**halvings of the full run on, from 1/eta**(halvings-1)
    on, and so on to the full run."""
    steps = problem.fidelities
    wanted = (math.ceil(steps[-1] / eta**k) for k in range(halvings, -1, -1))
    return sorted({next(step for step in steps if step >= least) for least in wanted})


def bracket(
    problem: Problem,
    rng: np.random.Generator,
    complete: set[Member],
    count: int,
    fidelities: list[int],
    eta: int,
) -> None:
    """Take `count` random architectures up the rungs, of each the best one in `eta`.

    Args:
        complete: those evaluated in full, which are not begun again; the bracket adds its own.
    """
    begun = problem.drawn(rng, count, without=complete)
    # A promoted training goes on: it keeps its seed, where seeds are drawn.
    running: list[tuple[Member, int | None]] = [(architecture, None) for architecture in begun]
    for rung, fidelity in enumerate(fidelities):
        found = [
            problem.evaluate(a, fidelity, seed=seed if problem.seed == "random" else None)
            for a, seed in running
        ]
        if rung == len(fidelities) - 1:
            break
        ranked = _ranked(found, problem.preference(rng))
        kept = ranked[: max(1, len(ranked) // eta)]
        running = [(evaluation.architecture, evaluation.seed) for evaluation in kept]
    complete.update(architecture for architecture, _ in running)


def _ranked(found: list[Evaluation], value: Value) -> list[Evaluation]:
    return sorted(found, key=lambda evaluation: value(evaluation.values))
