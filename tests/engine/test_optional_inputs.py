"""Inputs that may be absent, and residuals rebuilt only for a rule that looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.extend import primitive
from minigrad.primitive import all_primitives


@pytest.fixture(autouse=True)
def no_primitive_stays() -> Iterator[None]:
    """Primitives made here leave no trace in the list that the table is checked against."""
    before = list(all_primitives)
    yield
    all_primitives[:] = before


def scaled(xp: Any, x: Any, weight: Any = None) -> Any:
    return x if weight is None else x * weight


def scaled_vjp(xp: Any, g: Any, y: Any, x: Any, weight: Any = None) -> tuple[Any, Any]:
    return (g, None) if weight is None else (g * weight, g * x)


def test_an_absent_input_reaches_forward_and_rule_as_none(device: Any) -> None:
    f = primitive("scaled", joint=scaled_vjp, forward=scaled, optional=True)
    x, weight = (mg.asarray([2.0, 3.0], device=device, requires_grad=True) for _ in range(2))
    for inputs, expected in [((x, None), [1, 1]), ((x,), [1, 1]), ((x, weight), [2, 3])]:
        y = f(*inputs)
        (dx,) = mg.autograd.grad(y, [x], mg.ones_like(y), create_graph=True)
        np.testing.assert_array_equal(dx.detach().numpy(), expected)


def test_arrays_beside_an_absent_input_are_lifted() -> None:
    f = primitive("scaled", joint=scaled_vjp, forward=scaled, optional=True)
    np.testing.assert_array_equal(f(np.ones(2), None).numpy(), [1, 1])


def test_none_is_no_input_of_other_operations(device: Any) -> None:
    f = primitive("scaled", joint=scaled_vjp, forward=scaled)
    with pytest.raises(TypeError, match="scaled: input 1 is missing, or None; expected a Tensor"):
        f(mg.ones(2, device=device), None)


@pytest.mark.parametrize("looks", [False, True])
def test_residuals_are_rebuilt_for_a_rule_that_looks_at_them_and_for_no_other(
    device: Any, looks: bool
) -> None:
    runs = []

    def forward(xp: Any, x: Any) -> tuple[Any, Any]:
        runs.append(xp)
        return x * x, 2 * x

    def rule(xp: Any, g: Any, y: Any, residuals: Any, x: Any) -> Any:
        if not looks:
            return g * 2 * x
        (double,) = residuals
        assert len(residuals) == 1 and residuals[0] is double
        return g * double

    f = primitive("square", rule, forward=forward, residuals=True)
    x = mg.asarray([2.0, 3.0], device=device, requires_grad=True)
    y, _ = f(x)
    (first,) = mg.autograd.grad(y, [x], mg.ones_like(y), create_graph=True)
    (second,) = mg.autograd.grad(first, [x], mg.ones_like(y))
    np.testing.assert_array_equal(second.numpy(), [2, 2])
    assert [xp is mg for xp in runs] == [False, True][: 1 + looks]
