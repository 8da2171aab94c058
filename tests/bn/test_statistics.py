"""Mean and variance: exact where they can be, and never wildly wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.testing.strategies.arrays import seeds, shapes
from minigrad.testing.tolerance import ROUNDINGS, assert_close
from minigrad_bn.statistics import count, moments, over, widen

floats32 = st.floats(-(2.0**100), 2.0**100, width=32)


def raw(device, x):
    """The namespace and the raw array behind a Tensor on `device`."""
    tensor = mg.asarray(x, device=device)
    return tensor.device.backend.xp, tensor.data


def as_numpy(device, *arrays):
    return [device.backend.to_numpy(a) for a in arrays]


@given(
    value=floats32,
    m=st.integers(1, 300) | st.integers(5_000, 50_000),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_b13_a_constant_channel_is_centred_to_exactly_zero(device, value, m, dtype):
    xp, x = raw(device, np.full((m, 1), value, dtype))
    centred, mean, mean_low, var = as_numpy(device, *moments(xp, x, (0,)))
    assert not np.any(centred)
    assert mean.item() == np.dtype(dtype).type(value)
    assert mean_low.item() == 0
    assert var.item() == 0


@given(seed=seeds, offset=st.floats(-1e7, 1e7), m=st.integers(2, 100))
def test_b12_an_offset_of_1e7_costs_float32_nothing(device, seed, offset, m):
    x = (offset + np.random.default_rng(seed).standard_normal((m, 2))).astype(np.float32)
    exact = x.astype(np.float64)
    xp, data = raw(device, x)
    centred, mean, mean_low, var = as_numpy(device, *moments(xp, data, (0,)))
    truth = exact - exact.mean(axis=0)
    # Centring twice leaves u^2 |mean| of the mean's own rounding, which is below u here.
    size = 1 + np.max(np.abs(truth), initial=0)
    assert_close(centred, truth, "centred", terms=m, magnitude=size)
    assert_close(var[0], exact.var(axis=0), "var", dtype=np.float32, terms=m, magnitude=size**2)
    two_words = mean.astype(np.float64) + mean_low
    unit = np.finfo(np.float32).eps
    assert np.all(np.abs(two_words - exact.mean(axis=0)) <= ROUNDINGS * unit * m * size)


@given(seed=seeds, offset=st.floats(-1e30, 1e30), scale=st.floats(0, 1e10), m=st.integers(1, 50))
def test_b12_the_variance_is_never_negative(device, seed, offset, scale, m):
    x = offset + scale * np.random.default_rng(seed).standard_normal((m, 3))
    xp, data = raw(device, x.astype(np.float32))
    (var,) = as_numpy(device, moments(xp, data, (0,))[3])
    assert np.all(~(var < 0))


@given(seed=seeds, scale=st.floats(1, 6e4), m=st.integers(2, 200))
def test_b11_statistics_of_float16_do_not_overflow(seed, scale, m):
    x = np.random.default_rng(seed).uniform(-scale, scale, (m, 2)).astype(np.float16)
    _, mean, _, var = moments(np, widen(np, x), (0,))
    assert (mean.dtype, var.dtype) == (np.float32, np.float64)
    exact = x.astype(np.float64)
    assert_close(mean[0], exact.mean(axis=0), "mean", terms=m, magnitude=scale)
    assert_close(var[0], exact.var(axis=0), "var", dtype=np.float32, terms=m, magnitude=scale**2)


@given(shape=shapes(1, 4), seed=seeds, data=st.data())
def test_moments_over_any_axes_are_numpys(device, shape, seed, data):
    some = st.sets(st.integers(0, len(shape) - 1), min_size=1)
    axes = tuple(sorted(data.draw(some)))
    x = 3 + np.random.default_rng(seed).standard_normal(shape)
    xp, values = raw(device, x)
    centred, mean, _, var = as_numpy(device, *moments(xp, values, axes))
    m = count(shape, axes)
    assert_close(mean, x.mean(axis=axes, keepdims=True), "mean", terms=m, magnitude=10)
    assert_close(var, x.var(axis=axes, keepdims=True), "var", terms=m, magnitude=100)
    assert_close(centred, x - x.mean(axis=axes, keepdims=True), "centred", terms=m, magnitude=10)


@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0), (0, 0)])
def test_of_no_values_mean_and_variance_are_zero(device, shape):
    axes = (0, *range(2, len(shape)))
    xp, x = raw(device, np.zeros(shape, np.float32))
    for statistic in as_numpy(device, *moments(xp, x, axes)[1:]):
        assert statistic.size == shape[1]
        assert not np.any(statistic)


@given(shape=shapes(2, 4), data=st.data())
def test_one_value_a_channel_stands_over_the_axes_that_were_reduced(device, shape, data):
    axes = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    kept = tuple(n for a, n in enumerate(shape) if a not in axes)
    v = np.arange(np.prod(kept, dtype=int), dtype=np.float32).reshape(kept)
    xp, raw_v = raw(device, v)
    (wide,) = as_numpy(device, over(xp, raw_v, shape, axes))
    np.testing.assert_array_equal(wide, np.expand_dims(v, axes))
