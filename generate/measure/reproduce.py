"""Measure one row of a table again, compare the two, and keep the trained network."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from dipbench.errors import NotInTable
from dipbench.spaces import BaseArchitecture, parsed
from dipbench.table.aggregate import of_mode, pooled_seed_std
from dipbench.table.table import Table
from generate.measure.rows import Row, measure
from generate.networks.networks import Networks
from generate.photographs.images import Array, Images
from generate.protocols.plan import FITS_PER_UNIT, Unit
from generate.protocols.settings import Candidate, Protocol
from generate.table.agreement import SCORES
from generate.training.observed import observe

if TYPE_CHECKING:
    from dipbench.networks.module import GraphNetwork

__all__ = ["Kept", "Reproduction", "Score", "find_row", "reproduce", "write_files", "write_weights"]

HEADLINE = {"supervised": "test_rmse", "dip": "peak_rmse"}
# Two runs differ by the noise of both: 95 % of differences of a normal distribution are less than
# this many standard deviations of one run.
LIMIT = 1.96 * math.sqrt(2)


@dataclass(frozen=True)
class Score:
    """One score of a row, in the table and measured here, in grey levels."""

    name: str
    table: float
    here: float
    seed_std: float  # between seeds, pooled over the table; NaN where it has one seed alone

    @property
    def difference(self) -> float:
        """What was measured here less what the table says, in grey levels."""
        return self.here - self.table

    @property
    def within_noise(self) -> bool | None:
        """Whether the difference is one that two runs may have; None if the noise is not known."""
        if math.isnan(self.seed_std):
            return None
        return abs(self.difference) <= LIMIT * self.seed_std


@dataclass(frozen=True)
class Reproduction:
    """A row of a table and the same run, measured here.

    Attributes:
        table, here: the rows, each with its ``curve``.
        scores: the headline first.
    """

    protocol: str
    table: Row
    here: Row
    scores: tuple[Score, ...]

    @property
    def same_machine(self) -> bool:
        """Whether device and engine are those of the row."""
        return all(self.table[name] == self.here[name] for name in ("device", "engine"))

    @property
    def identical(self) -> bool:
        """Whether all scores and the curves are the same to the last bit."""
        same = all(score.table == score.here for score in self.scores)
        return same and _same_curves(self.table["curve"], self.here["curve"])

    @property
    def reproduced(self) -> bool | None:
        """Whether it is the same, or the headline within the noise; None if that is not known."""
        return True if self.identical else self.scores[0].within_noise

    @property
    def verdict(self) -> str:
        """What was found, in one sentence."""
        if self.identical:
            return "the same to the last bit"
        within = self.scores[0].within_noise
        where = "on the same device and engine" if self.same_machine else "on another machine"
        if within is None:
            return f"not the same, {where}; the table has one seed, so its noise is not known"
        return f"{'within' if within else 'OUTSIDE'} the noise between seeds, {where}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: a number that is not known is None."""
        scores = {
            s.name: {
                "table": s.table,
                "here": s.here,
                "difference": s.difference,
                "seed_std": None if math.isnan(s.seed_std) else s.seed_std,
                "within_noise": s.within_noise,
            }
            for s in self.scores
        }
        named = ("name", "key", "task", "mode", "seed", "image")
        machine = ("device", "engine", "torch_version", "seconds")
        return {
            "protocol": self.protocol,
            **{name: self.here[name] for name in named},
            "verdict": self.verdict,
            "reproduced": self.reproduced,
            "identical": self.identical,
            "same_machine": self.same_machine,
            "scores": scores,
            "table": {name: self.table[name] for name in machine},
            "here": {name: self.here[name] for name in machine},
        }

    def __str__(self) -> str:
        run = self.here
        image = "" if run["image"] is None else f", image {run['image']}"
        lines = [
            f"{run['name']}, {run['mode']}, seed {run['seed']}{image} of {self.protocol}",
            "",
            f"{'RMSE, grey levels':<22}{'table':>12}{'here':>12}{'difference':>12}{'seed std':>10}",
        ]
        for s in self.scores:
            noise = "-" if math.isnan(s.seed_std) else f"{s.seed_std:.4f}"
            lines.append(
                f"{s.name:<22}{s.table:>12.6f}{s.here:>12.6f}{s.difference:>+12.6f}{noise:>10}"
            )
        for name in ("device", "engine", "torch_version"):
            lines.append(f"{name:<22}{self.table[name]} -> {run[name]}")
        return "\n".join([*lines, "", self.verdict])


