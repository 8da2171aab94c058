"""`x[key] = v` gives the handle x a new value, `x.at[key]` makes a new Tensor: no views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg


def test_a_constant_that_takes_in_a_differentiable_value_is_differentiable(device: Any) -> None:
    v = mg.tensor(5.0, device=device, requires_grad=True)
    x = mg.zeros(3, device=device)
    x[1] = v
    assert x.requires_grad
    assert not x.is_leaf
    mg.sum(x * x).backward()
    assert v.grad.item() == 10


def test_assignment_to_a_result_is_differentiable(device: Any) -> None:
    x = mg.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    v = mg.tensor(5.0, device=device, requires_grad=True)
    y = x * x
    y[1] = v * 2
    y *= 10
    mg.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [20, 0, 60])
    assert v.grad.item() == 20.0


def test_a_slice_taken_before_is_not_a_view(device: Any) -> None:
    x = mg.tensor([1.0, 2.0, 3.0], device=device)
    part = x[1:]
    x[1] = 99.0
    part[1] = -1.0
    np.testing.assert_array_equal(part.numpy(), [2, -1])
    np.testing.assert_array_equal(x.numpy(), [1, 99, 3])


def test_the_array_that_a_tensor_shares_memory_with_is_not_written_to() -> None:
    array = np.array([1.0, 2.0])
    x = mg.asarray(array)
    x[0] = 9.0
    x += 1.0
    np.testing.assert_array_equal(array, [1, 2])


@pytest.mark.parametrize("key", [0, slice(0, 1), [0], np.array([True, False])], ids=str)
def test_a_leaf_that_requires_grad_is_assigned_to_under_no_grad_only(device: Any, key: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device, requires_grad=True)
    with pytest.raises(ValueError, match=r"x\[key\] = value: this Tensor is a leaf that requires"):
        x[key] = 5.0
    np.testing.assert_array_equal(x.detach().numpy(), [1, 2])
    with mg.no_grad():
        x[key] = 5.0
    np.testing.assert_array_equal(x.detach().numpy(), [5, 2])
    assert x.requires_grad
    assert x.is_leaf


def test_assignment_of_a_misfit_changes_nothing(device: Any) -> None:
    x = mg.tensor([1.0, 2.0], device=device)
    for key, value, error in [
        (5, 1.0, IndexError),
        (slice(None), mg.ones(3, device=device), ValueError),
    ]:
        with pytest.raises(error, match="index_set: "):
            x[key] = value
    np.testing.assert_array_equal(x.numpy(), [1, 2])


def test_at_set_and_add_return_new_tensors(device: Any) -> None:
    x = mg.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    index = mg.tensor([0, 0, 2], device=device)
    y = x.at[index].add(mg.tensor([10.0, 20.0, 30.0], device=device))
    np.testing.assert_array_equal(y.detach().numpy(), [31, 2, 33])
    z = x.at[1].set(0.0)
    np.testing.assert_array_equal(z.detach().numpy(), [1, 0, 3])
    mg.sum(y * z).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [32, 0, 36])


def test_at_add_with_repeated_indices_is_differentiable_twice(device: Any) -> None:
    v = mg.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    y = mg.zeros(3, device=device).at[mg.tensor([0, 0, 2], device=device)].add(v * v)
    (g,) = mg.autograd.grad(mg.sum(y * y), v, create_graph=True)  # y0 = v0^2 + v1^2, y2 = v2^2
    np.testing.assert_array_equal(g.detach().numpy(), [4 * 5, 8 * 5, 12 * 9])
    (h,) = mg.autograd.grad(g[0], v)
    np.testing.assert_array_equal(h.numpy(), [4 * 5 + 8, 16, 0])


def test_of_values_written_to_one_place_only_the_one_that_stayed_has_a_gradient(
    device: Any,
) -> None:
    x = mg.zeros(3, device=device, requires_grad=True)
    v = mg.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    y = x.at[mg.tensor([0, 0, 2], device=device)].set(v)
    mg.sum(y * mg.tensor([1.0, 10.0, 100.0], device=device)).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0, 10, 0])
    assert y[0].item() in (1.0, 2.0)
    np.testing.assert_array_equal(v.grad.numpy(), [y[0].item() == 1, y[0].item() == 2, 100])
