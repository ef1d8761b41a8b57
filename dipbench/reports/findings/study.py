"""All numbers of the findings, computed from a table and those beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dipbench.reports.findings.baselines import Baseline
from dipbench.reports.findings.bootstrap import Draws, draw
from dipbench.reports.findings.checks import Checks, checks
from dipbench.reports.findings.claims import Claim
from dipbench.reports.findings.companions import Companions, companions, unfinished
from dipbench.reports.findings.components import Components, components, told_apart
from dipbench.reports.findings.controls import Control, control
from dipbench.reports.findings.corner import Rectangle, rectangles
from dipbench.reports.findings.effort import FULL, Effort
from dipbench.reports.findings.hardness import hardness
from dipbench.reports.findings.judging import DEEP, Facts, judged
from dipbench.reports.findings.larger import Larger, larger
from dipbench.reports.findings.longer import Longer, longer
from dipbench.reports.findings.noise import Repeated, repeated
from dipbench.reports.findings.panel import DIP, HEADLINE, SUPERVISED, Panel, make_panel
from dipbench.reports.findings.ranks import RankAgreement, agreement
from dipbench.reports.findings.reliability import Agreements, between_images
from dipbench.reports.findings.seeds import SeedReliability, between_seeds
from dipbench.reports.findings.settings import PERTURBED, STILL
from dipbench.reports.findings.still import Still, still
from dipbench.reports.findings.stopping import Stopping, stopping
from dipbench.reports.findings.tasks import OverTasks, over_tasks
from dipbench.reports.findings.variance import Explained, explained
from dipbench.table.difficulty import Difficulty

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Noise", "Pair", "Study", "Tell", "as_json", "plain", "study"]

Tell: TypeAlias = Callable[[str], object]  # is told what is computed next


@dataclass(frozen=True)
class Pair:
    """A DIP and a supervised score side by side.

    Attributes:
        dip, supervised: columns of runs.parquet.
        overall, within: Kendall's tau over all pairs, and within strata of (depth, SLC).
    """

    dip: str
    supervised: str
    overall: RankAgreement
    within: RankAgreement


@dataclass(frozen=True)
class Noise:
    """Variance components of one DIP score among some of the architectures.

    Attributes:
        group: which architectures.
        apart: share of their pairs that differ by more than the least difference.
    """

    group: str
    components: Components
    apart: float


@dataclass(frozen=True)
class Study:
    """What the findings say, in numbers.

    Attributes:
        seed, effort: of the resampling and shuffling.
        claims: each with its verdict and all settings.
        facts: by input and architectures (``all``, ``deep``), what the claims are judged by.
        explained, explained_even: per column of `DIP` and `SUPERVISED` the shares of its
            variance, every architecture, or every pair of depth and SLC, weighing the same.
        controls: per column the control experiment.
        pairs: the headline first, then every other DIP score with the supervised headline, then
            the other supervised score with the DIP headline.
        even: the headline, every pair of depth and SLC weighing the same.
        rectangles: tau of the headline where there is no empty corner.
        checks: what the verdicts rest on.
        images, seeds: reliability of ranks; `repeated`: between seeds, in parts of the space.
        noise: errors of the DIP scores; empty for one image.
        stopping: when the stopping rule could choose, and when it did.
        difficulty: of either mode, by headline column.
        still, longer, larger: with the fits without perturbation, with the longer training, and
            in a larger space; or why there is nothing.
        tasks: all tasks.
        baselines: from a file, if one was given.
    """

    task: str
    seed: int
    effort: Effort
    panel: Panel
    claims: tuple[Claim, ...]
    facts: Mapping[tuple[str, str], Facts]
    explained: Mapping[str, Explained]
    explained_even: Mapping[str, Explained]
    controls: Mapping[str, Control]
    pairs: tuple[Pair, ...]
    even: Pair
    rectangles: tuple[Rectangle, ...]
    checks: Checks
    images: tuple[Agreements, ...]
    seeds: SeedReliability
    repeated: tuple[Repeated, ...]
    noise: tuple[Noise, ...]
    stopping: tuple[Stopping, ...]
    difficulty: Mapping[str, Difficulty]
    still: Still | str
    longer: Longer | str
    larger: Larger | str
    tasks: OverTasks
    baselines: tuple[Baseline, ...]

    @property
    def headline(self) -> Pair:
        """The pair of scores that was declared before the runs."""
        return self.pairs[0]

    @property
    def known(self) -> Facts:
        """The facts of the headline."""
        return self.facts[PERTURBED, "all"]


def study(
    table: Table,
    seed: int = 0,
    task: str = "denoise25",
    effort: Effort = FULL,
    others: Iterable[Table] = (),
    baselines: tuple[Baseline, ...] = (),
    tell: Tell = lambda _: None,
) -> Study:
    """Compute all findings of one task of `table`.

    Args:
        seed: of the resampling and shuffling; the same seed gives the same numbers.
        others: tables beside it: without perturbation, of longer training, of other tasks. Which
            is which follows from their settings.
        tell: is told what is computed next.

    Raises:
        ValueError: the table holds too little for it, or `seed` is negative.
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}; expected 0 or a positive number")
    panel = make_panel(table, task)
    beside = companions(table, others)
    # Every part has a stream of its own: one part changed leaves the others' numbers alone.
    judging, resampling, shuffling, ranking, checking, tasking = np.random.default_rng(seed).spawn(
        6
    )
    without = _without(table, task, beside)
    tell("the claims in every setting")
    panels = {PERTURBED: panel} | ({} if isinstance(without, str) else {STILL: without})
    missing = (without,) if isinstance(without, str) else ()
    claims, facts = judged(panels, missing, judging, effort)
    tell("shares of the variance")
    columns, draws = [*DIP, *SUPERVISED], draw(panel, resampling, effort.resamples)
    shares, shares_even = (
        dict(zip(columns, explained(panel, draws, columns, weights), strict=True))
        for weights in (None, panel.even())
    )
    tell("trends")
    streams = zip(columns, shuffling.spawn(len(columns)), strict=True)
    controls = {c: control(panel, c, stream, effort.shuffles) for c, stream in streams}
    tell("rank correlations")
    pairs, even = _pairs(panel, draws, facts[PERTURBED, "all"], ranking, effort)
    tell("what the verdicts rest on, and noise")
    return Study(
        task=task,
        seed=seed,
        effort=effort,
        panel=panel,
        claims=claims,
        facts=facts,
        explained=shares,
        explained_even=shares_even,
        controls=controls,
        pairs=pairs,
        even=even,
        rectangles=rectangles(panel, draws, *HEADLINE),
        checks=checks(panel, checking, effort.resamples),
        images=between_images(panel),
        seeds=between_seeds(table, task),
        repeated=repeated(panel),
        noise=_noise(panel),
        stopping=stopping(table, task),
        difficulty=hardness(panel),
        still=_still(table, panel, without, beside),
        longer=_longer(table, panel, beside, task),
        larger=_larger(beside, task),
        tasks=_tasks(table, task, panel, claims, without, beside, tasking, effort, tell),
        baselines=baselines,
    )