@dataclass(frozen=True)
class Kept:
    """What a run leaves beside its row.

    Attributes:
        network: with the weights after the last step, as `dipbench.to_torch` makes it.
        images: by file name without ending, arrays of shape (size, size), values in [0, 1].
    """

    network: GraphNetwork
    images: Mapping[str, Array]


def find_row(
    protocol: Protocol, table: Table, name: str, mode: str, seed: int, image: str | None
) -> tuple[BaseArchitecture | Candidate, Row]:
    """The architecture and its row of `table`, with its ``curve``.

    Raises:
        ValueError: `table` is of another protocol, or image and mode do not go together.
        NotInTable: there is no such finished run; the message says what there is.
    """
    found = table.manifest["protocol_hash"]
    if found != protocol.hash:
        raise ValueError(
            f"the table is of protocol hash {found}; expected {protocol.hash} ({protocol.name})"
        )
    if mode not in HEADLINE:
        raise ValueError(f"mode is {mode!r}; expected one of {', '.join(HEADLINE)}")
    if (image is None) == (mode == "dip"):
        expected = f"one of {', '.join(protocol.dip_images)}" if mode == "dip" else "none"
        raise ValueError(f"image is {image!r} for mode {mode}; expected {expected}")
    a = _architecture(protocol, name)
    runs = of_mode(table.runs_of(a.key, protocol.task), mode)
    for run in runs:
        if run["seed"] == seed and run["image"] == image and run["status"] == "ok":
            (curve,) = [
                c
                for c in table.curves_of(a.key, protocol.task)
                if (c["mode"], c["seed"], c["image"]) == (mode, seed, image)
            ]
            return a, dict(run) | {"curve": {k: v for k, v in curve.items() if isinstance(v, list)}}
    there = [f"seed {r['seed']}" + (f" image {r['image']}" if r["image"] else "") for r in runs]
    asked = f"seed {seed}" + ("" if image is None else f" image {image}")
    raise NotInTable(f"{name} has no {mode} run of {asked}; expected one of {', '.join(there)}")


def reproduce(
    protocol: Protocol,
    table: Table,
    images: Images,
    name: str,
    mode: str,
    seed: int,
    image: str | None = None,
    device: torch.device | None = None,
) -> tuple[Reproduction, Kept]:
    """Measure the run of a row again.

    Args:
        table: of `protocol`.
        image: id of the image of a DIP fit.
        device: the CPU by default.

    Raises:
        ValueError, NotInTable: as `find_row`.
        RuntimeError: the run diverged.
    """
    a, row = find_row(protocol, table, name, mode, seed, image)
    device = device or torch.device("cpu")
    unit = Unit("", mode, a, seed, _fitted_together(protocol, image))
    watcher = _Watcher(protocol, images, seed, image, unit)
    (here,) = [
        found
        for found in measure(protocol, unit, images, device, watcher.watch)
        if found["image"] == image
    ]
    if here["status"] != "ok":
        raise RuntimeError(f"{name}: the run {here['status']}; the row of the table is finished")
    runs = [run for run in of_mode(table.runs.to_pylist(), mode) if run["status"] == "ok"]
    headline = HEADLINE[mode]
    names = [headline, *(score for score in SCORES[mode] if score != headline)]
    scores = tuple(Score(s, row[s], here[s], pooled_seed_std(runs, s)) for s in names)
    return Reproduction(protocol.name, row, here, scores), watcher.kept()


def _architecture(protocol: Protocol, name: str) -> Any:
    """What the protocol calls by this name: an architecture of its space, or a graph."""
    if not protocol.graphs:
        return parsed(name)
    for candidate in protocol.candidates:
        if candidate.name == name:
            return candidate
    listed = ", ".join(candidate.name for candidate in protocol.candidates)
    raise ValueError(f"{name!r} is not a graph of {protocol.name}; expected one of {listed}")


