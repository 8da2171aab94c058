"""Random programs have the derivatives that PyTorch and finite differences find, everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import minigrad as mg
from tests.engine.programs import Step, drawn, loss_of, programs
from tests.support.arrays import seeds
from tests.support.budget import examples
from tests.support.derivatives import to_numpy
from tests.support.numeric import assert_is_derivative
from tests.support.oracle import from_torch, needs_torch, to_torch, torch
from tests.support.tolerance import assert_close, largest

Arrays = list[np.ndarray[Any, Any]]


def derivatives(xp: Any, grad: Any, program: list[Step], leaves: Any, directions: Any) -> list[Any]:
    """The loss, its gradient, and the gradient of <direction, gradient>."""
    loss = loss_of(xp, program, leaves)
    first = grad(loss, leaves, create_graph=True)
    slope = sum(xp.sum(g * v) for g, v in zip(first, directions, strict=True))
    return [loss, *first, *grad(slope, leaves)]


def ours(program: list[Step], seed: int, device: Any) -> Arrays:
    arrays, directions = drawn(seed)
    leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
    directions = [mg.asarray(v, device=device) for v in directions]
    return [*map(to_numpy, derivatives(mg, mg.autograd.grad, program, leaves, directions))]


def assert_same(actual: Arrays, expected: Arrays, program: list[Step]) -> None:
    terms = 8 * len(actual) * (len(program) + 4) ** 2
    for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
        what = "loss" if i == 0 else f"derivative {1 + (i - 1) // 4} by leaf {(i - 1) % 4}"
        assert_close(a, b, what, terms=terms, magnitude=largest(*expected))


@needs_torch
@examples(4.0)
@given(program=programs, seed=seeds)
def test_programs_have_pytorchs_first_and_second_derivatives(
    program: list[Step], seed: int
) -> None:
    compat = pytest.importorskip("array_api_compat.torch")
    arrays, directions = drawn(seed)
    leaves = [to_torch(a, True) for a in arrays]
    theirs = derivatives(compat, torch.autograd.grad, program, leaves, [*map(to_torch, directions)])
    assert_same(ours(program, seed, "cpu"), [*map(from_torch, theirs)], program)


@examples(1.0)
@given(program=programs, seed=seeds)
def test_programs_have_the_same_derivatives_on_every_device(
    device: Any, program: list[Step], seed: int
) -> None:
    assert_same(ours(program, seed, device), ours(program, seed, "cpu"), program)


@examples(1.0)
@given(program=programs, seed=seeds)
def test_programs_have_the_derivatives_of_finite_differences(
    program: list[Step], seed: int
) -> None:
    program = [step for step in program if step.name != "choose"]  # it has jumps
    arrays, directions = drawn(seed)
    leaves = [mg.asarray(a, requires_grad=True) for a in arrays]
    loss_of(mg, program, leaves).backward()
    slope = sum(np.sum(x.grad.numpy() * v) for x, v in zip(leaves, directions, strict=True))

    def loss(*values: Any) -> Any:
        return to_numpy(loss_of(mg, program, [*map(mg.asarray, values)]))

    assert_is_derivative(slope, loss, arrays, directions, "loss", terms=8 * (len(program) + 4) ** 2)


@examples(0.5)
@given(program=programs, seed=seeds)
def test_every_way_to_a_gradient_gives_the_same_bits_again_and_again(
    device: Any, program: list[Step], seed: int
) -> None:
    arrays, _ = drawn(seed)
    found = set()
    for way in ("backward", "grad", "create_graph", "retain_graph", "value_and_grad") * 2:
        leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
        loss = loss_of(mg, program, leaves)
        if way == "backward":
            loss.backward()
            gradients = [x.grad for x in leaves]
        elif way == "value_and_grad":
            f = lambda *values: loss_of(mg, program, list(values))
            constants = [x.detach() for x in leaves]
            loss, gradients = mg.value_and_grad(f, argnums=(0, 1, 2, 3))(*constants)
        else:
            gradients = mg.autograd.grad(loss, leaves, **({} if way == "grad" else {way: True}))
        found.add(b"".join(to_numpy(g).tobytes() for g in (loss, *gradients)))
    assert len(found) == 1


@examples(0.5)
@given(program=programs, seed=seeds)
def test_float32_programs_stay_float32(device: Any, program: list[Step], seed: int) -> None:
    arrays, _ = drawn(seed)
    leaves = [mg.asarray(a, dtype=mg.float32, device=device, requires_grad=True) for a in arrays]
    loss = loss_of(mg, program, leaves)
    first = mg.autograd.grad(loss, leaves, create_graph=True)
    second = mg.autograd.grad(sum(mg.sum(g * g) for g in first), leaves)
    for x, g, h in zip(leaves, first, second, strict=True):
        assert (g.shape, g.dtype, g.device) == (h.shape, h.dtype, h.device) == (
            x.shape, mg.float32, x.device,
        )  # fmt: skip
