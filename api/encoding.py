"""Values as JSON, in which a number that was not measured is ``null``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["encoded"]


def encoded(value: Any) -> bytes:
    """`value` as compact JSON in ASCII, with ``null`` for every NaN and infinity."""
    return json.dumps(_without_nan(value), allow_nan=False, separators=(",", ":")).encode()


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
