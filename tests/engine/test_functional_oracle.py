"""The derivatives of functions, on random programs, against `torch.func`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.strategies.programs import Step, drawn, programs, run
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close, largest

pytestmark = [
    needs_torch,
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
]
Arrays = list[np.ndarray[Any, Any]]
places = (0, 1, 2, 3)


def vector(xp: Any, program: list[Step]) -> Callable[..., Any]:
    """The program as a function of its four leaves, with six numbers as its value."""

    def f(*leaves: Any) -> Any:
        values = run(xp, program, list(leaves))
        return xp.reshape(sum(xp.broadcast_to(xp.tanh(v), (2, 3)) for v in values), (6,))

    return f


def number(xp: Any, program: list[Step]) -> Callable[..., Any]:
    f = vector(xp, program)
    return lambda *leaves: xp.sum(f(*leaves) ** 2)


def assert_same(actual: Any, expected: Any, program: list[Step], what: str) -> None:
    """Two trees of results, leaf by leaf, up to the rounding of the narrowest dtype on the way."""
    narrow = any(step.name in ("rounded", "mixed dtypes") for step in program)
    ours, theirs = flat(actual, mg.Tensor, to_numpy), flat(expected, torch.Tensor, from_torch)
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        terms = 64 * (len(program) + 4) ** 2
        assert_close(
            a, b, f"{what} {i}",
            dtype="float32" if narrow else "float64", terms=terms, magnitude=largest(*theirs),
        )  # fmt: skip


def flat(tree: Any, kind: type, convert: Callable[[Any], Any]) -> Arrays:
    if isinstance(tree, kind):
        return [convert(tree)]
    return [leaf for branch in tree for leaf in flat(branch, kind, convert)]


@pytest.fixture(scope="module")
def compat() -> Any:
    return pytest.importorskip("array_api_compat.torch")


def leaves_of(seed: int, device: Any) -> tuple[Any, Any, Any, Any]:
    """Leaves and directions, as minigrad's Tensors and as PyTorch's."""
    arrays, directions = drawn(seed)
    ours = [tuple(mg.asarray(x, device=device) for x in xs) for xs in (arrays, directions)]
    theirs = [tuple(map(to_torch, xs)) for xs in (arrays, directions)]
    return ours[0], ours[1], theirs[0], theirs[1]


@examples(1.0)
@given(program=programs, seed=seeds)
def test_value_and_grad_is_pytorchs(
    device: Any, compat: Any, program: list[Step], seed: int
) -> None:
    xs, _, ts, _ = leaves_of(seed, device)
    gradient, value = torch.func.grad_and_value(number(compat, program), places)(*ts)
    ours = mg.value_and_grad(number(mg, program), places)(*xs)
    assert_same(ours, (value, gradient), program, "value and gradient")


@examples(1.0)
@given(program=programs, seed=seeds)
def test_vjp_and_jvp_are_pytorchs(device: Any, compat: Any, program: list[Step], seed: int) -> None:
    xs, vs, ts, ws = leaves_of(seed, device)
    f, g = vector(mg, program), vector(compat, program)
    assert_same(mg.jvp(f, xs, vs), torch.func.jvp(g, ts, ws), program, "jvp")
    (ours, pull_back), (theirs, pull) = mg.vjp(f, *xs), torch.func.vjp(g, *ts)
    assert_same(pull_back(ours), pull(theirs), program, "vjp")


# Jacobians row by row: torch.func maps over rows all at once, and cannot through an assignment.
@examples(0.5)
@given(program=programs, seed=seeds)
def test_jacobians_are_pytorchs(device: Any, compat: Any, program: list[Step], seed: int) -> None:
    xs, _, ts, _ = leaves_of(seed, device)
    theirs = torch.autograd.functional.jacobian(vector(compat, program), ts)
    assert_same(mg.jacobian(vector(mg, program), places)(*xs), theirs, program, "jacobian")


@examples(0.5)
@given(program=programs, seed=seeds)
def test_second_derivatives_are_pytorchs(
    device: Any, compat: Any, program: list[Step], seed: int
) -> None:
    xs, vs, ts, ws = leaves_of(seed, device)
    f, g = number(mg, program), number(compat, program)
    product = torch.func.jvp(torch.func.grad(g, places), ts, ws)[1]
    assert_same(mg.hvp(f, xs, vs), product, program, "hvp")
    assert_same(mg.jvp(mg.grad(f, 0), xs, vs)[1], product[0], program, "jvp of grad")
    theirs = torch.autograd.functional.hessian(lambda t: g(ts[0], t, *ts[2:]), ts[1])
    assert_same(mg.hessian(f, 1)(*xs), theirs, program, "hessian")
