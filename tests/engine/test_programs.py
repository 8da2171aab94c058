"""Random programs: graphs with re-use, broadcasting, slicing, against PyTorch to the second order.

A program is a list of steps; each applies an operation, written over the array API standard, to
values made before. minigrad runs it as it stands, PyTorch through array-api-compat.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests.support.arrays import seeds
from tests.support.budget import examples
from tests.support.derivatives import to_numpy
from tests.support.numeric import assert_is_derivative
from tests.support.oracle import from_torch, needs_torch, to_torch, torch
from tests.support.tolerance import assert_close, largest

Operation = Callable[..., Any]

unary: dict[str, Operation] = {
    "tanh": lambda xp, a: xp.tanh(a),
    "sin": lambda xp, a: xp.sin(a),
    "exp of sin": lambda xp, a: xp.exp(xp.sin(a)),
    "square of tanh": lambda xp, a: xp.tanh(a) ** 2,
    "log1p of square": lambda xp, a: xp.log1p(a * a),
    "root": lambda xp, a: xp.sqrt(a * a + 1.0),
    "column sums": lambda xp, a: xp.sum(xp.broadcast_to(a, (2, 3)), axis=0),
    "row means": lambda xp, a: xp.mean(xp.broadcast_to(a, (2, 3)), axis=1, keepdims=True),
    "total": lambda xp, a: xp.sum(a) / 4,
    "slice": lambda xp, a: xp.broadcast_to(a, (2, 3))[:, 1:2],
    "back to front": lambda xp, a: xp.flip(xp.broadcast_to(a, (2, 3)), axis=1),
    "row": lambda xp, a: xp.broadcast_to(a, (2, 3))[-1, :],
    "reshaped": lambda xp, a: xp.reshape(
        xp.permute_dims(xp.broadcast_to(a, (2, 3)), (1, 0)), (2, 3)
    ),
    "variance": lambda xp, a: xp.var(xp.broadcast_to(a, (2, 3)), axis=1, keepdims=True),
    "running sum": lambda xp, a: xp.cumulative_sum(xp.broadcast_to(a, (2, 3)), axis=1) / 2,
}
binary: dict[str, Operation] = {
    "add": lambda xp, a, b: a + b,
    "subtract": lambda xp, a, b: a - b,
    "multiply": lambda xp, a, b: xp.tanh(a) * xp.tanh(b),
    "divide": lambda xp, a, b: a / (b * b + 1.0),
    "where": lambda xp, a, b: xp.where(xp.broadcast_to(a, (2, 3)) > 0.1, a, b),
    "gram": lambda xp, a, b: (
        xp.matmul(
            xp.matmul(xp.broadcast_to(a, (2, 3)), xp.permute_dims(xp.broadcast_to(b, (2, 3)), (1, 0))),
            xp.broadcast_to(b, (2, 3)),
        )
        / 9
    ),
    "joined": lambda xp, a, b: xp.concat(
        [xp.broadcast_to(a, (2, 3))[:, :2], xp.broadcast_to(b, (2, 3))[:, :1]], axis=1
    ),
}  # fmt: skip

leaf_shapes = [(2, 3), (3,), (2, 1), ()]


class Step(NamedTuple):
    """An operation by name, and the numbers of the values it takes, counted from the latest."""

    name: str
    operands: tuple[int, ...]


any_step = st.one_of(
    st.builds(Step, st.sampled_from(sorted(unary)), st.tuples(st.integers(0, 5))),
    st.builds(
        Step, st.sampled_from(sorted(binary)), st.tuples(st.integers(0, 5), st.integers(0, 5))
    ),
)
programs = st.lists(any_step, min_size=3, max_size=10)


def run(xp: Any, program: list[Step], leaves: list[Any]) -> list[Any]:
    """All values that the program makes, the leaves first."""
    values = list(leaves)
    for name, operands in program:
        operation = (unary | binary)[name]
        values.append(operation(xp, *(values[-1 - i % len(values)] for i in operands)))
    return values


def loss_of(xp: Any, values: list[Any]) -> Any:
    """A sum that no value's gradient is lost in: of squares, each weighed differently."""
    return sum((0.5 + i / 10) * xp.sum(v * v) for i, v in enumerate(values))


def derivatives(
    xp: ModuleType, grad: Callable[..., Any], program: list[Step], leaves: list[Any],
    directions: list[Any],
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The loss, its gradient, and the gradient of <direction, gradient>."""
    loss = loss_of(xp, run(xp, program, leaves))
    first = grad(loss, leaves, create_graph=True)
    slope = sum(xp.sum(g * v) for g, v in zip(first, directions, strict=True))
    return loss, first, grad(slope, leaves)


def drawn(seed: int) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(seed)
    return tuple([rng.uniform(-1.5, 1.5, s) for s in leaf_shapes] for _ in range(2))


@needs_torch
@examples(2.0)
@given(program=programs, seed=seeds)
def test_programs_have_pytorchs_first_and_second_derivatives(
    device: Any, program: list[Step], seed: int
) -> None:
    compat = pytest.importorskip("array_api_compat.torch")
    arrays, directions = drawn(seed)
    ours = derivatives(
        mg,
        mg.autograd.grad,
        program,
        [mg.asarray(a, device=device, requires_grad=True) for a in arrays],
        [mg.asarray(v, device=device) for v in directions],
    )
    theirs = derivatives(
        compat,
        torch.autograd.grad,
        program,
        [to_torch(a, True) for a in arrays],
        [to_torch(v) for v in directions],
    )
    magnitude = largest(from_torch(theirs[0]), *map(from_torch, (*theirs[1], *theirs[2])))
    terms = 8 * (len(program) + len(arrays)) ** 2
    assert_close(to_numpy(ours[0]), from_torch(theirs[0]), "loss", terms=terms, magnitude=magnitude)
    for order in (1, 2):
        for i, (a, b) in enumerate(zip(ours[order], theirs[order], strict=True)):
            what = f"derivative {order} by leaf {i}"
            assert_close(to_numpy(a), from_torch(b), what, terms=terms, magnitude=magnitude)


@examples(0.5)
@given(program=programs, seed=seeds)
def test_programs_have_the_derivatives_of_finite_differences(
    device: Any, program: list[Step], seed: int
) -> None:
    program = [step for step in program if step.name != "where"]
    arrays, directions = drawn(seed)

    def loss(*leaves: Any) -> Any:
        tensors = [mg.asarray(a, device=device) for a in leaves]
        return to_numpy(loss_of(mg, run(mg, program, tensors)))

    leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
    loss_of(mg, run(mg, program, leaves)).backward()
    slope = sum(np.sum(x.grad.numpy() * v) for x, v in zip(leaves, directions, strict=True))
    assert_is_derivative(slope, loss, arrays, directions, "loss", terms=8 * (len(program) + 4) ** 2)


@examples(0.5)
@given(program=programs, seed=seeds)
def test_backward_and_grad_agree_bit_for_bit_and_repeatedly(
    device: Any, program: list[Step], seed: int
) -> None:
    arrays, _ = drawn(seed)
    found = []
    for way in ("backward", "grad", "create_graph"):
        leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
        loss = loss_of(mg, run(mg, program, leaves))
        if way == "backward":
            loss.backward()
            gradients = [x.grad for x in leaves]
        else:
            gradients = list(mg.autograd.grad(loss, leaves, create_graph=way == "create_graph"))
        found.append([to_numpy(g).tobytes() for g in gradients])
    assert found[0] == found[1] == found[2]
