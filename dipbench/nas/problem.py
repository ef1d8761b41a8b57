"""`Problem`: what a search may ask, and what each answer costs on a simulated clock.

The clock charges the measured computing seconds of every run that an answer takes in, so a mean
over three seeds costs three trainings. A run judged at step f of its learning curve of L steps
is charged f/L of its seconds. What no run is needed for, MACs, parameters, depth and SLC, is
free. Diverged runs are in no mean, and so on no clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Literal

import numpy as np

from dipbench.arguments import several
from dipbench.errors import NotInTable
from dipbench.graphs.canonical import is_key
from dipbench.graphs.dag import as_integer
from dipbench.lazy import lazy
from dipbench.nas.data import Member, TaskData, Which, task_data
from dipbench.nas.evaluation import Budget, BudgetExceeded, Evaluation, Features
from dipbench.nas.objectives import checked
from dipbench.nas.query import Query, Seed
from dipbench.spaces import BaseArchitecture, Space, named
from dipbench.table.catalogue import TASK, embedded, for_task
from dipbench.table.table import Table, check_table

__all__ = ["BudgetExceeded", "Evaluation", "Features", "Problem"]


class Problem:
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

    Attributes:
        objectives, task, seed, repeats: as given.
        architectures: those with all objectives measured, in the order of the space; keys
            where the table is of own graphs.
        fidelities: steps at which the objectives can be judged, ascending; the last is the
            full run. There is only the last where both kinds of run are needed, or where one
            objective is known of full runs alone.
        budget: seconds and evaluations.

    Raises:
        ValueError: an argument that is no such thing; the message says which there are.
        NotInTable: a task, objective, seed or architecture that was not measured.
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
    ):
        self.objectives = tuple(objective.name for objective in checked(objectives))
        self.task = task
        self.budget = Budget(_limit("seconds", seconds), _limit("evaluations", evaluations))
        self.seed = _seed(seed)
        if repeats not in ("cached", "charged"):
            raise ValueError(f"repeats is {repeats!r}; expected 'cached' or 'charged'")
        self.repeats = repeats
        self._rng = _generator(rng, self.seed)
        self._data = task_data(_table(table, task), task)
        self._query = Query.of(self.objectives, self.seed, self._data)
        self._queries = {self.objectives: self._query}
        self._indices = _indices(self._data, self._query, within)
        self._names = self._data.names(self._indices)
        self._neighbours: dict[int, tuple[Member, ...]] = {}
        self.architectures = tuple(self._data.members[index] for index in self._indices)
        self.fidelities = self._query.fidelities
        self._reset()

    def _reset(self) -> None:
        self._clock = 0.0
        self._evaluations = 0
        self._history: list[Evaluation] = []
        self._paid: dict[Which, int] = {}

    def fresh(
        self, rng: np.random.Generator | None = None, *, seconds: float | None = None
    ) -> Problem:
        """The same problem with nothing spent; cheap, since the measurements are shared.

        Args:
            rng: draws the seeds, where they are drawn; by default the generator of this
                problem, which then serves both.
            seconds: another budget.
        """
        twin = copy(self)
        if rng is not None:
            twin._rng = _generator(rng, self.seed)
        if seconds is not None:
            twin.budget = Budget(_limit("seconds", seconds), self.budget.evaluations)
        twin._reset()
        return twin

    @property
    def protocol(self) -> str:
        """Name of the protocol by which the table was measured."""
        return self._data.protocol

    @property
    def space(self) -> Space[Any] | None:
        """The space of the architectures; None for graphs of one's own."""
        return self._data.space

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
        values = [runs[index, m, chosen].value(name, position) for m, name in query.columns]
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

    def measured(self, objective: str) -> tuple[Member, ...]:
        """Those of `architectures` that `evaluate` can judge by `objective`."""
        query = self._query_for(objective)
        return tuple(self._data.members[p] for p in self._indices if query.answered(p))

    @property
    def total_seconds(self) -> float:
        """What evaluating each of `architectures` once, in full, would cost; where seeds are
        drawn, the expectation."""
        query, total = self._query, 0.0
        for index in self._indices:
            seeds = query.seeds(index)
            spent = [self._data.runs[index, m, s].seconds for m, _ in query.modes for s in seeds]
            total += math.fsum(spent) / len(seeds)
        return total

    def features(self, architecture: Member) -> Features:
        """Depth, SLC, parameters and MACs: free."""
        row = self._data.rows[self._index(architecture)]
        return Features(row["depth"], row["slc"], row["params"], row["macs"])

    def regret(self, architecture: Member) -> float:
        """How much test RMSE, mean over the measured seeds, is above the least of all
        `architectures`, in grey levels: for reporting, never for searching. NaN where the
        test RMSE was not measured."""
        return self._test_rmse(self._index(architecture)) - self._least_test_rmse

    def _test_rmse(self, index: int) -> float:
        runs = self._data.runs.get((index, "supervised", None))
        return math.nan if runs is None else runs.value("supervised_rmse")

    @lazy
    def _least_test_rmse(self) -> float:
        scores = map(self._test_rmse, self._indices)
        return min((score for score in scores if not math.isnan(score)), default=math.nan)

    def sample(self, rng: np.random.Generator) -> Member:
        """One of `architectures`, each as likely as any other."""
        return self.architectures[int(rng.integers(len(self.architectures)))]

    def neighbours(self, architecture: Member) -> tuple[Member, ...]:
        """Those of `architectures` that are one edit away, in a fixed order.

        Graphs of one's own know no edits: there, every other one is a neighbour.
        """
        index = self._index(architecture)
        if index not in self._neighbours:
            member, space = self._data.members[index], self._data.space
            if space is None:
                found = tuple(a for a in self.architectures if a != member)
            else:
                found = tuple(a for a in space.neighbours(member) if a in self._names)
            self._neighbours[index] = found
        return self._neighbours[index]

    def mutate(self, architecture: Member, rng: np.random.Generator) -> Member:
        """One of the `neighbours`, each as likely as any other; where none is, a `sample`."""
        found = self.neighbours(architecture)
        return found[int(rng.integers(len(found)))] if found else self.sample(rng)

    def __eq__(self, other: object) -> bool:
        """Whether the same is asked of the same table, and has been answered so far; the
        generator that draws seeds is not compared."""
        return isinstance(other, Problem) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._asked())

    def _asked(self) -> tuple[object, ...]:
        """What a problem is made of, but for its budget."""
        return self._data.sha256, self.task, self.objectives, self.seed, self.repeats

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
            raise _outside(architecture, self._data, self._query, len(self._indices)) from None

    def _query_for(self, objective: str) -> Query:
        names = (objective,)
        if names not in self._queries:
            self._queries[names] = Query.of(names, self.seed, self._data)
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


