"""SciPy makes constants of the default dtype: here it is double precision, as in NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import minigrad as mg


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = mg.get_default_dtype()
    mg.set_default_dtype(mg.float64)
    yield
    mg.set_default_dtype(before)
