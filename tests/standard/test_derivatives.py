"""A function of the standard has a derivative, or says that it has none: never a silent zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.testing.records import everything

from .derivatives import Derivatives, derivatives_of, independent
from .entry import DType, Entry, flat
from .table import entries

every_entry = pytest.mark.parametrize("entry", entries, ids=str)
rows = {row.name: row for row in everything}
passes_through = {"asarray", "from_dlpack"}
"""Functions that hand on a Tensor as it is, and its gradient with it."""


@every_entry
def test_a_function_has_a_tested_derivative_or_says_that_it_has_none(
    entry: Entry, device: Any
) -> None:
    first, second = derivatives_of(entry, device)
    assert first == second != "missing"
    row = next((rows[name] for name in (repr(entry), entry.name) if name in rows), None)
    if first == "yes":
        assert entry.name in passes_through or has_row(entry.name)
    if first == "0":
        assert row is not None and row.kinks == "0 everywhere"
    if first == "error":
        assert row is not None and row.undefined
    if row is not None and row.undefined:
        assert first == "error"


def has_row(name: str) -> bool:
    """Whether a row of the primitive table tests the derivatives of a function, or of its parts."""
    return any(row.name.replace(" ", ".").split(".")[0] == name for row in everything)


@every_entry
def test_a_floating_result_that_depends_on_the_input_requires_grad(
    entry: Entry, device: Any
) -> None:
    """What has no node would count as a constant, and add zero to a derivative in silence."""
    if "float64" not in entry.dtypes or entry.name in independent:
        return
    found = entry.make(np.random.default_rng(0), (2, 3), "float64")
    arrays = [x for x in flat((found.args, found.kwargs)) if isinstance(x, np.ndarray)]
    if not any(x.dtype.kind == "f" for x in arrays):
        return
    convert = lambda x: (
        np.dtype(x)
        if isinstance(x, DType)
        else mg.tensor(x, device=device, requires_grad=x.dtype.kind == "f")
        if isinstance(x, np.ndarray)
        else x
    )
    results = entry.called(mg, found.mapped(convert))
    floating = [y for y in flat(results) if y.dtype.kind in "fc"]
    assert all(y.requires_grad for y in floating)


def test_the_answers_of_functions_that_stand_for_the_others() -> None:
    answers = {str(entry): derivatives_of(entry).first for entry in entries}
    expected = {"exp": "yes", "floor": "0", "argsort": "none", "unique_values": "error"}
    assert {name: answers[name] for name in expected} == expected
    assert derivatives_of(Entry("absent", ("float64",), entries[0].make)) == Derivatives(
        "missing", "missing"
    )
