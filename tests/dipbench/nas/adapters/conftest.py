"""The whole space, made up, for what may propose any architecture of it."""

import pytest

from dipbench.table import Table


@pytest.fixture(scope="session")
def core64(made_up_core64):
    """A table of all 372 architectures."""
    return Table.read(made_up_core64)
