"""A protocol of the architectures that search names on predictions: what to measure next."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from dipbench.files import replacing
from dipbench.nas.nominees import nominate
from dipbench.surrogate.nominees import write_nominees
from dipbench.surrogate.surrogate import Surrogate, find
from generate.protocols.reading import check_protocol
from generate.protocols.settings import Protocol

__all__ = ["nominated", "write_protocol"]


def nominated(
    protocol: Protocol,
    name: str,
    folder: Path,
    surrogate: Path | None = None,
    seed: int = 0,
    *,
    count: int = 10,
    repeats: int = 5,
    evaluations: int = 200,
) -> tuple[Path, Path]:
    """Search the predictions of a protocol's space; write what to measure, and what is predicted.

    Args:
        protocol: how they are to be measured: all its settings but name and architectures, and
            its random streams.
        name: of the new protocol, and of both files.
        surrogate: its file; by default the embedded one of the space and task.
        seed: of the searches.
        count, repeats, evaluations: as in `dipbench.nas.nominees.nominate`.

    Returns:
        ``NAME.json``, which ``run --protocol`` takes, and ``NAME.csv``, which
        ``dipbench surrogate --nominees`` takes.

    Raises:
        ValueError: the name is taken or no file's, the surrogate is of another space or task, or
            searches find too little.
        NoSurrogate: there is none for the space and task.
        InvalidTable: `surrogate` is no surrogate.
    """
    check_protocol(replace(protocol, name=name))
    model = find(protocol.space, protocol.task) if surrogate is None else Surrogate.read(surrogate)
    if (model.about["space"], model.about["task"]) != (protocol.space, protocol.task):
        raise ValueError(f"{surrogate} is {model!r}; expected {protocol.space}, {protocol.task}")
    rng = np.random.default_rng(seed)
    nominees = nominate(model, rng, count=count, repeats=repeats, evaluations=evaluations)
    # An architecture may be among the best of several problems.
    chosen = tuple(dict.fromkeys(nominee.name for nominee in nominees))
    folder.mkdir(parents=True, exist_ok=True)
    table = write_nominees(nominees, folder / f"{name}.csv")
    # The streams of `protocol`: noise and batches that all of its architectures share would else
    # set the measurements apart from those that the surrogate was fitted to.
    new = replace(protocol, name=name, architectures=chosen, streams=protocol.stream)
    return write_protocol(new, folder), table


def write_protocol(protocol: Protocol, folder: Path) -> Path:
    """``NAME.json``, from which `generate.protocols.reading.read_protocol` makes an equal one."""
    path = folder / f"{protocol.name}.json"
    with replacing(path) as place:
        place.write_text(json.dumps(asdict(protocol), indent=1) + "\n", encoding="utf-8")
    return path
