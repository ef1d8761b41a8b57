"""`predict`: what an architecture that need not be measured would score, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from dipbench.errors import InvalidArchitecture, NoSurrogate, NotInTable
from dipbench.graphs.canonical import is_key
from dipbench.graphs.dag import check
from dipbench.spaces import SPACES, Architecture, BaseArchitecture, Space, UNet, parsed
from dipbench.surrogate.description import describe
from dipbench.surrogate.surrogate import Surrogate, find, known
from dipbench.table.catalogue import TASK, embedded, entries
from dipbench.values import ByValue

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph

__all__ = ["Prediction", "as_dict", "predict"]

Predictable: TypeAlias = "BaseArchitecture | str | Graph"


@dataclass(frozen=True, slots=True, eq=False)
class Prediction(ByValue):
    """What a surrogate says of one architecture: nothing here was measured of it.

    Each value has an interval, from `..._low` to `..._high`, that holds 90 % of new measurements
    made as those of the sample were, of architectures that are drawn as it was. Of those that a
    search picks it holds fewer. RMSE is in grey levels on 0-255; seconds are those of one
    run on the reference clock of the table.

    Attributes:
        name: of the architecture, in the space of the surrogate.
        space, task: which surrogate.
        protocol: of the table that it was fitted to.
        n_rows: how many measured architectures it was fitted to, those that search named on
            predictions and that were measured then included.
        in_sample: whether this architecture is one of them. `query` has its measurement if it
            was drawn at random; the page of the surrogate has those that search named.
        depth, slc, params, macs: features, which are no predictions.
        supervised_rmse, supervised_rmse_val: of the test and of the validation images.
        dip_rmse, dip_averaged_rmse: peak of the raw and of the averaged output.
        supervised_seconds, dip_seconds: of one training and of one fit.
    """

    name: str
    space: str
    task: str
    protocol: str
    n_rows: int
    in_sample: bool
    depth: int
    slc: int
    params: int
    macs: int
    supervised_rmse: float
    supervised_low: float
    supervised_high: float
    supervised_rmse_val: float
    supervised_val_low: float
    supervised_val_high: float
    dip_rmse: float
    dip_low: float
    dip_high: float
    dip_averaged_rmse: float
    dip_averaged_low: float
    dip_averaged_high: float
    supervised_seconds: float
    supervised_seconds_low: float
    supervised_seconds_high: float
    dip_seconds: float
    dip_seconds_low: float
    dip_seconds_high: float

    @property
    def predicted(self) -> bool:
        """Always True; results of `query` have no such attribute."""
        return True

    def __str__(self) -> str:
        return (
            f"prediction for {self.name} from {self.n_rows} measured of {self.space}: "
            f"supervised RMSE {self.supervised_rmse:.2f} "
            f"[{self.supervised_low:.2f}, {self.supervised_high:.2f}], "
            f"DIP RMSE {self.dip_rmse:.2f} [{self.dip_low:.2f}, {self.dip_high:.2f}]"
        )


VALUES = [field.name for field in fields(Prediction)][-18:]


def predict(architecture: Predictable, task: str = TASK, *, space: str | None = None) -> Prediction:
    """What the surrogate of the architecture's space predicts for it.

    It predicts measured architectures too, and never answers with the measurement: that is
    what `query` is for.

    Args:
        architecture: an architecture of a space with a surrogate, its name, the key of one that
            was measured, or a `networkx.DiGraph`.
        task: the restoration task.
        space: whose surrogate is asked, for an architecture that several spaces hold. The
            surrogates of two spaces are of tables with other seeds and images, so compare
            predictions of one alone. By default that of ``core64`` answers for its architectures.

    Raises:
        InvalidArchitecture: a malformed name, a graph that is not a network, or a network of
            none of the spaces.
        NoSurrogate: none of the spaces that hold the architecture has a surrogate for the task.
        NotInTable: the key of an architecture that was not measured.
    """
    if not isinstance(task, str):
        raise ValueError(f"task is {task!r}; expected a name such as {TASK!r}")
    surrogate, member = _surrogate_of(_read(architecture), task, space)
    twin = UNet.of(member) if isinstance(member, Architecture) else member
    assert isinstance(twin, UNet)
    row, macs, params = describe(surrogate.about["space"], twin)
    values = surrogate.intervals(row)[:, 0].T.ravel().tolist()
    about = surrogate.about
    return Prediction(
        name=member.name,
        space=about["space"],
        task=about["task"],
        protocol=about["protocol"],
        n_rows=surrogate.rows,
        in_sample=member.name in surrogate.sample,
        depth=member.depth,
        slc=member.slc,
        params=params,
        macs=macs,
        **dict(zip(VALUES, values, strict=True)),
    )


def _surrogate_of(
    architecture: BaseArchitecture, task: str, asked: str | None
) -> tuple[Surrogate, Any]:
    """The first surrogate whose space holds an architecture, and what it is called there.

    Twins of ``core64`` and ``unet64`` are answered alike: ``core64`` comes first.
    """
    a = architecture
    own = {"core64": a.twin if isinstance(a, UNet) else a, "unet64": a}
    held = {space: own[space] for space in SPACES if own.get(space) is not None}
    if asked is not None:
        if asked not in held:
            find(asked, task)  # which says that there is no such space
            raise NoSurrogate(f"{a} is not of the space {asked}; expected {' or '.join(held)}")
        held = {asked: held[asked]}
    for space, member in held.items():
        if (space, task) in known():
            surrogate = find(space, task)
            if space == "unet64" and isinstance(member, Architecture):
                member = UNet.of(member)
            return surrogate, member
    listed = ", ".join(f"{space} ({of})" for space, of in known()) or "none"
    raise NoSurrogate(
        f"{a} is of the space {' and '.join(held)}, which has no surrogate for {task} yet; "
        f"expected one of {listed}"
    )


def _read(architecture: Predictable) -> Architecture | UNet:
    """The architecture of a space that is given, named, or has the graph.

    Raises:
        InvalidArchitecture, NotInTable: as `predict`.
    """
    if isinstance(architecture, Architecture | UNet):
        return architecture
    if isinstance(architecture, str):
        found = _of_key(architecture) if is_key(architecture) else parsed(architecture)
        return found if isinstance(found, Architecture | UNet) else _member_of(found.graph)
    graph = architecture.graph if isinstance(architecture, BaseArchitecture) else architecture
    check(graph)
    return _member_of(graph)


def _member_of(graph: Graph) -> Architecture | UNet:
    """The architecture of a space with this graph.

    Raises:
        InvalidArchitecture: the graph is a network of none of the spaces.
    """
    try:
        found = UNet.from_graph(graph)
    except InvalidArchitecture:
        raise InvalidArchitecture(
            f"graph of {len(graph)} nodes is a network, but in none of the spaces "
            f"{', '.join(SPACES)}; predictions are for these alone"
        ) from None
    return found.twin or found


def _of_key(key: str) -> BaseArchitecture:
    for entry in entries():
        table = embedded(entry)
        if entry.space in SPACES and key in table:
            row = table.architecture_rows.rows_of(key).start
            name = table.architecture_rows.arrays["name"][row].as_py()
            found: BaseArchitecture = Space(entry.space).parse(name)
            return found
    raise NotInTable(
        f"key {key} is of no measured architecture; expected an architecture, its name or its "
        "graph, which a key does not give back"
    )


def as_dict(prediction: Prediction) -> dict[str, Any]:
    """All that a prediction says, and that it is one; ready for JSON."""
    said = {field.name: getattr(prediction, field.name) for field in fields(prediction)}
    return {"predicted": True, **said}
