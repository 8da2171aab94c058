"""`mg.autograd.grad`: several outputs and inputs, intermediate ones, unused ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.autograd import grad
from minigrad.testing.derivatives import to_numpy


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([0.5, 2.0], dtype=mg.float64, device=device, requires_grad=True)


@pytest.fixture
def w(device: Any) -> mg.Tensor:
    return mg.tensor([3.0, 4.0], dtype=mg.float64, device=device, requires_grad=True)


def test_a_gradient_for_each_input_in_order(x: mg.Tensor, w: mg.Tensor) -> None:
    by_w, by_x = grad(mg.sum(x * x * w), (w, x))
    np.testing.assert_array_equal(by_w.numpy(), [0.25, 4])
    np.testing.assert_array_equal(by_x.numpy(), [3, 16])


def test_several_outputs_add_up_each_with_its_cotangent(x: mg.Tensor) -> None:
    u = mg.tensor([10.0, 100.0], dtype=mg.float64, device=x.device)
    (g,) = grad([mg.sum(x * x), x * 3], x, grad_outputs=[None, u])
    np.testing.assert_array_equal(g.numpy(), [31, 304])
    (g,) = grad([x * 3, x * 3], x, grad_outputs=[u, u])
    np.testing.assert_array_equal(g.numpy(), [60, 600])


def test_one_output_named_twice_counts_twice(x: mg.Tensor) -> None:
    y = mg.sum(x * x)
    (g,) = grad([y, y], x)
    np.testing.assert_array_equal(g.numpy(), [2, 8])


def test_an_input_named_twice_gets_two_gradients_of_their_own(x: mg.Tensor) -> None:
    a, b = grad(mg.sum(x * x), [x, x])
    assert a.data is not b.data
    np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_intermediate_tensors_can_be_inputs(x: mg.Tensor) -> None:
    y = x * x
    z = mg.sum(mg.exp(y))
    by_y, by_x = grad(z, [y, x])
    np.testing.assert_allclose(by_y.numpy(), np.exp([0.25, 4]), rtol=1e-15)
    np.testing.assert_allclose(by_x.numpy(), np.exp([0.25, 4]) * [1, 4], rtol=1e-15)


def test_an_output_can_be_its_own_input(x: mg.Tensor) -> None:
    y = mg.sum(x)
    (g,) = grad(y, y)
    assert g.item() == 1.0


def test_nothing_behind_an_intermediate_input_is_walked_or_freed(x: mg.Tensor) -> None:
    y = mg.exp(x)
    grad(mg.sum(y * y), y)
    grad(mg.sum(y), x)


def test_only_what_is_walked_has_to_be_as_it_was(x: mg.Tensor, w: mg.Tensor) -> None:
    freed, changed = mg.exp(x), mg.sum(x * x)
    mg.sum(freed).backward()
    with mg.no_grad():
        x += 1.0
    (g,) = grad(mg.sum(w * w) + mg.sum(freed) + changed, w)
    np.testing.assert_array_equal(g.numpy(), [6, 8])


def test_an_unused_input_is_an_error_unless_allowed(x: mg.Tensor, w: mg.Tensor) -> None:
    with pytest.raises(ValueError, match=r"do not depend on input 1; .*allow_unused=True"):
        grad(mg.sum(x), [x, w], retain_graph=True)
    g, none = grad(mg.sum(x), [x, w], allow_unused=True)
    assert none is None
    np.testing.assert_array_equal(g.numpy(), [1, 1])


def test_a_constant_is_no_input(x: mg.Tensor) -> None:
    with pytest.raises(ValueError, match="grad: input 0 does not require grad"):
        grad(mg.sum(x), mg.ones(2, device=x.device))


def test_cotangents_have_to_match_outputs(x: mg.Tensor) -> None:
    with pytest.raises(ValueError, match="1 outputs, but 2 grad_outputs"):
        grad(mg.sum(x), x, grad_outputs=[None, None])
    with pytest.raises(ValueError, match=r"gradient of shape \(3,\) for a Tensor of shape \(2,\)"):
        grad(x * 2, x, grad_outputs=mg.ones(3, device=x.device))
    with pytest.raises(ValueError, match="needs a gradient"):
        grad(x * 2, x)


def test_a_cotangent_may_be_an_array_or_a_number_and_of_another_precision(x: mg.Tensor) -> None:
    u = mg.ones(2, dtype=mg.float32, device=x.device) * 2
    for cotangent in (u, u.data, [u.data], (u,)):
        (g,) = grad(x * 3, x, grad_outputs=cotangent)
        assert g.dtype == mg.float64
        np.testing.assert_array_equal(g.numpy(), [6, 6])
    (g,) = grad(mg.sum(x * 3), x, grad_outputs=2.0)
    np.testing.assert_array_equal(g.numpy(), [6, 6])


def test_one_cotangent_serves_all_outputs_of_its_shape(x: mg.Tensor) -> None:
    (g,) = grad([x * 3, x * x], x, grad_outputs=mg.full_like(x, 2.0))
    np.testing.assert_array_equal(g.numpy(), [6 + 2, 6 + 8])


def test_no_inputs_have_no_gradients(x: mg.Tensor) -> None:
    assert grad(mg.sum(x), []) == ()


def test_nothing_is_written_to_grad_nor_freed_of_what_others_need(
    x: mg.Tensor, w: mg.Tensor
) -> None:
    shared = mg.exp(x)
    loss = mg.sum(shared * w)
    grad(loss, w)
    assert x.grad is None
    assert w.grad is None
    mg.sum(shared).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([0.5, 2.0]), rtol=1e-15)


def test_what_is_no_tensor_is_named(x: mg.Tensor) -> None:
    with pytest.raises(TypeError, match=r"^grad: output 1 is a float, not a Tensor$"):
        grad([mg.sum(x), 1.0], x)
    with pytest.raises(TypeError, match=r"^grad: input 0 is a str, not a Tensor$"):
        grad(mg.sum(x), {"x": x})


@pytest.mark.parametrize("allow_unused", [False, True])
@pytest.mark.parametrize("retain_graph", [None, False, True])
@pytest.mark.parametrize("create_graph", [False, True])
def test_every_combination_keeps_what_it_promises(
    x: mg.Tensor, create_graph: bool, retain_graph: bool | None, allow_unused: bool
) -> None:
    """A retained graph can be walked again, a freed one not; a created one is differentiable."""
    options = {"create_graph": create_graph, "allow_unused": allow_unused}
    y = mg.exp(x) * x
    u = mg.asarray([1.0, -2.0], dtype=mg.float64, device=x.device)
    (g,) = grad(y, x, u, retain_graph=retain_graph, **options)
    expected = to_numpy(u) * np.exp(to_numpy(x)) * (1 + to_numpy(x))
    np.testing.assert_allclose(to_numpy(g), expected, rtol=1e-14)
    assert g.requires_grad == create_graph
    kept = create_graph if retain_graph is None else retain_graph
    if kept:
        (again,) = grad(y, x, u, retain_graph=True, **options)
        np.testing.assert_array_equal(to_numpy(again), to_numpy(g))
        if create_graph:
            (second,) = grad(mg.sum(g), x)
            expected = to_numpy(u) * np.exp(to_numpy(x)) * (2 + to_numpy(x))
            np.testing.assert_allclose(to_numpy(second), expected, rtol=1e-14)
    else:
        with pytest.raises(RuntimeError, match="was differentiated before"):
            grad(y, x, u, **options)
