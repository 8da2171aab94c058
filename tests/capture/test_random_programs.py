"""Whatever a step is made of: random programs, and expressions of any operators."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.strategies import seeds
from minigrad.testing.strategies.programs import Program, drawn, loss_of, programs

from .training import bits


def trace(
    program: Program, seed: int, captured: bool, of: Callable[[mg.Tensor], Any] = bits
) -> list[Any]:
    """What four steps of gradient descent on a program's loss compute: `of` each value."""
    values, _ = drawn(seed)
    leaves = [mg.asarray(v).requires_grad_() for v in values]

    def step(scale: mg.Tensor) -> mg.Tensor:
        loss = loss_of(mg, program, leaves) * scale
        loss.backward()
        with mg.no_grad():
            for leaf in leaves:
                leaf[...] = leaf - 0.01 * leaf.grad
        return loss

    call = mg.capture(step) if captured else step
    found = []
    for i in range(4):
        found.append(of(call(mg.asarray(1.0 / (i + 1), dtype=mg.float64))))
        found += [of(leaf) for leaf in leaves] + [of(leaf.grad) for leaf in leaves]
    if captured:
        assert len(call.programs) == 2, "with and without gradients to add to"
    return found


@given(programs, seeds)
@examples(12)
def test_value_gradient_and_update_of_any_program(program: Program, seed: int) -> None:
    assert trace(program, seed, captured=True) == trace(program, seed, captured=False)


symbols = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow, "&": operator.and_,
    "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
    "<": operator.lt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne, "@": operator.matmul,
}  # fmt: skip
arithmetic = [s for s in symbols if s not in ("&", "|", "^", "<<", ">>", "@")]
integers = [s for s in symbols if s not in ("/", "**", "@", "//", "%", "<", ">=", "==", "!=")]


def expressions(names: list[str], numbers: Any) -> Any:
    leaves = st.sampled_from(["a", "b", "c"]) | numbers
    return st.recursive(
        leaves,
        lambda part: st.tuples(st.sampled_from(names), part, part) | st.tuples(st.just("-"), part),
        max_leaves=8,
    )


def value_of(expression: Any, values: dict[str, Any]) -> Any:
    if isinstance(expression, str):
        return values[expression]
    if not isinstance(expression, tuple):
        return expression
    parts = [value_of(part, values) for part in expression[1:]]
    return -parts[0] if len(parts) == 1 else symbols[expression[0]](*parts)


@given(expressions(arithmetic, st.sampled_from([2, -1.5, 0.1])), seeds)
@examples(50)
def test_parentheses_stand_where_they_are_needed(expression: Any, seed: int) -> None:
    check_expression(expression, np.random.default_rng(seed).uniform(0.5, 2.0, (3, 4)))


@given(expressions(integers, st.sampled_from([1, 2])), seeds)
@examples(50)
def test_parentheses_between_operators_of_integers(expression: Any, seed: int) -> None:
    check_expression(expression, np.random.default_rng(seed).integers(0, 3, (3, 4)))


def check_expression(expression: Any, drawn: np.ndarray[Any, Any]) -> None:
    values = dict(zip("abc", drawn, strict=True))

    def f(a: Any, b: Any, c: Any) -> Any:
        return value_of(expression, {"a": a, "b": b, "c": c})

    with np.errstate(all="ignore"):
        try:
            expected = f(**values)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            return  # no expression of NumPy's
        captured = mg.capture(f)
        for _ in range(2):
            assert bits(captured(*values.values())) == bits(expected), captured.program.source
