"""What an operation refuses, and what it has no derivative of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

import minigrad as mg

from ..conduct import check_errors
from ..record import OpRecord
from .checks import Check

__all__ = ["checks"]


def a_bad_call_names_the_operation_and_what_is_wrong(
    record: OpRecord, device: Any, data: Any
) -> None:
    """Every bad call of the record fails with its error and its text."""
    check_errors(record.errors, device)


def the_value_of_a_constant_operation_requires_no_grad(
    record: OpRecord, device: Any, data: Any
) -> None:
    """An integer or boolean result is no part of a derivative."""
    case = data.draw(record.draw())
    y = record.call(*record.tensors(case, device, record.wanted(case)), **case.params)
    assert not y.requires_grad
    assert y.dtype.kind in "biu"


def a_derivative_that_is_not_defined_is_an_error(record: OpRecord, device: Any, data: Any) -> None:
    """In every way to ask for it, and before anything is written."""
    way = data.draw(st.sampled_from(["backward", "grad", "create_graph"]))
    case = data.draw(record.draw())
    leaves = record.tensors(case, device, record.wanted(case))
    y = record.call(*leaves, **case.params)
    assert y.requires_grad
    loss = mg.sum(y) + sum((mg.sum(x) for x in leaves), start=0.0)
    ask: Any = loss.backward
    if way != "backward":
        ask = lambda: mg.autograd.grad(loss, leaves, create_graph=way == "create_graph")
    with pytest.raises(TypeError, match=rf"^{record.name}, recorded at .*, has no derivative"):
        ask()
    assert all(x.grad is None for x in leaves)


checks = [
    Check(a_bad_call_names_the_operation_and_what_is_wrong, 0.05, lambda r: bool(r.errors)),
    Check(the_value_of_a_constant_operation_requires_no_grad, 0.1, lambda r: r.constant),
    Check(a_derivative_that_is_not_defined_is_an_error, 0.1, lambda r: r.undefined),
]