def _fitted_together(protocol: Protocol, image: str | None) -> tuple[str, ...]:
    """The images of the row's unit, all of which are fitted again.

    The fused Adam of torch runs through the weights of all copies as one array, and rounds the
    last few, which do not fill a vector register, in another way. So an image fitted alone would
    get other weights than it had in its unit.
    """
    if image is None:
        return ()
    ids = protocol.dip_images
    first = ids.index(image) // FITS_PER_UNIT * FITS_PER_UNIT
    return ids[first : first + FITS_PER_UNIT]


class _Watcher:
    """Keeps the networks of a run, and, of a fit, its outputs that are worth a picture."""

    def __init__(
        self, protocol: Protocol, images: Images, seed: int, image: str | None, unit: Unit
    ):
        self.protocol, self.images, self.seed, self.image = protocol, images, seed, image
        self.copy = 0 if image is None else unit.images.index(image)
        self.networks: Networks | None = None
        self.clean = None if image is None else torch.from_numpy(images.val[image])
        self.least = math.inf
        self.peak = self.averaged = torch.empty(0)

    def watch(self, iteration: int, networks: Networks, output: torch.Tensor) -> None:
        self.networks = networks
        if self.clean is None:
            return
        found = output[self.copy].detach().float().cpu()
        share = 1 if iteration == 1 else 1 - self.protocol.dip.averaging
        before = found.clone() if iteration == 1 else self.averaged
        self.averaged = before.lerp(found, share)
        error = float((found - self.clean).square().mean())
        if error < self.least:
            self.least, self.peak = error, found.clone()

    def kept(self) -> Kept:
        assert self.networks is not None
        network = self.networks.alone(self.copy)
        if self.clean is None:
            pictures = {i: self._restored(network, i) for i in self.images.dip}
        else:
            assert self.image is not None
            pictures = {self.image: {"peak": self.peak, "averaged": self.averaged}}
        named = {}
        for image, restored in pictures.items():
            clean = self.images.val[image]
            seen = observe(self.protocol, image, clean, self.seed)
            given = self.protocol.operator.network_input(seen)
            for what, picture in {"clean": clean, "given": given, **restored}.items():
                named[f"{image}-{what}"] = np.asarray(picture, np.float32)
        return Kept(network, named)

    @torch.no_grad()
    def _restored(self, network: GraphNetwork, image: str) -> dict[str, torch.Tensor]:
        seen = observe(self.protocol, image, self.images.val[image], self.seed)
        given = self.protocol.operator.network_input(seen)
        output = network.cpu().eval()(given[None, None])[0, 0]
        network.train()
        return {"restored": output}


def _same_curves(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two curves are the same in single precision, in which a table keeps them."""
    return one.keys() == other.keys() and all(
        np.array_equal(np.float32(one[name]), np.float32(other[name])) for name in one
    )


def write_weights(network: GraphNetwork, path: Path, run: Row) -> None:
    """Save a network as safetensors; `run` says of what, in the file's metadata."""
    from safetensors.torch import save_file

    said = {k: str(run[k]) for k in ("name", "key", "task", "mode", "seed", "image")}
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    save_file(tensors, path, metadata=said | {"in_channels": str(network.in_channels)})


def write_files(found: Reproduction, kept: Kept, folder: Path) -> list[Path]:
    """Write ``reproduction.json``, ``curve.csv`` and the pictures; return their paths.

    Pictures are grey PNG files, values clipped to 0-255.
    """
    from skimage.io import imsave

    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "reproduction.json", folder / "curve.csv"]
    written[0].write_text(json.dumps(found.as_dict(), indent=1, allow_nan=False) + "\n", "utf-8")
    table, here = found.table["curve"], found.here["curve"]
    columns = [name for name in here if name != "step"]
    with written[1].open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *columns, *(f"table_{name}" for name in columns)])
        known = [*(here[name] for name in columns), *(table[name] for name in columns)]
        writer.writerows(zip(here["step"], *known, strict=True))
    for name, picture in kept.images.items():
        written.append(folder / f"{name}.png")
        levels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        imsave(written[-1], levels, check_contrast=False)
    return written
