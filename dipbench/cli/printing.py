"""What a command prints: values by name, as text or JSON, and its progress."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

__all__ = ["print_values", "tell", "tell_in_place"]


def print_values(values: dict[str, Any], as_json: bool) -> None:
    """Print values by name: a line each, or one JSON object with null for NaN."""
    if as_json:
        known = {k: None if _is_nan(v) else v for k, v in values.items()}
        print(json.dumps(known, allow_nan=False))
        return
    width = max(map(len, values))
    for name, value in values.items():
        print(f"{name:<{width}}  {_text(name, value)}")


def _text(name: str, value: Any) -> str:
    if value is None or _is_nan(value):
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}{' s' if name.endswith('seconds') else ''}"
    if isinstance(value, dict):
        return "; ".join(f"{_text('', each)} ({key})" for key, each in value.items()) or "-"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def tell(text: str) -> None:
    """Progress, on standard error if a person is looking."""
    if sys.stderr.isatty():
        print(f"{text} ...", file=sys.stderr)


def tell_in_place(what: str) -> None:
    """Say on a terminal what is being computed, in one line that the next one takes."""
    if sys.stderr.isatty():
        print(f"\r{what:<60}", end="", file=sys.stderr, flush=True)
