"""All numbers about proxies, computed from a table and a file of training-free scores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dipbench.reports.findings.bootstrap import Draws, Estimate, draw, estimate, resampled
from dipbench.reports.findings.effort import FULL, Effort
from dipbench.reports.findings.noise import Repeated, repeated
from dipbench.reports.findings.panel import HEADLINE, Floats, Ints, Panel, make_panel
from dipbench.reports.findings.stopping import Stopping, stopping
from dipbench.reports.findings.study import Tell, plain
from dipbench.reports.proxy.correlation import Correlations, correlations
from dipbench.reports.proxy.curves import panel_curves
from dipbench.reports.proxy.hunt import Hunt, first_choice, hunt
from dipbench.reports.proxy.proxies import CEILING, SLC, Group, Proxy, proxies
from dipbench.reports.proxy.scores import Scores, read_scores

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["NEAR", "NEARER", "Standing", "Study", "as_json", "study"]

ORDERS = 4000  # random orders, for quartiles of seconds
NEAR = 0.05  # a network is good if its test RMSE is at most this much above the least
NEARER = 0.02  # and very good if at most this much


@dataclass(frozen=True)
class Standing:
    """What one proxy is worth. All correlations are of its score as signed beforehand, so a
    positive one means that the prediction points the right way.

    Attributes:
        each: seconds that it costs per architecture, mean.
        tau, rho: Kendall's tau and Spearman's rho with test RMSE.
        within: that tau over the pairs of equal up-sampling and width.
        beyond: that tau over the pairs of equal SLC: what it adds; NaN for SLC.
        lead: of SLC over it, in tau; None for SLC.
        dip: its tau with DIP RMSE.
        highest: the tau that its ties leave within reach.
        choice: expected test RMSE of the architecture that it puts first, above the least of
            all, as a share of that.
        hunt: training in its order, what it costs beforehand not included; None for the ceiling.
        total: expected seconds of both.
        nearer: the same until a very good network is trained; see `NEARER`.
    """

    name: str
    label: str
    group: Group
    sign: int
    reason: str
    each: float
    tau: Estimate
    rho: Estimate
    within: Estimate
    beyond: Estimate
    lead: Estimate | None
    dip: float
    highest: float
    choice: float
    hunt: Hunt | None
    total: float
    nearer: float

    @property
    def beforehand(self) -> float:
        """Seconds that are spent before the first full training."""
        return self.total - self.hunt.seconds.mean if self.hunt else self.total


@dataclass(frozen=True)
class Study:
    """What the document says, in numbers.

    Attributes:
        seed, effort: of the resampling and of random orders.
        standings: one per proxy; the last is the ceiling.
        good, very_good: how many architectures are; see `NEAR` and `NEARER`.
        random: training in random order until a good one is found; `random_nearer`: the expected
            seconds until a very good one is.
        everything: seconds of training all.
        repeated: what another seed leaves of an order.
        stopping: of the stopping rule.
    """

    task: str
    seed: int
    effort: Effort
    panel: Panel
    scores: Scores | None
    standings: tuple[Standing, ...]
    good: int
    very_good: int
    random: Hunt
    random_nearer: float
    everything: float
    repeated: tuple[Repeated, ...]
    stopping: tuple[Stopping, ...]

    @property
    def ceiling(self) -> Standing:
        """The standing of the validation RMSE after training, the best that a proxy could be."""
        return self.named(CEILING)

    @property
    def rivals(self) -> tuple[Standing, ...]:
        """All proxies: what is known before any training has ended."""
        return tuple(each for each in self.standings if each.group != "ceiling")

    def named(self, name: str) -> Standing:
        """The standing of one proxy."""
        return next(each for each in self.standings if each.name == name)


def study(
    table: Table,
    scores: str | os.PathLike[str] | None = None,
    seed: int = 0,
    task: str = "denoise25",
    effort: Effort = FULL,
    tell: Tell = lambda _: None,
) -> Study:
    """Compute what every proxy is worth on one task of `table`.

    Args:
        scores: the file of training-free scores; without it there are no such proxies.
        seed: of the resampling and of random orders; the same seed gives the same numbers.
        tell: is told what is computed next.

    Raises:
        ValueError: the table or the file holds too little for it, or `seed` is negative.
        InvalidTable: a learning curve is missing.
        OSError: the file cannot be read.
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}; expected 0 or a positive number")
    panel = make_panel(table, task)
    named = panel.architectures
    untrained = None
    if scores is not None:
        called = named["key"].tolist(), named["name"].tolist()
        untrained = read_scores(scores, table.protocol, *called)
    tell("learning curves")
    runs = panel_curves(table, panel, task)
    known = proxies(panel, _macs(table, panel, task), runs, untrained)
    resampling, hunting = np.random.default_rng(seed).spawn(2)
    ranks = _Ranks(panel, draw(panel, resampling, effort.resamples))
    tell("rank correlations of the proxies")
    ranked = {proxy.name: ranks.of(proxy) for proxy in known}
    test = panel.score(HEADLINE[1])
    training = runs.supervised.cost(runs.supervised.steps[-1])
    good, very_good = (test <= test.min() * (1 + near) for near in (NEAR, NEARER))
    *streams, last = hunting.spawn(len(known) + 1)
    none = np.zeros(len(panel))

    def nearer(score: Floats, left: Floats, rng: np.random.Generator) -> float:
        return hunt(score, left, very_good, rng, ORDERS).seconds.mean

    def standing(proxy: Proxy, rng: np.random.Generator) -> Standing:
        left = training * (1 - proxy.begun)
        found = None if proxy.name == CEILING else hunt(proxy.score, left, good, rng, ORDERS)
        mine, slc = ranked[proxy.name], ranked[SLC]
        paid = float(proxy.seconds.sum())
        return Standing(
            name=proxy.name,
            label=proxy.label,
            group=proxy.group,
            sign=proxy.sign,
            reason=proxy.reason,
            each=float(proxy.seconds.mean()),
            tau=estimate(mine.tau),
            rho=estimate(mine.rho),
            within=ranks.within(proxy, "upsample", "width"),
            beyond=ranks.within(proxy, SLC),
            lead=None if proxy.name == SLC else estimate(slc.tau - mine.tau),
            dip=ranks.dip(proxy),
            highest=ranks.highest(proxy),
            choice=first_choice(proxy.score, test) / float(test.min()) - 1,
            hunt=found,
            total=paid + (found.seconds.mean if found else 0.0),
            nearer=paid + (nearer(proxy.score, left, rng) if found else 0.0),
        )

    return Study(
        task=task,
        seed=seed,
        effort=effort,
        panel=panel,
        scores=untrained,
        standings=tuple(standing(p, rng) for p, rng in zip(known, streams, strict=True)),
        good=int(good.sum()),
        very_good=int(very_good.sum()),
        random=hunt(none, training, good, last, ORDERS),
        random_nearer=nearer(none, training, last),
        everything=float(training.sum()),
        repeated=repeated(panel),
        stopping=stopping(table, task),
    )


