"""Do the report's claims hold? Decided by rules that are fixed in the program, never by hand.

The third version of the rules. The first one judged the headline scores of all architectures
alone; under it three claims held which the other settings do not bear out. The second one took a
trend of either sign for the claim's: in one setting DIP RMSE rose with depth and the claim held in
part there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dipbench.reports.findings.conditions import Condition
from dipbench.reports.findings.settings import Setting, headline
from dipbench.reports.findings.text import listed

__all__ = ["CLAIMS", "OWN", "Case", "Claim", "Verdict", "all_or_part", "corner_verdict", "decided"]

Verdict: TypeAlias = Literal["holds", "holds in part", "does not hold", "not judged"]

CLAIMS = {
    "dip": "DIP RMSE follows depth",
    "supervised": "Supervised RMSE follows SLC",
    "independent": "The two can be set independently",
    "corner": "The correlation in the scatter plot comes from the empty corner",
}
OWN = {"dip": "depth", "supervised": "slc"}  # the feature that a mode is said to follow


@dataclass(frozen=True)
class Case:
    """A claim in one setting: the conditions, and what follows."""

    setting: Setting
    conditions: tuple[Condition, ...]
    verdict: Verdict

    @property
    def reason(self) -> str:
        """Why it does not hold, in a few words."""
        return "; ".join(condition.reason for condition in self.conditions if condition.reason)


@dataclass(frozen=True)
class Claim:
    """A claim of the report, what is decided of it, and why.

    Attributes:
        cases: one per setting.
        missing: what could not be judged, in words: empty if all was.
        sentence: where it breaks, or that it does nowhere.
    """

    name: str
    verdict: Verdict
    cases: tuple[Case, ...]
    missing: tuple[str, ...]
    sentence: str

    @property
    def text(self) -> str:
        """The claim in words."""
        return CLAIMS[self.name]


def all_or_part(met: Sequence[bool]) -> Verdict:
    """All: holds. Some: holds in part. None: does not hold."""
    return "holds" if all(met) else "holds in part" if any(met) else "does not hold"


def corner_verdict(conditions: Sequence[Condition]) -> Verdict:
    """Of `corner_conditions`: all of the correlation, a part of it, or none."""
    there, sided, inside, part = (condition.met for condition in conditions)
    if not (there and sided):
        return "does not hold"
    return "holds" if inside else "holds in part" if part else "does not hold"


def decided(name: str, cases: Sequence[Case], missing: Sequence[str]) -> Claim:
    """The verdict over all cases: where they agree, theirs; else it holds in part.

    A claim that holds in all settings but could not be judged in some is not judged.
    """
    verdicts = {case.verdict for case in cases}
    verdict: Verdict = next(iter(verdicts)) if len(verdicts) == 1 else "holds in part"
    if verdict == "holds" and missing:
        verdict = "not judged"
    return Claim(name, verdict, tuple(cases), tuple(missing), _sentence(cases, missing))


def _sentence(cases: Sequence[Case], missing: Sequence[str]) -> str:
    """Where the claim breaks, from the headline outwards."""
    first = headline([case.setting for case in cases])
    reference = next(case for case in cases if case.setting == first)
    lacking = f" Not judged: {'; '.join(missing)}." if missing else ""
    broken = [case for case in cases if case.verdict != "holds"]
    if not broken:
        return f"Holds in all {len(cases)} settings that were judged.{lacking}"
    if reference in broken:
        verdict = "holds in part" if reference.verdict == "holds in part" else "does not hold"
        text = f"For the headline it {verdict}: {reference.reason}."
        others = [case for case in _nearest(cases, first) if case.verdict != reference.verdict]
        said = [f"it {case.verdict} {case.setting.phrase(first)}" for case in others]
        said = [
            f"{part} ({case.reason})" if case.reason else part
            for part, case in zip(said, others, strict=True)
        ]
        text += f" {_upper(listed(said))}." if said else ""
    else:
        said = [f"{c.setting.phrase(first)} ({c.reason})" for c in _nearest(broken, first)]
        text = f"Breaks {listed(said)}."
    return f"{text} {_counted(cases)}{lacking}"


def _counted(cases: Sequence[Case]) -> str:
    """In how many settings it holds, and in how many in part."""
    held, part = (
        sum(case.verdict == verdict for case in cases) for verdict in ("holds", "holds in part")
    )
    partly = f", in part in {part} more" if part else ""
    return f"Holds in {held} of {len(cases)} settings{partly}."


def _nearest(cases: Sequence[Case], first: Setting) -> list[Case]:
    """Those that differ from the headline in the fewest respects, itself left out."""
    away = {id(case): len(case.setting.away(first)) for case in cases}
    least = min((count for count in away.values() if count), default=0)
    return [case for case in cases if away[id(case)] == least > 0]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
