"""The architectures that a problem searches among: all, some drawn at random, or those near one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from dipbench.nas.choice import Data
from dipbench.nas.data import Member
from dipbench.nas.predicted import LISTED, Indices, Members, PredictedData
from dipbench.spaces import Space
from dipbench.spaces.space import drawn

__all__ = ["Candidates"]


class Candidates(ABC):
    """The part of a `Problem` that offers architectures; what it offers costs nothing."""

    architectures: Sequence[Member]
    max_macs: float
    _data: Data
    _names: Mapping[object, int]  # of all that an architecture is called
    _neighbours: dict[int, tuple[Member, ...]]

    @abstractmethod
    def _index(self, architecture: object) -> int:
        """Where an architecture of the problem stands."""

    @property
    def space(self) -> Space[Any] | None:
        """The space of the architectures; None for graphs of one's own."""
        return self._data.space

    def _members(self, indices: Indices) -> Sequence[Member]:
        """The architectures with these indices; on predictions none is made yet."""
        if isinstance(self._data, PredictedData):
            chosen = indices if isinstance(indices, range) else np.asarray(indices, np.int64)
            return Members(self._data.space, chosen)
        return tuple(self._data.members[index] for index in indices)

    def shuffled(self, rng: np.random.Generator) -> Iterator[Member]:
        """All `architectures` in random order, each once."""
        count = len(self.architectures)
        if self.listed:
            yield from (self.architectures[i] for i in rng.permutation(count))
            return
        seen: set[int] = set()
        while len(seen) < count:
            number = int(rng.integers(count))
            if number not in seen:
                seen.add(number)
                yield self.architectures[number]

    @property
    def listed(self) -> bool:
        """Whether `architectures` are few enough to make a list of them."""
        return len(self.architectures) <= LISTED

    def drawn(
        self, rng: np.random.Generator, count: int, without: Container[Member] = ()
    ) -> list[Member]:
        """`count` of `architectures` that are not in `without`, or all if there are fewer."""
        if self.listed:
            open_ones = [a for a in self.architectures if a not in without]
            numbers = rng.choice(len(open_ones), min(count, len(open_ones)), replace=False)
            return [open_ones[i] for i in numbers]
        new = (a for a in self.shuffled(rng) if a not in without)
        return list(islice(new, count))

    def sample(self, rng: np.random.Generator) -> Member:
        """One of `architectures`, each as likely as any other."""
        return self.architectures[drawn(rng, len(self.architectures))]

    def neighbours(self, architecture: Member) -> tuple[Member, ...]:
        """Those of `architectures` that are one edit away, in a fixed order.

        Your own graphs have no edits: there, all others are neighbours.
        """
        index = self._index(architecture)
        if index not in self._neighbours:
            member, space = self._data.members[index], self._data.space
            if space is None:
                found = tuple(a for a in self.architectures if a != member)
            else:
                found = tuple(a for a in space.neighbours(member) if self._offers(a))
            self._neighbours[index] = found
        return self._neighbours[index]

    def mutate(self, architecture: Member, rng: np.random.Generator) -> Member:
        """One of the `neighbours`, each as likely as any other; where none is, a `sample`."""
        if len(self.architectures) > LISTED and self.max_macs == math.inf:
            assert self.space is not None
            found_one: Member = self.space.mutate(architecture, rng)  # makes one alone
            return found_one
        found = self.neighbours(architecture)
        return found[drawn(rng, len(found))] if found else self.sample(rng)

    def _offers(self, architecture: Member) -> bool:
        return architecture in self._names
