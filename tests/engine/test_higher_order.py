"""Gradients of gradients by `create_graph`, to any order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.autograd import grad


@pytest.fixture
def x(device: Any) -> mg.Tensor:
    return mg.tensor([0.5, 2.0], dtype=mg.float64, device=device, requires_grad=True)


@pytest.fixture
def w(device: Any) -> mg.Tensor:
    return mg.tensor([3.0, 4.0], dtype=mg.float64, device=device, requires_grad=True)


def test_derivatives_to_the_fifth_order(device: Any) -> None:
    x = mg.tensor(0.7, dtype=mg.float64, device=device, requires_grad=True)
    y = mg.sin(2 * x)
    for order in range(1, 6):
        (y,) = grad(y, x, create_graph=True)
        expected = 2**order * math.sin(2 * 0.7 + order * math.pi / 2)
        assert y.item() == pytest.approx(expected, rel=1e-13)


def test_third_order_through_products_powers_and_sums(x: mg.Tensor) -> None:
    y = mg.sum(x**3 * mg.exp(x))
    for _ in range(3):
        (g,) = grad(y, x, create_graph=True)
        y = mg.sum(g)
    v = np.array([0.5, 2.0])
    np.testing.assert_allclose(
        g.detach().numpy(), np.exp(v) * (v**3 + 9 * v**2 + 18 * v + 6), rtol=1e-13
    )


def test_create_graph_works_under_no_grad(x: mg.Tensor) -> None:
    y = mg.sum(x**3)
    with mg.no_grad():
        (g,) = grad(y, x, create_graph=True)
    assert g.requires_grad
    (h,) = grad(mg.sum(g), x)
    np.testing.assert_allclose(h.numpy(), [3, 12], rtol=1e-15)


def test_a_recorded_gradient_is_differentiable_by_its_cotangent(x: mg.Tensor) -> None:
    """Also where the rule hands the cotangent through as it is."""
    for f in (lambda t: t + 1, lambda t: t * 2, mg.exp):
        u = mg.ones_like(x).requires_grad_()
        (g,) = grad(f(x), x, u, create_graph=True)
        (by_u,) = grad(mg.sum(g * g), u)
        slope = g.detach().numpy()  # u is one, so g is the slope, and d(g^2)/du = 2 slope^2
        np.testing.assert_allclose(by_u.numpy(), 2 * slope**2, rtol=1e-14)


def test_a_gradient_penalty_reaches_the_parameters(x: mg.Tensor, w: mg.Tensor) -> None:
    """d/dw of |d/dx sum(w x^2)|^2 = 8 w x^2."""
    (g,) = grad(mg.sum(w * x * x), x, create_graph=True)
    mg.sum(g * g).backward()
    np.testing.assert_allclose(w.grad.numpy(), 8 * np.array([3, 4]) * [0.25, 4], rtol=1e-15)


def test_a_recorded_gradient_outlives_the_graph_it_came_from(x: mg.Tensor) -> None:
    """The graph of the gradient holds what it reads, also of the forward's."""
    (g,) = grad(mg.sum(mg.exp(x) * x), x, create_graph=True)
    (h,) = grad(mg.sum(g * g), x, create_graph=True)
    mg.sum(h).backward()
    v = np.array([0.5, 2.0])  # of (e^x (1 + x))^2, twice
    expected = np.exp(2 * v) * (2 * (2 * (1 + v) ** 2 + 2 * (1 + v)) + 4 * (1 + v) + 2)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-13)


def test_the_second_order_may_be_asked_for_of_many_first_ones(x: mg.Tensor) -> None:
    (g,) = grad(mg.sum(x**4), x, create_graph=True)
    rows = [grad(g[i], x, retain_graph=True)[0] for i in range(2)]
    np.testing.assert_allclose(mg.stack(rows).numpy(), np.diag(12 * np.array([0.25, 4])))


def test_backward_of_a_recorded_gradient_is_of_first_order(x: mg.Tensor) -> None:
    (g,) = grad(mg.sum(x**3), x, create_graph=True)
    mg.sum(g).backward()
    np.testing.assert_allclose(x.grad.numpy(), [3, 12])
    assert not x.grad.requires_grad


def test_a_graph_that_its_gradient_shares_is_freed_unless_it_is_kept(x: mg.Tensor) -> None:
    (g,) = grad(mg.sum(mg.exp(x)), x, create_graph=True)
    mg.sum(g).backward()
    with pytest.raises(RuntimeError, match=r"exp, recorded at .* was differentiated before"):
        mg.sum(g).backward()
