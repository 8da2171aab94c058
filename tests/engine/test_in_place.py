"""`x += y` and its like give the handle x a new value. No other Tensor ever changes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import minigrad as mg

in_place = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv,
    operator.imod, operator.ipow,
]  # fmt: skip
in_place_on_integers = [
    operator.iand, operator.ior, operator.ixor, operator.ilshift, operator.irshift,
]  # fmt: skip


@pytest.mark.parametrize("change", in_place, ids=lambda f: f.__name__)
def test_in_place_operators_rebind_the_handle_and_leave_its_alias_alone(
    device: Any, change: Any
) -> None:
    x = mg.tensor([3.0, 4.0], device=device)
    alias, raw = x.detach(), x.data
    before = x.numpy()
    result = change(x, mg.tensor([2.0, 3.0], device=device))
    assert result is x
    np.testing.assert_allclose(x.numpy(), change(before.copy(), np.float32([2, 3])), rtol=1e-6)
    np.testing.assert_array_equal(alias.numpy(), before)
    assert alias.data is raw


@pytest.mark.parametrize("change", in_place_on_integers, ids=lambda f: f.__name__)
def test_in_place_operators_on_integers(device: Any, change: Any) -> None:
    x = mg.tensor([12, 7], device=device)
    alias = x.detach()
    change(x, mg.tensor([2, 1], device=device))
    np.testing.assert_array_equal(x.numpy(), change(np.array([12, 7]), np.array([2, 1])))
    np.testing.assert_array_equal(alias.numpy(), [12, 7])


def test_in_place_matmul(device: Any) -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    x @= mg.tensor([[0.0, 1.0], [1.0, 0.0]], device=device)
    np.testing.assert_array_equal(x.numpy(), [[2, 1], [4, 3]])


@pytest.mark.parametrize("change", [*in_place, operator.imatmul], ids=lambda f: f.__name__)
def test_in_place_operators_have_the_gradients_of_their_operators(device: Any, change: Any) -> None:
    found = []
    for operation in (change, getattr(operator, change.__name__.removeprefix("i"))):
        a = mg.tensor([[3.0, 4.5], [5.0, 6.5]], device=device, requires_grad=True)
        b = mg.tensor([[2.0, 3.0], [2.5, 1.5]], device=device, requires_grad=True)
        y = a * 1
        y = operation(y, b * 1)
        y.backward(mg.tensor([[1.0, 2.0], [3.0, 4.0]], device=device))
        found.append((a.grad.tolist(), b.grad.tolist()))
    assert found[0] == found[1]


def test_what_was_computed_from_the_old_value_keeps_it(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    y = x * 1
    square = y * y
    y *= 10
    y[0] = 0.0
    mg.sum(square + y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4 + 10])


def test_a_part_is_changed_in_place_through_its_key(device: Any) -> None:
    x = mg.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    y = x * 1
    y[1:] *= 5
    y[0], y[2] = y[2], y[0]
    np.testing.assert_array_equal(y.detach().numpy(), [15, 10, 1])
    y.backward(mg.tensor([1.0, 2.0, 3.0], device=device))
    np.testing.assert_array_equal(x.grad.numpy(), [3, 10, 5])


def test_a_leaf_is_no_target_of_an_in_place_operator_outside_no_grad(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    with pytest.raises(ValueError, match=r"x \+= y: this Tensor is a leaf that requires grad"):
        x += 1.0
    with mg.no_grad():
        x += 1.0
    mg.sum(x * x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [4, 6])


def test_shape_and_dtype_are_kept(device: Any) -> None:
    x = mg.ones(2, device=device)
    with pytest.raises(ValueError, match=r"x \+= y: shape \(2,\) can't become \(3, 2\)"):
        x += mg.ones((3, 2), device=device)
    x += mg.ones(2, dtype=mg.float64, device=device)
    assert x.dtype == mg.float32
    np.testing.assert_array_equal(x.numpy(), [2, 2])


@pytest.mark.parametrize("value", [1.5, np.array([1.5, 2.5])], ids=["number", "array"])
def test_an_integer_does_not_swallow_a_fraction(device: Any, value: Any) -> None:
    x = mg.tensor([1, 2], device=device)
    y = value if isinstance(value, float) else mg.asarray(value, device=device)
    with pytest.raises(TypeError, match=r"x \+= y"):
        x += y
    np.testing.assert_array_equal(x.numpy(), [1, 2])
