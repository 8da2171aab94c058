"""Methods that iterate, differentiated through their iterations: what is right and what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from scipy.integrate import tanhsinh
from scipy.optimize.elementwise import find_root
from sklearn.preprocessing import StandardScaler

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.strategies.arrays import seeds

from .rows_sklearn import dispatched


def f(x: Any, a: Any) -> Any:
    return x**3 + x - a


def through_iterations(a: Any) -> Any:
    return find_root(f, (a * 0.0 - 0.1, a * 0.0 + 4.0), args=(a,)).x


def implicit(a: Any, steps: int = 1) -> Any:
    """The root as a number, and Newton steps from there, which know how it depends on a."""
    with mg.no_grad():
        x = through_iterations(a)
    for _ in range(steps):
        x = x - f(x, a) / (3 * x * x + 1)
    return x


def derivatives(a: Any) -> tuple[Any, Any]:
    """The first and second derivative of the root, by the implicit function theorem."""
    x = through_iterations(a)
    slope = 1 / (3 * x**2 + 1)
    return slope, -6 * x * slope**3


def slope_of(root: Any, order: int = 1) -> Any:
    for _ in range(order):
        root = mg.grad(lambda a, root=root: mg.sum(root(a)))
    return root


@examples(0.3)
@given(seed=seeds)
def test_the_gradient_of_a_root_obeys_the_implicit_function_theorem(seed: int) -> None:
    a = np.random.default_rng(seed).uniform(0.5, 60.0, 20)
    expected, _ = derivatives(a)
    x = mg.asarray(a)
    np.testing.assert_allclose(slope_of(through_iterations)(x).numpy(), expected, rtol=1e-9)
    np.testing.assert_allclose(slope_of(implicit)(x).numpy(), expected, rtol=1e-13)


@examples(0.3)
@given(seed=seeds)
def test_a_second_newton_step_makes_the_second_derivative_right(seed: int) -> None:
    a = np.random.default_rng(seed).uniform(0.5, 60.0, 20)
    _, expected = derivatives(a)
    found = slope_of(lambda a: implicit(a, steps=2), order=2)(mg.asarray(a)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_root_that_the_method_hits_by_halving_has_no_gradient_but_a_newton_step_has() -> None:
    """Between 0 and 4 the first point is 2, which is the root for a = 10, whatever a is nearby."""
    a = mg.tensor([10.0, 10.001])
    root = lambda a: find_root(f, (a * 0.0, a * 0.0 + 4.0), args=(a,)).x
    np.testing.assert_allclose(slope_of(root)(a).numpy(), [0.0, 1 / 13], rtol=1e-3)
    np.testing.assert_allclose(slope_of(implicit)(a).numpy(), [1 / 13, 1 / 13], rtol=1e-3)


def test_an_integral_to_infinity_reports_that_it_failed() -> None:
    """SciPy replaces the values at infinity through a view, which a Tensor has not."""
    zero = mg.zeros(1)
    result = tanhsinh(lambda x: mg.exp(-x * x), zero, zero + mg.inf)
    assert not result.success.item()
    assert result.status.item() == -3
    assert mg.isnan(result.integral).item()


def test_a_standard_scaler_differentiates_what_it_transforms_but_not_what_it_fits() -> None:
    """Its running variance divides 0 by 0 and overwrites the result, through which nan flows."""
    x = mg.asarray(np.random.default_rng(0).uniform(0.5, 2.0, (5, 3)), requires_grad=True)
    u = mg.asarray(np.random.default_rng(1).standard_normal((5, 3)))
    scaler = dispatched(lambda: StandardScaler().fit(x.detach()))()
    (g,) = mg.autograd.grad(dispatched(scaler.transform)(x), [x], u)
    np.testing.assert_allclose(g.numpy(), (u / scaler.scale_).numpy(), rtol=1e-14)
    (g,) = mg.autograd.grad(dispatched(StandardScaler().fit_transform)(x), [x], u)
    assert mg.any(mg.isnan(g)).item()
