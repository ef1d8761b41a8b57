"""Arguments of the wrong type, refused where they enter with the value and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np

__all__ = ["generator", "several"]

T = TypeVar("T")


def several(name: str, values: Iterable[T]) -> list[T]:
    """The items of an argument that is to hold several; one name is not several.

    Raises:
        ValueError: `values` is a string, or nothing that can be iterated.
    """
    if isinstance(values, str):
        raise ValueError(f"{name} is {values!r}; expected several, such as [{values!r}]")
    try:
        return list(values)
    except TypeError:
        raise ValueError(f"{name} is {values!r}; expected several, as a list") from None


def generator(rng: Any) -> np.random.Generator:
    """`rng` itself.

    Raises:
        ValueError: it is no numpy Generator.
    """
    import numpy as np

    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng is {rng!r}; expected a numpy Generator, as np.random.default_rng(0)")
    return rng
