"""Normalisation by given statistics: an affine map, and its derivatives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.numeric import directional
from minigrad.testing.oracles import torch, torch_derivatives
from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.suite.checks import needs_torch
from minigrad.testing.tolerance import ROUNDINGS
from minigrad_bn import evaluation as evaluation_rule
from minigrad_bn.evaluation import batch_norm_evaluation, scale_of

from .bounds import assert_near, bounds_of
from .cases import Case, cases
from .derivatives import derivatives, flat, values


def evaluation(case):
    """The primitive and its scale, as a function of (x, weight, bias, mean, var)."""

    def f(x, w, b, mean, var):
        return batch_norm_evaluation(x, mean, scale_of(w, var, case.eps), b, axes=case.axes)

    return f


def composed(case):
    """The same out of minigrad's own primitives."""
    shape = case.wide(case.weight).shape

    def f(x, *vectors):
        w, b, mean, var = (mg.reshape(v, shape) for v in vectors)
        return (x - mean) / mg.sqrt(var + case.eps) * w + b

    return f


def all_inputs(case):
    return [*case.inputs, case.running_mean, case.running_var]


@needs_torch
@given(case=cases(), seed=seeds)
def test_value_first_and_second_derivatives_are_pytorchs(device, case: Case, seed):
    exact = case.in_float64()

    def in_torch(x, w, b):
        mean, var = (torch.tensor(a) for a in (exact.running_mean, exact.running_var))
        return torch.nn.functional.batch_norm(x, mean, var, w, b, training=False, eps=case.eps)

    def ours(x, w, b):
        running = (mg.asarray(a, device=device) for a in (case.running_mean, case.running_var))
        return evaluation(case)(x, w, b, *running)

    directions = case.directions(seed)
    y, first, second = derivatives(ours, case.inputs, case.g, directions, device)
    directions_64 = [d.astype(np.float64) for d in directions]
    y_t, first_t, second_t = torch_derivatives(
        in_torch, exact.inputs, (0, 1, 2), exact.g, directions_64
    )
    limit = bounds_of(case, evaluation=True, directions=directions)
    assert_near(y, y_t, limit.y, "y")
    for name, a, b, bound in zip("xwb", first, first_t, limit.first, strict=True):
        assert_near(a, b, bound, f"gradient of {name}")
    for name, a, b, bound in zip("xwbg", second, second_t, limit.second, strict=True):
        assert_near(a, b, bound, f"second derivative by {name}")


@given(case=cases(["float64"], mild=True), seed=seeds)
def test_b07_given_statistics_have_gradients_of_both_orders(device, case: Case, seed):
    inputs = all_inputs(case)
    directions = [case.normal(seed + i, a) for i, a in enumerate(inputs)]
    ours, theirs = (
        flat(derivatives(f(case), inputs, case.g, directions, device))
        for f in (evaluation, composed)
    )
    s = np.sqrt(case.running_var + case.eps)
    values_within = 1 + max(np.max(np.abs(a), initial=0) for a in (*inputs, *directions, case.g))
    size = np.max(values_within**5 / s**5)  # five factors at most, and r to the fifth power
    bound = ROUNDINGS * np.finfo(np.float64).eps * case.x.size * size
    for a, b in zip(ours, theirs, strict=True):
        assert_near(a, b, bound, "against the composition")


@given(case=cases(["float64"], mild=True), seed=seeds)
def test_gradient_is_the_finite_difference(device, case: Case, seed):
    """<g, J v> = <J^T g, v>, every input moved at once, the statistics too."""

    def f(*inputs):
        return values(evaluation(case)(*(mg.asarray(a, device=device) for a in inputs)))

    inputs = all_inputs(case)
    v = [0.03 * case.normal(seed + i, a) for i, a in enumerate(inputs)]
    _, first, _ = derivatives(evaluation(case), inputs, case.g, device=device)
    slope = directional(f, inputs, v)
    ours = sum(np.vdot(a, b) for a, b in zip(first, v, strict=True))
    assert abs(ours - np.vdot(case.g, slope.value)) <= slope.bound * np.sum(np.abs(case.g))


