"""Random programs have the derivatives that PyTorch and finite differences find, everywhere."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import minigrad as mg
from minigrad.testing.budget import examples
from minigrad.testing.derivatives import to_numpy
from minigrad.testing.numeric import assert_is_derivative
from minigrad.testing.oracles import from_torch, to_torch, torch
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.strategies.programs import (
    Program,
    Step,
    drawn,
    jumps,
    loss_of,
    operations,
    programs,
    run,
)
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close, largest

Arrays = list[np.ndarray[Any, Any]]


def derivatives(xp: Any, grad: Any, program: Program, leaves: Any, directions: Any) -> list[Any]:
    """The loss, its gradient, and the gradient of <direction, gradient>."""
    loss = loss_of(xp, program, leaves)
    first = grad(loss, leaves, create_graph=True)
    slope = sum(xp.sum(g * v) for g, v in zip(first, directions, strict=True))
    return [loss, *first, *grad(slope, leaves)]


def ours(program: Program, seed: int, device: Any) -> Arrays:
    arrays, directions = drawn(seed)
    leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
    directions = [mg.asarray(v, device=device) for v in directions]
    return [*map(to_numpy, derivatives(mg, mg.autograd.grad, program, leaves, directions))]


def assert_same(actual: Arrays, expected: Arrays, program: Program) -> None:
    """Up to the rounding of float64, or of float32 where the program goes through it."""
    terms = 8 * len(actual) * (len(program) + 4) ** 2
    narrow = any(step.name in ("rounded", "mixed dtypes") for step in program)
    dtype = "float32" if narrow else "float64"
    for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
        what = "loss" if i == 0 else f"derivative {1 + (i - 1) // 4} by leaf {(i - 1) % 4}"
        what += f" of{program}"
        assert_close(a, b, what, dtype=dtype, terms=terms, magnitude=largest(*expected))


def test_programs_reach_every_operation_reuse_and_broadcasting() -> None:
    steps: Counter[str] = Counter()
    features: Counter[str] = Counter()

    @settings(max_examples=400, derandomize=True, database=None, deadline=None)
    @given(program=programs)
    def draw(program: Program) -> None:
        steps.update(step.name for step in program)
        taken = Counter(i for operands in program.operands() for i in set(operands))
        features["used twice"] += max(taken.values()) > 1
        features["with itself"] += any(len(o) > len(set(o)) for o in program.operands())
        features["a result of a result"] += max(taken) > 3
        shapes = [v.shape for v in run(mg, program, [*map(mg.asarray, drawn(0)[0])])]
        features["broadcast"] += any(
            len({shapes[i] for i in operands}) > 1 for operands in program.operands()
        )

    draw()
    assert set(steps) == set(operations)
    assert min(features.values()) > 20, features


def test_a_program_shows_itself_as_source() -> None:
    program = Program([Step("tanh", (0,)), Step("divide", (0, 4))])
    assert repr(program).splitlines()[-2:] == ["v4 = xp.tanh(v3)", "v5 = v4 / (v0 * v0 + 1.0)"]


@examples(1.0)
@given(program=programs, seed=seeds)
def test_several_outputs_have_the_gradient_of_their_weighed_sum(
    device: Any, program: Program, seed: int
) -> None:
    """grad(values, leaves, cotangents 2 w v) is the gradient of the sum of w v^2."""
    arrays, _ = drawn(seed)
    leaves = [mg.asarray(a, device=device, requires_grad=True) for a in arrays]
    values = run(mg, program, leaves)
    cotangents = [2 * (0.5 + i / 10) * v.detach() for i, v in enumerate(values)]
    found = mg.autograd.grad(values, leaves, cotangents)
    expected = mg.autograd.grad(loss_of(mg, program, leaves), leaves)
    assert_same([*map(to_numpy, (leaves[0], *found))], [*map(to_numpy, (leaves[0], *expected))],
                program)  # fmt: skip


@needs_torch
@examples(8.0)
@given(program=programs, seed=seeds)
def test_programs_have_pytorchs_first_and_second_derivatives(program: Program, seed: int) -> None:
    compat = pytest.importorskip("array_api_compat.torch")
    arrays, directions = drawn(seed)
    leaves = [to_torch(a, True) for a in arrays]
    theirs = derivatives(compat, torch.autograd.grad, program, leaves, [*map(to_torch, directions)])
    assert_same(ours(program, seed, "cpu"), [*map(from_torch, theirs)], program)


@examples(1.0)
@given(program=programs, seed=seeds)
def test_programs_have_the_same_derivatives_on_every_device(
    device: Any, program: Program, seed: int
) -> None:
    assert_same(ours(program, seed, device), ours(program, seed, "cpu"), program)


@examples(1.0)
@given(program=programs, seed=seeds)
def test_programs_have_the_derivatives_of_finite_differences(program: Program, seed: int) -> None:
    program = program.without(jumps)
    arrays, directions = drawn(seed)
    leaves = [mg.asarray(a, requires_grad=True) for a in arrays]
    loss_of(mg, program, leaves).backward()
    slope = sum(np.sum(x.grad.numpy() * v) for x, v in zip(leaves, directions, strict=True))

    def loss(*values: Any) -> Any:
        return to_numpy(loss_of(mg, program, [*map(mg.asarray, values)]))

    assert_is_derivative(slope, loss, arrays, directions, "loss", terms=8 * (len(program) + 4) ** 2)


@examples(1.0)
@given(program=programs, seed=seeds)
def test_what_no_rule_reads_is_not_missed(device: Any, program: Program, seed: int) -> None:
    """As if every array were large enough to be let go."""
    expected = [a.tobytes() for a in ours(program, seed, device)]
    with pytest.MonkeyPatch.context() as patch:
        for module in ("minigrad.tensor", "minigrad.operation"):
            patch.setattr(import_module(module), "SMALL", 0)
        assert [a.tobytes() for a in ours(program, seed, device)] == expected


@examples(0.5)
@given(program=programs, seed=seeds)
def test_every_way_to_a_gradient_gives_the_same_bits_again_and_again(
    device: Any, program: Program, seed: int
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
def test_float32_programs_stay_float32(device: Any, program: Program, seed: int) -> None:
    arrays, _ = drawn(seed)
    leaves = [mg.asarray(a, dtype=mg.float32, device=device, requires_grad=True) for a in arrays]
    loss = loss_of(mg, program, leaves)
    first = mg.autograd.grad(loss, leaves, create_graph=True)
    second = mg.autograd.grad(sum(mg.sum(g * g) for g in first), leaves)
    for x, g, h in zip(leaves, first, second, strict=True):
        assert (g.shape, g.dtype, g.device) == (h.shape, h.dtype, h.device) == (
            x.shape, mg.float32, x.device,
        )  # fmt: skip
