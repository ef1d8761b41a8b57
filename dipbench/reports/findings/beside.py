"""Sections of the document from the tables beside: no perturbation, and longer training."""

from __future__ import annotations

import math

from dipbench.reports.findings.longer import Longer
from dipbench.reports.findings.still import Still
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import interval, listed, number, percent, signed
from dipbench.reports.markdown import table

__all__ = ["longer_section", "still_says", "still_section"]


def still_section(found: Study) -> str:
    """DIP with and without perturbation of the input."""
    if isinstance(found.still, str):
        return (
            "As published, a DIP fit adds fresh noise to its input in each iteration, and the "
            "headline scores the output for that perturbed input. Whether depth acts through the "
            f"perturbation is not judged: {found.still}."
        )
    still = found.still
    depths = sorted({depth for row in still.rows for depth in row.depths})
    rows = []
    for row in still.rows:
        means = (row.perturbed, row.still)
        for label, values, d in zip(("perturbed", "not perturbed"), means, row.trends, strict=True):
            at = dict(zip(row.depths, values, strict=True))
            cells = [number(at.get(depth)) for depth in depths]
            rows.append((row.name, str(row.count), label, *cells, signed(d)))
    heading = (
        "architectures",
        "how many",
        "input",
        *(f"depth {depth}" for depth in depths),
        "D on depth",
    )
    return (
        "As published, a DIP fit adds fresh noise to its input in each iteration, and the headline "
        f"scores the output for that perturbed input. `{still.protocol}`{_table(still.sha256)} "
        f"fits the same {still.count} networks without it. Mean DIP peak in grey levels by depth, "
        f"on the images {listed(still.images)} and {_seeds(still.seeds)}, which both have:\n\n"
        f"{table(heading, rows)}\n\n"
        f"{still_says(still)} Kendall's tau of the two peaks is {signed(still.tau)}."
        f"{_size(still)}"
    )


def _table(sha256: str) -> str:
    return f" (SHA-256 `{sha256[:16]}…`)" if sha256 else ""


def _size(still: Still) -> str:
    """How large the perturbation is beside what it perturbs."""
    noise, scale = still.perturbation, still.input_scale
    if not noise or not scale:
        return ""
    own = scale / math.sqrt(12)
    return (
        f" The perturbation has a standard deviation of {noise:.3f}; the input itself, uniform "
        f"from 0 to {scale:g}, has {own:.3f}, so the network sees "
        f"{'more' if noise > own else 'less'} noise than input."
    )


def _seeds(seeds: tuple[int, ...]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {listed([str(seed) for seed in seeds])}"


def still_says(still: Still) -> str:
    """What the perturbation does to the trend along depth, in a sentence."""
    row = still.rows[0]
    first, last = row.depths[0], row.depths[-1]
    spans = [values[-1] - values[0] for values in (row.perturbed, row.still)]
    ways = ["falls" if span < 0 else "rises" for span in spans]
    runs = f"{len(still.images)} image{'s' * (len(still.images) > 1)} and {_seeds(still.seeds)}"
    text = (
        f"With perturbation of the input, the mean DIP peak on {runs} {ways[0]} from "
        f"{number(row.perturbed[0])} at depth {first} to {number(row.perturbed[-1])} at depth "
        f"{last} (Somers' D on depth {signed(row.trends[0])})"
    )
    after = f"{number(row.still[0])} to {number(row.still[-1])} ({signed(row.trends[1])})"
    if ways[0] != ways[1]:
        return f"{text}; without it, it {ways[1]}, from {after}."
    made = 1 - spans[1] / spans[0] if spans[0] else float("nan")
    share = f", so the perturbation makes {percent(made)} of the difference" if made > 0 else ""
    return f"{text}; without it, from {after}{share}."


def longer_section(found: Study) -> str:
    """Tau between the two lengths of training, and what remains of SLC's effect."""
    if isinstance(found.longer, str):
        return found.longer
    longer = found.longer
    short, long = longer.steps
    rows = [
        (
            str(row.slc),
            str(row.count),
            number(row.short),
            number(row.long),
            number(row.short - row.long),
        )
        for row in longer.rows
    ]
    heading = ("SLC", "networks", f"{short} steps", f"{long} steps", "gain")
    return (
        f"`{longer.protocol}`{_table(longer.sha256)} trains {longer.count} of the networks for "
        f"{long} steps instead of {short}, with {_seeds(longer.seeds)}. {_order(longer)}\n\n"
        f"{table(heading, rows)}\n\n"
        f"{_effect(longer)}"
        + (
            f" **{longer.missing}**: this is true of these networks alone."
            if longer.missing
            else ""
        )
    )


def _order(longer: Longer) -> str:
    short, long = longer.steps
    text = (
        f"Kendall's tau between test RMSE after {short} and after {long} steps is "
        f"{signed(longer.tau)}"
    )
    if longer.ceiling is not None and longer.below is not None:
        text += (
            f"; two seeds of {short} steps among the same networks have {signed(longer.ceiling)}, "
            f"{interval(longer.below, sign=True)} more (95% over networks). "
            + (
                "So longer training changes the order by more than another seed does"
                if longer.below.low > 0
                else "So it is not shown that longer training changes the order by more than "
                "another seed does"
            )
        )
    text += f". Among the {longer.count_zero} of SLC 0 it is {signed(longer.tau_zero)}"
    if longer.ceiling_zero is not None:
        text += f", two seeds giving {signed(longer.ceiling_zero)}"
    return text + "."


def _effect(longer: Longer) -> str:
    first, last = longer.rows[0], longer.rows[-1]
    spans = [last.short - first.short, last.long - first.long]
    remains = spans[1] / spans[0] if spans[0] else float("nan")
    return (
        f"From SLC {first.slc} to SLC {last.slc} mean test RMSE differs by {number(spans[0])} "
        f"after the short training and by {number(spans[1])} after the long one: "
        f"{percent(remains)} of SLC's effect remains. With depth fixed, Somers' D on SLC is "
        f"{signed(longer.trends[0])} and {signed(longer.trends[1])}; SLC alone explains "
        f"{number(longer.alone[0])} and {number(longer.alone[1])} of the variance."
    )
