"""SciPy makes constants of the default dtype on the default device: here they are the test's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import minigrad as mg


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    """The default dtype is NumPy's."""
    before = mg.get_default_dtype()
    mg.set_default_dtype(mg.float64)
    yield
    mg.set_default_dtype(before)