def _indices(data: TaskData, query: Query, within: Iterable[Member] | None) -> tuple[int, ...]:
    """Where the architectures to search among stand."""
    every = range(len(data.members))
    known = [index for index in every if query.answered(index)]
    if not known:
        judged = " and ".join(query.objectives)
        measured_seeds = sorted({seed for seeds in data.seeds.values() for seed in seeds})
        listed = ", ".join(map(str, measured_seeds)) or "none"
        of_seed = "" if query.seed is None else f" of seed {query.seed!r}"
        raise NotInTable(
            f"no architecture has {judged}{of_seed} measured; the table has seeds {listed}"
        )
    if within is None:
        return tuple(known)
    names, chosen = data.names(known), set()
    for architecture in several("within", within):
        try:
            chosen.add(names[architecture])
        except (KeyError, TypeError):
            raise _outside(architecture, data, query, len(known)) from None
    if not chosen:
        raise ValueError("within is empty; expected architectures to search among")
    return tuple(sorted(chosen))


def _outside(architecture: object, data: TaskData, query: Query, count: int) -> Exception:
    """What to raise for something that is not among the architectures of the problem."""
    if not isinstance(architecture, BaseArchitecture | str):
        return ValueError(
            f"architecture is {architecture!r}; expected one of problem.architectures, "
            "its name or its key"
        )
    elsewhere = isinstance(architecture, str) and named(architecture) is not None
    if (
        isinstance(architecture, str)
        and data.space is not None
        and not elsewhere
        and not is_key(architecture)
    ):
        try:
            data.space.parse(architecture)
        except ValueError as error:
            return error
    return NotInTable(
        f"{architecture} is not among the {count} architectures with "
        f"{' and '.join(query.objectives)} measured; expected one of problem.architectures"
    )


def _table(table: Table | None, task: str) -> Table:
    if table is None:
        return embedded(for_task(task)[0])
    check_table(table)
    return table


def _limit(name: str, value: float | None) -> float:
    if value is None:
        return math.inf
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not value >= 0:
        raise ValueError(f"{name} is {value!r}; expected a number of at least 0, or None")
    return float(value)


def _seed(value: object) -> Seed:
    if value is None or value == "random":
        return None if value is None else "random"
    number = as_integer(value)
    if number is None:
        raise ValueError(f"seed is {value!r}; expected an integer, 'random', or None for the mean")
    return number


def _generator(rng: np.random.Generator | None, seed: Seed) -> np.random.Generator | None:
    if rng is None and seed == "random":
        raise ValueError("seed is 'random' and rng is None; expected a numpy Generator to draw it")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng is {rng!r}; expected a numpy Generator")
    return rng
