"""What holds within one run: the moments of the output, sums of gradients, adjoints, symmetry."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds

from .bounds import assert_near, bounds_of
from .cases import Case, cases
from .derivatives import derivatives, leaf, training, values

tenths = st.integers(-90, 90).map(lambda k: k / 10)


def run(case, device):
    """y, then the gradients of x, weight and bias."""
    y, first, _ = derivatives(training(case), case.inputs, case.g, device=device)
    return [y, *first]


def statistics(case):
    """x_hat, variance and 1 / sqrt(var + eps) in float64, axes kept."""
    x = case.in_float64().x
    mean, var = (f(x, axis=case.axes, keepdims=True) for f in (np.mean, np.var))
    inv_std = 1 / np.sqrt(var + case.eps)
    return (x - mean) * inv_std, var, inv_std


def sums(case, a):
    return np.sum(a.astype(np.float64), axis=case.axes, keepdims=True)


@given(case=cases())
def test_a_channel_comes_out_with_mean_beta_and_a_little_less_variance_than_gamma_squared(
    device, case: Case
):
    y = run(case, device)[0]
    exact = case.in_float64()
    _, var, inv_std = statistics(case)
    limit = bounds_of(case).y
    assert_near(sums(case, y) / case.m, case.wide(exact.bias), limit, "mean of y")
    deviation = y - case.wide(exact.bias)
    expected = case.wide(exact.weight) ** 2 * var * inv_std**2
    size = 2 * np.max(np.abs(deviation), axis=case.axes, keepdims=True)
    found = sums(case, deviation**2) / case.m
    assert_near(found, expected, limit * (size + limit), "variance of y")


@given(case=cases())
def test_the_gradient_of_x_sums_to_zero_and_hardly_touches_x_hat(device, case: Case):
    """Along x_hat remains gamma i sum(g x_hat) eps / (var + eps): nothing, if eps were 0."""
    dx = run(case, device)[1]
    exact = case.in_float64()
    x_hat, var, inv_std = statistics(case)
    limit = bounds_of(case).x * case.m
    assert_near(sums(case, dx), np.zeros_like(var), limit, "sum of dx")
    along = sums(case, exact.g * x_hat)
    expected = case.wide(exact.weight) * inv_std * along * case.eps / (var + case.eps)
    size = 1 + np.max(np.abs(x_hat), axis=case.axes, keepdims=True)
    assert_near(sums(case, dx * x_hat), expected, limit * size, "sum of dx x_hat")


@given(case=cases(["float64"]), seed=seeds, a=tenths, b=tenths)
def test_gradients_are_linear_in_the_cotangent(device, case: Case, seed, a, b):
    other = case.but(g=np.array(case.normal(seed, case.g)))
    mixed = case.but(g=a * case.g + b * other.g)
    limits = zip(*(bounds_of(c).first for c in (case, other, mixed)), strict=True)
    runs = zip(*(run(c, device)[1:] for c in (case, other, mixed)), strict=True)
    for (p, q, m), (bound_p, bound_q, bound_m) in zip(runs, limits, strict=True):
        assert_near(m, a * p + b * q, bound_m + abs(a) * bound_p + abs(b) * bound_q, "of a g + b h")


@given(case=cases(["float64"]), seed=seeds)
def test_forward_and_reverse_mode_are_adjoint(device, case: Case, seed):
    tangents = case.directions(seed)
    _, forwards = mg.jvp(
        training(case),
        tuple(mg.asarray(a, device=device) for a in case.inputs),
        tuple(mg.asarray(a, device=device) for a in tangents),
    )
    backwards = run(case, device)[1:]
    left = np.vdot(case.g, values(forwards))
    right = sum(np.vdot(a, t) for a, t in zip(backwards, tangents, strict=True))
    size = sum(
        np.sum(np.abs(np.broadcast_to(bound, t.shape) * t))
        for bound, t in zip(bounds_of(case).first, tangents, strict=True)
    )
    assert abs(left - right) <= 2 * size


@given(case=cases(["float64"], mild=True), seed=seeds)
def test_second_derivatives_are_symmetric(device, case: Case, seed):
    """<h, H k> = <k, H h> for the second derivative H of <g, y> by x and weight."""
    g = mg.asarray(case.g, device=device)
    h, k = case.directions(seed)[:2], case.directions(seed + 2)[:2]
    leaves = [leaf(a, device) for a in case.inputs]
    first = mg.autograd.grad(training(case)(*leaves), leaves[:2], g, create_graph=True)

    def form(u, v):
        """<v, H u>, and how far rounding can carry it."""
        fixed = [mg.asarray(a, device=device) for a in u]
        found = mg.autograd.grad(first, leaves[:2], fixed, retain_graph=True)
        limit = bounds_of(case, directions=[*u, 0 * case.bias])
        bound = zip((limit.second_x, limit.second_weight), v, strict=True)
        return (
            sum(np.vdot(values(a), b) for a, b in zip(found, v, strict=True)),
            sum(np.sum(np.abs(np.broadcast_to(e, b.shape) * b)) for e, b in bound),
        )

    (left, left_bound), (right, right_bound) = form(h, k), form(k, h)
    assert abs(left - right) <= left_bound + right_bound
