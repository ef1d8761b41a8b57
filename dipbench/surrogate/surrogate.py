"""A surrogate of one space and task: what it is made of, and its file.

The file is a numpy archive of plain arrays and one JSON text; nothing is unpickled.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dipbench.errors import InvalidTable, NoSurrogate
from dipbench.files import replacing
from dipbench.lazy import lazy
from dipbench.spaces import SPACES, Space
from dipbench.surrogate.description import COLUMNS, ORDERED, described, encoded
from dipbench.surrogate.interval import Distance, Spread, shape
from dipbench.surrogate.models import MODELS, Model, arrays

__all__ = ["DIGITS", "FOLDER", "TARGETS", "Surrogate", "find", "known"]

Floats: TypeAlias = npt.NDArray[np.float64]

FOLDER = Path(__file__).parents[1] / "data" / "surrogates"
VERSION = 2
AT_ONCE = 1024  # architectures, whose arrays then fit a processor's second cache
DIGITS = 6  # kept: what differs beyond is how processors round
TARGETS = (
    "supervised_rmse",
    "supervised_rmse_val",
    "dip_rmse",
    "dip_averaged_rmse",
    "supervised_seconds",
    "dip_seconds",
)


@dataclass(frozen=True, eq=False)
class Surrogate:
    """What predicts the targets of any architecture of a space.

    Attributes:
        about: what the JSON text says: space, task, protocol, checksum and rows of the table it
            was fitted to, its clock, the noise between seeds as a share of the score by target
            and where that is from, the steps of full runs by mode, the number of DIP images,
            per target the kind of model and its cross-validated figures. Where rows of another
            table were added, ``added`` names it, its checksum and how many beside ``rows``.
        centre, scale: of the description's columns, shape ``(columns,)``.
        models: each with the positions in `TARGETS` of what it predicts.
        distance, spread: of the intervals.
    """

    about: Mapping[str, Any]
    centre: Floats
    scale: Floats
    models: Sequence[tuple[Sequence[int], Model]]
    distance: Distance
    spread: Spread

    @lazy
    def space(self) -> Space[Any]:
        """Whose architectures it predicts."""
        return Space(self.about["space"])

    @property
    def rows(self) -> int:
        """How many measured architectures it was fitted to, those that search named included."""
        return int(self.about["rows"]) + int(self.about.get("added", {}).get("rows", 0))

    def predict_at(self, indices: npt.ArrayLike) -> Floats:
        """The targets of architectures by index in the space, shape ``(count, len(TARGETS))``.

        RMSE is in grey levels, seconds are those of one run.
        """
        return self._at(indices, self._logarithms, len(TARGETS))

    def predict_only(self, target: str, indices: npt.ArrayLike) -> Floats:
        """One of the targets, by name, shape ``(count,)``: of millions of architectures all
        targets would take several times as long."""
        number = TARGETS.index(target)
        one = next(model.only(list(of).index(number)) for of, model in self.models if number in of)
        return self._at(indices, one, 1)[:, 0]

    def _at(
        self, indices: npt.ArrayLike, model: Callable[[Floats], Floats], targets: int
    ) -> Floats:
        wanted = np.asarray(indices, np.int64).ravel()
        found = np.empty((len(wanted), targets))
        for start in range(0, len(wanted), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            rows = encoded(self.space, wanted[part])
            inputs = self._inputs(described(self.about["space"], rows))
            found[part] = np.exp(model(inputs))
        return found.round(DIGITS)

    def means(self, description: Floats) -> Floats:
        """The targets, shape ``(count, len(TARGETS))``, of described architectures."""
        values: Floats = np.exp(self._logarithms(self._inputs(description)))
        return values.round(DIGITS)

    def intervals(self, description: Floats) -> Floats:
        """The targets, and the low and the high end of the interval that holds 90 % of new
        measurements; shape ``(3, count, len(TARGETS))``."""
        inputs = self._inputs(description)
        middle = self._logarithms(inputs)
        half = self.spread(self._shape(description), self.distance(inputs))
        ends = np.empty((3, *middle.shape))  # np.stack takes as long as all this for one row
        ends[0], ends[1], ends[2] = middle, middle - half, middle + half
        return np.exp(ends, out=ends).round(DIGITS)

    def _inputs(self, description: Floats) -> Floats:
        return (description - self.centre) / self.scale

    def _logarithms(self, inputs: Floats) -> Floats:
        found = np.empty((len(inputs), len(TARGETS)))
        for targets, model in self.models:
            found[:, targets] = model(inputs)
        return found

    def _shape(self, description: Floats) -> Floats:
        depth, slc, macs = self._shaping
        return shape(description[:, depth], description[:, slc], description[:, macs])

    @lazy
    def _shaping(self) -> list[int]:
        names = COLUMNS[self.about["space"]]
        return [names.index(name) for name in ORDERED]

    def save(self, path: Path) -> Path:
        """Write the file whole or not at all; equal surrogates give equal bytes."""
        stored: dict[str, Any] = {
            "centre": self.centre,
            "scale": self.scale,
            "distance/inverse": self.distance.inverse,
            "distance/limit": np.array(self.distance.limit),
            "spread/slopes": self.spread.slopes,
            "spread/quantile": self.spread.quantile,
            "spread/ends": self.spread.ends,
        }
        listed = []
        for number, (targets, model) in enumerate(self.models):
            listed.append({"kind": model.kind, "targets": list(targets)})
            stored |= {f"model{number}/{name}": value for name, value in arrays(model).items()}
        about = {"version": VERSION, **self.about, "models": listed}
        stored["about"] = np.array(json.dumps(about, sort_keys=True))
        sink = io.BytesIO()
        np.savez_compressed(sink, **stored)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as place:
            place.write_bytes(sink.getvalue())
        return path

    @classmethod
    def read(cls, path: Path) -> Surrogate:
        """The surrogate of a file.

        Raises:
            InvalidTable: the file is not a surrogate, or of another version.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                stored = {name: file[name] for name in file.files}
            about = json.loads(str(stored.pop("about")))
        except (OSError, ValueError, KeyError) as error:
            raise InvalidTable(f"{path}: {error}; expected a surrogate's file") from None
        version = about.pop("version", None)
        if version != VERSION:
            raise InvalidTable(f"{path}: version {version!r}; this release reads {VERSION}")
        models = []
        for number, each in enumerate(about.pop("models")):
            start = f"model{number}/"
            made = {n.removeprefix(start): v for n, v in stored.items() if n.startswith(start)}
            models.append((each["targets"], MODELS[each["kind"]](**made)))
        return cls(
            about,
            stored["centre"],
            stored["scale"],
            models,
            Distance(stored["distance/inverse"], float(stored["distance/limit"])),
            Spread(stored["spread/slopes"], stored["spread/quantile"], stored["spread/ends"]),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surrogate) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @lazy
    def sample(self) -> frozenset[str]:
        """Names of the architectures that it was fitted to."""
        return frozenset(self.about["sample"])

    @lazy
    def identity(self) -> str:
        """What it is made of, in one line: of which table, and with what errors."""
        return json.dumps(dict(self.about), sort_keys=True)

    def __repr__(self) -> str:
        about = self.about
        return f"<surrogate of {about['space']}, {about['task']}, from {self.rows} rows>"


def known() -> dict[tuple[str, str], Path]:
    """The files of the surrogates that there are, by space and task."""
    return _known(FOLDER)


@cache
def _known(folder: Path) -> dict[tuple[str, str], Path]:
    split = (path.stem.partition("-") for path in sorted(folder.glob("*.npz")))
    return {(space, task): folder / f"{space}-{task}.npz" for space, _, task in split}


def find(space: str, task: str) -> Surrogate:
    """The surrogate of a space and task, read once.

    Raises:
        NoSurrogate: there is none; the message lists those that there are.
    """
    files = known()
    if (space, task) not in files:
        listed = ", ".join(f"{s} ({t})" for s, t in files) or "none"
        raise NoSurrogate(
            f"the space {space} has no surrogate for {task} yet; expected one of {listed}"
            if space in SPACES
            else f"unknown space {space!r}; expected one of {', '.join(SPACES)}"
        )
    return _read(files[space, task])


@cache
def _read(path: Path) -> Surrogate:
    return Surrogate.read(path)
