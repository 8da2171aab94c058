"""Derivatives of derivatives, inside one another: nothing is confused, and nothing is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import Tensor
from minigrad.testing.derivatives import to_numpy


@pytest.fixture
def x(device: Any) -> Tensor:
    return mg.tensor([0.5, 2.0], dtype=mg.float64, device=device)


def number(value: float, device: Any) -> Tensor:
    return mg.tensor(value, dtype=mg.float64, device=device)


def close(actual: Tensor, expected: Any) -> None:
    np.testing.assert_allclose(to_numpy(actual), expected, rtol=1e-13, atol=1e-13)


def derivative_by_jvp(f: Any) -> Any:
    return lambda x: mg.jvp(f, (x,), (mg.ones_like(x),))[1]


def derivative_by_vjp(f: Any) -> Any:
    def derivative(x: Tensor) -> Tensor:
        y, pull_back = mg.vjp(f, x)
        return pull_back(mg.ones_like(y))[0]

    return derivative


ways = {
    "grad": mg.grad, "jvp": derivative_by_jvp, "vjp": derivative_by_vjp, "jacobian": mg.jacobian,
}  # fmt: skip
every_pair = [pytest.param(a, b, id=f"{a}-{b}") for a in ways for b in ways]


@pytest.mark.parametrize(("outer", "inner"), every_pair)
def test_perturbations_are_not_confused(device: Any, outer: str, inner: str) -> None:
    """The inner derivative must not see the outer one's change of x: d/dx [x d/dy (x + y)] = 1."""
    D, d = ways[outer], ways[inner]
    one, three = number(1.0, device), number(3.0, device)
    assert D(lambda x: x * d(lambda y: x + y)(one))(one).item() == 1.0
    assert D(lambda x: x * d(lambda y: x * y)(one))(three).item() == 6.0
    assert D(lambda x: x * d(lambda y: x * y * y)(x))(three).item() == 54.0


@pytest.mark.parametrize(("outer", "inner"), every_pair)
def test_every_way_differentiates_every_other(device: Any, outer: str, inner: str) -> None:
    second = ways[outer](ways[inner](lambda x: mg.sin(x) * x))
    a = 0.7
    assert second(number(a, device)).item() == pytest.approx(
        2 * np.cos(a) - a * np.sin(a), rel=1e-14
    )


def test_three_deep_with_a_variable_of_each_depth(device: Any) -> None:
    """d/dx d/dy d/dz of x^2 y^3 z^4 at 1, 1, 1 is 24."""
    one = number(1.0, device)
    f = lambda x, y, z: x**2 * y**3 * z**4
    third = mg.grad(lambda x: mg.grad(lambda y: mg.grad(lambda z: f(x, y, z))(one))(one))(one)
    assert third.item() == 24.0


def test_a_jvp_is_differentiable_by_its_tangent(x: Tensor) -> None:
    f = lambda a: a**2
    close(mg.grad(lambda v: mg.sum(mg.jvp(f, (x,), (v,))[1]))(x), [1, 4])
    v = mg.ones_like(x).requires_grad_()
    _, tangent = mg.jvp(f, (x,), (v,))
    mg.sum(tangent * tangent).backward()
    close(v.grad, 2 * np.array([1.0, 4]) ** 2)


def test_a_jvp_of_a_linear_function_is_differentiable_by_its_tangent(x: Tensor) -> None:
    close(mg.grad(lambda v: mg.sum(mg.jvp(lambda a: 3 * a, (x,), (v,))[1] ** 2))(x), [9, 36])


def test_a_vjp_is_differentiable_by_its_cotangent(x: Tensor) -> None:
    _, pull_back = mg.vjp(lambda a: a**3, x)
    close(mg.grad(lambda u: mg.sum(pull_back(u)[0] ** 2))(x), 2 * 9 * np.array([0.5, 2.0]) ** 5)


def test_an_hvp_is_differentiable_by_its_vector_and_its_point(x: Tensor) -> None:
    f = lambda a: mg.sum(a**3)
    close(mg.grad(lambda v: mg.sum(mg.hvp(f, (x,), (v,))[0]))(x), [3, 12])
    close(mg.grad(lambda a: mg.sum(mg.hvp(f, (a,), (x,))[0]))(x), [3, 12])


def test_all_ways_to_a_hessian_agree(x: Tensor) -> None:
    f = lambda a: mg.sum(mg.exp(a) * mg.flip(a) ** 2)
    expected = to_numpy(mg.hessian(f)(x))
    close(mg.jacobian(mg.grad(f))(x), expected)
    basis = [mg.asarray(e, device=x.device) for e in np.eye(2)]
    for columns in (
        [mg.jvp(mg.grad(f), (x,), (e,))[1] for e in basis],
        [mg.hvp(f, (x,), (e,))[0] for e in basis],
        [mg.vjp(mg.grad(f), x)[1](e)[0] for e in basis],
        [mg.grad(lambda a, e=e: mg.jvp(f, (a,), (e,))[1])(x) for e in basis],
    ):
        close(mg.stack(columns), expected)


def test_a_step_of_descent_is_differentiable_by_its_rate(device: Any) -> None:
    """The loss x^4 after one step x - r 4 x^3: its derivative by r is -4 (x - 4 r x^3)^3 4 x^3."""
    loss = lambda a: a**4
    x, r = number(0.9, device), number(0.1, device)
    after = lambda rate: loss(x - rate * mg.grad(loss)(x))
    stepped = 0.9 - 0.4 * 0.9**3
    assert mg.grad(after)(r).item() == pytest.approx(-4 * stepped**3 * 4 * 0.9**3, rel=1e-14)
