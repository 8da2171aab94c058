"""Gradients of functions: over containers, closures and one another."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import Tensor
from minigrad.testing.derivatives import to_numpy

Layer = namedtuple("Layer", "weight bias")


@pytest.fixture
def x(device: Any) -> Tensor:
    return mg.tensor([0.5, 2.0], dtype=mg.float64, device=device)


def cubes(x: Tensor) -> Tensor:
    return mg.sum(x**3)


def close(actual: Tensor, expected: Any) -> None:
    np.testing.assert_allclose(to_numpy(actual), expected, rtol=1e-14, atol=1e-14)


def test_grad_returns_a_plain_value_and_leaves_its_argument_alone(x: Tensor) -> None:
    g = mg.grad(cubes)(x)
    close(g, [0.75, 12])
    assert not g.requires_grad
    assert not x.requires_grad
    assert x.grad is None


def test_value_and_grad_gives_both(x: Tensor) -> None:
    value, g = mg.value_and_grad(cubes)(x)
    assert value.item() == 8.125
    assert not value.requires_grad
    close(g, [0.75, 12])


def test_argnums_choose_the_arguments_from_either_end(x: Tensor) -> None:
    def f(a: Tensor, b: Tensor, power: int) -> Tensor:
        return mg.sum(a * b**power)

    close(mg.grad(f, argnums=1)(x, x, 2), [0.5, 8])
    by_a, by_b = mg.grad(f, argnums=(0, -2))(x, 3 * x, 2)
    close(by_a, [2.25, 36])
    close(by_b, [1.5, 24])
    assert mg.grad(f, argnums=())(x, x, 2) == ()


@pytest.mark.parametrize("argnums", [2, -3, (0, 5)])
def test_an_argument_that_is_not_there_is_named(x: Tensor, argnums: Any) -> None:
    with pytest.raises(ValueError, match=r"grad: argnums .*, but there are 2 arguments"):
        mg.grad(lambda a, b: mg.sum(a * b), argnums=argnums)(x, x)


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2)])
def test_an_argument_that_is_named_twice_is_refused(x: Tensor, argnums: Any) -> None:
    with pytest.raises(ValueError, match=r"grad: argnums .* twice"):
        mg.grad(lambda a, b: mg.sum(a * b), argnums=argnums)(x, x)


def test_one_tensor_as_two_arguments_has_a_gradient_for_each(x: Tensor) -> None:
    by_a, by_b = mg.grad(lambda a, b: mg.sum(a * a * b), argnums=(0, 1))(x, x)
    close(by_a, [0.5, 8])
    close(by_b, [0.25, 4])


def test_keyword_arguments_are_passed_on(x: Tensor) -> None:
    close(mg.grad(lambda a, *, n: mg.sum(a**n))(x, n=3), [0.75, 12])


def test_numbers_and_arrays_may_be_arguments(x: Tensor) -> None:
    assert mg.grad(lambda a: a * a)(3.0).item() == 6.0
    close(mg.grad(cubes)(np.array([0.5, 2.0])), [0.75, 12])


def test_auxiliary_values_travel_beside_as_plain_values(x: Tensor) -> None:
    f = lambda a: (cubes(a), {"double": [2 * a], "name": "cubes"})
    g, aux = mg.grad(f, has_aux=True)(x)
    close(g, [0.75, 12])
    close(aux["double"][0], [1, 4])
    assert aux["name"] == "cubes"
    assert not aux["double"][0].requires_grad
    (value, aux), g = mg.value_and_grad(f, has_aux=True)(x)
    assert (value.item(), aux["name"]) == (8.125, "cubes")
    close(g, [0.75, 12])


def test_auxiliary_values_are_differentiated_further_out(x: Tensor) -> None:
    def f(a: Tensor) -> Tensor:
        g, square = mg.grad(lambda b: (cubes(b), b * b), has_aux=True)(a)
        return mg.sum(g * square)

    close(mg.grad(f)(x), 12 * np.array([0.5, 2.0]) ** 3)


def test_arguments_may_be_nested_containers(x: Tensor) -> None:
    one = mg.tensor(1.0, dtype=mg.float64, device=x.device)
    parameters = {"layers": [Layer(x, one), (2 * x, [3 * one])], "empty": [], "scale": one}

    def f(p: Any) -> Tensor:
        first, (weight, (bias,)) = p["layers"]
        return mg.sum(first.weight * weight) * p["scale"] + first.bias * bias

    g = mg.grad(f)(parameters)
    assert list(g) == ["layers", "empty", "scale"]
    assert g["empty"] == []
    first, second = g["layers"]
    assert isinstance(first, Layer)
    assert isinstance(second, tuple)
    close(first.weight, [1, 4])
    close(first.bias, 3)
    close(second[0], [0.5, 2])
    close(second[1][0], 1)
    close(g["scale"], 8.5)


def test_what_has_no_gradient_is_refused(x: Tensor) -> None:
    with pytest.raises(ValueError, match=r"grad: the function returned shape \(2,\), expected a"):
        mg.grad(lambda a: a * 2)(x)
    with pytest.raises(TypeError, match="grad: the function returned a float, not a Tensor"):
        mg.grad(lambda a: 1.0)(x)
    with pytest.raises(TypeError, match="grad: an argument of dtype int64 has no derivative"):
        mg.grad(cubes)(mg.arange(3, device=x.device))


def test_a_constant_function_has_a_zero_gradient(x: Tensor) -> None:
    close(mg.grad(lambda a: mg.sum(mg.ones(3, device=x.device)))(x), [0, 0])
    close(mg.grad(lambda a: mg.sum(a.detach()))(x), [0, 0])


def test_grads_nest_to_any_order(device: Any) -> None:
    f = lambda a: a**4
    a = mg.tensor(2.0, dtype=mg.float64, device=device)
    for expected in (32.0, 48.0, 48.0, 24.0, 0.0):
        f = mg.grad(f)
        assert f(a).item() == expected


def test_a_closed_over_leaf_is_differentiated_further_out(x: Tensor) -> None:
    w = mg.tensor([3.0, 4.0], dtype=mg.float64, device=x.device, requires_grad=True)
    g = mg.grad(lambda a: mg.sum(w * a * a))(x)
    assert g.requires_grad
    mg.sum(g).backward()
    close(w.grad, [1, 4])


def test_a_closed_over_graph_stays_usable(x: Tensor) -> None:
    w = mg.tensor([3.0, 4.0], dtype=mg.float64, device=x.device, requires_grad=True)
    h = mg.exp(w)
    mg.grad(lambda a: mg.sum(h * a * a))(x)
    mg.sum(h).backward()
    close(w.grad, np.exp([3, 4]))


def test_grad_works_under_no_grad(x: Tensor) -> None:
    with mg.no_grad():
        close(mg.grad(cubes)(x), [0.75, 12])
        close(mg.grad(lambda a: mg.sum(mg.grad(cubes)(a)))(x), [3, 12])
