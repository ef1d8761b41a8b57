"""How often chance is drawn upon: more is finer and slower, and 1000 is enough for two digits."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "Effort"]


@dataclass(frozen=True)
class Effort:
    """Numbers of draws.

    Attributes:
        resamples: of architectures, images and seeds, for intervals.
        shuffles: of scores, for p-values.
        tables: made-up ones, for the effect of the empty corner.
    """

    resamples: int = 1000
    shuffles: int = 1999
    tables: int = 1000


FULL = Effort()
