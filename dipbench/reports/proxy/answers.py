"""The plain answers, each chosen by the numbers.

One proxy is said to order architectures better than another if the 95% interval of their
difference in Kendall's tau does not hold 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from dipbench.reports.findings.bootstrap import Estimate
from dipbench.reports.findings.text import interval, listed, number, signed
from dipbench.reports.proxy.proxies import SLC
from dipbench.reports.proxy.study import NEAR, NEARER, Standing, Study

__all__ = ["answers", "other_signs", "times"]


def answers(found: Study) -> tuple[str, ...]:
    """What is asked of this page, answered; Markdown, a line each."""
    return (
        f"**Can DIP stand in for supervised training?** {_order_by_dip(found)}",
        f"**Does DIP save computing?** {_time_by_dip(found)}",
        f"**Does SLC alone, which is free, beat them all?** {_order_by_slc(found)} "
        f"{_time_by_slc(found)}",
        f"**What adds to SLC?** {_beyond_slc(found)}",
        f"**The ceiling**: {_ceiling(found)}",
    )


def _ceiling(found: Study) -> str:
    text = (
        "validation RMSE after the whole training has tau "
        f"{interval(found.ceiling.tau, sign=True)} with test RMSE of the same weights."
    )
    whole = found.repeated[0]
    if whole.chosen is None:
        return f"{text} One seed was measured, so nothing is said of another training."
    parts = [f"{signed(whole.chosen)} among all"]
    parts += [f"{signed(e.chosen or 0.0)} at {e.name}" for e in found.repeated[1:]]
    reach = [f"{signed(whole.reach or 0.0)} among all"]
    reach += [f"{signed(e.reach or 0.0)} at {e.name}" for e in found.repeated[1:]]
    return (
        f"{text} A network is not its weights: with test RMSE of another seed tau is "
        f"{listed(parts)}. Here proxies are judged by the mean of "
        f"{len(found.panel.supervised_seeds)} seeds, which errs less than one: a proxy that knew "
        "what every network scores on average "
        f"would have tau {listed(reach)}."
    )


def _order_by_dip(found: Study) -> str:
    fits = _fits(found)
    peak, highest = fits[0], max(fits, key=lambda each: each.tau.value)
    said = {
        1: "In part: the DIP peak orders architectures as supervised training does, more often "
        "than not",
        0: "No: the DIP peak does not tell the order under supervised training",
        -1: "No: the DIP peak orders architectures the other way round; what DIP restores better, "
        "training restores worse, more often than not",
    }[direction(peak.tau)]
    text = f"{said}. Kendall's tau is {interval(peak.tau, sign=True)}."
    if highest is not peak:
        text += (
            f" Of all ways to score DIP, *{highest.label}* has the highest tau, "
            f"{interval(highest.tau, sign=True)}."
        )
    return text


def _time_by_dip(found: Study) -> str:
    fits = _fits(found)
    peak, fastest = fits[0], min(fits, key=lambda each: each.total)
    saving = sum(each.total < found.random.seconds.mean for each in fits)
    text = f"{saving or 'None'} of its {len(fits)} ways {'do' if saving > 1 else 'does'}: "
    full = next(each for each in fits if each.group == "dip")
    if full.beforehand > found.everything:
        text = (
            "Full fits cannot, whatever their order is worth: those of all architectures cost "
            f"{full.beforehand:,.0f} s, and training all of them {found.everything:,.0f} s. What "
            f"is tested is short fits. {text}"
        )
    if fastest is not peak:
        text += f"the fastest is *{fastest.label}*, {_against(fastest, found)}; "
    return text + f"to order by the DIP peak takes {_against(peak, found)}."


def _fits(found: Study) -> list[Standing]:
    return [each for each in found.rivals if each.group in ("dip", "short")]


def times(seconds: float, found: Study) -> str:
    """How many times the expectation of random order."""
    return f"{number(seconds / found.random.seconds.mean)}×"


def _against(each: Standing, found: Study) -> str:
    return f"{each.total:,.0f} s, {times(each.total, found)} the expectation of random order"


def _order_by_slc(found: Study) -> str:
    others = [each for each in found.rivals if each.lead is not None]
    sides = {side: [each for each in others if direction(each.lead) == side] for side in (1, 0, -1)}
    beaten = len(sides[1])
    if beaten == len(others):
        verdict = f"In order, yes: its tau is higher than that of all {beaten} others"
    else:
        verdict = f"In order, no: its tau is higher than that of {beaten} of {len(others)}"
        if sides[0]:
            verdict += f", cannot be told apart from that of {_named(sides[0])}"
        if sides[-1]:
            verdict += f", and is lower than that of {_named(sides[-1])}"
    return f"{verdict}; it is {interval(found.named(SLC).tau, sign=True)}."


def _time_by_slc(found: Study) -> str:
    slc = found.named(SLC)
    near = SAME * slc.total
    faster = [each for each in found.rivals if each.total < slc.total - near]
    same = [each for each in found.rivals if abs(each.total - slc.total) <= near]
    if faster:
        verdict = f"no; faster: {_timed(faster)}"
    elif len(same) > 1:
        verdict = f"it is as fast as {_named([each for each in same if each is not slc])}"
    else:
        verdict = "yes"
    best = min(found.rivals, key=lambda each: each.nearer)
    closer = (
        f"For a network within {NEARER:.0%} of the best instead of {NEAR:.0%}, it takes "
        f"{slc.nearer:,.0f} s"
    )
    if best is not slc:
        closer += f", and {best.label} {best.nearer:,.0f} s"
    return f"In time to a good network, {verdict}; it takes {_against(slc, found)}. {closer}."


def _beyond_slc(found: Study) -> str:
    known = [each for each in found.rivals if direction(each.beyond) > 0]
    if not known:
        return "Nothing: of no proxy is tau above 0, the interval included, where SLC is equal."
    best = sorted(known, key=lambda each: each.beyond.value, reverse=True)[:SHOWN]
    said = [f"{each.label} {interval(each.beyond, sign=True)}" for each in best]
    return (
        f"Where SLC is equal, {len(known)} of {len(found.rivals) - 1} proxies have a tau above 0, "
        f"the interval included; highest: {listed(said)}."
    )


SHOWN = 3
SAME = 0.05  # relative: times that are nearer are called equal


def other_signs(found: Study) -> tuple[str, ...]:
    """Which proxies point the wrong way, and which no way at all."""
    wrong = [each for each in found.rivals if direction(each.tau) < 0]
    neither = [each for each in found.rivals if direction(each.tau) == 0]
    lines = []
    if wrong:
        lines.append(
            "The data show the other sign, the interval of tau being below 0, of "
            f"{_named(wrong)}. Turned round they would be proxies, but only those who have the "
            "table know that."
        )
    if neither:
        lines.append(f"The interval of tau holds 0 of {_named(neither)}.")
    return tuple(lines) or ("All proxies have the sign that was predicted.",)


def direction(estimate: Estimate | None) -> int:
    """1 or -1 if the whole interval is above or below 0, else 0."""
    if estimate is None:
        return 0
    return (estimate.low > 0) - (estimate.high < 0)


def _named(standings: Sequence[Standing]) -> str:
    return listed([each.label for each in standings])


def _timed(standings: Sequence[Standing]) -> str:
    ordered = sorted(standings, key=lambda each: each.total)
    return listed([f"{each.label} ({each.total:,.0f} s)" for each in ordered])
