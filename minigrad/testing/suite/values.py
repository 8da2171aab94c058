"""The value of an operation, against its reference and PyTorch, in any layout and of any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import minigrad as mg

from ..derivatives import to_numpy, value
from ..layout import lay_out
from ..oracles import from_torch, to_torch
from ..plugin import not_checked
from ..record import Case, OpRecord
from ..strategies.arrays import layouts
from ..tolerance import assert_close, largest
from ..verdict import compare
from .checks import Check, has_oracle, needs_torch

__all__ = ["checks"]


def reference(record: OpRecord, case: Case) -> Any:
    """The reference's value in float64, the truth for lower precisions too."""
    return np.asarray(record.reference(*case.cast("float64").inputs, **case.params))


@contextmanager
def skipped_without_its_reference(record: OpRecord) -> Iterator[None]:
    """Skip the test, and list it, where the package that the reference is from is absent."""
    try:
        yield
    except ImportError as error:
        reason = f"the reference of {record}: {error}"
        not_checked(reason)
        pytest.skip(reason)


def assert_is(
    actual: Any, expected: Any, record: OpRecord, case: Case, what: str, dtype: Any
) -> None:
    """Fail unless `actual` is `expected`, up to the rounding of `dtype`."""
    kept = expected if record.constant or expected.dtype.kind != "f" else expected.astype("float64")
    terms = case.terms if record.sums else 1
    assert_close(
        actual, kept, f"{record}{case.params} {what}",
        dtype=dtype, terms=terms, magnitude=largest(*case.inputs) * record.condition,
    )  # fmt: skip


def value_equals_the_reference_keeps_the_dtype_and_is_the_same_again(
    record: OpRecord, device: Any, data: Any
) -> None:
    """In float32 and float64, bit for bit the same when computed again."""
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    case = data.draw(record.draw()).cast(dtype)
    y, again = (record.call(*record.tensors(case, device), **case.params) for _ in range(2))
    assert to_numpy(y).tobytes() == to_numpy(again).tobytes()
    with skipped_without_its_reference(record):
        expected = reference(record, case)
    assert_is(to_numpy(y), expected, record, case, "against the reference", dtype)
    assert y.shape == expected.shape
    if not record.constant and "dtype" not in case.params:
        assert np.finfo(y.dtype).dtype == dtype, f"{record} of {dtype} is {y.dtype}"
    if "dtype" in case.params:
        assert y.dtype == case.params["dtype"]


def value_equals_pytorchs(record: OpRecord, device: Any, data: Any) -> None:
    """In float64."""
    case = data.draw(record.draw())
    expected = record.oracle_call(case.params)(*map(to_torch, case.inputs))
    call = lambda *xs: record.call(*xs, **case.params)
    actual, theirs = value(call, case.inputs, device), from_torch(expected)
    try:
        assert_is(actual, theirs, record, case, "against PyTorch", "float64")
    except AssertionError as difference:
        verdict = verdict_on(actual, theirs, record, case)
        raise AssertionError(f"{difference}\nheld against the reference, {verdict}") from None


def verdict_on(actual: Any, theirs: Any, record: OpRecord, case: Case) -> str:
    """Who is wrong, by the record's reference in float64."""
    try:
        truth = reference(record, case)
    except ImportError as error:
        return f"nothing decides: {error}"
    if not actual.shape == np.shape(theirs) == truth.shape or truth.dtype.kind not in "fc":
        return f"the value should be {truth}"
    return f"wrong is {compare(actual, theirs, truth, case.terms, record.condition)}"


def value_does_not_depend_on_the_layout_in_memory(record: OpRecord, device: Any, data: Any) -> None:
    """Strides of any kind, Fortran order, read-only memory."""
    layout = data.draw(layouts)
    case = data.draw(record.draw())
    repeated = layout == "stride 0" and not record.ties
    laid_out = [
        lay_out(x, layout if repeated or layout != "stride 0" else "C") for x in case.inputs
    ]
    call = lambda *xs: record.call(*xs, **case.params)
    plain = value(call, [np.array(x) for x in laid_out], device)
    assert_is(value(call, laid_out, device), plain, record, case, layout, plain.dtype)


def arrays_without_elements_are_treated_as_the_reference_treats_them(
    record: OpRecord, device: Any, data: Any
) -> None:
    """Sizes of 0; what the reference refuses, the operation refuses by its name."""
    case = data.draw(record.draw((0, 2)))
    inputs = record.tensors(case, device, record.wanted(case))
    try:
        with skipped_without_its_reference(record):
            expected = reference(record, case)
    except ValueError:
        with pytest.raises((ValueError, IndexError), match=r"^\w+: "):
            record.call(*inputs, **case.params)
        return
    y = record.call(*inputs, **case.params)
    assert_is(to_numpy(y), expected, record, case, "against the reference", "float64")
    leaves = [inputs[i] for i in record.wanted(case)]
    if leaves and y.requires_grad and not record.undefined:
        for x, g in zip(leaves, mg.autograd.grad(y, leaves, mg.ones_like(y)), strict=True):
            assert g is not None
            assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)


quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")

checks = [
    Check(value_equals_the_reference_keeps_the_dtype_and_is_the_same_again, 0.4),
    Check(value_equals_pytorchs, 0.2, has_oracle, (needs_torch,)),
    Check(value_does_not_depend_on_the_layout_in_memory, 0.2),
    Check(arrays_without_elements_are_treated_as_the_reference_treats_them, 0.3, marks=(quiet,)),
]
