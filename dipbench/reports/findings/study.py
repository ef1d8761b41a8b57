"""All numbers of the findings, computed from a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dipbench.reports.findings.bootstrap import Draws, draw
from dipbench.reports.findings.claims import Claim, claims
from dipbench.reports.findings.components import Components, components, told_apart
from dipbench.reports.findings.controls import Control, control
from dipbench.reports.findings.corner import Corner, Rectangle, corner, rectangles
from dipbench.reports.findings.effort import FULL, Effort
from dipbench.reports.findings.panel import DIP, HEADLINE, SUPERVISED, Floats, Panel, make_panel
from dipbench.reports.findings.ranks import RankAgreement, agreement, pairs_within, tau
from dipbench.reports.findings.reliability import Agreements, between_images
from dipbench.reports.findings.seeds import SeedReliability, between_seeds
from dipbench.reports.findings.variance import Explained, explained

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["Pair", "Study", "as_json", "plain", "study"]


@dataclass(frozen=True)
class Pair:
    """A DIP and a supervised score side by side, and what follows for the claims.

    Attributes:
        dip, supervised: columns of runs.parquet.
        overall, within: Kendall's tau over all pairs, and within strata of (depth, SLC).
        corner: what the empty corner alone makes of tau.
    """

    dip: str
    supervised: str
    overall: RankAgreement
    within: RankAgreement
    corner: Corner
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Study:
    """What the findings say, in numbers.

    Attributes:
        seed, effort: of the resampling and shuffling.
        explained, explained_even: per column of `DIP` and `SUPERVISED` the shares of its
            variance, every architecture, or every pair of depth and SLC, weighing the same.
        controls: per column the control experiment.
        pairs: the headline first, then every other DIP score with the supervised headline, then
            the other supervised score with the DIP headline.
        even: the headline, every pair of depth and SLC weighing the same.
        features: Kendall's tau of depth and SLC themselves, and with these weights.
        rectangles: tau of the headline where there is no empty corner.
        images, seeds: reliability of ranks.
        components: of the panel's DIP scores; empty for one image.
        apart: per column the share of pairs of architectures that can be told apart.
    """

    task: str
    seed: int
    effort: Effort
    panel: Panel
    explained: Mapping[str, Explained]
    explained_even: Mapping[str, Explained]
    controls: Mapping[str, Control]
    pairs: tuple[Pair, ...]
    even: Pair
    features: tuple[float, float]
    rectangles: tuple[Rectangle, ...]
    images: tuple[Agreements, ...]
    seeds: SeedReliability
    components: tuple[Components, ...]
    apart: Mapping[str, float]

    @property
    def headline(self) -> Pair:
        """The pair of scores that was declared before the runs."""
        return self.pairs[0]


def study(table: Table, seed: int = 0, task: str = "denoise25", effort: Effort = FULL) -> Study:
    """Compute all findings of one task of `table`.

    Args:
        seed: of the resampling and shuffling; the same seed gives the same numbers.

    Raises:
        ValueError: the table holds too little for it, or `seed` is negative.
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}; expected 0 or a positive number")
    panel = make_panel(table, task)
    columns = [*DIP, *SUPERVISED]
    # Every part has a stream of its own: one part changed leaves the others' numbers alone.
    resampling, shuffling, ranking = np.random.default_rng(seed).spawn(3)
    draws = draw(panel, resampling, effort.resamples)
    ones, even = np.ones(len(panel)), panel.even()
    shares, shares_even = (
        dict(zip(columns, explained(panel, draws, columns, weights), strict=True))
        for weights in (ones, even)
    )
    streams = zip(columns, shuffling.spawn(len(columns)), strict=True)
    controls = {
        column: control(panel, column, stream, effort.shuffles) for column, stream in streams
    }
    dip, supervised = HEADLINE
    chosen = [(column, supervised) for column in DIP]
    chosen += [(dip, column) for column in SUPERVISED if column != supervised]
    *streams_of_pairs, last = ranking.spawn(len(chosen) + 1)
    make = _PairMaker(panel, draws, controls, effort)
    pairs = tuple(
        make.pair(shares, *names, stream, ones)
        for names, stream in zip(chosen, streams_of_pairs, strict=True)
    )
    parts = tuple(components(c, panel.dip[c][:, :, None]) for c in DIP if len(panel.images) > 1)
    return Study(
        task=task,
        seed=seed,
        effort=effort,
        panel=panel,
        explained=shares,
        explained_even=shares_even,
        controls=controls,
        pairs=pairs,
        even=make.pair(shares_even, dip, supervised, last, even),
        features=(_of_features(panel, ones), _of_features(panel, even)),
        rectangles=rectangles(panel, draws, dip, supervised),
        images=between_images(panel),
        seeds=between_seeds(table, task),
        components=parts,
        apart={p.column: told_apart(panel.score(p.column), p.difference or 0.0) for p in parts},
    )


@dataclass(frozen=True)
class _PairMaker:
    """What every pair of scores is computed from."""

    panel: Panel
    draws: Draws
    controls: Mapping[str, Control]
    effort: Effort

    def pair(
        self,
        shares: Mapping[str, Explained],
        dip: str,
        supervised: str,
        rng: np.random.Generator,
        weights: Floats,
    ) -> Pair:
        everyone, strata = np.zeros(len(self.panel), np.int64), self.panel.strata("depth", "slc")
        both = self.panel, self.draws, dip, supervised
        overall = agreement(*both, everyone, rng, self.effort.shuffles, weights)
        within = agreement(*both, strata, rng, self.effort.shuffles, weights)
        alone = corner(self.panel, dip, supervised, rng, self.effort.tables, weights)
        modes = {"dip": dip, "supervised": supervised}
        decided = claims(
            {mode: shares[column] for mode, column in modes.items()},
            {mode: self.controls[column] for mode, column in modes.items()},
            overall,
            alone,
        )
        return Pair(dip, supervised, overall, within, alone, decided)


def _of_features(panel: Panel, weights: Floats) -> float:
    depth, slc = (panel.feature(name).astype(np.float64) for name in ("depth", "slc"))
    return tau(depth, slc, pairs_within(np.zeros(len(panel), np.int64)), weights)


def as_json(found: Study) -> dict[str, Any]:
    """`found` as dictionaries, lists, numbers and strings; NaN becomes None.

    The panel's scores are left out, as they are in the table.
    """
    panel = found.panel
    said = {
        "architectures": len(panel),
        "measured": panel.measured,
        "images": panel.images,
        "dip_seeds": panel.dip_seeds,
        "supervised_seeds": panel.supervised_seeds,
    }
    values = {name: getattr(found, name) for name in Study.__dataclass_fields__ if name != "panel"}
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
