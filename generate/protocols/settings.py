"""What a protocol is: every number that decides what a row of the table means.

A protocol is frozen and hashed; each row records the hash. Changing a number means a new
protocol with a new name, never a silent edit: a test pins the hashes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dipbench.errors import InvalidArchitecture
from dipbench.graphs.canonical import canonical_key
from dipbench.graphs.nodelink import from_node_link, parse_json
from generate.protocols.manifest import read_manifest

if TYPE_CHECKING:
    from dipbench.graphs.dag import Graph
    from generate.tasks import Task

__all__ = ["Candidate", "DipSettings", "Protocol", "SupervisedSettings", "log_steps"]

MANIFESTS = Path(__file__).parent / "manifests"
MODES = ("dip", "supervised")
# A field that came after the first results is left out of the hash at its default, so that the
# hashes of older protocols stay what they are.
LATER = {"later": True}


@dataclass(frozen=True)
class SupervisedSettings:
    """Ordinary training: Adam with a one-cycle schedule, MSE on random crops."""

    steps: int = 1000
    batch: int = 16
    learning_rate: float = 3e-3
    recorded: int = 24


@dataclass(frozen=True)
class DipSettings:
    """Deep Image Prior as published (Ulyanov, Vedaldi, Lempitsky, CVPR 2018).

    The output is averaged with decay 0.99; the stopping rule is ES-WMV (Wang et al., "Early
    Stopping for Deep Image Prior", arXiv:2112.06074).
    """

    iterations: int = 3000
    input_channels: int = 16
    input_scale: float = 0.1
    perturbation: float = 1 / 30
    learning_rate: float = 0.01
    averaging: float = 0.99
    recorded: int = 48
    stop_window: int = 100
    stop_patience: int = 1000

    def __post_init__(self) -> None:
        if self.stop_window > self.iterations:
            raise ValueError(
                f"stop_window is {self.stop_window}; expected at most {self.iterations} iterations"
            )


@dataclass(frozen=True)
class Candidate:
    """A network of an own space: a name and a graph, where core64 has an `Architecture`."""

    name: str
    graph: Graph

    @cached_property
    def key(self) -> str:
        """The canonical key of `graph`."""
        return canonical_key(self.graph)


@dataclass(frozen=True)
class Protocol:
    """Task, images, seeds and training settings.

    Attributes:
        name: also the key of every random stream, unless `streams` says another.
        task: its name, which says all of it; see `generate.tasks`.
        architectures: names to measure; empty stands for the whole `space`.
        manifest: file that lists the images and their SHA-256, in
            `generate/protocols/manifests` or
            by its path.
        graphs: for an own space, a JSON file of node-link graphs by name; else empty.
        modes: what is measured, of ``dip`` and ``supervised``.
        fitted: how many of the manifest's DIP images are fitted, from the first; 0 stands for all.
        recording: 1 records what `core64-v1` does. 2 records for DIP also the exact peaks, over all
            iterations, and the curve of the output for the unperturbed input, and for supervised
            training the PSNR and the spread between test images. It changes no fit.
        streams: name of a protocol whose random streams are drawn from, so that its rows and
            these have the same noise, batches and masks; empty for streams of its own.
    """

    name: str
    space: str
    manifest: str
    task: str = "denoise25"
    size: int = 64
    seeds: tuple[int, ...] = (0, 1, 2)
    architectures: tuple[str, ...] = ()
    graphs: str = ""
    supervised: SupervisedSettings = SupervisedSettings()
    dip: DipSettings = DipSettings()
    modes: tuple[str, ...] = field(default=MODES, metadata=LATER)
    fitted: int = field(default=0, metadata=LATER)
    recording: int = field(default=1, metadata=LATER)
    streams: str = field(default="", metadata=LATER)

    def __post_init__(self) -> None:
        if not self.modes or not set(self.modes) <= set(MODES):
            raise ValueError(f"modes is {self.modes!r}; expected some of {', '.join(MODES)}")
        if self.recording not in (1, 2):
            raise ValueError(f"recording is {self.recording!r}; expected 1 or 2")
        self.operator.check_size(self.size, self.size)

    @property
    def stream(self) -> str:
        """What every random stream is keyed by."""
        return self.streams or self.name

    @cached_property
    def operator(self) -> Task:
        """The task named `task`: its operator and noise."""
        from generate.tasks import task

        return task(self.task)

    @property
    def dip_images(self) -> tuple[str, ...]:
        """Ids of the images that are fitted."""
        ids = tuple(self.images["dip"])
        return ids[: self.fitted] if self.fitted else ids

    @cached_property
    def images(self) -> dict[str, Any]:
        """The image manifest: source, terms, splits and the DIP images.

        Raises:
            ValueError: it is none, or lists images that do not suffice; see
                `generate.protocols.manifest`.
            OSError: it cannot be read.
        """
        return read_manifest(MANIFESTS / self.manifest, self.size)

    @cached_property
    def manifest_sha256(self) -> str:
        """SHA-256, in hex, of the image manifest as sorted JSON."""
        return hashlib.sha256(json.dumps(self.images, sort_keys=True).encode()).hexdigest()

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """The graphs of an own space, in the order of the file.

        Raises:
            ValueError: naming the file and the graph that is none.
            OSError: the file cannot be read.
        """
        if not self.graphs:
            return ()
        file = Path(self.graphs)
        graphs = parse_json(file.read_bytes())
        if not isinstance(graphs, dict) or "nodes" in graphs:
            raise ValueError(f"{file.name} is not a JSON object of node-link graphs by name")
        return tuple(_candidate(file.name, name, graph) for name, graph in graphs.items())

    def as_dict(self) -> dict[str, Any]:
        """All that the protocol says, the image manifest by its digest, ready for JSON."""
        said: dict[str, Any] = {}
        for name, value in json.loads(json.dumps(_said(self))).items():
            said[name] = value
            if (
                name == "task"
            ):  # which says it too; protocols stated it beside the task from the first
                said["sigma"] = self.operator.sigma
        said["manifest_sha256"] = self.manifest_sha256
        said["manifest"] = Path(self.manifest).name
        del said["graphs"]
        if self.graphs:
            said["graphs"] = {c.name: c.key for c in self.candidates}
        return said

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hex, of `as_dict` as sorted JSON."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


def _candidate(file: str, name: str, graph: Any) -> Candidate:
    try:
        return Candidate(name, from_node_link(graph))
    except ValueError as error:
        raise InvalidArchitecture(f"{file}: graph {name!r}: {error}") from None


def _said(settings: Any) -> dict[str, Any]:
    """The fields of a dataclass of settings, by name, without later ones at their defaults."""
    values = {f.name: getattr(settings, f.name) for f in fields(settings)}
    defaults = {f.name: f.default for f in fields(settings) if f.metadata == LATER}
    return {
        name: _said(value) if is_dataclass(value) else value
        for name, value in values.items()
        if name not in defaults or value != defaults[name]
    }


def log_steps(last: int, count: int) -> tuple[int, ...]:
    """At most `count` different integers from 1 to `last`, evenly spaced in their logarithm."""
    return tuple(int(step) for step in np.unique(np.geomspace(1, last, count).round()))
