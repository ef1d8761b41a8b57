"""p values of several tests at once."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["holm"]


def holm(ps: Sequence[float]) -> list[float]:
    """The p values adjusted for how many there are (Holm, Scandinavian J. Stat. 6, 1979)."""
    adjusted = [0.0] * len(ps)
    least = 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        least = max(least, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = least
    return adjusted
