"""`Problem`: what a search may ask, and what each answer costs on a simulated clock.

The clock charges every run that an answer takes in, so a mean over three seeds costs three
trainings, and for each the seconds of its architecture on one reference clock, whatever device
measured the run (`dipbench.nas.clock`). A run judged at step f of its learning curve of L steps
is charged f/L of its seconds. What no run is needed for, MACs, parameters, depth and SLC, is
free. Diverged runs are in no mean, and so on no clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.errors import NotInTable
from dipbench.lazy import lazy
from dipbench.nas.candidates import Candidates
from dipbench.nas.choice import (
    check_clock,
    checked_noise,
    checked_report,
    checked_seed,
    chosen_indices,
    generator,
    limit,
    outside,
    source,
)
from dipbench.nas.clock import ClockSource
from dipbench.nas.data import Member, Which
from dipbench.nas.evaluation import Budget, BudgetExceeded, Evaluation, Features
from dipbench.nas.front import Value, preference
from dipbench.nas.objectives import FREE, checked
from dipbench.nas.predicted import LISTED, PredictedData
from dipbench.nas.query import Query, Seed
from dipbench.nas.reported import Reported
from dipbench.table.catalogue import TASK

if TYPE_CHECKING:
    from dipbench.surrogate.surrogate import Surrogate
    from dipbench.table.table import Table

__all__ = ["BudgetExceeded", "Evaluation", "Features", "Problem"]

Floats: TypeAlias = npt.NDArray[np.float64]

SAMPLED = 4096  # architectures that stand for more than LISTED


class Problem(Candidates, Reported):
    """Architecture search on one task of a table.

    Args:
        objectives: one or several of `dipbench.nas.OBJECTIVES`, all to be minimised.
        table: by default the embedded one of the task.
        task: the restoration task.
        seconds: the budget in simulated computing seconds; by default unlimited.
        evaluations: the budget in charged evaluations; by default unlimited.
        seed: None for means over all measured seeds, an integer for the runs of that seed,
            ``"random"`` for those of one measured seed, drawn for each evaluation.
        repeats: ``"cached"``: what was paid for is free when asked again, and a run that was
            paid for up to some step goes on from there; ``"charged"``: all is paid again.
        rng: draws the seeds; needed for ``seed="random"`` alone.
        within: the only architectures to search among; by default all that can be.
        space: search this space on the predictions of its surrogate instead of a table. One
            evaluation is one training, or one fit of each image, of one seed.
        surrogate: another surrogate than the embedded one of the space and task.
        noise: on predictions, draws how far one seed's score lies from the prediction, as far as
            measured seeds lie apart; by default the prediction itself is the answer.
        max_macs: only architectures that need no more than so many MACs.
        report: what `regret` is of. By default the test RMSE; on predictions, the objective
            itself, the test RMSE standing for that of validation.

    Attributes:
        objectives, task, seed, repeats: as given.
        architectures: those with all objectives known, in the order of the space; keys where
            the table is of own graphs. On predictions nothing is made before it is asked for.
        report, max_macs: as given or by default.
        fidelities: steps at which the objectives can be judged, ascending; the last is the
            full run. There is only the last where both kinds of run are needed, or where one
            objective is known of full runs alone.
        budget: seconds and evaluations.

    Raises:
        ValueError: an argument has a wrong type or value; the message says what was expected.
        NotInTable: a task, objective, seed or architecture that was not measured.
        NoSurrogate: the space has no surrogate for the task, or it does not predict an objective.
    """

    def __init__(
        self,
        objectives: str | Sequence[str] = ("supervised_rmse_val",),
        *,
        table: Table | None = None,
        task: str = TASK,
        seconds: float | None = None,
        evaluations: int | None = None,
        seed: Seed = None,
        repeats: Literal["cached", "charged"] = "cached",
        rng: np.random.Generator | None = None,
        within: Iterable[Member] | None = None,
        space: str | None = None,
        surrogate: Surrogate | None = None,
        noise: np.random.Generator | None = None,
        max_macs: float | None = None,
        report: str | None = None,
    ):
        self.objectives = tuple(objective.name for objective in checked(objectives))
        self.task = task
        self.budget = Budget(
            limit("seconds", seconds), limit("evaluations", evaluations, whole=True)
        )
        self.seed = checked_seed(seed)
        if repeats not in ("cached", "charged"):
            raise ValueError(f"repeats is {repeats!r}; expected 'cached' or 'charged'")
        self.repeats = repeats
        self._rng = generator(rng, self.seed)
        self._data = source(table, task, space, surrogate, self.seed)
        self._noise = checked_noise(noise, self._data, self.objectives)
        self.max_macs = limit("max_macs", max_macs)
        self.report = checked_report(report, self.objectives, self._data)
        self._query = Query.of(self.objectives, self.seed, self._data)
        self._queries = {self.objectives: self._query}
        self._indices = chosen_indices(self._data, self._query, within, self.max_macs)
        check_clock(self._data, self._query, self._indices)
        self._names = self._data.names(self._indices)
        self._neighbours = {}
        self.architectures = self._members(self._indices)
        self.fidelities = self._query.fidelities
        self._reset()

    def _reset(self) -> None:
        self._clock = 0.0
        self._evaluations = 0
        self._history: list[Evaluation] = []
        self._paid: dict[Which, int] = {}
        self._drawn: dict[Which, float] = {}

    def fresh(
        self, rng: np.random.Generator | None = None, *, seconds: float | None = None
    ) -> Problem:
        """The same problem with nothing spent; cheap, since the measurements are shared.

        Args:
            rng: draws the seeds, or the noise, where they are drawn; by default the generator
                of this problem, which then serves both.
            seconds: another budget.
        """
        twin = copy(self)
        if rng is not None:
            twin._rng = generator(rng, self.seed)
            twin._noise = None if self._noise is None else rng
        if seconds is not None:
            twin.budget = Budget(limit("seconds", seconds), self.budget.evaluations)
        twin._reset()
        return twin

    @property
    def protocol(self) -> str:
        """Name of the protocol by which the table was measured."""
        return self._data.protocol

    @property
    def clock_source(self) -> ClockSource | None:
        """Whose seconds are charged; None where no run can be."""
        return self._data.clock

    @property
    def clock(self) -> float:
        """Simulated seconds spent so far."""
        return self._clock

    @property
    def evaluations(self) -> int:
        """How many evaluations were charged; cached answers are not."""
        return self._evaluations

    @property
    def history(self) -> tuple[Evaluation, ...]:
        """All evaluations in order, cached ones included."""
        return tuple(self._history)

    def evaluate(
        self,
        architecture: Member,
        fidelity: int | None = None,
        *,
        objective: str | None = None,
        seed: int | None = None,
    ) -> Evaluation:
        """The objectives of one architecture, and what they cost.

        Args:
            architecture: one of `architectures`, or its name or key.
            fidelity: one of `fidelities`; by default the last, the full run. The value at an
                earlier step is that of the full run on its way there. The rate of learning
                follows a cycle over the whole run, so this is not what a shorter schedule
                would have given.
            objective: instead of the problem's own, charged to the same clock.
            seed: where seeds are drawn, this one: to go on with the run of an earlier
                evaluation.

        Raises:
            BudgetExceeded: it would pass the budget; nothing is charged.
            ValueError: a fidelity or an objective that is not there, a seed where none is
                drawn, or something that names no architecture.
            NotInTable: the architecture, or this objective or seed of it, was not measured.
        """
        index = self._index(architecture)
        query = self._query if objective is None else self._query_for(objective)
        position = query.position(fidelity)
        step = query.fidelities[-1 if position is None else position]
        chosen = self._seed_of(index, query, seed)
        runs = self._data.runs
        seconds, advanced = 0.0, []
        for mode, last in query.modes:
            which = (index, mode, chosen)
            if which not in runs:
                raise self._unmeasured(index, mode, chosen)
            step_of_mode = last if position is None else step
            paid = self._paid.get(which, 0) if self.repeats == "cached" else 0
            if step_of_mode > paid:
                seconds += runs[which].seconds * ((step_of_mode - paid) / last)
                advanced.append((which, step_of_mode))
        if advanced:
            self._charge(index, seconds)
            self._paid.update(advanced)
        if self._noise is not None:
            for which, _ in advanced:
                self._drawn[which] = float(self._noise.standard_normal())
        values = [
            runs[index, m, chosen].value(name, position) * self._factor(index, m, name)
            for m, name in query.columns
        ]
        evaluation = Evaluation(
            architecture=self._data.members[index],
            values=tuple(values),
            fidelity=step,
            seed=chosen,
            seconds=seconds,
            clock=self._clock,
            objectives=query.objectives,
        )
        self._history.append(evaluation)
        return evaluation

    def _factor(self, index: int, mode: str, objective: str) -> float:
        """What a seed makes of a prediction: the same for what was paid for once."""
        if self._noise is None or mode == FREE:
            return 1.0
        assert isinstance(self._data, PredictedData)  # there is no other noise
        share = self._data.surrogate.about["noise"][objective]
        return math.exp(share * self._drawn[index, mode, None])

    def _charge(self, index: int, seconds: float) -> None:
        if self._clock + seconds > self.budget.seconds:
            raise BudgetExceeded(
                f"{self._data.members[index]} would take {seconds:.6g} s; "
                f"{self._clock:.6g} of {self.budget.seconds:.6g} s are spent"
            )
        if self._evaluations >= self.budget.evaluations:
            raise BudgetExceeded(f"all {self.budget.evaluations:g} evaluations are spent")
        self._clock += seconds
        self._evaluations += 1

    def fidelities_of(self, objective: str) -> tuple[int, ...]:
        """The fidelities at which `evaluate` can judge by `objective`."""
        return self._query_for(objective).fidelities

    def measured(self, objective: str) -> Sequence[Member]:
        """Those of `architectures` that `evaluate` can judge by `objective`."""
        query = self._query_for(objective)
        if isinstance(self._data, PredictedData):
            return self.architectures
        return self._members([index for index in self._indices if query.answered(index)])

    @lazy
    def total_seconds(self) -> float:
        """What evaluating each of `architectures` once, in full, would cost; where seeds are
        drawn, the expectation. Of more than 100,000 it is estimated from 4096."""
        query, count = self._query, len(self._indices)
        step = 1 if count <= LISTED else count // SAMPLED
        total = 0.0
        for index in map(int, self._indices[::step]):
            seeds = query.seeds(index)
            spent = [self._data.runs[index, m, s].seconds for m, _ in query.modes for s in seeds]
            total += math.fsum(spent) / len(seeds)
        return total * count / len(self._indices[::step])

    def features(self, architecture: Member) -> Features:
        """Depth, SLC, parameters and MACs: free."""
        row = self._data.rows[self._index(architecture)]
        return Features(row["depth"], row["slc"], row["params"], row["macs"])

    def preference(self, rng: np.random.Generator) -> Value:
        """What to minimise for a while: the one objective; of several, weights drawn anew."""
        if len(self.objectives) == 1:
            return lambda values: values[0]
        own = [e.values for e in self._history if e.objectives == self.objectives]
        return preference(own, rng)

    def __eq__(self, other: object) -> bool:
        """Whether the same is asked of the same table, and has been answered so far; the
        generator that draws seeds is not compared."""
        return isinstance(other, Problem) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._asked())

    def _asked(self) -> tuple[object, ...]:
        """What a problem is made of, but for its budget."""
        asked = self.task, self.objectives, self.seed, self.repeats, self.report, self.max_macs
        return self._data.sha256, *asked, self._noise is None

    def _said(self) -> tuple[object, ...]:
        spent = self.budget, self._clock, self._evaluations, self._history
        return *self._asked(), self.architectures, *spent

    def __repr__(self) -> str:
        judged, count = " and ".join(self.objectives), len(self.architectures)
        return f"<problem {judged} of {self._data.protocol}: {count} architectures>"

    def _index(self, architecture: object) -> int:
        try:
            return self._names[architecture]
        except (KeyError, TypeError):
            raise outside(architecture, self._data, self._query, len(self._indices)) from None

    def _query_for(self, objective: str) -> Query:
        names = (objective,)
        if names not in self._queries:
            query = Query.of(names, self.seed, self._data)
            check_clock(self._data, query, filter(query.answered, self._indices))
            self._queries[names] = query
        return self._queries[names]

    def _seed_of(self, index: int, query: Query, wanted: int | None) -> int | None:
        if wanted is None:
            seeds = query.seeds(index)
            if len(seeds) == 1:
                return seeds[0]
            if not seeds:
                raise self._unmeasured(index, query.modes[0][0], None)
            assert self._rng is not None  # drawn seeds without one were refused
            return seeds[int(self._rng.integers(len(seeds)))]
        if self.seed != "random":
            raise ValueError(
                f"seed is {wanted!r}, but the problem draws none; expected a problem with "
                "seed='random'"
            )
        return None if query.free else wanted

    def _unmeasured(self, index: int, mode: str, seed: int | None) -> NotInTable:
        seeds = ", ".join(map(str, self._data.seeds.get((index, mode), ()))) or "none"
        of_seed = "" if seed is None else f" of seed {seed}"
        return NotInTable(
            f"{self._data.members[index]} has no finished {mode} run{of_seed}; "
            f"expected a seed among those measured: {seeds}"
        )
