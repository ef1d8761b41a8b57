"""The whole space, made up, for what may propose any architecture of it."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dipbench.table.table import Table


@pytest.fixture(scope="session")
def core64(made_up_core64: Path) -> Table:
    """A table of all 372 architectures."""
    return Table.read(made_up_core64)


@pytest.fixture(autouse=True)
def _same_numbers_each_time() -> Iterator[None]:
    """Syne Tune's searchers draw from the global generators whatever seed they are given."""
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    yield
    np.random.set_state(before[0])  # noqa: NPY002
    random.setstate(before[1])
