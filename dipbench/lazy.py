"""A property that is computed once, without a lock.

`functools.cached_property` of Python 3.11 holds one lock per class while it computes, which a
process forked at that moment waits for ever. Here two threads may both compute the value, which
is the same, and one of the two is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["lazy"]

T = TypeVar("T")


class lazy(Generic[T]):
    """As `functools.cached_property`, for a method without arguments."""

    def __init__(self, compute: Callable[[Any], T]):
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> lazy[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> lazy[T] | T:
        if instance is None:
            return self
        # The value now stands in front of this descriptor, which is not asked again.
        value: T = instance.__dict__.setdefault(self.name, self.compute(instance))
        return value
