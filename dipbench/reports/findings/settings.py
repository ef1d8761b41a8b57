"""The settings in which a claim is judged: it holds only if it does so in all of them.

A setting is one choice in each of several respects. The first choice of each is the headline's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CHOICES", "Choice", "Setting", "headline"]


@dataclass(frozen=True)
class Choice:
    """One choice in one respect.

    Attributes:
        cell: what a table says of it.
        phrase: how a sentence says that the claim breaks there.
    """

    cell: str
    phrase: str


PERTURBED, STILL, UNPERTURBED = "perturbed", "still", "unperturbed"

CHOICES: Mapping[str, Mapping[str, Choice]] = {
    "input": {
        PERTURBED: Choice("perturbed", "with perturbation of the input"),
        STILL: Choice("not perturbed", "without perturbation of the input"),
        UNPERTURBED: Choice(
            "perturbed, scored without", "for the output of the input without perturbation"
        ),
    },
    "score": {
        "peak": Choice("peak", "for the peak of the raw output"),
        "averaged": Choice("averaged peak", "for the averaged output"),
        "test": Choice("test", "for the test images"),
        "validation": Choice("validation", "for the validation images"),
    },
    "architectures": {
        "all": Choice("all", "for all architectures"),
        "deep": Choice("depth ≥ 2", "at depth ≥ 2"),
    },
    "by": {
        "values": Choice("values", "by values"),
        "ranks": Choice("ranks", "by ranks"),
    },
    "weights": {
        "architectures": Choice("architecture", "if every architecture weighs the same"),
        "cells": Choice("(depth, SLC)", "if every pair of depth and SLC weighs the same"),
    },
}


@dataclass(frozen=True)
class Setting:
    """A choice in each respect that matters for a claim, by the names in `CHOICES`."""

    chosen: Mapping[str, str]

    def cells(self) -> tuple[str, ...]:
        """What a table says of it, a cell for each respect."""
        return tuple(CHOICES[respect][name].cell for respect, name in self.chosen.items())

    def away(self, other: Setting) -> tuple[str, ...]:
        """The respects in which it differs from `other`."""
        return tuple(r for r, name in self.chosen.items() if other.chosen[r] != name)

    def phrase(self, other: Setting) -> str:
        """In words, what is different from `other`."""
        return " and ".join(CHOICES[r][self.chosen[r]].phrase for r in self.away(other))


def headline(settings: list[Setting]) -> Setting:
    """The setting that makes the first choice in each respect, or comes nearest."""

    def places(setting: Setting) -> tuple[int, ...]:
        return tuple(list(CHOICES[r]).index(name) for r, name in setting.chosen.items())

    return min(settings, key=lambda setting: (sum(places(setting)), places(setting)))
