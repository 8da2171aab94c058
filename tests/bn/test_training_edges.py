"""Normalisation by the batch where others fail: gamma 0, no spread, NaN, nothing; and conduct."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.testing.strategies.arrays import seeds
from minigrad.testing.tolerance import ROUNDINGS
from minigrad_bn.training import batch_norm_training

from .bounds import assert_near, bounds_of
from .cases import Case, cases
from .derivatives import composed, derivatives, flat, training


@given(case=cases(), seed=seeds)
def test_b10_second_gradient_is_finite_when_the_weight_is_zero(device, case: Case, seed):
    case = case.but(weight=np.zeros_like(case.weight))
    found = derivatives(training(case), case.inputs, case.g, case.directions(seed), device)
    for a in flat(found):
        assert np.all(np.isfinite(a))
    assert not np.any(found[1][0]), "nothing reaches x through a weight of zero"


@given(case=cases(), value=st.floats(-(2.0**20), 2.0**20, width=32), seed=seeds)
def test_b13_a_constant_channel_gives_exactly_beta(device, case: Case, value, seed):
    case = case.but(x=np.full_like(case.x, value))
    found = derivatives(training(case), case.inputs, case.g, case.directions(seed), device)
    np.testing.assert_array_equal(found[0], np.broadcast_to(case.wide(case.bias), case.x.shape))
    assert not np.any(found[1][1]), "x_hat is 0, and so is the gradient of the weight"
    for a in flat(found):
        assert np.all(np.isfinite(a))


@given(case=cases(ranks=(2, 4)), seed=seeds, bad=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_what_is_not_finite_stays_in_its_channel(device, case: Case, seed, bad):
    j = seed % case.x.shape[1]
    others = np.arange(case.x.shape[1]) != j
    healthy = np.array(case.x, order="C")
    sick = healthy.copy()
    sick[(0, j, *[0] * (sick.ndim - 2))] = bad
    before, after = (
        derivatives(training(c), c.inputs, c.g, device=device)
        for c in (case.but(x=healthy), case.but(x=sick))
    )
    for a, b in zip([before[0], before[1][0]], [after[0], after[1][0]], strict=True):
        np.testing.assert_array_equal(a[:, others], b[:, others])
        assert np.all(np.isnan(b[:, j])), "what can't be computed must show"
    np.testing.assert_array_equal(before[1][1][others], after[1][1][others])


@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0), (2, 0), (0, 0, 2)])
def test_an_empty_batch_gives_nothing_to_x_and_zero_to_weight_and_bias(device, shape):
    x = np.zeros(shape, np.float32)
    w, b = np.full(shape[1], 2, np.float32), np.full(shape[1], 3, np.float32)
    axes = (0, *range(2, len(shape)))

    def f(*inputs):
        return batch_norm_training(*inputs, axes=axes, eps=1e-5)[0]

    y, (dx, dw, db), second = derivatives(f, [x, w, b], x, [x, w, b], device)
    assert y.shape == dx.shape == shape
    np.testing.assert_array_equal(dw, np.zeros_like(w))
    np.testing.assert_array_equal(db, np.zeros_like(b))
    assert all(np.all(np.isfinite(s)) for s in second)


@given(case=cases(["float32"]), offset=st.floats(-1e7, 1e7))
def test_b12_an_offset_of_1e7_costs_float32_no_digit_in_value_or_gradient(
    device, case: Case, offset
):
    """As no library that keeps the mean in one word can claim."""
    case = case.but(x=(np.float32(offset) + case.x).astype(np.float32))
    exact = case.in_float64()
    y, (dx, dw, _), _ = derivatives(training(case), case.inputs, case.g, device=device)
    truth = derivatives(composed(case), exact.inputs, exact.g, device=device)
    # What is left of the offset is the rounding of the mean, squared.
    s = np.sqrt(np.var(exact.x, axis=case.axes) + case.eps)
    unit = ROUNDINGS * float(np.finfo(np.float32).eps) * case.m
    size = np.max(np.abs(exact.x), axis=case.axes)
    rest = unit**2 * (size / s) * (1 + np.abs(exact.weight)) / s
    g = np.max(np.abs(case.g))
    limit = bounds_of(case, refined=True)
    assert_near(y, truth[0], limit.y + case.wide(rest), "y")
    assert_near(dx, truth[1][0], limit.x + g * case.wide(rest), "gradient of x")
    assert_near(dw, truth[1][1], limit.weight + g * rest, "gradient of weight")


@given(case=cases(["float16"]))
def test_b11_float16_goes_in_and_out_and_float32_does_the_sums(case: Case):
    w, b = case.weight.astype(np.float32), case.bias.astype(np.float32)
    case = case.but(x=case.x * np.float16(100), weight=w, bias=b)
    exact = case.in_float64()
    y, first, _ = derivatives(training(case), case.inputs, case.g)
    assert [a.dtype.name for a in (y, *first)] == ["float16", "float16", "float32", "float32"]
    y_64, first_64, _ = derivatives(training(case), exact.inputs, exact.g)

    def rounding(a):
        info = np.finfo(np.float16)
        return info.eps * np.abs(a) + info.smallest_subnormal

    limit = bounds_of(case, dtype=np.float32)
    assert_near(y, y_64, limit.y + rounding(y_64), "y")
    assert_near(first[0], first_64[0], limit.x + rounding(first_64[0]), "gradient of x")
    assert_near(first[1], first_64[1], limit.weight, "gradient of weight")
    assert_near(first[2], first_64[2], limit.bias, "gradient of bias")


@given(seed=seeds, scale=st.floats(1e-3, 6e4), m=st.integers(2, 300), offset=st.booleans())
def test_b11_float16_is_the_float64_result_rounded_once_up_to_its_last_number(
    seed, scale, m, offset
):
    """Half a unit is rounding to float16; what float32 adds shows nowhere but at a tie."""
    x = np.random.default_rng(seed).uniform(-scale, scale, (m, 3))
    x = (x / 2 + scale / 2 if offset else x).astype(np.float16)
    w, b = np.array([-2.0, 0.5, 3.0], np.float32), np.array([0.5, 0.0, -1.0], np.float32)
    case = Case(x, x, w, b, b, w, 1e-5, 0.1)
    y, _, _ = derivatives(training(case), case.inputs, case.g)
    exact = case.in_float64()
    truth, _, _ = derivatives(training(exact), exact.inputs, exact.g)
    spacing = np.spacing(np.maximum(np.abs(truth), 2.0**-14).astype(np.float16)).astype(float)
    assert_near(y, truth, 0.51 * spacing + 8 * np.finfo(np.float32).eps * 20, "y")


@given(case=cases(["float64"], ranks=(2,)))
def test_b18_for_two_values_the_gradient_is_of_the_order_of_eps(device, case: Case):
    """x_hat is then +-sqrt(v / (v + eps)), and P(g) = (g - mean(g)) eps / (v + eps)."""
    case = case.but(x=np.array(case.x[:2]), g=np.array(case.g[:2]))
    (_, (dx, *_), _) = derivatives(training(case), case.inputs, case.g, device=device)
    v = case.x.var(axis=0)
    expected = case.weight / np.sqrt(v + case.eps) * (case.g - case.g.mean(axis=0))
    assert_near(dx, expected * (case.eps / (v + case.eps)), bounds_of(case).x, "gradient of x")


@given(case=cases(), seed=seeds)
def test_b19_two_runs_are_bit_identical(device, case: Case, seed):
    runs = [
        flat(derivatives(training(case), case.inputs, case.g, case.directions(seed), device))
        for _ in range(2)
    ]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)


@given(case=cases())
def test_gradients_have_dtype_and_shape_of_their_inputs(device, case: Case):
    y, first, _ = derivatives(training(case), case.inputs, case.g, device=device)
    for a, x in zip((y, *first), (case.x, *case.inputs), strict=True):
        assert (a.shape, a.dtype) == (x.shape, x.dtype)
