"""dipbench: a neural architecture search benchmark for image restoration.

For each of its architectures, a table holds the error of two ways to train it for a task, such as
denoising: ordinary supervised training, and Deep Image Prior, which needs no training set.

    >>> from dipbench import query
    >>> result = query("d3-s0-bilinear-w16")
    >>> result.depth, result.slc
    (3, 0)

RMSE is in grey levels on 0-255: per image against the clean image, then the mean over images.
Nothing here seeds a global generator, unpickles, imports torch or touches the network unasked.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dipbench.errors import (
    DipbenchError,
    HubFailed,
    InvalidArchitecture,
    InvalidTable,
    NoSurrogate,
    NotInTable,
    SearchLimitExceeded,
    Unreachable,
)
from dipbench.version import __version__ as __version__

if TYPE_CHECKING:
    from dipbench.graphs.canonical import canonical_key
    from dipbench.graphs.features import depth, macs, params, slc, slc_many
    from dipbench.lookup import Curve, Result, query, query_many
    from dipbench.networks.build import to_torch
    from dipbench.spaces import Architecture, Space
    from dipbench.surrogate.prediction import Prediction, predict
    from dipbench.table.catalogue import tables
    from dipbench.table.hub import download, load
    from dipbench.table.table import Table

__all__ = [
    "Architecture",
    "Curve",
    "DipbenchError",
    "HubFailed",
    "InvalidArchitecture",
    "InvalidTable",
    "NoSurrogate",
    "NotInTable",
    "Prediction",
    "Result",
    "SearchLimitExceeded",
    "Space",
    "Table",
    "Unreachable",
    "canonical_key",
    "depth",
    "download",
    "load",
    "macs",
    "params",
    "predict",
    "query",
    "query_many",
    "slc",
    "slc_many",
    "tables",
    "to_torch",
]

_HOME = {
    "Architecture": "spaces",
    "Curve": "lookup",
    "Prediction": "surrogate.prediction",
    "Result": "lookup",
    "Space": "spaces",
    "Table": "table.table",
    "canonical_key": "graphs.canonical",
    "depth": "graphs.features",
    "download": "table.hub",
    "load": "table.hub",
    "macs": "graphs.features",
    "params": "graphs.features",
    "predict": "surrogate.prediction",
    "query": "lookup",
    "query_many": "lookup",
    "slc": "graphs.features",
    "slc_many": "graphs.features",
    "tables": "table.catalogue",
    "to_torch": "networks.build",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import dipbench` itself costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'dipbench' has no attribute {name!r}")
    value = getattr(import_module(f"dipbench.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