def _macs(table: Table, panel: Panel, task: str) -> Floats:
    frame = table.frame[table.frame["task"] == task].set_index("key")
    found: Floats = frame.loc[panel.architectures["key"], "macs"].to_numpy(np.float64)
    if np.isnan(found).any():
        raise ValueError(f"macs is missing of {int(np.isnan(found).sum())} architectures")
    return found


class _Ranks:
    """Correlations of any proxy with test RMSE and, for information, with DIP RMSE."""

    def __init__(self, panel: Panel, draws: Draws):
        self._draws = draws
        self._dip = panel.score(HEADLINE[0])
        self._test = resampled(panel, draws, HEADLINE[1])
        self._panel, self._all = panel, np.zeros(len(panel), np.int64)

    def of(self, proxy: Proxy) -> Correlations:
        """Over all pairs, under every resample."""
        return self._resampled(proxy, self._all)

    def within(self, proxy: Proxy, *features: str) -> Estimate:
        """Kendall's tau over the pairs that are equal in these features."""
        return estimate(self._resampled(proxy, self._panel.strata(*features)).tau)

    def dip(self, proxy: Proxy) -> float:
        """Kendall's tau with DIP RMSE, over all pairs, as measured."""
        return self._measured(proxy.score, self._dip)

    def highest(self, proxy: Proxy) -> float:
        """Kendall's tau of the proxy with an order that agrees with it in all that it says."""
        untied = np.lexsort((np.arange(len(proxy.score)), proxy.score)).argsort()
        return self._measured(proxy.score, untied.astype(np.float64))

    def _resampled(self, proxy: Proxy, strata: Ints) -> Correlations:
        score = proxy.resampled(self._draws)
        return correlations(score, self._test, self._draws.architectures, strata)

    def _measured(self, x: Floats, y: Floats) -> float:
        return float(correlations(x, y, np.ones((1, len(x))), self._all).tau[0])


def as_json(found: Study) -> dict[str, Any]:
    """`found` as dictionaries, lists, numbers and strings; NaN becomes None.

    The panel and the scores are left out: the table and the file hold them.
    """
    left_out = ("panel", "scores")
    values = {n: getattr(found, n) for n in Study.__dataclass_fields__ if n not in left_out}
    said: dict[str, Any] = plain({"architectures": len(found.panel)} | values)
    return said
