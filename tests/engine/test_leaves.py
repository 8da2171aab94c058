"""What backward leaves where: leaves accumulate, intermediate Tensors only on request."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import minigrad as mg


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([1.0, 2.0], device=device, requires_grad=True)


def test_leaf_gradients_accumulate_until_they_are_cleared(x: mg.Tensor) -> None:
    for _ in range(2):
        mg.sum(3 * x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [6, 6])
    x.grad = None
    mg.sum(3 * x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])


def test_accumulating_makes_a_new_gradient_and_leaves_the_old_one_alone(x: mg.Tensor) -> None:
    mg.sum(x).backward()
    first = x.grad
    mg.sum(x).backward()
    assert x.grad is not first
    np.testing.assert_array_equal(first.numpy(), [1, 1])


def test_a_leaf_used_several_times_receives_the_sum(x: mg.Tensor) -> None:
    mg.sum(x * x + x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 5])


def test_a_value_used_twice_passes_on_both_contributions_at_once(x: mg.Tensor) -> None:
    """A diamond on a diamond: whoever walks on before both have arrived gets another number."""
    y = x + x
    z = y * y
    mg.sum(z + y * z).backward()
    v = np.array([1.0, 2.0])  # 4 x^2 + 8 x^3
    np.testing.assert_array_equal(x.grad.numpy(), 8 * v + 24 * v**2)


def test_a_leaf_differentiated_by_itself_receives_the_cotangent(x: mg.Tensor) -> None:
    x.backward(mg.tensor([5.0, 7.0], device=x.device))
    np.testing.assert_array_equal(x.grad.numpy(), [5, 7])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_has_its_leafs_shape_dtype_and_device(device: Any, dtype: str) -> None:
    x = mg.ones((2, 1), dtype=dtype, device=device, requires_grad=True)
    other = mg.ones((3, 2, 4), dtype=mg.float64, device=device)
    y = x * other + mg.sum(x)
    y.backward(mg.ones_like(y))
    assert (x.grad.shape, x.grad.dtype, x.grad.device) == (x.shape, x.dtype, x.device)


def test_gradients_of_intermediate_tensors_do_not_stay_unless_retained(x: mg.Tensor) -> None:
    y, z = mg.exp(x), x * 2
    y.retain_grad()
    for count in (1, 2):
        mg.sum(y * 3 + z).backward(retain_graph=True)
        np.testing.assert_array_equal(y.grad.numpy(), [3 * count, 3 * count])
    assert z.grad is None
    assert not y.grad.requires_grad


def test_retaining_twice_counts_once_and_on_a_leaf_changes_nothing(x: mg.Tensor) -> None:
    y = x * 2
    for tensor in (y, y, x):
        tensor.retain_grad()
    mg.sum(y).backward()
    np.testing.assert_array_equal(y.grad.numpy(), [1, 1])
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2])


def test_a_retained_gradient_is_that_of_the_present_value(x: mg.Tensor) -> None:
    y = x * 1
    y.retain_grad()
    y *= 3
    mg.sum(y).backward()
    np.testing.assert_array_equal(y.grad.numpy(), [1, 1])
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])


def test_a_constant_retains_no_gradient(device: Any) -> None:
    with pytest.raises(ValueError, match="does not require grad"):
        mg.ones(2, device=device).retain_grad()


def test_grad_touches_no_leaf(x: mg.Tensor) -> None:
    w = mg.tensor([3.0, 4.0], device=x.device, requires_grad=True)
    mg.sum(x).backward()
    mg.autograd.grad(mg.sum(x * x * w), x)
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1])
    assert w.grad is None


def test_constants_get_no_gradient(x: mg.Tensor) -> None:
    c = mg.tensor([1.0, 1.0], device=x.device)
    mg.sum(x * c).backward()
    assert c.grad is None


def test_a_detached_value_stops_the_gradient(x: mg.Tensor) -> None:
    y = x * x
    mg.sum(y.detach() * x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 4])
    assert y.detach().is_leaf


def test_a_leaf_that_is_gone_does_no_harm(device: Any) -> None:
    w = mg.tensor([1.0], device=device, requires_grad=True)
    y = w * mg.tensor([2.0], device=device, requires_grad=True)
    gc.collect()
    y.backward()
    assert w.grad.item() == 2.0


def test_a_gradient_can_become_a_leaf_of_its_own(x: mg.Tensor) -> None:
    mg.sum(x * x).backward()
    start = x.grad.requires_grad_()
    mg.sum(start * start).backward()
    np.testing.assert_array_equal(start.grad.numpy(), [4, 8])


def test_asking_for_a_gradient_twice_changes_nothing_and_it_can_be_declined(x: mg.Tensor) -> None:
    y = mg.sum(x * x)
    assert x.requires_grad_() is x
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4])
    x.requires_grad = False
    assert not (x * 2).requires_grad


def test_a_tensor_of_one_element_goes_without_a_gradient_whatever_its_shape(device: Any) -> None:
    x = mg.tensor([[3.0]], device=device, requires_grad=True)
    mg.permute_dims(x * 2, (1, 0)).backward()
    assert x.grad.shape == (1, 1) and x.grad.tolist() == [[2.0]]