@given(case=cases())
def test_b07_what_reaches_x_is_gamma_over_the_running_deviation_times_g(device, case: Case):
    _, (dx, *_), _ = derivatives(evaluation(case), all_inputs(case), case.g, device=device)
    exact = case.in_float64()
    expected = exact.g * case.wide(exact.weight / np.sqrt(exact.running_var + case.eps))
    assert_near(dx, expected, bounds_of(case, evaluation=True).x, "gradient of x")


@given(case=cases(["float64"], ranks=(2, 3)))
def test_the_jacobian_is_diagonal(device, case: Case):
    fixed = [mg.asarray(a, device=device) for a in all_inputs(case)[1:]]
    jacobian = mg.jacobian(lambda x: evaluation(case)(x, *fixed))(mg.asarray(case.x, device=device))
    n = case.x.size
    square = values(jacobian).reshape(n, n)
    assert not np.any(square - np.diag(np.diagonal(square)))


@given(
    case=cases(["float64"], mild=True),
    weighted=st.booleans(),
    biased=st.booleans(),
    seed=seeds,
)
def test_b06_evaluation_without_weight_or_bias_is_the_composition_with_ones_and_zeros(
    device, case: Case, weighted, biased, seed
):
    names = ["x", *(["weight"] if weighted else []), *(["bias"] if biased else [])]
    full = {"x": case.x, "weight": np.ones_like(case.weight), "bias": np.zeros_like(case.bias)}
    full |= {name: getattr(case, name) for name in names}
    case = case.but(**full)

    def given_names(norm):
        running = [mg.asarray(a, device=device) for a in (case.running_mean, case.running_var)]

        def f(*inputs):
            found = dict(zip(names, inputs, strict=True))
            return norm(found["x"], found.get("weight"), found.get("bias"), *running)

        return f

    def with_ones(x, w, b, *running):
        ones = mg.ones((case.x.shape[1],), dtype=x.dtype, device=device)
        w, b = (ones if w is None else w), (0 * ones if b is None else b)
        return composed(case)(x, w, b, *running)

    inputs = [full[name] for name in names]
    directions = [case.normal(seed + i, a) for i, a in enumerate(inputs)]
    ours, theirs = (
        flat(derivatives(given_names(norm), inputs, case.g, directions, device))
        for norm in (evaluation(case), with_ones)
    )
    largest = 1 + max(
        np.max(np.abs(a), initial=0) for a in (*all_inputs(case), *directions, case.g)
    )
    s = np.sqrt(case.running_var + case.eps)
    bound = ROUNDINGS * np.finfo(np.float64).eps * case.x.size * np.max(largest**5 / s**5)
    for a, b in zip(ours, theirs, strict=True):
        assert_near(a, b, bound, "against the composition")


@given(case=cases(["float64"], mild=True), moves=st.tuples(*[st.booleans()] * 4), seed=seeds)
def test_the_jvp_is_that_of_the_tape(device, case: Case, moves, seed):
    inputs = [case.x, case.running_mean, case.weight, case.bias]
    primals = [mg.asarray(a, device=device) for a in inputs]
    tangents = [mg.asarray(case.normal(seed + i, a), device=device) for i, a in enumerate(inputs)]
    _, expected = mg.jvp(
        lambda *a: batch_norm_evaluation(*a, axes=case.axes),
        tuple(primals),
        tuple(t if move else 0 * t for t, move in zip(tangents, moves, strict=True)),
    )
    x, mean, scale, _ = (p.data for p in primals)
    found = evaluation_rule.jvp(
        device.backend.xp,
        tuple(t.data if move else None for t, move in zip(tangents, moves, strict=True)),
        x, mean, scale, axes=case.axes,
    )  # fmt: skip
    size = 1 + max(np.max(np.abs(a), initial=0) for a in inputs)
    bound = ROUNDINGS * np.finfo(np.float64).eps * size**2 * 10
    assert_near(device.backend.to_numpy(found), values(expected), bound, "tangent")
