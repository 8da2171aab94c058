"""Random programs on complex numbers have PyTorch's derivatives, and those of finite differences.

From real leaves and from complex ones, by a real loss and by a complex value under a random
cotangent, at first and second order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import cotangent_for, inner, to_numpy
from minigrad.testing.numeric import assert_is_derivative
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.strategies.programs import Step
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close, largest
from tests.engine.complex_programs import drawn, loss_of, programs, run

Arrays = list[np.ndarray[Any, Any]]
real_or_complex = st.booleans()


def derivatives(xp: Any, grad: Any, program: list[Step], leaves: Any, directions: Any) -> list[Any]:
    """The loss, its gradient, and the gradient of <direction, gradient>."""
    loss = loss_of(xp, program, leaves)
    first = grad(loss, leaves, create_graph=True)
    slope = sum(xp.sum(xp.real(xp.conj(g) * v)) for g, v in zip(first, directions, strict=True))
    return [loss, *first, *grad(slope, leaves)]


def ours(program: list[Step], seed: int, complex: bool, device: Any) -> Arrays:
    arrays, directions = drawn(seed, complex)
    leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
    directions = [mg.asarray(v, device=device) for v in directions]
    return [*map(to_numpy, derivatives(mg, mg.autograd.grad, program, leaves, directions))]


def assert_same(actual: Arrays, expected: Arrays, program: list[Step]) -> None:
    terms = 8 * len(actual) * (len(program) + 4) ** 2
    for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
        assert a.dtype == b.dtype
        assert_close(a, b, f"result {i}", terms=terms, magnitude=largest(*expected))


@needs_torch
@examples(3.0)
@given(program=programs, seed=seeds, complex=real_or_complex)
def test_programs_have_pytorchs_first_and_second_derivatives(
    program: list[Step], seed: int, complex: bool
) -> None:
    compat = pytest.importorskip("array_api_compat.torch")
    arrays, directions = drawn(seed, complex)
    leaves = [to_torch(a, True) for a in arrays]
    theirs = derivatives(compat, torch.autograd.grad, program, leaves, [*map(to_torch, directions)])
    assert_same(ours(program, seed, complex, "cpu"), [*map(from_torch, theirs)], program)


@examples(0.5)
@given(program=programs, seed=seeds, complex=real_or_complex)
def test_programs_have_the_same_derivatives_on_every_device(
    device: Any, program: list[Step], seed: int, complex: bool
) -> None:
    expected = ours(program, seed, complex, "cpu")
    assert_same(ours(program, seed, complex, device), expected, program)


@examples(1.0)
@given(program=programs, seed=seeds, complex=real_or_complex)
def test_a_complex_value_has_the_gradient_of_finite_differences_under_any_cotangent(
    device: Any, program: list[Step], seed: int, complex: bool
) -> None:
    arrays, directions = drawn(seed, complex)
    leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
    value = run(mg, program, leaves)[-1]
    u = cotangent_for(to_numpy(value), np.random.default_rng(seed))
    found = mg.autograd.grad(value, leaves, mg.asarray(u, device=device), allow_unused=True)
    slope = sum(
        inner(to_numpy(g), v) for g, v in zip(found, directions, strict=True) if g is not None
    )

    def component(*values: Any) -> Any:
        moved = [mg.asarray(v, device=device) for v in values]
        return inner(u, to_numpy(run(mg, program, moved)[-1]))

    terms = 8 * (len(program) + 4) ** 2
    assert_is_derivative(slope, component, arrays, directions, "value", terms=terms)
