"""What the answers look like, for the OpenAPI description; columns and units come from dipbench.

Nothing is validated with these: answers are made from tables whose columns were checked, and
tests compare them with the description.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

import dipbench
from dipbench import Result
from dipbench.table.schema import FILES, Column

__all__ = [
    "BatchAnswers",
    "Built",
    "Curve",
    "Features",
    "Health",
    "Metrics",
    "Neighbours",
    "Page",
    "Prediction",
    "ProblemDetails",
    "QueryResult",
    "Runs",
    "Scores",
    "Spaces",
    "Tables",
]

TYPES: Mapping[str, Any] = {
    "string": str,
    "bool": bool,
    "int": int,
    "float": float,
    "ints": list[int],
    "floats": list[float],
}
KNOWN = {column.name: column for columns in FILES.values() for column in columns}
GREY = "grey levels on 0-255"


class Answer(BaseModel):
    """Base of all: an answer has the members that its description says, and no others."""

    model_config = ConfigDict(extra="forbid")


def _about(column: Column) -> str:
    return f"{column.meaning} ({column.unit})" if column.unit else column.meaning


def _row(title: str, columns: Iterable[Column], **more: Any) -> type[BaseModel]:
    """A model of one row; every value but the key may be missing."""
    members: dict[str, Any] = {
        column.name: (
            TYPES[column.kind] if column.name == "key" else TYPES[column.kind] | None,
            Field(description=_about(column)),
        )
        for column in columns
    }
    return create_model(title, __base__=Answer, **(members | more))


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="`about:blank`: the status says which kind it is")
    title: str
    status: int
    detail: str = Field(description="what was wrong, and what was expected")


class Health(Answer):
    """Whether the service is ready."""

    status: Literal["ok"]
    version: str


class TableSummary(Answer):
    """What one table holds, in names and counts."""

    protocol: str
    space: str
    tasks: list[str]
    architectures: int
    runs: int
    modes: list[str]
    seeds: list[int]
    images: list[str]
    protocol_hash: str
    sha256: str = Field(description="of the manifest's contents, so of all files of the table")


class Tables(Answer):
    """All tables of the service."""

    tables: list[TableSummary]
    version: str = Field(description="of dipbench")


class Metric(Answer):
    """One column of a table."""

    name: str
    kind: Literal["string", "bool", "int", "float", "ints", "floats"]
    unit: str = Field(description="empty for a pure number")
    meaning: str
    of: Literal["architectures", "runs", "curves"]
    role: Literal["identity", "feature", "score", "count"] | None


class Metrics(Answer):
    """The columns of all tables."""

    metrics: list[Metric]


class ScoreColumns(Answer):
    """The scores of one table, column by column, in the order of `Scores.architectures`."""

    protocol: str
    task: str
    columns: dict[str, list[float | None]] = Field(description="scores and counts by column name")


class Scores(Answer):
    """All architectures of a space with their scores in each table, column by column."""

    space: str
    architectures: dict[str, list[Any]] = Field(description="key, name and features, by column")
    scores: list[ScoreColumns]


ArchitectureRow = _row("ArchitectureRow", FILES["architectures.parquet"])


class Page(Answer):
    """Some of the rows of a table."""

    protocol: str
    task: str
    total: int = Field(description="rows that meet the conditions, on all pages")
    offset: int
    limit: int
    rows: list[ArchitectureRow]  # type: ignore[valid-type]


class MeasuredIn(Answer):
    """One table that has the architecture."""

    protocol: str
    task: str


class Node(Answer):
    """One node of a network."""

    id: int
    op: str
    level: int = Field(description="down-samplings minus up-samplings on the way from the input")
    channels: int = Field(description="that it puts out, for a grey image")


class Edge(Answer):
    """One edge of a network, by the ids of its nodes."""

    source: int
    target: int


class Drawing(Answer):
    """The network as node-link JSON, in topological order."""

    nodes: list[Node]
    edges: list[Edge]


class Described(Answer):
    """What follows from the graph of a network alone."""

    name: str | None
    key: str | None
    depth: int = Field(description=_about(KNOWN["depth"]))
    slc: int = Field(description=_about(KNOWN["slc"]))
    params: int = Field(description=_about(KNOWN["params"]))
    macs: int = Field(description=_about(KNOWN["macs"]))
    measured: list[MeasuredIn]
    graph: Drawing


class Features(Described):
    """A network that was sent as a graph."""

    nodes: int
    in_table: bool = Field(description="whether any table has it")
    note: str | None = Field(description="why there is no key")


class Built(Described):
    """A network of a space, made from its fields."""

    spaces: list[str] = Field(description="that hold it")
    fields: dict[str, Any] | None = Field(description="what was chosen, see `/v1/spaces`")


class Neighbour(Answer):
    """An architecture one edit away."""

    name: str
    key: str
    depth: int
    slc: int
    edit: str = Field(description="what is different")
    measured: bool
    supervised_rmse: float | None = Field(description=_about(KNOWN["supervised_rmse"]))
    dip_rmse: float | None = Field(description=_about(KNOWN["dip_rmse"]))


class Neighbours(Answer):
    """All architectures one edit away."""

    space: str
    name: str
    key: str
    protocol: str
    task: str
    neighbours: list[Neighbour]


PUBLIC = [field.name for field in fields(Result) if not field.name.startswith("_")]
ASKED = {"protocol": (str, Field(description="the table that answers"))}
QueryResult = _row("QueryResult", [KNOWN[name] for name in PUBLIC if name in KNOWN], **ASKED)


class BatchProblem(Answer):
    """The error of one architecture of a batch."""

    problem: ProblemDetails


class BatchAnswers(Answer):
    """The answers to a batch."""

    results: list[QueryResult | BatchProblem] = Field(  # type: ignore[valid-type]
        description="one per architecture, in their order"
    )


RunCurve = _row(
    "RunCurve",
    [c for c in FILES["curves.parquet"] if c.kind in ("ints", "floats")],
)
Run = _row(
    "Run",
    FILES["runs.parquet"],
    curve=(RunCurve | None, Field(None, description="with `curves=true`, of a finished run")),
)


class Runs(Answer):
    """The runs of one architecture in one table."""

    name: str | None
    key: str
    protocol: str
    task: str
    runs: list[Run]  # type: ignore[valid-type]


class Curve(Answer):
    """A learning curve, mean over runs."""

    name: str | None
    key: str
    protocol: str
    task: str
    seed: int | None
    image: str | None
    mode: Literal["dip", "supervised"]
    n_runs: int = Field(description="how many runs the mean is over")
    step: list[int] = Field(description=_about(KNOWN["step"]))
    rmse: list[float] = Field(description=f"supervised: validation; DIP: raw output ({GREY})")
    rmse_noisy: list[float] = Field(description=_about(KNOWN["rmse_noisy"]))
    averaged_rmse: list[float] = Field(description=_about(KNOWN["averaged_rmse"]))
    averaged_rmse_noisy: list[float] = Field(description=_about(KNOWN["averaged_rmse_noisy"]))
    unperturbed_rmse: list[float] = Field(description=_about(KNOWN["unperturbed_rmse"]))


def _about_predicted(name: str) -> str:
    """Which value, or which end of the interval of one."""
    if end := re.search("_(low|high)$", name):
        return f"{'lower' if end[1] == 'low' else 'upper'} end of its interval"
    return _about(KNOWN[name]) if name in KNOWN else WORDS[name]


WORDS = {
    "space": "of the surrogate",
    "protocol": "of the table that the surrogate was fitted to",
    "n_rows": "measured architectures that it was fitted to",
    "in_sample": "whether this is one of them, so that it was measured",
}
PLAIN: Mapping[str, Any] = {"str": str, "int": int, "bool": bool, "float": float}
_predicted: dict[str, Any] = {
    field.name: (PLAIN[str(field.type)], Field(description=_about_predicted(field.name)))
    for field in fields(dipbench.Prediction)
}
Prediction = create_model(
    "Prediction",
    __base__=Answer,
    key=(str, Field(description=_about(KNOWN["key"]))),
    level=(float, Field(description="how many of new measurements an interval holds")),
    predicted=(Literal[True], Field(description="that this was not measured")),
    **_predicted,
)


class SpaceField(Answer):
    """One field that an architecture of a space has."""

    name: str
    kind: Literal["one", "per_level"]
    choices: list[bool | int | str]
    meaning: str
    levels: str | None = Field(description="for which levels there is a value, in terms of depth")


class SpaceSummary(Answer):
    """One space: its size and its fields."""

    name: str
    size: int
    fields: list[SpaceField]


class Spaces(Answer):
    """All spaces of the service."""

    spaces: list[SpaceSummary]