def _without(table: Table, task: str, beside: Companions) -> Panel | str:
    """The panel with the fits without perturbation, or why there is none."""
    if beside.still is None:
        return "no table of DIP fits without perturbation of the input is there"
    missing = unfinished(beside.still)
    if missing:
        return missing
    try:
        return make_panel(table, task, fits_of=beside.still)
    except ValueError as error:
        return f"`{beside.still.protocol}`: {error}"


def _still(table: Table, panel: Panel, without: Panel | str, beside: Companions) -> Still | str:
    if isinstance(without, str) or beside.still is None:
        return str(without)
    settings = table.manifest["protocol"].get("dip")
    found = still(beside.still.protocol, panel, without, settings)
    return replace(found, sha256=beside.still.sha256)


def _longer(table: Table, panel: Panel, beside: Companions, task: str) -> Longer | str:
    if beside.longer is None:
        return "No table of longer trainings is there: not judged."
    try:
        return longer(table, panel, beside.longer, task)
    except ValueError as error:
        return f"Not judged: {error}."


def _larger(beside: Companions, task: str) -> Larger | str:
    if beside.sampled is None:
        return "No random sample of another space is there: not judged."
    try:
        return larger(beside.sampled, task)
    except ValueError as error:
        return f"Not judged: {error}."


def _tasks(
    table: Table,
    task: str,
    panel: Panel,
    claims: tuple[Claim, ...],
    without: Panel | str,
    beside: Companions,
    rng: np.random.Generator,
    effort: Effort,
    tell: Tell,
) -> OverTasks:
    for each in beside.tasks:
        tell(f"{each.protocol}: the claims")
    own = task, table, panel, claims
    return over_tasks(own, None if isinstance(without, str) else without, beside.tasks, rng, effort)


def _pairs(
    panel: Panel, draws: Draws, known: Facts, rng: np.random.Generator, effort: Effort
) -> tuple[tuple[Pair, ...], Pair]:
    """The pairs of scores; where a claim was judged by one, its tau is that of `known`."""
    dip, supervised = HEADLINE
    chosen = [(column, supervised) for column in DIP]
    chosen += [(dip, column) for column in SUPERVISED if column != supervised]
    *streams, last = rng.spawn(len(chosen) + 1)
    everyone, strata = np.zeros(len(panel), np.int64), panel.strata("depth", "slc")

    def pair(names: tuple[str, str], stream: np.random.Generator, weighing: str) -> Pair:
        weights = panel.even() if weighing == "cells" else np.ones(len(panel))
        overall, within = (
            agreement(panel, draws, *names, among, stream, effort.shuffles, weights)
            for among in (everyone, strata)
        )
        if names[1] == supervised:
            overall = known.taus.get((names[0], weighing), overall)
        return Pair(*names, overall, within)

    each = zip(chosen, streams, strict=True)
    return (
        tuple(pair(names, stream, "architectures") for names, stream in each),
        pair((dip, supervised), last, "cells"),
    )


def _noise(panel: Panel) -> tuple[Noise, ...]:
    if len(panel.images) < 2:
        return ()
    found = []
    deep = panel.feature("depth") >= DEEP
    for group, part in (("all", panel), (f"depth ≥ {DEEP}", panel.part(deep))):
        for column in DIP:
            parts = components(column, part.dip[column])
            apart = told_apart(part.score(column), parts.difference or 0.0)
            found.append(Noise(group, parts, apart))
    return tuple(found)


def as_json(found: Study) -> dict[str, Any]:
    """`found` as dictionaries, lists, numbers and strings; NaN becomes None.

    The panel's scores are left out, as they are in the table, and so are the facts of single
    settings, whose numbers the claims state.
    """
    panel = found.panel
    said = {
        "architectures": len(panel),
        "measured": panel.measured,
        "images": panel.images,
        "dip_seeds": panel.dip_seeds,
        "supervised_seeds": panel.supervised_seeds,
    }
    left_out = ("panel", "facts")
    values = {n: getattr(found, n) for n in Study.__dataclass_fields__ if n not in left_out}
    numbers: dict[str, Any] = plain({"panel": said} | values)
    return numbers


def plain(value: Any) -> Any:
    """Data classes as dictionaries, whatever they hold, ready for JSON; NaN becomes None."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
