"""Section of the document: what the verdicts rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dipbench.reports.findings.checks import Group
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import interval, number, percent, signed
from dipbench.reports.markdown import table

__all__ = ["basis"]


def basis(found: Study) -> str:
    """Shares and trends without some architectures, skips by up-sampling, kinds of pairs."""
    checks = found.checks
    count, share = checks.shallow
    least = int(found.panel.feature("depth").min())
    return "\n\n".join(
        [
            f"**Depth.** {count} of {len(found.panel)} architectures have depth {least}; they "
            f"carry {percent(share)} of the sum of squares of the DIP peak. Shapley shares of the "
            "DIP peak, and Somers' D of either score on depth with SLC, up-sampling and width "
            "fixed, of all architectures and of parts of them. What is fixed needs two values of "
            "depth beside it, so without a skip connection, where SLC equals depth, D of depth "
            "has no pairs.",
            _groups(found),
            "\n".join(f"- {line}" for line in _depth_says(found)),
            "**Skips.** What a skip connection adds to RMSE, in grey levels, mean over the pairs "
            "of architectures that differ in it alone. An effect that depends on the up-sampling "
            "is in no share and no trend above.",
            _skips(found),
            "**Which pairs make tau.** Concordant less discordant pairs of the two headline "
            "scores, as a share of the pairs of each kind.",
            _kinds(found),
            _kinds_say(found),
            "**What an interval is over.** The architectures are all of the space, no sample of "
            "it: resampling them asks what another set of such networks would say. Images and "
            "seeds are a sample. Tau of the headline, with the interval over each:",
            _intervals(found),
        ]
    )


def _groups(found: Study) -> str:
    rows = []
    for group in found.checks.groups:
        rows.append(
            (
                group.name,
                str(group.count),
                *(
                    number(group.shares[by][factor]) if by in group.shares else "–"
                    for by in ("values", "ranks")
                    for factor in ("depth", "upsample", "slc")
                ),
                signed(group.dip),
                signed(group.supervised),
            )
        )
    heading = (
        "architectures",
        "how many",
        *(f"{f}, {by}" for by in ("values", "ranks") for f in ("depth", "up-sampling", "SLC")),
        "D of DIP on depth",
        "D of supervised on depth",
    )
    return table(heading, rows)


def _depth_says(found: Study) -> Iterator[str]:
    named = {group.name: group for group in found.checks.groups}
    for group in found.checks.groups:
        shares = group.shares.get("values")
        if shares and group.name.startswith(("all", "depth ≥ 2")):
            first = max(shares, key=lambda factor: shares[factor])
            names = {"upsample": "up-sampling", "slc": "SLC", "params": "log-parameters"}
            yield (
                f"{_upper(group.name)}: {names.get(first, first)} has the greatest share of the "
                f"DIP peak ({number(shares[first])})."
            )
    some, all_of_them = named["with a skip connection"], named["all"]
    if math.isfinite(some.supervised) and math.isfinite(all_of_them.supervised):
        yield (
            f"Supervised RMSE and depth: D is {signed(all_of_them.supervised)} among all, and "
            f"{signed(some.supervised)} among the {some.count} architectures with a skip "
            f"connection. The other {named['without one'].count} have no skip connection, so "
            "their SLC is their depth."
        )
    yield from _weak(found.checks.groups)


def _weak(groups: tuple[Group, ...]) -> Iterator[str]:
    for group in groups:
        if ", " in group.name and abs(group.dip) < 1 / 3:
            yield (
                f"{_upper(group.name)}: D of the DIP peak on depth is {signed(group.dip)}, below "
                "the 0.33 that the rule asks for."
            )


def _skips(found: Study) -> str:
    effects = found.checks.skips
    if not effects:
        return "No two architectures differ in one skip connection alone."
    rows = [
        (str(e.level), e.upsample, str(e.pairs), signed(e.dip), signed(e.supervised))
        for e in effects
    ]
    return table(("skip at level", "up-sampling", "pairs", "DIP peak", "supervised"), rows)


def _kinds(found: Study) -> str:
    rows = [(kind.name, str(kind.pairs), signed(kind.tau)) for kind in found.checks.kinds]
    return table(("pairs of architectures", "how many", "concordant less discordant"), rows)


def _kinds_say(found: Study) -> str:
    by_name = {kind.name: kind.tau for kind in found.checks.kinds}
    slc = by_name["equal depth, other SLC"]
    within = by_name["equal depth, equal SLC"]
    if not (math.isfinite(slc) and math.isfinite(within)) or abs(slc) <= abs(within):
        return "Where depth is equal, SLC does not sharpen the correlation."
    way = "in opposite ways" if slc < 0 else "in the same way"
    return (
        f"Where depth is equal, the pairs of other SLC give {signed(slc)}, and those of equal SLC "
        f"{signed(within)}: SLC moves the two modes {way}. That makes the overall tau, and no "
        "empty corner is needed for it."
    )


def _intervals(found: Study) -> str:
    rows = [(name, interval(e, sign=True)) for name, e in found.checks.intervals.items()]
    return table(("resampled", "tau"), rows)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
