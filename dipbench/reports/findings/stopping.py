"""When the stopping rule could choose, and when it did.

ES-WMV looks at a window of outputs, so it cannot choose before the first window is full. Where a
fit has its peak before that, the stopped score is no measure of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Stopping", "caveat", "stopping"]


@dataclass(frozen=True)
class Stopping:
    """The stopping rule on the fits of one kind of up-sampling.

    Attributes:
        fits: how many.
        earliest: the first iteration that it can choose.
        early: share of fits whose peak is before that.
        peak, stop, last: median iteration of the peak, and of the choice; the last iteration.
    """

    upsample: str
    fits: int
    earliest: int
    early: float
    peak: float
    stop: float
    last: int


def stopping(table: Table, task: str) -> tuple[Stopping, ...]:
    """Per up-sampling; empty if the protocol does not state window and iterations."""
    settings = table.manifest["protocol"].get("dip")
    if not isinstance(settings, dict) or not {"stop_window", "iterations"} <= settings.keys():
        return ()
    runs = table.runs.to_pandas()
    fits = runs[(runs["task"] == task) & (runs["mode"] == "dip") & (runs["status"] == "ok")]
    kinds = table.frame.drop_duplicates("key").set_index("key")["upsample"]
    fits = fits.assign(upsample=fits["key"].map(kinds))
    earliest = int(settings["stop_window"])
    return tuple(
        Stopping(
            upsample=str(kind),
            fits=len(mine),
            earliest=earliest,
            early=float((mine["peak_iteration"] < earliest).mean()),
            peak=float(mine["peak_iteration"].median()),
            stop=float(mine["stopped_iteration"].median()),
            last=int(settings["iterations"]),
        )
        for kind, mine in fits.groupby("upsample", sort=True)
    )


def caveat(found: tuple[Stopping, ...]) -> str:
    """What to keep in mind wherever the stopped score is shown; empty if nothing is known."""
    from dipbench.reports.findings.text import listed, percent

    early = [s for s in found if s.early > 0.5]
    late = [s for s in found if s.stop > 0.9 * s.last]
    if not early and not late:
        return ""
    said = []
    if early:
        of = listed([f"{percent(s.early)} of the {s.upsample} fits" for s in early])
        said.append(
            f"ES-WMV cannot choose before iteration {early[0].earliest}, when {of} have already "
            "peaked"
        )
    if late:
        kinds = listed([s.upsample for s in late])
        said.append(f"for {kinds} up-sampling its median choice is in the last tenth of the fit")
    return (
        f"The stopped score is hardly that of a stopping rule here: {'; and '.join(said)}. Read it "
        "as a score of a late output."
    )
