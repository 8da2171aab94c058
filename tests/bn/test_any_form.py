"""The explicit rules in every form: any axes, weight, bias and mask there or not, to third order.

Held against the composition of minigrad's primitives, which knows none of the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import statistics
from minigrad.autograd.search import reachable
from minigrad.tensor import Node
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.tolerance import assert_close
from minigrad_bn import training
from minigrad_bn.training import batch_norm_training

from .cases import frozen
from .derivatives import composition, derivatives, flat, leaf, values

Array = np.ndarray
EPS = 0.1
SIZE = 1e3
"""Of the terms: 1 / sqrt(eps) cubed, times a few values within 3."""


@dataclass(frozen=True)
class Form:
    """What batch norm takes: x, and those of weight and bias that are there; mask; axes."""

    x: Array
    vectors: dict[str, Array]
    mask: Array | None
    axes: tuple[int, ...]
    rng: np.random.Generator
    eps: float
    staged: bool
    """Whether sums are made in blocks, as those of large arrays are."""

    def sums(self) -> Any:
        return patch.object(statistics, "SMALL", 0 if self.staged else statistics.SMALL)

    @property
    def inputs(self) -> list[Array]:
        return [self.x, *self.vectors.values()]

    def function(self, norm: Any, device: Any) -> Any:
        """`norm` (the primitive's value, or the composition) as a function of the inputs."""
        mask = None if self.mask is None else mg.asarray(self.mask, device=device)

        def f(x: Any, *vectors: Any) -> Any:
            given = dict(zip(self.vectors, vectors, strict=True))
            weight, bias = given.get("weight"), given.get("bias")
            return norm(x, weight, bias, mask, axes=self.axes, eps=self.eps)

        return f

    def normal(self, like: Array) -> Array:
        return frozen(self.rng.standard_normal(like.shape))


def primitive(*inputs: Any, **params: Any) -> Any:
    return batch_norm_training(*inputs, **params)[0]


@st.composite
def masks(draw: st.DrawFn, shape: tuple[int, ...], rng: np.random.Generator) -> Array | None:
    """No mask, one of truth values, or weights; its axes as long as those of x, or 1."""
    kind = draw(st.sampled_from(["none", "bool", "weights"]))
    if kind == "none":
        return None
    sides = [draw(st.sampled_from([n, n, min(n, 1)])) for n in shape]
    taken = rng.random(sides) < draw(st.sampled_from([0.0, 0.6, 0.9, 1.0]))
    return frozen(taken if kind == "bool" else taken * rng.uniform(0.1, 3, sides))


@st.composite
def forms(draw: st.DrawFn, eps: float = EPS) -> Form:
    shape = draw(shapes(1, 4, (1, 2, 3, 6)))
    axes = tuple(sorted(draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    kept = tuple(n for a, n in enumerate(shape) if a not in axes)
    rng = np.random.default_rng(draw(seeds))
    names = [name for name in ("weight", "bias") if draw(st.booleans())]
    vectors = {name: frozen(rng.uniform(-3, 3, kept)) for name in names}
    x = frozen(rng.standard_normal(shape))
    return Form(x, vectors, draw(masks(shape, rng)), axes, rng, eps, draw(st.booleans()))


def assert_same(form: Form, found: Any, expected: Any, what: str, size: float = SIZE) -> None:
    for a, e in zip(found, expected, strict=True):
        assert_close(a, e, what, terms=form.x.size, magnitude=size)


@given(form=forms())
def test_b06_with_or_without_weight_and_bias_two_orders_are_those_of_the_composition(
    device, form: Form
):
    """The gradients on raw arrays come by another road than those to be differentiated again."""
    g, directions = form.normal(form.x), [form.normal(a) for a in form.inputs]
    with form.sums():
        found, expected = (
            flat(derivatives(form.function(norm, device), form.inputs, g, directions, device))
            for norm in (primitive, composition)
        )
        once = flat(derivatives(form.function(primitive, device), form.inputs, g, device=device))
    assert_same(form, found, expected, "to second order")
    assert_same(form, once, expected[: len(once)], "to first order")


@given(m=st.integers(3, 6), weighed=st.booleans(), seed=seeds)
def test_b10_two_orders_are_those_of_the_composition_with_eps_zero(device, m, weighed, seed):
    """Values a quarter apart at least have a variance, which is all that eps = 0 asks for."""
    rng = np.random.default_rng(seed)
    x = frozen(np.stack([rng.permutation(m) + rng.uniform(-0.3, 0.3, m) for _ in range(2)], axis=1))
    vectors = {
        "weight": frozen(rng.uniform(-3, 3, 2) * [1, 0]),
        "bias": frozen(rng.uniform(-3, 3, 2)),
    }
    mask = frozen(rng.uniform(0.5, 3, (m, 1))) if weighed else None
    form = Form(x, vectors, mask, (0,), rng, 0.0, False)
    g, directions = form.normal(form.x), [form.normal(a) for a in form.inputs]
    found, expected = (
        flat(derivatives(form.function(norm, device), form.inputs, g, directions, device))
        for norm in (primitive, composition)
    )
    assert_same(form, found, expected, "eps 0")


@given(form=forms())
def test_third_derivatives_are_those_of_the_composition(device, form: Form):
    """Residuals are rebuilt at every order: none of them is a constant in disguise."""
    g, directions, again = (
        form.normal(form.x),
        [form.normal(a) for a in form.inputs],
        [form.normal(a) for a in form.inputs],
    )

    def third(norm: Any) -> list[Array]:
        leaves = [leaf(a, device) for a in form.inputs]
        cotangent = leaf(g, device)
        y = form.function(norm, device)(*leaves)
        first = mg.autograd.grad(y, leaves, cotangent, create_graph=True)
        for fixed in (directions, again):
            fixed = [mg.asarray(d, device=device) for d in fixed]
            found = mg.autograd.grad(
                first, [*leaves, cotangent], fixed, create_graph=True, allow_unused=True
            )
            # A gradient of zeros that still has a history, for what a form does not depend on.
            first = [
                0 * x if a is None else a + 0 * x for a, x in zip(found[:-1], leaves, strict=True)
            ]
        return [values(a) for a in first]

    with form.sums():
        found = third(primitive)
    assert_same(form, found, third(composition), "third order", size=SIZE**2)


@given(form=forms())
def test_the_jvp_is_that_of_the_tape_over_rule_and_composition(device, form: Form):
    tangents = [form.normal(a) for a in form.inputs]
    primals = tuple(mg.asarray(a, device=device) for a in form.inputs)
    moving = tuple(mg.asarray(t, device=device) for t in tangents)
    by_tape = [
        values(mg.jvp(form.function(norm, device), primals, moving)[1])
        for norm in (primitive, composition)
    ]
    xp = primals[0].device.backend.xp
    raw = {name: p.data for name, p in zip(form.vectors, primals[1:], strict=True)}
    moved = {name: t.data for name, t in zip(form.vectors, moving[1:], strict=True)}
    mask = None if form.mask is None else mg.asarray(form.mask, device=device).data
    x, weight = primals[0].data, raw.get("weight")
    _, *residuals = training.forward(xp, x, weight, raw.get("bias"), mask, axes=form.axes, eps=EPS)
    by_formula = training.jvp(
        xp,
        (moving[0].data, moved.get("weight"), moved.get("bias")),
        residuals, x, weight, mask, axes=form.axes,
    )  # fmt: skip
    found = device.backend.to_numpy(by_formula)
    assert_same(form, [found, found], by_tape, "tangent")


@given(form=forms())
def test_a_tangent_that_is_none_is_a_tangent_of_zero(device, form: Form):
    xp, x = device.backend.xp, mg.asarray(form.x, device=device).data
    _, *residuals = training.forward(xp, x, axes=form.axes, eps=EPS)
    moved = training.jvp(xp, (None, None, None), residuals, x, axes=form.axes)
    assert not np.any(device.backend.to_numpy(moved))


def test_b06_what_is_absent_is_not_asked_for_a_gradient(device):
    x = mg.asarray([[1.0], [2.0], [4.0]], device=device, requires_grad=True)
    y, _ = batch_norm_training(x, None, None, axes=(0,), eps=EPS)
    (dx,) = mg.autograd.grad(y, [x], mg.ones_like(y), create_graph=True)
    assert dx.shape == x.shape


def test_b10_gradients_to_be_differentiated_again_are_operations_with_rules_of_their_own(device):
    """The VJP of the VJP is the explicit one: no statistics are replayed as a graph."""
    x = mg.asarray([[1.0], [2.0], [4.0]], device=device, requires_grad=True)
    weight = mg.ones((1,), device=device, requires_grad=True)
    y, _ = batch_norm_training(x, weight, axes=(0,), eps=EPS)
    first = mg.autograd.grad(y, [x, weight], mg.ones_like(y), create_graph=True)
    graph = reachable([gradient.node for gradient in first])
    names = {node.primitive.name for node in graph if isinstance(node, Node)}
    assert {"batch_norm_x_gradient", "batch_norm_weight_gradient"} <= names
    assert not {"sqrt", "sum", "mean", "multiply"} & names


def test_a_mask_has_no_derivative_and_says_so(device):
    x, mask = (mg.asarray([[1.0], [2.0], [4.0]], device=device) for _ in range(2))
    mask = mask.requires_grad_()
    y, _ = batch_norm_training(x, None, None, mask, axes=(0,), eps=EPS)
    with pytest.raises(TypeError, match=r"batch_norm_training.* has no derivative by input 3"):
        mg.autograd.grad(y, [mask], mg.ones_like(y))
