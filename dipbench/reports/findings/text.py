"""Numbers as the document writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dipbench.reports.findings.bootstrap import Estimate

__all__ = ["interval", "listed", "number", "p_value", "percent", "signed"]

MISSING = "–"


def number(value: float | None, digits: int = 2) -> str:
    """With this many digits and a true minus; a dash for what is not known."""
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = round(value, digits) or 0.0  # no -0.00
    return f"{rounded:.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """As `number`, with a plus where it is positive."""
    text = number(value, digits)
    return f"+{text}" if math.isfinite(value) and round(value, digits) > 0 else text


def percent(value: float) -> str:
    """A share in whole percent."""
    return f"{number(100 * value, 0)}%" if math.isfinite(value) else MISSING


def p_value(value: float) -> str:
    """With two significant digits."""
    return f"{value:.2g}" if math.isfinite(value) else MISSING


def interval(estimate: Estimate | None, sign: bool = False) -> str:
    """Value and interval, such as ``0.41 [0.30, 0.52]``."""
    if estimate is None or not math.isfinite(estimate.value):
        return MISSING
    form = signed if sign else number
    return f"{form(estimate.value)} [{form(estimate.low)}, {form(estimate.high)}]"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; empty for nothing."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items[:1])
