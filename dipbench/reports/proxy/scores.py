"""Training-free scores: which there are, and the file that has them for every architecture.

``python -m generate scores`` writes the file, from networks with their initial weights. It is
CSV with a row per architecture and the columns of `COLUMNS`.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dipbench.reports.findings.panel import Floats

__all__ = ["COLUMNS", "SCORES", "Score", "Scores", "read_scores"]


@dataclass(frozen=True)
class Score:
    """A score of an untrained network.

    Attributes:
        label: what the document calls it.
        meaning: what is computed, with its source.
        sign: 1 if less is predicted to be better, -1 if more is.
        reason: why.
    """

    label: str
    meaning: str
    sign: int
    reason: str


ABDELFATTAH = "Abdelfattah et al., *Zero-Cost Proxies for Lightweight NAS*, arXiv:2101.08134"

SCORES = {
    "grad_norm": Score(
        "gradient norm",
        "Euclidean norm of the gradient of the supervised loss, mean square error on [0, 1], at "
        f"the initial weights on the first batch of the training ({ABDELFATTAH})",
        -1,
        "a network that the loss moves more is held to learn faster (its authors' sign)",
    ),
    "snip": Score(
        "SNIP",
        "sum over all learnt numbers of |weight × gradient|, of that loss (Lee, Ajanthan, Torr, "
        "*SNIP*, arXiv:1810.02340, for a whole network as in Abdelfattah et al.)",
        -1,
        "the loss depends more on the weights (their sign)",
    ),
    "synflow": Score(
        "SynFlow",
        "log10 of the sum over all learnt numbers of |weight × gradient| of the summed output, "
        "all weights made positive, an input of ones, no normalisation and no sigmoid (Tanaka et "
        "al., *Pruning neural networks without any data*, arXiv:2006.05467, for a whole network "
        "as in Abdelfattah et al.)",
        -1,
        "more and wider paths from input to output (their sign)",
    ),
    "spectrum": Score(
        "spectral distance",
        "root mean square difference, in decibels, of the power spectra of a noisy image and of "
        "the output from a fixed random input, as a DIP fit begins; spectra are means over rings "
        "of equal frequency, each as a share of the whole (after Arican et al., *ISNAS-DIP*, "
        "arXiv:2111.15362, and Chakrabarty and Maji, *The Spectral Bias of the Deep Image Prior*, "
        "arXiv:1912.08905)",
        1,
        "an output that has the image's spectrum before training is nearer to images",
    ),
}

# Column by column what the file holds; of each score its value and its seconds.
COLUMNS = {
    "key": "canonical key of the architecture's graph",
    "name": "its name in the space",
    "protocol": "the protocol whose images, streams of random numbers and settings were used",
    "seeds": "seeds of the initial weights, separated by spaces; a score is the mean over them",
    "device": "model name of the processor",
    **{name: score.meaning for name, score in SCORES.items()},
    **{
        f"{name}_seconds": f"computing seconds of {score.label}, all seeds together"
        for name, score in SCORES.items()
    },
}


@dataclass(frozen=True)
class Scores:
    """The scores of A architectures.

    Attributes:
        values: per name of `SCORES`, shape ``(A,)``.
        seconds: the computing seconds of each, shape ``(A,)``.
        seeds, devices: that occur in the file.
        sha256: of the file.
    """

    values: dict[str, Floats]
    seconds: dict[str, Floats]
    seeds: tuple[str, ...]
    devices: tuple[str, ...]
    sha256: str


def read_scores(
    path: str | os.PathLike[str], protocol: str, keys: Sequence[str], names: Sequence[str]
) -> Scores:
    """The scores of the architectures with these keys, in this order.

    Args:
        names: of the same architectures, for messages.

    Raises:
        ValueError: a column or an architecture is missing, a value is not a number, or the
            scores are of another protocol.
        OSError: the file cannot be read.
    """
    file = Path(path)
    content = file.read_bytes()
    try:
        reader = csv.DictReader(content.decode().splitlines())
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        rows = {row["key"]: row for row in reader} if not missing else {}
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: not CSV ({error})") from None
    if missing:
        raise ValueError(f"{file} has no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    for key, name in zip(keys, names, strict=True):
        if key not in rows:
            raise ValueError(f"{file} has no row for {name}, key {key}; it has {len(rows)} rows")
    chosen = [rows[key] for key in keys]
    for row in chosen:
        if row["protocol"] != protocol:
            raise ValueError(
                f"{file}: {row['name']} was scored under {row['protocol']!r}; expected {protocol!r}"
            )

    def column(name: str, least: float) -> Floats:
        return np.array([_number(file, row, name, least) for row in chosen])

    return Scores(
        values={name: column(name, -math.inf) for name in SCORES},
        seconds={name: column(f"{name}_seconds", 0.0) for name in SCORES},
        seeds=tuple(sorted({row["seeds"] for row in chosen})),
        devices=tuple(sorted({row["device"] for row in chosen})),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _number(file: Path, row: dict[str, str], column: str, least: float) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or value < least:
        expected = "a finite number" if least < 0 else f"a finite number, at least {least:g}"
        raise ValueError(
            f"{file}: {column} of {row['name']} is {row[column]!r}; expected {expected}"
        )
    return value
