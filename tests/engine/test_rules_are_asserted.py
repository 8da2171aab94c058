"""A wrong rule is an error that names it: un-broadcasting is for elementwise operations alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.extend import elementwise, primitive
from minigrad.primitive import Primitive, all_primitives

from .lines import here


@pytest.fixture(autouse=True)
def no_primitive_stays() -> Iterator[None]:
    """Primitives made here leave no trace in the list that the table is checked against."""
    before = list(all_primitives)
    yield
    all_primitives[:] = before


def ones(*shape: int, device: Any) -> mg.Tensor:
    return mg.ones(shape, device=device, requires_grad=True)


def gradient(f: Primitive, x: mg.Tensor, create_graph: bool = False) -> mg.Tensor:
    return mg.autograd.grad(mg.sum(f(x)), x, create_graph=create_graph)[0]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("rule", "shape"),
    [
        (lambda xp, g, y, x: xp.broadcast_to(g, (2, *x.shape)), r"\(2, 3\)"),
        (lambda xp, g, y, x: xp.sum(g), r"\(\)"),
        (lambda xp, g, y, x: g[:1], r"\(1,\)"),
    ],
    ids=["larger", "smaller", "of size 1"],
)
def test_a_wrong_rule_is_not_repaired_into_silence(
    device: Any, rule: Any, shape: str, create_graph: bool
) -> None:
    message = rf"gradient of 'wrong' for input 0 has shape {shape}, expected \(3,\)"
    for make in (primitive, elementwise):
        wrong = make("wrong", rule, forward=lambda xp, x: xp.exp(x))
        with pytest.raises(RuntimeError, match=message):
            gradient(wrong, ones(3, device=device), create_graph)


def test_a_wrong_entry_of_a_joint_rule_is_named(device: Any) -> None:
    wrong = primitive(
        "pair",
        joint=lambda xp, g, y, a, b: (g, xp.sum(g)),
        forward=lambda xp, a, b: a + b,
    )
    message = r"gradient of 'pair' for input 1 has shape \(\), expected \(3,\)"
    with pytest.raises(RuntimeError, match=message):
        mg.sum(wrong(ones(3, device=device), ones(3, device=device))).backward()


def test_a_wrong_rule_names_the_line_that_recorded_its_operation(device: Any) -> None:
    small = primitive("small", lambda xp, g, y, x: xp.sum(g), forward=lambda xp, x: xp.exp(x))
    text = primitive("text", lambda xp, g, y, x: "g", forward=lambda xp, x: xp.exp(x))
    y, line = mg.sum(small(ones(3, device=device))), here()
    with pytest.raises(RuntimeError, match=rf"; recorded at {re.escape(line)}$"):
        y.backward()
    y, line = mg.sum(text(ones(3, device=device))), here()
    message = rf"input 0 is a str, no array; .*; recorded at {re.escape(line)}$"
    with pytest.raises(TypeError, match=message):
        y.backward()


@pytest.mark.parametrize("rules", [
    {"joint": lambda xp, g, y, a, b: (g, None)},
    {"joint": lambda xp, g, y, a, b: (g,)},
    {"rules": (lambda xp, g, y, a, b: g, None)},
], ids=["joint None", "joint too short", "None"])  # fmt: skip
def test_an_input_without_a_rule_that_requires_grad_is_an_error(device: Any, rules: Any) -> None:
    f = primitive(
        "half", *rules.get("rules", ()), joint=rules.get("joint"), forward=lambda xp, a, b: a + b
    )
    a, b = ones(3, device=device), ones(3, device=device)
    mg.sum(f(a, b.detach())).backward()
    np.testing.assert_array_equal(a.grad.numpy(), [1, 1, 1])
    with pytest.raises(TypeError, match=r"^half, recorded at .*, has no derivative by input 1;"):
        mg.sum(f(a, b)).backward()


def test_an_operation_takes_no_more_inputs_than_it_has_rules(device: Any) -> None:
    half = primitive("half", lambda xp, g, y, a: g / 2, forward=lambda xp, a, b: a / 2)
    with pytest.raises(TypeError, match="half: takes 1 inputs, got 2"):
        half(ones(3, device=device), ones(3, device=device))
    x, y = mg.zeros(2, device=device), mg.ones(2, device=device)
    for operation, n in [(mg.exp, 1), (mg.isnan, 1), (mg.abs, 1), (mg.add, 2), (mg.equal, 2)]:
        with pytest.raises(TypeError, match=rf"{operation.name}: takes {n} inputs, got {n + 1}"):
            operation(*[x, y, x][: n + 1])  # to NumPy, the last would be `out`
    assert (x.tolist(), y.tolist()) == ([0, 0], [1, 1])


def test_a_primitive_without_rules_says_that_it_has_no_derivative(device: Any) -> None:
    f = primitive("stone", forward=lambda xp, x: x + 1)
    assert f(ones(2, device=device).detach()).tolist() == [2, 2]
    with pytest.raises(TypeError, match=r"^stone, recorded at .*, has no derivative; detach\(\)"):
        gradient(f, ones(2, device=device))


def test_what_reaches_a_broadcast_input_is_summed_to_its_shape(device: Any) -> None:
    a, b, c = (ones(*shape, device=device) for shape in [(2, 1, 3), (4, 1), ()])
    full = np.arange(24.0).reshape(2, 4, 3)
    (a * b * c).backward(mg.asarray(full, dtype=mg.float32, device=device))
    np.testing.assert_array_equal(a.grad.numpy(), full.sum(1, keepdims=True))
    np.testing.assert_array_equal(b.grad.numpy(), full.sum((0, 2))[:, None])
    np.testing.assert_array_equal(c.grad.numpy(), full.sum())


def test_residuals_need_a_forward_that_can_rebuild_them() -> None:
    with pytest.raises(ValueError, match="'no_forward': residuals need a forward over xp"):
        primitive("no_forward", joint=lambda xp, g, y, residuals, x: (g,), residuals=True)


def test_rules_and_a_joint_rule_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="'both': give a rule for each input, or a joint one"):
        primitive("both", lambda xp, g, y, x: g, joint=lambda xp, g, y, x: (g,))


def test_residuals_are_constants_to_the_first_order_and_rebuilt_for_the_second(
    device: Any,
) -> None:
    """x exp(x), with exp(x) as a residual: a number to the second order, it would lose half."""
    product = primitive(
        "x_exp_x",
        joint=lambda xp, g, y, residuals, x: (g * residuals[0] * (1 + x),),
        forward=lambda xp, x: (x * xp.exp(x), xp.exp(x)),
        residuals=True,
    )
    x = mg.tensor([0.3, -1.0], dtype=mg.float64, device=device, requires_grad=True)
    y, (e,) = product(x)
    assert not e.requires_grad
    (first,) = mg.autograd.grad(mg.sum(y), x, create_graph=True)
    (second,) = mg.autograd.grad(mg.sum(first), x)
    v = x.detach().numpy()
    np.testing.assert_allclose(first.detach().numpy(), np.exp(v) * (1 + v), rtol=1e-14)
    np.testing.assert_allclose(second.numpy(), np.exp(v) * (2 + v), rtol=1e-14)


class Rule:
    def method(self, xp: Any, g: Any, y: Any, x: Any) -> Any:
        return g * 2 * x

    __call__ = method


def passed_on(rule: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(rule)
    def wrapper(*args: Any, **params: Any) -> Any:
        return rule(*args, **params)

    return wrapper


@pytest.mark.parametrize("rule", [
    lambda xp, g, y, x: g * 2 * x,
    lambda xp, g, y, *inputs: g * 2 * inputs[0],
    lambda xp, g, y, x: (lambda: g * 2 * x)(),
    Rule().method, Rule(), passed_on(lambda xp, g, y, x: g * 2 * x),
], ids=["plain", "variadic", "closure", "method", "object", "decorated"])  # fmt: skip
def test_what_a_rule_reads_is_kept_for_it_however_it_is_written(device: Any, rule: Any) -> None:
    f = primitive("squared", rule, forward=lambda xp, x: x * x)
    x = ones(5000, device=device)
    np.testing.assert_array_equal(gradient(f, x).numpy(), np.full(5000, 2.0))
