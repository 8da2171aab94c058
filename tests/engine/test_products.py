"""vjp, jvp, jacobian, hessian, hvp: products with the Jacobian, and the matrices themselves."""

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


@pytest.fixture
def v(device: Any) -> Tensor:
    return mg.tensor([1.0, -2.0], dtype=mg.float64, device=device)


def close(actual: Tensor, expected: Any) -> None:
    np.testing.assert_allclose(to_numpy(actual), expected, rtol=1e-13, atol=1e-13)


def test_vjp_pulls_back_as_often_as_wanted(x: Tensor) -> None:
    value, pull_back = mg.vjp(lambda a, b: a * b, x, 3 * x)
    close(value, [0.75, 12])
    assert not value.requires_grad
    for scale in (1.0, 3.0):
        by_a, by_b = pull_back(mg.full_like(x, scale))
        close(by_a, scale * np.array([1.5, 6]))
        close(by_b, scale * np.array([0.5, 2]))
        assert not by_a.requires_grad


def test_vjp_of_containers_has_their_form(x: Tensor) -> None:
    value, pull_back = mg.vjp(lambda p: p["a"] * p["b"][0], {"a": x, "b": [2 * x]})
    (g,) = pull_back(mg.ones_like(value))
    close(g["a"], [1, 4])
    close(g["b"][0], [0.5, 2])


def test_a_cotangent_of_another_shape_is_refused(x: Tensor) -> None:
    _, pull_back = mg.vjp(lambda a: a * a, x)
    with pytest.raises(ValueError, match=r"gradient of shape \(3,\) for a Tensor of shape \(2,\)"):
        pull_back(mg.ones(3, dtype=mg.float64, device=x.device))


def test_jvp_pushes_a_tangent_forward(x: Tensor, v: Tensor) -> None:
    value, tangent = mg.jvp(mg.exp, (x,), (v,))
    close(value, np.exp([0.5, 2]))
    close(tangent, [1, -2] * np.exp([0.5, 2]))
    assert not value.requires_grad
    assert not tangent.requires_grad


def test_jvp_of_a_constant_function_is_zero(x: Tensor, v: Tensor) -> None:
    close(mg.jvp(lambda a: mg.ones(3, dtype=mg.float64, device=x.device), (x,), (v,))[1], [0] * 3)


def test_jvp_of_several_arguments_and_of_functions_that_only_pass_on(x: Tensor, v: Tensor) -> None:
    close(mg.jvp(lambda a, b: a + b * b, (x, x), (v, 2 * v))[1], [1 + 2, -2 - 16])
    close(mg.jvp(lambda a: a, (x,), (v,))[1], [1, -2])
    close(mg.jvp(lambda a: a[1:], (x,), (v,))[1], [-2])
    close(mg.jvp(lambda p: p["a"] * p["b"], ({"a": x, "b": x},), ({"a": v, "b": v},))[1], [1, -8])


def test_tangents_may_be_numbers_and_arrays(x: Tensor) -> None:
    value, tangent = mg.jvp(lambda a: a**3, (2.0,), (10.0,))
    assert (value.item(), tangent.item()) == (8.0, 120.0)
    if x.device == "cpu":
        close(mg.jvp(mg.exp, (np.zeros(2),), (np.ones(2),))[1], [1, 1])


@pytest.mark.parametrize("product", [mg.jvp, mg.hvp], ids=["jvp", "hvp"])
def test_tangents_have_the_form_and_shapes_of_primals(x: Tensor, product: Any) -> None:
    f = lambda p: mg.sum(p[0] ** 3)
    for wrong in [(3,), (1,), ()]:
        t = mg.ones(wrong, dtype=mg.float64, device=x.device)
        with pytest.raises(ValueError, match=rf"{product.__name__}: .*shape \({wrong[0]},"
                           if wrong else rf"{product.__name__}: .*shape \(\)"):  # fmt: skip
            product(f, ([x],), ([t],))
    for tangents in [([x],) * 2, (x,), ({0: x},), ([x, x],)]:
        with pytest.raises((ValueError, TypeError), match=rf"^{product.__name__}: "):
            product(f, ([x],), tangents)


def test_jacobian_has_the_shapes_of_value_and_argument(x: Tensor) -> None:
    a = mg.tensor(np.arange(6.0).reshape(2, 3), device=x.device)
    jacobian = mg.jacobian(lambda u: mg.matmul(u, a))(x)
    assert jacobian.shape == (3, 2)
    close(jacobian, np.arange(6.0).reshape(2, 3).T)
    by_u, by_a = mg.jacobian(mg.matmul, argnums=(0, 1))(x, a)
    assert (by_u.shape, by_a.shape) == ((3, 2), (3, 2, 3))
    close(by_a, np.einsum("i,jk->kij", [0.5, 2], np.eye(3)))
    assert mg.jacobian(mg.sum)(x).shape == (2,)
    assert mg.jacobian(lambda u: u[:0])(x).shape == (0, 2)


def test_jacobian_of_a_container_has_its_form(x: Tensor) -> None:
    jacobian = mg.jacobian(lambda p: p["a"] * p["b"])({"a": x, "b": 2 * x})
    close(jacobian["a"], np.diag([1.0, 4]))
    close(jacobian["b"], np.diag([0.5, 2]))


def test_hessian_is_the_matrix_of_second_derivatives(x: Tensor) -> None:
    close(mg.hessian(lambda u: mg.sum(u**3))(x), np.diag([3.0, 12]))
    close(mg.hessian(lambda u: u[0] ** 2 * u[1])(x), [[4, 1], [1, 0]])
    close(mg.hessian(lambda u: mg.sum(3 * u))(x), np.zeros((2, 2)))
    close(mg.hessian(lambda a, b: mg.sum(a * b * b), argnums=1)(x, x), np.diag([1.0, 4]))


def test_hvp_is_the_hessian_times_a_vector(x: Tensor, v: Tensor) -> None:
    f = lambda a: mg.sum(mg.exp(a) * mg.flip(a))
    (product,) = mg.hvp(f, (x,), (v,))
    close(product, to_numpy(mg.hessian(f)(x)) @ [1, -2])
    assert not product.requires_grad
    (product,) = mg.hvp(lambda a: mg.sum(3 * a), (x,), (v,))
    close(product, [0, 0])


def test_hvp_of_several_arguments_mixes_them(x: Tensor, v: Tensor) -> None:
    by_a, by_b = mg.hvp(lambda a, b: mg.sum(a * a * b), (x, 3 * x), (v, 10 * v))
    close(by_a, [6 * 0.5 * 1 + 2 * 0.5 * 10, 6 * 2 * -2 + 2 * 2 * -20])
    close(by_b, [2 * 0.5 * 1, 2 * 2 * -2])


def test_the_derivative_of_a_jacobian(x: Tensor) -> None:
    f = lambda a: mg.sum(mg.jacobian(lambda b: b**3)(a))
    close(mg.grad(f)(x), [3, 12])
    assert mg.jacobian(mg.jacobian(lambda b: b**3))(x).shape == (2, 2, 2)
