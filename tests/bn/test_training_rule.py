"""Normalisation by the batch: the explicit rule against PyTorch, differences, the composition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.numeric import directional
from minigrad.testing.oracles import torch, torch_derivatives
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import assert_close
from minigrad_bn.training import batch_norm_training

from .bounds import assert_near, bounds_of
from .cases import Case, cases, frozen
from .derivatives import composed, composition, derivatives, flat, leaf, training, values

NAMES = ("x", "weight", "bias", "g")


def assert_agree(case, ours, theirs, directions=None):
    """Value, gradients and second derivatives, within what rounding explains."""
    limit = bounds_of(case, directions=directions)
    assert_near(ours[0], theirs[0], limit.y, "y")
    for name, a, b, bound in zip(NAMES, ours[1], theirs[1], limit.first, strict=False):
        assert_near(a, b, bound, f"gradient of {name}")
    for name, a, b, bound in zip(NAMES, ours[2], theirs[2], limit.second, strict=False):
        assert_near(a, b, bound, f"second derivative by {name}")


@needs_torch
@given(case=cases(), seed=seeds)
def test_value_first_and_second_derivatives_are_pytorchs(device, case: Case, seed):
    def in_torch(x, w, b):
        return torch.nn.functional.batch_norm(x, None, None, w, b, training=True, eps=case.eps)

    directions = case.directions(seed)
    ours = derivatives(training(case), case.inputs, case.g, directions, device)
    exact = case.in_float64()
    directions_64 = [d.astype(np.float64) for d in directions]
    theirs = torch_derivatives(in_torch, exact.inputs, (0, 1, 2), exact.g, directions_64)
    assert_agree(case, ours, theirs, directions)


@given(case=cases(), seed=seeds)
def test_value_first_and_second_derivatives_are_those_of_the_composition(device, case: Case, seed):
    directions = case.directions(seed)
    ours = derivatives(training(case), case.inputs, case.g, directions, device)
    theirs = derivatives(composed(case), case.inputs, case.g, directions, device)
    assert_agree(case, ours, theirs, directions)


def small_steps(case, seed):
    """Directions for finite differences: x moves by a fraction of what the function varies over."""
    x, w, b = case.directions(seed)
    s = np.sqrt(np.var(case.x, axis=case.axes, keepdims=True) + case.eps)
    return [0.3 * s * x, w, b]


@given(case=cases(["float64"], mild=True), seed=seeds)
def test_b34_gradient_is_the_finite_difference_whatever_gamma(device, case: Case, seed):
    """<g, J v> = <J^T g, v> along a random direction v, J v by differences."""

    def f(*inputs):
        return values(training(case)(*(mg.asarray(a, device=device) for a in inputs)))

    v = small_steps(case, seed)
    _, first, _ = derivatives(training(case), case.inputs, case.g, device=device)
    slope = directional(f, case.inputs, v, case.m)
    ours = sum(np.vdot(a, b) for a, b in zip(first, v, strict=True))
    assert abs(ours - np.vdot(case.g, slope.value)) <= slope.bound * np.sum(np.abs(case.g))


@given(case=cases(["float64"], mild=True), seed=seeds)
def test_b10_second_derivative_is_the_finite_difference_of_the_first(device, case: Case, seed):
    """The derivative of <gradients, h> along v, by the rule on Tensors and by differences."""
    h = case.directions(seed)

    def gradients_along_h(x, w, b, g):
        _, first, _ = derivatives(training(case), [x, w, b], g, device=device)
        return sum(np.vdot(a, d) for a, d in zip(first, h, strict=True))

    v = [*small_steps(case, seed + 7), case.normal(seed + 10, case.g)]
    _, _, second = derivatives(training(case), case.inputs, case.g, h, device)
    moved = [*case.inputs, case.g]
    slope = directional(gradients_along_h, moved, v, case.x.size * case.m)
    ours = sum(np.vdot(a, b) for a, b in zip(second, v, strict=True))
    assert abs(ours - slope.value) <= slope.bound


@given(shape=shapes(1, 4), seed=seeds, data=st.data())
def test_any_set_of_axes_may_be_reduced(device, shape, seed, data):
    axes = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    kept = tuple(n for a, n in enumerate(shape) if a not in axes)
    rng = np.random.default_rng(seed)
    x, g, u = (frozen(rng.standard_normal(shape)) for _ in range(3))
    w, b, u_w, u_b = (frozen(rng.standard_normal(kept)) for _ in range(4))

    def ours(*inputs):
        return batch_norm_training(*inputs, axes=axes, eps=0.1)[0]

    def theirs(*inputs):
        return composition(*inputs, axes=axes, eps=0.1)

    found, expected = (
        flat(derivatives(f, [x, w, b], g, [u, u_w, u_b], device)) for f in (ours, theirs)
    )
    size = 1e3  # of the terms: 1 / sqrt(eps) cubed, times values within 3
    for a, e in zip(found, expected, strict=True):
        assert_close(a, e, f"axes {axes} of {shape}", terms=x.size, magnitude=size)


@given(case=cases(["float64"], ranks=(2, 3), mild=True), seed=seeds)
def test_third_derivative_is_that_of_the_composition(device, case: Case, seed):
    """Residuals are rebuilt at every order: none of them is a constant in disguise."""
    g, h, k = (
        mg.asarray(a, device=device)
        for a in (case.g, case.normal(seed, case.x), case.normal(seed + 1, case.x))
    )

    def third(f):
        leaves = [leaf(a, device) for a in case.inputs]
        (first,) = mg.autograd.grad(f(*leaves), leaves[0], g, create_graph=True)
        (second,) = mg.autograd.grad(first, leaves[0], h, create_graph=True)
        return [values(a) for a in mg.autograd.grad(second, leaves[:2], k)]

    s = np.sqrt(np.var(case.x, axis=case.axes) + case.eps)
    size = float(np.max((1 + np.abs(case.weight)) * (1 + np.max(np.abs(case.x)) / s) ** 6 / s**3))
    for a, e in zip(third(training(case)), third(composed(case)), strict=True):
        assert_close(a, e, "third derivative", terms=case.m**2, magnitude=size)


@given(case=cases())
def test_b17_memory_layout_of_x_and_g_makes_no_difference(case: Case):
    plain = case.but(x=np.ascontiguousarray(case.x), g=np.ascontiguousarray(case.g))
    ours, theirs = (derivatives(training(c), c.inputs, c.g) for c in (case, plain))
    assert_agree(case, ours, theirs)


@given(case=cases())
def test_batch_statistics_come_out_as_constants(device, case: Case):
    leaves = [leaf(a, device) for a in case.inputs]
    _, (mean, var, *_) = batch_norm_training(*leaves, axes=case.axes, eps=case.eps)
    assert not mean.requires_grad
    assert not var.requires_grad
    x, dtype = case.in_float64().x, case.x.dtype
    size = float(np.max(np.abs(x)))
    expected = x.mean(axis=case.axes, keepdims=True)
    assert_close(values(mean), expected, "mean", dtype=dtype, terms=case.m, magnitude=size)
    expected = x.var(axis=case.axes, keepdims=True)
    assert_close(values(var), expected, "var", dtype=dtype, terms=case.m, magnitude=size**2)
