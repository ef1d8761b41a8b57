"""Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, JMLR 2018, arXiv:1603.06560)."""

from __future__ import annotations

import math

import numpy as np

from dipbench.nas.algorithms.successive_halving import bracket, rungs
from dipbench.nas.data import Member
from dipbench.nas.problem import Problem

__all__ = ["hyperband"]


def hyperband(problem: Problem, rng: np.random.Generator, eta: int = 3, halvings: int = 3) -> None:
    """Brackets of successive halving, from the boldest to plain random search, over and over.

    What `successive_halving` says about points of a learning curve holds here.

    Args:
        eta: one in `eta` is promoted, to `eta` times the steps.
        halvings: how often in the boldest bracket.
    """
    complete: set[Member] = set()
    while len(complete) < len(problem.architectures):
        for k in range(halvings, -1, -1):
            if len(complete) < len(problem.architectures):
                count = math.ceil((halvings + 1) / (k + 1) * eta**k)
                bracket(problem, rng, complete, count, rungs(problem, eta, k), eta)
