"""Data classes that are equal when they say the same, a missing number included."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

__all__ = ["ByValue"]

MISSING = object()  # stands for NaN, which equals nothing, itself included


class ByValue:
    """Equality and hash by the fields of a data class, in which NaN equals NaN.

    The data class is declared with ``eq=False``.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash(_said(self))


def _said(value: Any) -> tuple[Any, ...]:
    return tuple([_comparable(getattr(value, f.name)) for f in fields(value) if f.compare])


def _comparable(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple([_comparable(item) for item in value])
    return MISSING if isinstance(value, float) and value != value else value
