"""The value of every operation, against NumPy and PyTorch, in any layout and of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.support.arrays import lay_out, layouts
from tests.support.budget import examples
from tests.support.derivatives import to_numpy, value
from tests.support.oracle import from_torch, needs_torch, to_torch
from tests.support.tolerance import assert_close, largest

from .row import Case, Row
from .table import everything

every_row = pytest.mark.parametrize("row", everything, ids=str)
rows_of_torch = pytest.mark.parametrize("row", [r for r in everything if r.torch], ids=str)


def reference(row: Row, case: Case) -> Any:
    """NumPy's value in float64, the truth for lower precisions too."""
    return np.asarray(row.numpy(*case.cast("float64").inputs, **case.params))


def assert_is(actual: Any, expected: Any, row: Row, case: Case, what: str, dtype: Any) -> None:
    kept = expected if row.constant or expected.dtype.kind != "f" else expected.astype("float64")
    terms = case.terms if row.sums else 1
    assert_close(
        actual, kept, f"{row}{case.params} {what}",
        dtype=dtype, terms=terms, magnitude=largest(*case.inputs) * row.condition,
    )  # fmt: skip


@every_row
@examples(0.4)
@given(data=st.data())
def test_value_equals_numpys_keeps_the_dtype_and_is_the_same_again(
    row: Row, device: Any, data: Any
) -> None:
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    case = data.draw(row.draw()).cast(dtype)
    y, again = (row.call(*row.tensors(case, device), **case.params) for _ in range(2))
    assert to_numpy(y).tobytes() == to_numpy(again).tobytes()
    expected = reference(row, case)
    assert_is(to_numpy(y), expected, row, case, "against NumPy", dtype)
    assert y.shape == expected.shape
    if not row.constant and "dtype" not in case.params:
        assert np.finfo(y.dtype).dtype == dtype, f"{row} of {dtype} is {y.dtype}"
    if "dtype" in case.params:
        assert y.dtype == case.params["dtype"]


@rows_of_torch
@needs_torch
@examples(0.2)
@given(data=st.data())
def test_value_equals_pytorchs(row: Row, device: Any, data: Any) -> None:
    case = data.draw(row.draw())
    expected = row.torch_call(case.params)(*map(to_torch, case.inputs))
    call = lambda *xs: row.call(*xs, **case.params)
    actual = value(call, case.inputs, device)
    assert_is(actual, from_torch(expected), row, case, "against PyTorch", "float64")


@every_row
@examples(0.2)
@given(data=st.data(), layout=layouts)
def test_value_does_not_depend_on_the_layout_in_memory(
    row: Row, device: Any, data: Any, layout: str
) -> None:
    case = data.draw(row.draw())
    repeated = layout == "stride 0" and not row.ties
    laid_out = [
        lay_out(x, layout if repeated or layout != "stride 0" else "C") for x in case.inputs
    ]
    call = lambda *xs: row.call(*xs, **case.params)
    plain = value(call, [np.array(x) for x in laid_out], device)
    assert_is(value(call, laid_out, device), plain, row, case, layout, plain.dtype)


@every_row
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@examples(0.3)
@given(data=st.data())
def test_arrays_without_elements_are_treated_as_numpy_treats_them(
    row: Row, device: Any, data: Any
) -> None:
    case = data.draw(row.draw((0, 2)))
    inputs = row.tensors(case, device, row.wanted(case))
    try:
        expected = reference(row, case)
    except ValueError:
        with pytest.raises((ValueError, IndexError), match=r"^\w+: "):
            row.call(*inputs, **case.params)
        return
    y = row.call(*inputs, **case.params)
    assert_is(to_numpy(y), expected, row, case, "against NumPy", "float64")
    leaves = [inputs[i] for i in row.wanted(case)]
    if leaves and y.requires_grad and not row.undefined:
        for x, g in zip(leaves, mg.autograd.grad(y, leaves, mg.ones_like(y)), strict=True):
            assert g is not None
            assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)
